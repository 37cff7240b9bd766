package rig

import (
	"cmp"
	"context"
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"urncast/integration/rig/port"
)

// A Kafka is one real broker: a KRaft node of its own, or one node of a Cluster. It has a
// plain listener, and one that it advertises under the address of its Proxy.
type Kafka struct {
	Proxy *Proxy

	node      int32
	jars, dir string
	archive   string // file with the classes of the jars (CDS); may be empty
	listeners []listener
	process   *Process
	// fast makes the JVM start quickly at the price of speed under load.
	fast     bool
	shared   bool     // the tests of a package share the broker, and may not stop it
	heap     string   // maximum heap of the JVM; 768m if empty
	jvmFlags []string // further flags of the JVM
	classes  string   // folder with further classes; may be empty
	more     string   // further properties, which override earlier ones
	format   []string // further arguments of kafka.tools.StorageTool
}

// A listener is a listener of the broker, as in its property listeners.
type listener struct {
	name, protocol string
	port           int
	advertised     string // host:port; 127.0.0.1 and the port if empty
}

// Names of the listeners without security.
const (
	plainText  = "PLAIN"
	viaProxy   = "VIA"
	controller = "CTRL"
)

// StartKafka starts a broker that ends with the test.
func StartKafka(tb testing.TB) *Kafka {
	tb.Helper()
	return startKafka(tb, tb.TempDir(), true)
}

// StartKafkaForBench starts a broker with a JVM that is tuned for speed under load.
func StartKafkaForBench(tb testing.TB) *Kafka {
	tb.Helper()
	return startKafka(tb, tb.TempDir(), false)
}

func startKafka(tb testing.TB, dir string, fast bool) *Kafka {
	tb.Helper()
	k := &Kafka{dir: dir, fast: fast}
	k.run(tb)
	return k
}

// StartWard starts a broker for a test that disturbs its connections. Each of the given number
// of clients has a listener of its own, which the broker advertises under another address:
// there the test puts a Link. The broker's folder is dir, or one of the test's if dir is
// empty.
func StartWard(tb testing.TB, dir string, clients int) *Kafka {
	tb.Helper()
	if dir == "" {
		dir = tb.TempDir()
	}
	k := &Kafka{dir: dir, fast: true}
	for i := range clients {
		if err := k.listen(fmt.Sprintf("CLIENT%d", i), "PLAINTEXT"); err != nil {
			tb.Fatal(err)
		}
		port, err := port.Free()
		if err != nil {
			tb.Fatal(err)
		}
		k.listeners[i].advertised = fmt.Sprintf("127.0.0.1:%d", port)
	}
	k.more = "num.network.threads=1\n" // for each listener
	k.run(tb)
	return k
}

// Way returns, for one client of a broker that StartWard started, the address that the broker
// advertises and the listener's own.
func (k *Kafka) Way(client int) (advertised, listener string) {
	l := k.listeners[client]
	return l.advertised, fmt.Sprintf("127.0.0.1:%d", l.port)
}

// Running reports whether the broker's process runs.
func (k *Kafka) Running() bool {
	select {
	case <-k.process.Done():
		return false
	default:
		return true
	}
}

// run prepares the broker and starts it; it ends with the test.
func (k *Kafka) run(tb testing.TB) {
	tb.Helper()
	k.jars = Jars(tb)
	k.archive = classes(tb, k.jars)
	if err := k.prepare(); err != nil {
		tb.Fatalf("preparing Kafka: %v", err)
	}
	k.endWith(tb)
	if err := k.Start(); err != nil {
		tb.Fatalf("starting Kafka: %v", err)
	}
}

// endWith ends the broker when the test ends, and logs the end of the broker's log if the test
// failed.
func (k *Kafka) endWith(tb testing.TB) {
	tb.Cleanup(func() {
		if k.Proxy != nil {
			k.Proxy.Close()
		}
		k.end()
		k.logTail(tb)
	})
}

