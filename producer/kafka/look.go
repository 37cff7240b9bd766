package kafka

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	ck "github.com/confluentinc/confluent-kafka-go/v2/kafka"
	"golang.org/x/sync/errgroup"

	"urncast/producer"
)

const (
	// lookTimeout bounds a look at topics, which a living session takes every few
	// seconds. Brokers that are away are noticed sooner.
	lookTimeout = 8 * time.Second
	// leaderTries is how often the leaders are asked anew after a broker said that it
	// leads no more, and leaderPause how long after.
	leaderTries = 4
	leaderPause = 150 * time.Millisecond
)

// A standing is a sight, and what else a reader that does not get on asks.
type standing struct {
	producer.Sight
	stable int64 // the last stable offset
	leader int
}

// Look implements producer.Broker.
func (b *Broker) Look(ctx context.Context, topics []string) ([]producer.Sight, error) {
	all, err := b.stand(ctx, topics, false)
	if err != nil {
		return nil, err
	}
	sights := make([]producer.Sight, len(all))
	for i := range all {
		sights[i] = all[i].Sight
	}
	return sights, nil
}

// stand asks how topics stand, and where told to for their last stable offsets.
func (b *Broker) stand(ctx context.Context, topics []string, stable bool) (all []standing, err error) {
	if len(topics) == 0 {
		return nil, nil
	}
	doing := "asking the brokers for topic " + strings.Join(topics, ", ")
	err = b.ask(ctx, lookTimeout, doing, topics, func(ctx context.Context, a *asker) (err error) {
		for try := 1; ; try++ {
			all, err = a.stand(ctx, topics, stable)
			if err == nil || try == leaderTries || !led(err) || pause(ctx, leaderPause) != nil {
				return err
			}
			// The library keeps leaders in mind until it is asked for metadata.
			for _, topic := range topics {
				_, _ = a.p.GetMetadata(&topic, false, int(time.Second.Milliseconds()))
			}
		}
	})
	return all, err
}

// led reports whether an error says that the broker that was asked does not lead, or not
// yet.
func led(err error) bool {
	var e ck.Error
	if !errors.As(err, &e) {
		return false
	}
	switch e.Code() {
	case ck.ErrNotLeaderForPartition, ck.ErrFencedLeaderEpoch, ck.ErrUnknownLeaderEpoch, ck.ErrOffsetNotAvailable, ck.ErrReplicaNotAvailable:
		return true
	}
	return false
}

// stand asks once.
func (a *asker) stand(ctx context.Context, topics []string, stable bool) ([]standing, error) {
	described, err := a.describe(ctx, topics, lookTimeout)
	if err != nil {
		return nil, fault("asking the brokers for topic "+strings.Join(topics, ", "), err)
	}
	all := make([]standing, len(topics))
	for i, d := range described {
		if all[i].leader, err = leads(&d); err != nil {
			return nil, err
		}
		all[i].ID = d.TopicID.String()
	}
	kinds := []struct {
		at    ck.OffsetSpec
		level ck.IsolationLevel
		to    func(*standing) *int64
	}{
		{ck.EarliestOffsetSpec, ck.IsolationLevelReadUncommitted, func(s *standing) *int64 { return &s.Start }},
		{ck.LatestOffsetSpec, ck.IsolationLevelReadUncommitted, func(s *standing) *int64 { return &s.End }},
		{ck.LatestOffsetSpec, ck.IsolationLevelReadCommitted, func(s *standing) *int64 { return &s.stable }},
	}
	if !stable {
		kinds = kinds[:2]
	}
	g, ctx := errgroup.WithContext(ctx)
	for _, k := range kinds {
		g.Go(func() error {
			found, err := offsets(ctx, a.AdminClient, topics, k.at, k.level)
			for i := range found {
				*k.to(&all[i]) = found[i]
			}
			return err
		})
	}
	return all, g.Wait()
}

// leads gives the broker that leads a topic that was described. That there is none, or no
// such topic, may be over soon.
func leads(d *ck.TopicDescription) (node int, err error) {
	switch d.Error.Code() {
	case ck.ErrNoError:
	case ck.ErrUnknownTopicOrPart:
		return 0, gone(d.Name, d.Error)
	default:
		return 0, fault("asking the brokers for topic "+d.Name, d.Error)
	}
	for _, p := range d.Partitions {
		if p.Partition == 0 && p.Leader != nil && p.Leader.ID >= 0 {
			return p.Leader.ID, nil
		}
	}
	return 0, &producer.Fault{Kind: producer.Transitory, Text: leaderless(d.Name), Cure: startBrokers,
		Err: coded(ck.NewError(ck.ErrLeaderNotAvailable, "Broker: Leader not available", false))}
}

// gone says that a topic is not there, in the words of who looked: the next session finds
// out whether that is so, and makes it where that is allowed.
func gone(topic string, e ck.Error) error {
	return &producer.Fault{Kind: producer.Transitory, Text: "Topic " + topic + " does not exist, or not any more", Err: coded(e)}
}

// offsets asks for one kind of offset of each topic's partition.
func offsets(ctx context.Context, admin *ck.AdminClient, topics []string, at ck.OffsetSpec, level ck.IsolationLevel) ([]int64, error) {
	ask, place := map[ck.TopicPartition]ck.OffsetSpec{}, map[string]int{}
	for i, topic := range topics {
		ask[ck.TopicPartition{Topic: &topic, Partition: 0}] = at
		place[topic] = i
	}
	doing := "asking for the ends of topic " + strings.Join(topics, ", ")
	r, err := admin.ListOffsets(ctx, ask, ck.SetAdminIsolationLevel(level), ck.SetAdminRequestTimeout(lookTimeout))
	if err != nil {
		for _, topic := range topics {
			err = explainNoent(admin, topic, err)
		}
		return nil, fault(doing, err)
	}
	found := make([]int64, len(topics))
	for tp, info := range r.ResultInfos {
		i, asked := place[*tp.Topic]
		switch code := info.Error.Code(); {
		case !asked:
			continue
		case code == ck.ErrUnknownTopicOrPart:
			return nil, gone(*tp.Topic, info.Error)
		case code != ck.ErrNoError:
			return nil, fault(doing, info.Error)
		case info.Offset < 0: // the client's word for none: the connection broke meanwhile
			return nil, fault(doing, ck.NewError(ck.ErrTransport, "no offset came", false))
		}
		found[i] = int64(info.Offset)
		delete(place, *tp.Topic)
	}
	for topic := range place {
		return nil, &producer.Fault{Kind: producer.Transitory, Text: fmt.Sprintf("The brokers did not answer for partition 0 of topic %s", topic)}
	}
	return found, nil
}

// ends asks with another client for the ends of a topic.
func (b *Broker) ends(ctx context.Context, admin *ck.AdminClient, e *ear, topic string) (start, high int64, err error) {
	defer func() { err = b.explain(err, producer.Transitory) }()
	ctx, done := e.wait(ctx, requestTimeout, "asking for the ends of topic "+topic)
	defer func() { err = done(err) }()
	first, err := offsets(ctx, admin, []string{topic}, ck.EarliestOffsetSpec, ck.IsolationLevelReadUncommitted)
	if err != nil {
		return 0, 0, err
	}
	last, err := offsets(ctx, admin, []string{topic}, ck.LatestOffsetSpec, ck.IsolationLevelReadUncommitted)
	if err != nil {
		return 0, 0, err
	}
	return first[0], last[0], nil
}
