package main

import (
	"context"
	"fmt"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"urncast/formats"
	"urncast/producer"
	"urncast/sdmx"
	"urncast/web/rest"
)

type verifyCommand struct {
	client     `embed:""`
	topicFlags `embed:""`
	// FromBaseline is for a topic whose older part tells of a lost past.
	FromBaseline bool `help:"Judge the topic from its last baseline on: what stands before tells of what the registry lost in a restore."`
}

// A finding says of one promise what topic and registry show.
type finding struct {
	promise string
	differs []string // what does; empty if proven
	open    []string // why it cannot be proven for all; the first of them
	// unproven counts them.
	unproven int
}

func (f *finding) differ(format string, args ...any) {
	if len(f.differs) < 20 {
		f.differs = append(f.differs, fmt.Sprintf(format, args...))
	}
}

func (f *finding) leave(format string, args ...any) {
	if f.unproven++; f.unproven <= 5 {
		f.open = append(f.open, fmt.Sprintf(format, args...))
	}
}

// Run verifies each topic of the producer, or the one that is named.
func (c *verifyCommand) Run(ctx context.Context) error {
	s, err := c.find(ctx, &c.client)
	if err != nil {
		return err
	}
	topics := s.Topics()
	if c.Topic != "" {
		topics = []string{c.Topic}
	}
	c.Producer = s.Name
	differs := false
	for i, topic := range topics {
		if i > 0 {
			fmt.Println()
		}
		c.Topic = topic
		one, err := c.verify(ctx)
		if err != nil {
			return err
		}
		differs = differs || one
	}
	if differs {
		return errQuiet
	}
	return nil
}

// verify reads topic and registry to the end, compares, and says what differs.
func (c *verifyCommand) verify(ctx context.Context) (differs bool, err error) {
	if err := c.fill(ctx, &c.client); err != nil {
		return false, err
	}
	v := &verification{client: &c.client, producer: c.Producer, topic: c.Topic, counts: map[int64]int{}}
	// What the registry calls sent must be on the topic that is read afterwards;
	// what is on the topic must be in the registry that is read after that.
	if err := v.readRegistry(ctx); err != nil {
		return false, err
	}
	judged := len(v.feed)
	if err := v.readTopic(ctx, &c.topicFlags); err != nil {
		return false, err
	}
	if c.FromBaseline && !v.cutToBaseline() {
		return false, fmt.Errorf("topic %s holds no baseline; verify it without --from-baseline, or publish one with: urncast producer start --baseline", c.Topic)
	}
	if err := v.readRegistry(ctx); err != nil {
		return false, err
	}
	for i := judged; i < len(v.feed); i++ {
		v.feed[i].Status = producer.StatusPending // sent or not when the topic was read: nobody knows
	}
	if err := v.readAbsent(ctx); err != nil {
		return false, err
	}
	for _, f := range v.findings() {
		differs = differs || len(f.differs) > 0
		f.print()
	}
	fmt.Printf("topic %s: %d messages; registry: %d transactions\n", c.Topic, len(v.messages), len(v.feed))
	return differs, nil
}

func (f *finding) print() {
	switch {
	case len(f.differs) > 0:
		fmt.Printf("differs       %s\n", f.promise)
	case len(f.open) > 0:
		fmt.Printf("not provable  %s\n", f.promise)
	default:
		fmt.Printf("proven        %s\n", f.promise)
	}
	for _, text := range append(f.differs, f.open...) {
		fmt.Printf("              %s\n", text)
	}
	if more := f.unproven - len(f.open); more > 0 {
		fmt.Printf("              and %d more\n", more)
	}
}

// verification holds both sides.
type verification struct {
	client          *client
	producer, topic string
	messages        []seen
	start           int64
	feed            []entry
	status          producer.Status
	route           producer.Route
	since           int64 // the transaction after which the route was taken up
	// counts, of transactions that were sent and are not on the topic although the
	// producer has several, how many of their structures surely go there.
	counts map[int64]int
}

// entry is one transaction of the feed, and what became of it.
type entry struct {
	Number           int64              `json:"number"`
	ID               string             `json:"id"`
	Kind             string             `json:"kind"`
	Structures       int                `json:"structures"`
	Publications     []rest.Publication `json:"publications"`
	rest.Publication `json:"-"`         // for the producer that is meant
}

