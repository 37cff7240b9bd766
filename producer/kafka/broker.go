package kafka

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"slices"
	"sync"
	"time"

	ck "github.com/confluentinc/confluent-kafka-go/v2/kafka"

	"urncast/producer"
	"urncast/producer/kafka/gateway"
	"urncast/producer/kafka/probe"
	"urncast/producer/kafka/properties"
)

// A Cluster implements producer.Cluster.
type Cluster struct {
	// Connection gives a connection as it is defined now; an empty name is the one
	// that the process was started with.
	Connection func(ctx context.Context, name string) (*producer.Connection, error)
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

	readers readers
	refused sync.Map // by connection and topic, the size of a refused batch of several records, an int64
}

// A Broker implements producer.Broker.
type Broker struct {
	cluster  *Cluster
	name     string            // of the connection
	client   map[string]string // librdkafka's properties
	revision int64             // of the connection
	files    map[string]string // those that it names, by path, with what tells their contents apart
	settings *properties.Resolved
	request  int              // bytes that one message may have; 0 for no bound of ours
	seen     sync.Map         // by topic, its topicLimits
	gateway  *gateway.Gateway // to brokers that ask for Kerberos; nil for others
	bearer   *bearer          // of tokens that are made here; nil where none are
	changed  chan struct{}
	stop     context.CancelFunc
	watching sync.WaitGroup
	closing  sync.WaitGroup // clients that nobody waits for
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
		warnOfExpiry(c.Log, connection.Name, resolved.Certificates, time.Now())
	}
	ctx, b.stop = context.WithCancel(context.WithoutCancel(ctx))
	b.watching.Go(func() { b.watch(ctx) })
	b.watching.Go(func() { b.bearer.renew(ctx) })
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

// resolve makes the connection ready, as far as that goes without connecting.
func (c *Cluster) resolve(ctx context.Context, name string) (*Broker, *producer.Connection, *properties.Resolved, error) {
	connection, err := c.Connection(ctx, name)
	if err != nil {
		return nil, nil, nil, err
	}
	resolved, _, err := properties.Resolve(connection)
	if err != nil {
		return nil, nil, nil, &producer.Fault{Kind: producer.Permanent, Text: "Connection " + connection.Name + " cannot be used", Err: err}
	}
	b := &Broker{cluster: c, name: name, revision: connection.Revision, files: stamps(resolved.Files), client: resolved.Client, settings: resolved,
		request: resolved.RequestBytes, changed: make(chan struct{})}
	asker, err := b.admin() // finds impossible values
	if err != nil {
		return nil, nil, nil, &producer.Fault{Kind: producer.Permanent, Text: "Kafka's client refuses connection " + connection.Name, Err: err}
	}
	asker.Close()
	return b, connection, resolved, nil
}

// Changed implements producer.Broker.
func (b *Broker) Changed() <-chan struct{} { return b.changed }

