package producer

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/semaphore"

	"urncast/registry"
)

// errAnew ends a session whose lanes do not fit what is to be sent: its transactions
// need a longer timeout, or it has just taken up other routes, ids or a job. What it
// wrote down is where the next session begins, in the ordinary way.
var errAnew = errors.New("the lanes are to be opened anew")

// A Ledger keeps what a producer was asked and what it publishes with.
type Ledger interface {
	// Take marks a wish as acted on.
	Take(ctx context.Context, wish int64) error
	// Adopt records a new beginning: the routes, the database and the cursor from
	// which to go on, with the wish that asked for it. A first start marks what
	// is older as skipped.
	Adopt(ctx context.Context, p Published, system string, c Cursor, wish int64) error
	// Forget forgets where transactions were at the ends of topics and after: what
	// was there is gone, and other records take the place.
	Forget(ctx context.Context, ends map[string]int64) error
	// Limit keeps the limits of a topic, as they were seen.
	Limit(ctx context.Context, topic string, l Limits) error
}

// A session is one life of the lanes: opened, recovered, published with, and
// dropped whole at the first error.
type session struct {
	store   Store
	cluster Cluster
	broker  Broker // what cluster was taken up as
	hold    Hold
	metrics *meters
	log     *slog.Logger

	row     *Row
	system  string
	outputs []*output
	timeout time.Duration
	wider   time.Duration // the timeout that the next session needs, if this one's is too short

	lanes    []Lane
	guard    *guard        // made with the lanes
	beat     time.Duration // between its looks
	at       position
	flight   *flight
	ahead    *semaphore.Weighted
	progress bool        // something was handled: attempts begin anew
	sending  atomic.Bool // something is under way along the lanes, which hear of outages themselves
	// losses are torn topics of which the database has not heard yet; the holder keeps
	// them from one session to the next.
	losses map[string]Loss

	start  start
	jobs   jobs
	outage outage
	skips  skips

	soft    <-chan struct{} // closed: stop between two transactions
	cursors cursors
	// goroutines read the database and the topics ahead of the lanes. They end before
	// the connection is closed.
	goroutines sync.WaitGroup
}

// start is how a session begins.
type start struct {
	is        bool   // it is a start of the producer
	publishes bool   // it came as far as to publish
	setting   string // which one asks for the baseline that it begins with
}

// jobs is what a session knows of its jobs.
type jobs struct {
	chunkBytes int64       // bounds the documents in one Kafka transaction of a job
	sent       int         // chunks of the job under way that are on the topics
	over       atomic.Bool // the session begins no more jobs
	cancels    bool        // it began with a job that is to be cancelled
}

// outage is what a session shows of faults that may pass.
type outage struct {
	// unproven says that an outage is shown, and that the session has recovered in it and
	// sent nothing since, from the number recoveredAt.
	unproven    bool
	recoveredAt registry.Number
	waited      atomic.Bool // it was shown that a reading stands still
	// fight is shown as DEGRADED while all else is well, until fightOver; nil without one.
	fight     string
	fightOver <-chan time.Time
}

// skips are the skipped numbers directly below what comes next, once they are known.
type skips struct {
	below registry.Range
	known bool
}

// cursors are on their way to the database, one at a time.
type cursors struct {
	moves   chan move
	running sync.WaitGroup
}

// run lives a session to its end: nil when soft was closed.
func (s *session) run(parent context.Context) (err error) {
	ctx, cancel := context.WithCancelCause(parent)
	s.cursors.moves = make(chan move, 1)
	moveCtx, stopMoving := context.WithCancel(context.WithoutCancel(parent))
	defer stopMoving()
	s.cursors.running.Go(func() { s.move(moveCtx, cancel) })
	defer func() {
		cancel(err)
		if s.flight != nil {
			<-s.flight.done // Commit has its own end; a lane in use cannot be closed
		}
		for _, l := range s.lanes {
			l.Close()
		}
		s.goroutines.Wait()
		if s.broker != nil {
			s.broker.Close()
		}
		time.AfterFunc(5*time.Second, stopMoving)
		close(s.cursors.moves)
		s.cursors.running.Wait()
	}()
	err = s.live(ctx, cancel)
	if cause := context.Cause(ctx); cause != nil && ctx.Err() != nil && parent.Err() == nil {
		err = cause
	}
	var torn *tornError
	if errors.As(err, &torn) {
		return s.tear(parent, torn)
	}
	return err
}

