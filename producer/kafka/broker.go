package kafka

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"slices"
	"sync"
	"time"

	ck "github.com/confluentinc/confluent-kafka-go/v2/kafka"

	"urncast/producer"
	"urncast/producer/connection"
	"urncast/producer/kafka/admin"
	"urncast/producer/kafka/expiry"
	"urncast/producer/kafka/faults"
	"urncast/producer/kafka/gateway"
	"urncast/producer/kafka/iam"
	"urncast/producer/kafka/probe"
	"urncast/producer/kafka/properties"
)

// A Cluster implements producer.Cluster.
type Cluster struct {
	// Connection gives a connection as it is defined now; an empty name is the one
	// that the process was started with.
	Connection func(ctx context.Context, name string) (*connection.Connection, error)
	// InUse lists the connections that producers take, each once.
	InUse func(context.Context) ([]string, error)
	// CreateTopic makes a missing topic, compacted, with one partition.
	CreateTopic bool
	// Replication of a topic that is made; the broker's default if 0.
	Replication int
	// Retention is how long a consumer may be away and still see every tombstone
	// and every transaction whole: min.compaction.lag.ms and delete.retention.ms.
	Retention time.Duration
	Log       *slog.Logger

	readers  readers
	warnings warnings
	expiries expiry.Warnings
	servers  expiry.Servers
	refused  sync.Map // by connection and topic, the size of a refused batch of several records, an int64
}

// A Broker implements producer.Broker.
type Broker struct {
	cluster  *Cluster
	name     string            // of the connection
	client   map[string]string // librdkafka's properties
	revision int64             // of the connection
	files    map[string]string // those that it names, by path, with what tells their contents apart
	settings *properties.Resolved
	sizes    *sizes
	ids      sync.Map         // by topic, the id that Describe found
	gateway  *gateway.Gateway // to brokers that ask for Kerberos; nil for others
	bearer   *iam.Bearer      // of tokens that are made here; nil where none are
	changed  chan struct{}

	life     context.Context // ends when Close is called
	end      context.CancelFunc
	watching sync.WaitGroup
	using    sync.Mutex     // guards the beginning of calls against Close
	calls    sync.WaitGroup // under way
	closing  sync.WaitGroup // clients that nobody waits for

	turn    chan struct{}  // of the one who asks
	brokers *admin.Cluster // that are asked, by the one who has the turn
}

func newBroker(c *Cluster, name string, r *properties.Resolved) *Broker {
	b := &Broker{cluster: c, name: name, client: r.Client, settings: r, sizes: &sizes{connection: name, settings: r, refused: &c.refused},
		changed: make(chan struct{}), turn: make(chan struct{}, 1)}
	b.brokers = admin.New(b.dial, r.Bootstrap)
	b.life, b.end = context.WithCancel(context.Background())
	return b
}

const (
	// requestTimeout bounds each administrative question to the brokers.
	requestTimeout = 15 * time.Second
	// watchEvery is how often a connection is looked at for changes.
	watchEvery = 3 * time.Second
	// loginTimeout bounds the first login to a KDC, of which there may be several,
	// and to a broker.
	loginTimeout = 20 * time.Second
)

// Connect implements producer.Cluster. Only for Kerberos it connects to something
// already, to the KDC and to one broker, and for tokens that it signs itself to where
// credentials come from.
func (c *Cluster) Connect(ctx context.Context, name string) (producer.Broker, error) {
	b, connection, resolved, err := c.resolve(ctx, name)
	if err != nil {
		return nil, err
	}
	if resolved.Kerberos != nil {
		if b.gateway, err = c.enter(ctx, resolved); err != nil {
			b.closing.Wait()
			return nil, entryFault(connection.Name, err)
		}
		maps.Copy(b.client, b.gateway.Client())
	}
	if b.bearer, err = c.bear(ctx, connection.Name, resolved); err != nil {
		b.closing.Wait()
		return nil, err
	}
	if c.Log != nil {
		c.expiries.Log(c.Log, connection.Name, resolved.Certificates, time.Now())
	}
	b.watching.Go(func() { b.watch(b.life) })
	b.watching.Go(func() { b.bearer.Renew(b.life) })
	return b, nil
}

// Check says what is wrong with a connection as it is defined, without connecting.
func (c *Cluster) Check(ctx context.Context, name string) error {
	b, _, _, err := c.resolve(ctx, name)
	if err == nil {
		b.closing.Wait()
	}
	return err
}

// correctConnection is the cure of a property that the cause names.
const correctConnection = "correct the connection" + faults.ThenStart

