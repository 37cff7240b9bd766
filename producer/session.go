package producer

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"golang.org/x/sync/semaphore"

	"urncast/registry"
)

// errWider ends a session whose transaction timeout is too short for the next
// transaction.
var errWider = errors.New("a longer transaction timeout is needed")

// A session is one life of the lanes: opened, recovered, published with, and
// dropped whole at the first error.
type session struct {
	store   Store
	cluster Cluster
	broker  Broker // what cluster was taken up as
	hold    Hold
	metrics *Metrics
	log     *slog.Logger

	row     *Row
	system  string
	encoder *encoder
	timeout time.Duration
	wider   time.Duration

	lanes    []Lane
	cursor   Cursor
	half     registry.Number // its replaces are committed, its tombstones perhaps not
	halfEnd  int64
	open     *flight
	ahead    *semaphore.Weighted
	progress bool // something was handled: attempts begin anew

	skipped    []registry.Number
	skipsKnown bool

	trouble string           // shown as DEGRADED while all else is well
	calm    <-chan time.Time // when that is over; nil without trouble

	soft       <-chan struct{} // closed: stop between two transactions
	moves      chan Cursor
	goroutines sync.WaitGroup
}

// run lives a session to its end: nil when soft was closed.
func (s *session) run(parent context.Context) (err error) {
	ctx, cancel := context.WithCancelCause(parent)
	s.moves = make(chan Cursor, 1)
	s.goroutines.Add(1)
	moveCtx, stopMoving := context.WithCancel(context.WithoutCancel(parent))
	defer stopMoving()
	go s.move(moveCtx, cancel)
	defer func() {
		if s.open != nil {
			<-s.open.done // Commit has its own end; a lane in use cannot be closed
		}
		for _, l := range s.lanes {
			l.Close()
		}
		if s.broker != nil {
			s.broker.Close()
		}
		cancel(err)
		time.AfterFunc(5*time.Second, stopMoving)
		close(s.moves)
		s.goroutines.Wait()
	}()
	err = s.live(ctx)
	if cause := context.Cause(ctx); cause != nil && ctx.Err() != nil && parent.Err() == nil {
		return cause
	}
	return err
}

func (s *session) live(ctx context.Context) (err error) {
	if s.encoder, err = newEncoder(s.row.Config); err != nil {
		return err
	}
	if s.system, err = s.store.System(ctx); err != nil {
		return stored(err)
	}
	s.show(ctx, Recovering, "")
	if s.broker, err = s.cluster.Connect(ctx); err != nil {
		return err
	}
	s.cursor = s.row.Cursor
	if s.row.Started {
		if err := s.resume(ctx); err != nil {
			return err
		}
	} else if err := s.begin(ctx, s.choice(), nil); err != nil {
		return err
	}
	if err := s.hold.ClearFailed(ctx); err != nil {
		return stored(err)
	}
	if s.row.Job != nil {
		if err := s.runJob(ctx); err != nil {
			return err
		}
	}
	if s.trouble == "" {
		s.show(ctx, Idle, "")
	} else {
		s.show(ctx, Degraded, s.trouble+".")
	}
	return s.publish(ctx, s.half)
}

// choice is how the admin wants the producer to start, if a wish is open.
func (s *session) choice() string {
	if s.row.Wish.Sequence > s.row.Taken {
		return s.row.Wish.How
	}
	return ""
}

// resume is every start but the first: recover, put the question or take the
// answer, take up a changed route.
func (s *session) resume(ctx context.Context) error {
	choice := s.choice()
	answers := choice == StartBaseline || choice == StartContinue
	if choice == StartContinue && s.clonedDatabase() != nil {
		// The answer says that this database is the one. Whether it has lost a
		// part of its past is looked at next, and is a question of its own.
		if err := s.adopt(ctx, s.row.Sent, s.row.Cursor, s.row.Wish.Sequence); err != nil {
			return err
		}
		s.row.Taken, answers, choice = s.row.Wish.Sequence, false, ""
	}
	r, err := s.recover(ctx)
	if err != nil {
		return err
	}
	ask := r.ask
	if ask == nil {
		ask = s.changedRoute()
	}
	switch {
	case ask != nil && !answers:
		return ask
	case ask != nil || choice == StartBaseline:
		return s.begin(ctx, choice, r)
	}
	if choice == wishSkip {
		if err := s.skipAsked(ctx); err != nil {
			return err
		}
	}
	if s.row.Sent.Prefix != s.row.Config.Prefix {
		return s.newPrefix(ctx)
	}
	return stored(s.hold.Take(ctx, s.row.Wish.Sequence))
}