// Close implements producer.Broker.
func (b *Broker) Close() {
	b.stop()
	b.watching.Wait()
	b.closing.Wait()
	if b.gateway != nil {
		b.gateway.Close()
	}
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

// An asker puts questions to the brokers. It is made from a producer, for a bare
// admin client keeps to itself what it hears of its connections.
type asker struct {
	*ck.AdminClient
	ear    *ear
	broker *Broker
	p      *ck.Producer
}

func (b *Broker) admin() (*asker, error) {
	p, err := ck.NewProducer(b.with(map[string]any{"go.logs.channel.enable": true}))
	if err != nil {
		return nil, err
	}
	b.bearer.feed(p)
	a := &asker{ear: b.ear(), broker: b, p: p}
	a.ear.listen(p)
	if a.AdminClient, err = ck.NewAdminClientFromProducer(p); err != nil {
		b.bearer.release(p)
		p.Close()
		return nil, err
	}
	return a, nil
}

// Close ends the client. It takes a while, which nobody waits for but the broker's
// own Close.
func (a *asker) Close() {
	a.broker.bearer.release(a.p)
	a.AdminClient.Close()
	a.broker.closing.Go(func() {
		a.p.Close()
		a.ear.clients.Wait()
	})
}

// ear makes an ear that writes to the cluster's log.
func (b *Broker) ear() *ear {
	log := b.cluster.Log
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	return &ear{log: log, look: b.look, text: b.text}
}

// look says why none of the bootstrap servers can be used; nil if one can.
func (b *Broker) look(ctx context.Context) *probe.Trouble {
	troubles := make(chan *probe.Trouble, len(b.settings.Bootstrap))
	for _, server := range b.settings.Bootstrap {
		go func() {
			var t *probe.Trouble
			if err := b.open(ctx, server); err != nil {
				t = probe.Of(err)
			}
			troubles <- t
		}()
	}
	var first *probe.Trouble
	for range b.settings.Bootstrap {
		t := <-troubles
		if t == nil {
			return nil
		}
		first = cmp.Or(first, t)
	}
	return first
}

// open makes a connection to a server, past the client, and ends it.
func (b *Broker) open(ctx context.Context, server string) error {
	if b.gateway != nil {
		return b.through(ctx, server)
	}
	peer, err := (&probe.Dialer{Settings: b.settings, Token: b.bearer.asked()}).Open(ctx, server)
	if err == nil {
		peer.Close()
	}
	return err
}

// Describe implements producer.Broker.
func (b *Broker) Describe(ctx context.Context, topic string) (_ producer.Topic, err error) {
	defer func() { err = b.explain(err, producer.Transitory) }()
	a, err := b.admin()
	if err != nil {
		return producer.Topic{}, fault("connecting", err)
	}
	defer a.Close()
	ctx, done := a.ear.wait(ctx, 2*requestTimeout, "asking the brokers for topic "+topic)
	defer func() { err = done(err) }()
	limit := ck.SetAdminRequestTimeout(requestTimeout)
	cluster, err := a.DescribeCluster(ctx, limit)
	if err != nil {
		return producer.Topic{}, fault("asking the brokers for their cluster", err)
	}
	t := producer.Topic{}
	if cluster.ClusterID != nil {
		t.Cluster = *cluster.ClusterID
	}
	for made := false; ; made = true {
		d, err := describeTopic(ctx, a, topic)
		if err != nil {
			return t, fault("asking the brokers for topic "+topic, err)
		}
		if code := d.Error.Code(); code == ck.ErrUnknownTopicOrPart && b.cluster.CreateTopic && !made {
			if err := b.create(ctx, a, topic); err != nil {
				return t, err
			}
			continue
		} else if code != ck.ErrNoError {
			return t, fault("asking the brokers for topic "+topic, d.Error)
		}
		t.ID, t.Partitions = d.TopicID.String(), len(d.Partitions)
		t.Limits = b.limits(ctx, a, d)
		return t, nil
	}
}

func describeTopic(ctx context.Context, a *asker, topic string) (*ck.TopicDescription, error) {
	r, err := a.DescribeTopics(ctx, ck.NewTopicCollectionOfTopicNames([]string{topic}), ck.SetAdminRequestTimeout(requestTimeout))
	if err != nil {
		return nil, err
	}
	return &r.TopicDescriptions[0], nil
}

// create makes the topic and waits until the brokers know it.
func (b *Broker) create(ctx context.Context, a *asker, topic string) error {
	replication := b.cluster.Replication
	if replication == 0 {
		replication = -1
	}
	r, err := a.CreateTopics(ctx, []ck.TopicSpecification{{
		Topic: topic, NumPartitions: 1, ReplicationFactor: replication,
		Config: stateSettings(b.cluster.Retention),
	}}, ck.SetAdminOperationTimeout(requestTimeout), ck.SetAdminRequestTimeout(requestTimeout))
	if err != nil {
		return fault("creating topic "+topic, err)
	}
	if e := r[0].Error; e.Code() == ck.ErrTopicAuthorizationFailed || e.Code() == ck.ErrClusterAuthorizationFailed {
		cure := "create the topic, or grant CREATE on it, then start the producer"
		return &producer.Fault{Kind: producer.Permanent, Cure: cure, Err: coded(e),
			Text: "Topic " + topic + " does not exist, and the program may not create it (" + cure + ")"}
	} else if e.Code() != ck.ErrNoError && e.Code() != ck.ErrTopicAlreadyExists {
		return fault("creating topic "+topic, e)
	}
	for range 50 {
		if d, err := describeTopic(ctx, a, topic); err == nil && d.Error.Code() == ck.ErrNoError {
			return nil
		}
		time.Sleep(50 * time.Millisecond)
	}
	return &producer.Fault{Kind: producer.Transitory, Text: "Topic " + topic + " was created, but the brokers do not show it yet"}
}

// Ends implements producer.Broker.
func (b *Broker) Ends(ctx context.Context, topic string) (start, high int64, err error) {
	a, err := b.admin()
	if err != nil {
		return 0, 0, b.explain(fault("connecting", err), producer.Transitory)
	}
	defer a.Close()
	return b.ends(ctx, a.AdminClient, a.ear, topic)
}

func (b *Broker) ends(ctx context.Context, a *ck.AdminClient, e *ear, topic string) (start, high int64, err error) {
	defer func() { err = b.explain(err, producer.Transitory) }()
	ask := func(spec ck.OffsetSpec) (_ int64, err error) {
		ctx, done := e.wait(ctx, requestTimeout, "asking for the ends of topic "+topic)
		defer func() { err = done(err) }()
		at := ck.TopicPartition{Topic: &topic, Partition: 0}
		r, err := a.ListOffsets(ctx, map[ck.TopicPartition]ck.OffsetSpec{at: spec},
			ck.SetAdminIsolationLevel(ck.IsolationLevelReadUncommitted), ck.SetAdminRequestTimeout(requestTimeout))
		if err != nil {
			return 0, fault("asking for the ends of topic "+topic, err)
		}
		for _, info := range r.ResultInfos {
			if info.Error.Code() != ck.ErrNoError {
				return 0, fault("asking for the ends of topic "+topic, info.Error)
			}
			return int64(info.Offset), nil
		}
		return 0, &producer.Fault{Kind: producer.Transitory, Text: "The brokers did not answer for partition 0 of topic " + topic}
	}
	if start, err = ask(ck.EarliestOffsetSpec); err != nil {
		return 0, 0, err
	}
	high, err = ask(ck.LatestOffsetSpec)
	return start, high, err
}