func (s *session) live(ctx context.Context, end context.CancelCauseFunc) (err error) {
	if s.outputs, err = outputsOf(s.row.Config.Routes, s.row.Config.Sender); err != nil {
		return err
	}
	if s.system, err = s.store.System(ctx); err != nil {
		return stored(err)
	}
	s.recovering(ctx)
	if s.broker, err = s.cluster.Connect(ctx, s.row.Config.Connection); err != nil {
		return err
	}
	if !s.row.Started {
		return s.begin(ctx, s.choice(), false)
	}
	if err := s.resume(ctx); err != nil {
		return err
	}
	s.start.publishes = true
	if err := s.guard.knows(ctx, s.at.cursor.Number); err != nil {
		return err
	}
	s.goroutines.Go(func() { s.guard.run(ctx, end) })
	if err := s.hold.ClearFailed(ctx); err != nil {
		return stored(err)
	}
	known := s.at.cursor.Number
	s.recovered(ctx) // a job under way is publishing, too
	if err := s.runJobs(ctx); err != nil {
		return err
	}
	if s.at.cursor.Number != known { // a job covered, or skipped, what was pending
		if err := s.guard.knows(ctx, s.at.cursor.Number); err != nil {
			return err
		}
	}
	s.jobsDone(ctx)
	return s.publish(ctx)
}

// choice is how the admin wants the producer to start, if a wish is open.
func (s *session) choice() string {
	if s.row.Wish.Sequence > s.row.Taken {
		return s.row.Wish.How
	}
	return ""
}

// resume is every start but the first: recover, put the question or take the
// answer, take up changed routes.
func (s *session) resume(ctx context.Context) error {
	choice := s.choice()
	answers := choice == StartBaseline || choice == StartContinue
	p, ask, err := s.recover(ctx)
	if err != nil {
		return err
	}
	lost := ask != nil
	if !lost {
		ask = s.changedRoutes()
	}
	if own, err := s.ownBaseline(ctx, ask, answers); err != nil {
		return err
	} else if own {
		answers, choice = true, StartBaseline
	}
	switch {
	case ask != nil && !answers:
		return ask
	case ask != nil || choice == StartBaseline:
		s.at = *p
		if len(p.found) > 0 { // where they are; the cursor is for begin to move
			if err := s.hold.Move(ctx, s.row.Cursor, p.found); err != nil {
				return stored(err)
			}
			s.at.found = nil
		}
		return s.begin(ctx, choice, lost)
	}
	if err := s.stands(ctx, p); err != nil {
		return err
	}
	if choice == WishSkip {
		if err := s.skipAsked(ctx); err != nil {
			return err
		}
	}
	return s.settled(ctx)
}

// settled takes the wish, with settings that change nothing of what is sent: under which
// ids it is, and through which servers.
func (s *session) settled(ctx context.Context) error {
	was, next := &s.row.Sent, s.row.Sent
	next.Prefix, next.Lanes, next.Bootstrap = s.row.Config.Prefix, laneCount, s.row.Config.target()
	if was.Prefix == next.Prefix && was.Lanes == next.Lanes && was.Bootstrap == next.Bootstrap {
		return stored(s.hold.Take(ctx, s.row.Wish.Sequence))
	}
	// The old ids were initialised with the lanes. What is owed is on the topics, under
	// whatever ids, and is found again from the row's cursor on.
	c := s.at.cursor
	if s.at.owed != nil {
		c = s.row.Cursor
	}
	if err := s.written(ctx); err != nil {
		return err
	}
	return s.anew(ctx, next, c)
}

// adopt writes down a new beginning: what is published with from now on, and the cursor
// from which the next session goes on.
func (s *session) adopt(ctx context.Context, p Published, c Cursor, wish int64) error {
	return stored(s.hold.Adopt(ctx, p, s.system, c, wish))
}

// anew adopts, and ends the session.
func (s *session) anew(ctx context.Context, p Published, c Cursor) error {
	if err := s.adopt(ctx, p, c, s.row.Wish.Sequence); err != nil {
		return err
	}
	return errAnew
}
