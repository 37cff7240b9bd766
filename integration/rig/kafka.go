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

// A Kafka is one real broker with a plain listener and one that it advertises under
// the address of a Proxy: a KRaft node of its own, or one of a Cluster's.
type Kafka struct {
	Proxy *Proxy

	node      int32
	jars, dir string
	archive   string // of the jars' classes; may be empty
	listeners []listener
	process   *Process
	// Fast makes the JVM start quickly at the price of speed under load.
	fast    bool
	shared  bool     // by all tests of a package, which then may not touch its process
	heap    string   // of the JVM; 768m if empty
	system  []string // further flags of the JVM
	classes string   // a folder with further classes; may be empty
	more    string   // further properties; the last of a name counts
	format  []string // further arguments of the tool that formats the folder
}

// A listener is a port of the broker.
type listener struct {
	name, protocol string
	port           int
	advertised     string // host:port; the port on 127.0.0.1 if empty
}

// The listeners that every broker has.
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

// StartKafkaForBench starts a broker whose JVM is tuned for speed under load.
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

// StartWard starts a broker that a test treats badly, in a folder, or in one of the
// test's if that is empty. Each of its clients has a listener of its own, advertised
// under an address at which the test puts a Link.
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
	k.more = "num.network.threads=1\n" // of each listener
	k.run(tb)
	return k
}

// Way is how one client of a ward comes to it: the address that the broker advertises
// to it, and the listener behind.
func (k *Kafka) Way(client int) (advertised, listener string) {
	l := k.listeners[client]
	return l.advertised, fmt.Sprintf("127.0.0.1:%d", l.port)
}

// Running says whether the broker's process lives.
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

// endWith ends the broker with the test, whose failure shows the end of its log.
func (k *Kafka) endWith(tb testing.TB) {
	tb.Cleanup(func() {
		if k.Proxy != nil {
			k.Proxy.Close()
		}
		k.end()
		k.tell(tb)
	})
}

// end ends the broker's process, if there is one.
func (k *Kafka) end() {
	if k.process != nil {
		k.process.Kill()
	}
}

// tell shows the end of the broker's log if the test failed.
func (k *Kafka) tell(tb testing.TB) {
	if tb.Failed() {
		tb.Logf("the end of %s:\n%s", k.LogFile(), Tail(k.LogFile()))
	}
}

// Bootstrap is the broker's address; a client that begins there never meets the
// proxy.
func (k *Kafka) Bootstrap() string { return fmt.Sprintf("127.0.0.1:%d", k.port(plainText)) }

// port gives a listener's port, 0 if there is no such listener.
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
	if !k.shared { // no test may set rules that the others' clients would meet
		listeners = append(listeners, viaProxy)
	}
	if err := k.open(listeners...); err != nil {
		return err
	}
	k.node = 1
	return k.write(fmt.Sprintf(alone, k.port(controller))+properties+k.more, newClusterID())
}

// open adds listeners without security, and the proxy to the one that has it.
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

// newClusterID makes the id by which the nodes of a cluster know each other.
func newClusterID() string {
	id := uuid.New()
	id[0] &= 0x7f // its first letter is then none of "-" and "_", which the tool takes for a flag
	return base64.RawURLEncoding.EncodeToString(id[:])
}

// write writes the configuration and formats the folder.
func (k *Kafka) write(text, cluster string) error {
	text = k.listening() + "log.dirs=" + filepath.Join(k.dir, "data") + "\n" + text
	if err := os.WriteFile(k.config(), []byte(text), 0o600); err != nil {
		return err
	}
	return k.formatFolder(cluster)
}

// listening writes the properties that name the listeners.
func (k *Kafka) listening() string {
	var all, advertised, protocols []string
	for _, l := range k.listeners {
		address := fmt.Sprintf("127.0.0.1:%d", l.port)
		all = append(all, l.name+"://"+address)
		protocols = append(protocols, l.name+":"+l.protocol)
		switch {
		case l.name == controller:
			continue // the one that is never advertised
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

// alone makes a broker its own controller.
const alone = `process.roles=broker,controller
node.id=1
controller.listener.names=CTRL
inter.broker.listener.name=PLAIN
controller.quorum.voters=1@127.0.0.1:%d
`

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
`

func (k *Kafka) config() string { return filepath.Join(k.dir, "server.properties") }

// LogFile is where the broker's output goes.
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
	return append(flags, k.system...)
}

// startMost is how long a broker may take until it answers: several JVMs that start at
// once on a busy machine take minutes.
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

// answers asks for the metadata, and that the broker is in it.
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

// Stop ends the broker in good order.
func (k *Kafka) Stop() error {
	k.mustBeOwn()
	return k.process.Stop(30 * time.Second)
}

// Kill ends the broker at once.
func (k *Kafka) Kill() {
	k.mustBeOwn()
	k.end()
}

// mustBeOwn panics where a test is about to stop the broker that others share.
func (k *Kafka) mustBeOwn() {
	if k.shared {
		panic("a test that stops a broker must start one for itself: StartKafka, not SharedKafka")
	}
}

// Pause stops the broker's process without ending it; Continue lets it go on.
func (k *Kafka) Pause() {
	k.mustBeOwn()
	k.process.Pause()
}

// Continue lets a paused broker go on.
func (k *Kafka) Continue() { k.process.Continue() }

// Client is a franz-go client for the test's own requests.
func (k *Kafka) Client(tb testing.TB, opts ...kgo.Opt) *kgo.Client {
	tb.Helper()
	c, err := kgo.NewClient(append([]kgo.Opt{kgo.SeedBrokers(k.Bootstrap())}, opts...)...)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(c.Close)
	return c
}