// newPrefix goes on under other transactional ids; the old ones were
// initialised by the recovery.
func (s *session) newPrefix(ctx context.Context) error {
	route := s.row.Sent
	route.Prefix = s.row.Config.Prefix
	if err := s.reopen(ctx, route); err != nil {
		return err
	}
	half := s.half // it is on the topic, under whatever ids
	err := s.adopt(ctx, route, s.cursor, s.row.Wish.Sequence)
	s.half = half
	return err
}

func (s *session) reopen(ctx context.Context, route Route) (err error) {
	for _, l := range s.lanes {
		l.Close()
	}
	s.lanes = nil
	s.lanes, err = s.broker.Open(ctx, route.Topic, laneIDs(s.row, route.Prefix), s.timeout)
	return err
}

// begin makes a new beginning on the configured route: the first start, or the
// answer to a question. r is what recovery found, nil at the first start.
func (s *session) begin(ctx context.Context, how string, r *recovery) error {
	route := Route{Topic: s.row.Config.Topic, Format: s.row.Config.Format, Prefix: s.row.Config.Prefix,
		Filter: s.row.Config.Filter.String()}
	topic, err := s.describe(ctx, route.Topic)
	if err != nil {
		return err
	}
	route.TopicID, route.Cluster = topic.ID, topic.Cluster
	// Lanes that the recovery has just initialised are as good as new ones.
	if len(s.lanes) == 0 || s.row.Sent.Topic != route.Topic || s.row.Sent.Prefix != route.Prefix {
		if err := s.reopen(ctx, route); err != nil {
			return err
		}
	}
	start, high, err := s.broker.Ends(ctx, route.Topic)
	if err != nil {
		return err
	}
	if s.row.Sent.TopicID != route.TopicID {
		if err := s.inspect(ctx, route.Topic, start, high, how); err != nil {
			return err
		}
	}
	last, err := s.store.Last(ctx)
	if err != nil {
		return stored(err)
	}
	c := Cursor{Number: min(s.cursor.Number, last), Offset: high}
	switch {
	case how == StartIdle:
		c.Number = last
	case how == StartContinue && r != nil:
		// What is half done was sent: to send it along the new route would be twice.
		c.Number = max(c.Number, r.agreed, s.half)
	}
	if how == StartContinue && s.narrowed(route) {
		return s.beginClear(ctx, route, c)
	}
	if how != StartBaseline {
		return s.adopt(ctx, route, c, s.row.Wish.Sequence)
	}
	// A crash between these two writes finds the wish open, and begins again.
	if err := s.adopt(ctx, route, c, s.row.Taken); err != nil {
		return err
	}
	job, err := s.hold.BeginJob(ctx, jobBaseline, last, s.row.Wish.Sequence)
	s.row.Job = &job
	return stored(err)
}

func (s *session) adopt(ctx context.Context, route Route, c Cursor, wish int64) error {
	if err := s.hold.Adopt(ctx, route, s.system, c, wish); err != nil {
		return stored(err)
	}
	s.row.Sent, s.row.System, s.cursor, s.half = route, s.system, c, 0
	return nil
}

// show writes the state; an error of it shows again at the next write that matters.
func (s *session) show(ctx context.Context, state State, reason string) {
	if err := s.hold.Show(ctx, state, reason, nil); err != nil {
		s.log.Warn("the producer's state could not be written", "state", state, "error", err)
		return
	}
	s.log.Info("producer", "state", state, "reason", reason)
}