// end ends the broker's process, if there is one.
func (k *Kafka) end() {
	if k.process != nil {
		k.process.Kill()
	}
}

// logTail logs the end of the broker's log if the test failed.
func (k *Kafka) logTail(tb testing.TB) {
	if tb.Failed() {
		tb.Logf("the end of %s:\n%s", k.LogFile(), Tail(k.LogFile()))
	}
}

// Bootstrap returns the address of the plain listener. A client that starts there never uses
// the proxy.
func (k *Kafka) Bootstrap() string { return fmt.Sprintf("127.0.0.1:%d", k.port(plainText)) }

// port returns a listener's port; 0 if there is no such listener.
func (k *Kafka) port(name string) int {
	for _, l := range k.listeners {
		if l.name == name {
			return l.port
		}
	}
	return 0
}

// listen adds a listener on a free port.
func (k *Kafka) listen(name, protocol string) error {
	port, err := port.Free()
	k.listeners = append(k.listeners, listener{name: name, protocol: protocol, port: port})
	return err
}

// prepare chooses the ports, writes the configuration and formats the folder.
func (k *Kafka) prepare() error {
	listeners := []string{plainText, controller}
	if !k.shared { // a rule would also affect the clients of other tests
		listeners = append(listeners, viaProxy)
	}
	if err := k.open(listeners...); err != nil {
		return err
	}
	k.node = 1
	return k.write(fmt.Sprintf(singleNode, k.port(controller))+properties+k.more, newClusterID())
}

// open adds listeners without security, and starts the proxy if one of them is viaProxy.
func (k *Kafka) open(listeners ...string) (err error) {
	for _, name := range listeners {
		if err := k.listen(name, "PLAINTEXT"); err != nil {
			return err
		}
	}
	if port := k.port(viaProxy); port != 0 {
		k.Proxy, err = NewProxy(fmt.Sprintf("127.0.0.1:%d", port))
	}
	return err
}

// newClusterID makes the cluster id that the nodes of a cluster have in common.
func newClusterID() string {
	id := uuid.New()
	id[0] &= 0x7f // so that it does not begin with "-", which the tool takes for a flag
	return base64.RawURLEncoding.EncodeToString(id[:])
}

// write writes the configuration and formats the folder.
func (k *Kafka) write(text, cluster string) error {
	text = k.listenerProperties() + "log.dirs=" + filepath.Join(k.dir, "data") + "\n" + text
	if err := os.WriteFile(k.config(), []byte(text), 0o600); err != nil {
		return err
	}
	return k.formatFolder(cluster)
}

// listenerProperties returns the properties that define the listeners.
func (k *Kafka) listenerProperties() string {
	var all, advertised, protocols []string
	for _, l := range k.listeners {
		address := fmt.Sprintf("127.0.0.1:%d", l.port)
		all = append(all, l.name+"://"+address)
		protocols = append(protocols, l.name+":"+l.protocol)
		switch {
		case l.name == controller:
			continue // a controller's listener may not be advertised
		case l.name == viaProxy:
			address = k.Proxy.Address()
		case l.advertised != "":
			address = l.advertised
		}
		advertised = append(advertised, l.name+"://"+address)
	}
	return "listeners=" + strings.Join(all, ",") + "\nadvertised.listeners=" + strings.Join(advertised, ",") +
		"\nlistener.security.protocol.map=" + strings.Join(protocols, ",") + "\n"
}

// singleNode has the properties of a broker that is its own controller; %d is the controller's
// port.
const singleNode = `process.roles=broker,controller
node.id=1
controller.listener.names=CTRL
inter.broker.listener.name=PLAIN
controller.quorum.voters=1@127.0.0.1:%d
`