// readTopic reads what is committed, up to the high watermark of now.
func (v *verification) readTopic(ctx context.Context, f *topicFlags) error {
	k, err := f.reader(kgo.NewOffset().AtStart(), kgo.KeepControlRecords())
	if err != nil {
		return err
	}
	defer k.Close()
	start, err := offsetOf(ctx, k, f.Topic, -2)
	if err != nil {
		return err
	}
	end, err := offsetOf(ctx, k, f.Topic, -1)
	if err != nil {
		return err
	}
	v.start = start
	for at := start; at < end; {
		fetches := k.PollFetches(ctx)
		if err := fetches.Err(); err != nil {
			return fmt.Errorf("reading topic %s at offset %d of %d: %w", f.Topic, at, end, err)
		}
		fetches.EachRecord(func(r *kgo.Record) {
			at = r.Offset + 1
			if !r.Attrs.IsControl() {
				v.messages = append(v.messages, seenOf(r))
			}
		})
	}
	return nil
}

// offsetOf asks for a topic's end: -1 is the high watermark, -2 the start.
func offsetOf(ctx context.Context, k *kgo.Client, topic string, which int64) (int64, error) {
	p := kmsg.NewListOffsetsRequestTopicPartition()
	p.Timestamp = which
	t := kmsg.NewListOffsetsRequestTopic()
	t.Topic, t.Partitions = topic, append(t.Partitions, p)
	r := kmsg.NewPtrListOffsetsRequest()
	r.ReplicaID, r.Topics = -1, append(r.Topics, t)
	shards := k.RequestSharded(ctx, r)
	for _, s := range shards {
		if s.Err != nil {
			return 0, fmt.Errorf("asking for the ends of topic %s: %w", topic, s.Err)
		}
		answer := s.Resp.(*kmsg.ListOffsetsResponse)
		if code := answer.Topics[0].Partitions[0].ErrorCode; code != 0 {
			return 0, fmt.Errorf("asking for the ends of topic %s: Kafka error %d", topic, code)
		}
		return answer.Topics[0].Partitions[0].Offset, nil
	}
	return 0, fmt.Errorf("the brokers said nothing of topic %s", topic)
}

// readRegistry reads what the feed has more than is known, and the producer's
// status.
func (v *verification) readRegistry(ctx context.Context) error {
	if _, err := v.client.get(ctx, producerPath(v.producer), &v.status); err != nil {
		return err
	}
	for _, r := range v.status.Settings.Routes {
		if r.Topic == v.topic {
			v.route = r
		}
	}
	for _, r := range v.status.Along {
		if r.Topic == v.topic {
			v.since = int64(r.Since)
		}
	}
	for {
		var page struct {
			Transactions []entry `json:"transactions"`
		}
		if _, err := v.client.get(ctx, fmt.Sprintf("/api/v1/transactions?after=%d", len(v.feed)), &page); err != nil {
			return err
		}
		if len(page.Transactions) == 0 {
			return nil
		}
		for _, e := range page.Transactions {
			for _, p := range e.Publications {
				if p.Producer == v.producer {
					e.Publication = p
				}
			}
			v.feed = append(v.feed, e)
		}
	}
}

// readAbsent looks into what was sent and is not on the topic, where the producer has
// other topics that it may have gone to.
func (v *verification) readAbsent(ctx context.Context) error {
	if len(v.status.Settings.Routes) < 2 {
		return nil
	}
	f, err := formats.ByName(v.route.Format)
	if err != nil {
		return err
	}
	there := v.numbers()
	for i := range v.feed {
		e := &v.feed[i]
		if e.Status != producer.StatusSent || there[e.Number] || e.Number <= v.since || v.before(e.Number) {
			continue
		}
		var tx rest.Transaction
		if _, err := v.client.get(ctx, fmt.Sprintf("/api/v1/transactions/%d", e.Number), &tx); err != nil {
			return err
		}
		n := 0
		for _, c := range tx.Changes {
			u, err := sdmx.ParseURN(c.URN)
			if err == nil && v.route.Filter.Passes(u) && (tx.Kind == "delete" || formats.AlwaysExpressible(f, u.Class)) {
				n++
			}
		}
		v.counts[e.Number] = n
	}
	return nil
}

// elsewhere says whether a transaction may have gone to other topics alone.
func (v *verification) elsewhere(number int64) bool {
	n, looked := v.counts[number]
	return looked && n == 0
}
