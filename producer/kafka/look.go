package kafka

import (
	"context"
	"errors"
	"slices"
	"time"

	ck "github.com/confluentinc/confluent-kafka-go/v2/kafka"
	"github.com/twmb/franz-go/pkg/kerr"

	"urncast/producer"
	"urncast/producer/kafka/admin"
	"urncast/producer/kafka/faults"
)

const (
	// lookTimeout bounds a look at topics, which a living session takes every few
	// seconds. Brokers that are away are noticed sooner.
	lookTimeout = 8 * time.Second
	// leaderNews is how long leaders are asked anew after one said that it leads no more,
	// or is away: the news of another takes a moment. leaderPause is how long until then.
	leaderNews  = quietFor
	leaderPause = 150 * time.Millisecond
)

// A standing is a sight, and what else a reader that does not get on asks.
type standing struct {
	producer.Sight
	stable int64 // the last stable offset
	leader int32
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
	err = b.ask(ctx, lookTimeout, askingFor(topics), func(ctx context.Context, c *admin.Cluster) (err error) {
		for began := time.Now(); ; {
			all, err = stand(ctx, c, topics, stable)
			if err == nil || !mayMove(err) || time.Since(began) > leaderNews || admin.Pause(ctx, leaderPause) != nil {
				return err
			}
		}
	})
	return all, err
}

// mayMove reports whether an error says that the broker that was asked does not lead, or
// not yet, or is away, so that another may lead soon.
func mayMove(err error) bool {
	var of *admin.TopicError
	var code *kerr.Error
	return errors.As(err, &of) && of.At != "" || errors.As(err, &code) &&
		slices.Contains([]*kerr.Error{kerr.NotLeaderForPartition, kerr.FencedLeaderEpoch, kerr.UnknownLeaderEpoch, kerr.OffsetNotAvailable, kerr.ReplicaNotAvailable}, code)
}

// stand asks once.
func stand(ctx context.Context, c *admin.Cluster, topics []string, stable bool) ([]standing, error) {
	described, err := c.Topics(ctx, topics...)
	if err != nil {
		return nil, err
	}
	for i := range described {
		if err := ledFault(&described[i]); err != nil {
			return nil, err
		}
	}
	ends, err := c.Ends(ctx, described, stable)
	var of *admin.TopicError
	if errors.As(err, &of) && errors.Is(of.Err, kerr.UnknownTopicOrPartition) {
		return nil, gone(of.Topic, of.Err)
	}
	if err != nil {
		return nil, err
	}
	all := make([]standing, len(topics))
	for i, e := range ends {
		all[i] = standing{producer.Sight{ID: described[i].IDText(), Start: e.Start, End: e.High}, e.Stable, described[i].Leader}
	}
	return all, nil
}

// ledFault says why a topic that was described has no leader; nil if it has one. That
// there is none, or no such topic, may be over soon.
func ledFault(d *admin.Topic) error {
	switch {
	case errors.Is(d.Err, kerr.UnknownTopicOrPartition):
		return gone(d.Name, d.Err)
	case d.Err != nil && !errors.Is(d.Err, kerr.LeaderNotAvailable):
		return askFault(askingFor([]string{d.Name}), d.Err)
	case !d.Led():
		return &producer.Fault{Kind: producer.Transitory, Text: withoutLeader(d.Name), Cure: startBrokers,
			Err: faults.Coded(ck.NewError(ck.ErrLeaderNotAvailable, "Broker: Leader not available", false))}
	}
	return nil
}

// gone says that a topic is not there, in the words of who looked: the next session finds
// out whether that is so, and makes it where that is allowed.
func gone(topic string, err error) error {
	return &producer.Fault{Kind: producer.Transitory, Text: "Topic " + topic + " does not exist, or not any more", Err: faults.Coded(clientError(err))}
}