// properties has the properties of every broker. metadata.max.idle.interval.ms=0 stops the controller
// from writing a record twice a second while nothing happens: an idle broker then takes a third less
// processor time.
const properties = `num.partitions=1
auto.create.topics.enable=false
message.max.bytes=104857600
socket.request.max.bytes=209715200
offsets.topic.replication.factor=1
offsets.topic.num.partitions=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=4
transaction.abort.timed.out.transaction.cleanup.interval.ms=200
group.initial.rebalance.delay.ms=0
log.cleaner.enable=true
log.cleaner.dedupe.buffer.size=2097152
file.delete.delay.ms=1000
controlled.shutdown.enable=false
metadata.max.idle.interval.ms=0
`

func (k *Kafka) config() string { return filepath.Join(k.dir, "server.properties") }

// LogFile is the file with the broker's output.
func (k *Kafka) LogFile() string { return filepath.Join(k.dir, "kafka.log") }

func (k *Kafka) jvm() []string {
	path := filepath.Join(k.jars, "*")
	if k.classes != "" {
		path += string(filepath.ListSeparator) + k.classes
	}
	flags := []string{"-Xmx" + cmp.Or(k.heap, "768m"), "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn", "-cp", path}
	if k.fast {
		flags = append([]string{"-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xshare:auto"}, flags...)
		if k.archive != "" {
			flags = append([]string{"-XX:SharedArchiveFile=" + k.archive, "-Xlog:cds=off", "-Xlog:cds+dynamic=off"}, flags...)
		}
	}
	return append(flags, k.jvmFlags...)
}

// startMost is how long a broker may take to start: several JVMs that start at once on a busy
// machine take minutes.
const startMost = 5 * time.Minute

// Start starts the broker and waits until it answers.
func (k *Kafka) Start() error {
	p, err := Launch(k.LogFile(), nil, "java", append(k.jvm(), "kafka.Kafka", k.config())...)
	if err != nil {
		return err
	}
	k.process = p
	ctx, cancel := context.WithTimeout(context.Background(), startMost)
	defer cancel()
	for {
		if err = k.answers(ctx); err == nil {
			return nil
		}
		select {
		case <-p.Done():
			return fmt.Errorf("the broker ended while starting:\n%s", Tail(k.LogFile()))
		case <-ctx.Done():
			return fmt.Errorf("the broker did not answer in time: %w\n%s", err, Tail(k.LogFile()))
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// answers checks that the broker answers a metadata request and is in the metadata.
func (k *Kafka) answers(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	c, err := kgo.NewClient(kgo.SeedBrokers(k.Bootstrap()))
	if err != nil {
		return err
	}
	defer c.Close()
	meta, err := kmsg.NewPtrMetadataRequest().RequestWith(ctx, c)
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(meta.Brokers, func(b kmsg.MetadataResponseBroker) bool { return b.NodeID == k.node }) {
		return fmt.Errorf("the metadata names %d brokers, and not this one", len(meta.Brokers))
	}
	return nil
}

// Stop ends the broker with SIGTERM.
func (k *Kafka) Stop() error {
	k.mustBeOwn()
	return k.process.Stop(30 * time.Second)
}

// Kill ends the broker with SIGKILL.
func (k *Kafka) Kill() {
	k.mustBeOwn()
	k.end()
}

// mustBeOwn panics if the broker is shared: a test may not stop it for the others.
func (k *Kafka) mustBeOwn() {
	if k.shared {
		panic("a test that stops a broker must start one for itself: StartKafka, not SharedKafka")
	}
}

// Pause stops the broker's process with SIGSTOP, until Continue.
func (k *Kafka) Pause() {
	k.mustBeOwn()
	k.process.Pause()
}

// Continue lets a paused broker go on.
func (k *Kafka) Continue() { k.process.Continue() }

// Client returns a franz-go client for the test's own requests.
func (k *Kafka) Client(tb testing.TB, opts ...kgo.Opt) *kgo.Client {
	tb.Helper()
	c, err := kgo.NewClient(append([]kgo.Opt{kgo.SeedBrokers(k.Bootstrap())}, opts...)...)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(c.Close)
	return c
}
