package publisher

import (
	"context"
	"sync/atomic"
	"time"

	"urncast/internal/crash"
	"urncast/producer"
	"urncast/producer/encoding"
	"urncast/producer/guard"
	"urncast/registry"
)

// A sender sends Kafka transactions along the lanes of a session, while the lease is held.
// Only recovery.open makes one.
type sender struct {
	lanes   []producer.Lane
	guard   *guard.Guard
	lease   producer.Lease
	metrics *meters
	timeout time.Duration // of the lanes' transactions
	busy    atomic.Bool   // something is being sent along the lanes, which notice outages themselves
}

func (s *sender) close() {
	for _, l := range s.lanes {
		l.Close()
	}
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

// The transaction timeout is timeoutBase and the time that the slowest supported link needs for
// the transaction, up to the maximum that brokers allow by default.
const (
	timeoutBase = time.Minute
	timeoutMax  = 15 * time.Minute
	slowestLink = 2 << 20 // bytes per second
	expansion   = 4       // of a stored document, encoded
)

func transactionTimeout(documentBytes int64) time.Duration {
	return min(timeoutMax, timeoutBase+time.Duration(documentBytes*expansion/slowestLink)*time.Second).Truncate(time.Minute)
}

// A longerError ends a session whose lanes have too short a timeout for what is to be sent.
type longerError struct{ timeout time.Duration }

func (e *longerError) Error() string { return errReopen.Error() + " with a longer timeout" }
func (e *longerError) Unwrap() error { return errReopen }

// fit returns a longerError if a transaction of that many stored bytes may last longer than the
// lanes' timeout.
func (s *sender) fit(bytes int64) error {
	if t := transactionTimeout(bytes); t > s.timeout {
		return &longerError{t}
	}
	return nil
}