// resolve makes the connection ready, as far as that goes without connecting.
func (c *Cluster) resolve(ctx context.Context, name string) (*Broker, *connection.Connection, *properties.Resolved, error) {
	connection, err := c.Connection(ctx, name)
	if err != nil {
		return nil, nil, nil, err
	}
	resolved, _, err := properties.Resolve(connection)
	if err != nil {
		return nil, nil, nil, &producer.Fault{Kind: producer.Permanent, Text: "Connection " + connection.Name + " cannot be used", Err: err, Cure: correctConnection}
	}
	b := newBroker(c, name, resolved)
	b.sizes.request = requestLimitOf(connection)
	b.revision, b.files = connection.Revision, stamps(resolved.Files)
	if err := b.tryClient(); err != nil {
		return nil, nil, nil, &producer.Fault{Kind: producer.Permanent, Text: "Kafka's client refuses connection " + connection.Name, Err: err, Cure: correctConnection}
	}
	return b, connection, resolved, nil
}

// tryClient makes a client that knows no server, and throws it away: the client library
// refuses impossible values then.
func (b *Broker) tryClient() error {
	properties := b.with(map[string]any{"go.logs.channel.enable": true})
	delete(*properties, "bootstrap.servers")
	p, err := ck.NewProducer(properties)
	if err != nil {
		return err
	}
	e := b.monitor()
	e.watch(p)
	b.closing.Go(func() { // it takes a while
		p.Close()
		e.running.Wait()
	})
	return nil
}

// monitor makes a monitor that writes to the cluster's log.
func (b *Broker) monitor() *monitor {
	log := b.cluster.Log
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	return &monitor{log: log, look: b.look, text: b.text, warnings: &b.cluster.warnings}
}

// bear makes the first token of a connection; nil for connections that need none of ours.
func (c *Cluster) bear(ctx context.Context, connection string, r *properties.Resolved) (*iam.Bearer, error) {
	if r.IAM == nil {
		return nil, nil
	}
	b := iam.NewBearer(r.IAM, c.Log)
	if _, err := b.Fresh(ctx, 0); err != nil {
		t := probe.Of(err)
		kind, known := kinds[t.Cause]
		if !known {
			kind = producer.Permanent
		}
		return nil, &producer.Fault{Kind: kind, Text: "Connection " + connection + " cannot log in", Err: t, Cure: t.Cure}
	}
	return b, nil
}

// Changed implements producer.Broker.
func (b *Broker) Changed() <-chan struct{} { return b.changed }

// Close implements producer.Broker. Calls that are still under way end.
func (b *Broker) Close() {
	b.using.Lock()
	b.end()
	b.using.Unlock()
	b.calls.Wait()
	b.watching.Wait()
	b.brokers.Close()
	b.closing.Wait()
	if b.gateway != nil {
		b.gateway.Close()
	}
}

// call keeps the broker open during a call. The context that it gives ends when Close
// is called; done takes the call's error and gives the fault.
func (b *Broker) call(ctx context.Context) (_ context.Context, done func(error) error, err error) {
	b.using.Lock()
	defer b.using.Unlock()
	closed := &producer.Fault{Kind: producer.Transitory, Text: "The connection was closed meanwhile"}
	if b.life.Err() != nil {
		return nil, nil, closed
	}
	b.calls.Add(1)
	ctx, cancel := context.WithCancel(ctx)
	stop := context.AfterFunc(b.life, cancel)
	return ctx, func(err error) error {
		stop()
		cancel()
		b.calls.Done()
		if b.life.Err() != nil && errors.Is(err, context.Canceled) {
			return closed
		}
		return err
	}, nil
}

// watch looks at the connection and its files until either is another than it was.
func (b *Broker) watch(ctx context.Context) {
	tick := time.NewTicker(watchEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if same, err := b.same(ctx); err == nil && !same { // a database away is no change
			close(b.changed)
			return
		}
	}
}

// same says whether the connection and its files are still what they were.
func (b *Broker) same(ctx context.Context) (bool, error) {
	now, err := b.cluster.Connection(ctx, b.name)
	return err == nil && now.Revision == b.revision && maps.Equal(b.files, stamps(slices.Collect(maps.Keys(b.files)))), err
}

// stamps says of each file what tells one content from another.
func stamps(paths []string) map[string]string {
	out := make(map[string]string, len(paths))
	for _, p := range paths {
		out[p] = "" // a file that is gone
		if info, err := os.Stat(p); err == nil {
			out[p] = fmt.Sprint(info.Size(), info.ModTime().UnixNano())
		}
	}
	return out
}

// with gives the configured properties and some of ours.
func (b *Broker) with(own map[string]any) *ck.ConfigMap {
	m := ck.ConfigMap{}
	for k, v := range b.client {
		m[k] = v
	}
	if _, set := m["client.id"]; !set {
		m["client.id"] = "urncast"
	}
	for k, v := range own {
		m[k] = v
	}
	return &m
}
