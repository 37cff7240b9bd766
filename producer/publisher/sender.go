package publisher

import (
	"context"
	"time"

	"urncast/internal/crash"
	"urncast/producer"
	"urncast/producer/encoding"
	"urncast/producer/guard"
	"urncast/registry"
)

// A sender sends Kafka transactions along the lanes of a session, while the lease is held.
type sender struct {
	lanes   []producer.Lane // set by session.open
	guard   *guard.Guard    // set by session.open
	lease   producer.Lease
	metrics *meters
}

// produce sends the records of one Kafka transaction and waits for every delivery report. A
// crash in between leaves a transaction open, which the initialisation by the next session
// aborts.
func (s *sender) produce(ctx context.Context, lane producer.Lane, p *encoding.Part) (stretches map[string]producer.Stretch, err error) {
	if err := s.lease.Held(); err != nil {
		return nil, err
	}
	if err := lane.Begin(); err != nil {
		return nil, err
	}
	crash.At(crash.PublishBegun)
	s.guard.Begin()
	counts := map[string]int{}
	err = p.Each(ctx, func(r *producer.Record) error {
		counts[r.Topic]++
		s.metrics.bytes.Add(float64(len(r.Value)))
		err := lane.Send(ctx, r)
		crash.At(crash.PublishProduced)
		return err
	})
	if err != nil {
		return nil, err
	}
	if stretches, err = lane.Delivered(ctx); err != nil {
		return nil, err
	}
	crash.At(crash.PublishDelivered)
	return stretches, s.guard.Delivered(ctx, stretches, counts)
}

// lane returns the lane for a transaction number. It is always the same one, so that two
// publishers of the same transaction would fence each other: with a free choice, each could
// use another lane, and both would publish it.
func (s *sender) lane(n registry.Number) producer.Lane { return s.lanes[int(n)%len(s.lanes)] }

func (s *sender) commit(lane producer.Lane, began time.Time) error {
	asked := time.Now()
	if err := s.commitHeld(lane); err != nil {
		return err
	}
	now := time.Now()
	s.metrics.commit.Observe(now.Sub(asked).Seconds())
	s.metrics.publish.Observe(now.Sub(began).Seconds())
	s.metrics.sent.Inc()
	return nil
}

// commitHeld commits if the lease is held. The broker refuses a commit only after another
// instance has initialised the lanes; until then this check prevents it.
func (s *sender) commitHeld(lane producer.Lane) error {
	if err := s.lease.Held(); err != nil {
		return err
	}
	return lane.Commit()
}
