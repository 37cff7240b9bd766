package publisher

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"urncast/producer"
	"urncast/producer/encoding"
	"urncast/producer/guard"
	"urncast/registry"
)

// errReopen ends a session whose lanes do not fit what is to be sent: its transactions
// need a longer timeout, or it has just taken up other routes, ids or a job. What it
// wrote down is where the next session begins, in the ordinary way.
var errReopen = errors.New("the lanes are to be opened anew")

// A session is one life of the lanes: opened, recovered, published with, and
// dropped whole at the first error.
type session struct {
	store   producer.Store
	cluster producer.Cluster
	broker  producer.Broker // what cluster was taken up as
	hold    producer.Hold
	metrics *meters
	log     *slog.Logger

	row     *producer.Row
	system  string
	routes  *encoding.Routes
	timeout time.Duration
	wider   time.Duration // the timeout that the next session needs, if this one's is too short

	sender   sender
	reader   *guard.Reader
	guard    *guard.Guard  // made with the lanes
	beat     time.Duration // between its looks
	at       position
	flight   *flight
	progress bool        // something was handled: attempts begin anew
	sending  atomic.Bool // something is under way along the lanes, which hear of outages themselves
	// losses are torn topics of which the database has not heard yet; the holder keeps
	// them from one session to the next.
	losses map[string]producer.Loss

	start  start
	jobs   jobs
	outage outage
	skips  skips

	soft    <-chan struct{} // closed: stop between two transactions
	cursors cursors
	// goroutines read the database and the topics ahead of the lanes, and end before the
	// connection is closed.
	goroutines sync.WaitGroup
}

// start is how a session begins.
type start struct {
	isStart   bool   // it is a start of the producer
	publishes bool   // it came as far as to publish
	setting   string // which one asks for the baseline that it begins with
}

// jobs is what a session knows of its jobs.
type jobs struct {
	s          *session
	ledger     producer.JobLedger
	chunkBytes int64       // bounds the documents in one Kafka transaction of a job
	sent       int         // chunks of the job under way that are on the topics
	over       atomic.Bool // the session begins no more jobs
	cancels    bool        // it began with a job that is to be cancelled
}

// outage is what a session shows of faults that may pass.
type outage struct {
	display producer.Display
	log     *slog.Logger
	// unproven says that an outage is shown, and that the session has recovered in it and
	// sent nothing since, from the number recoveredAt.
	unproven    bool
	recoveredAt registry.Number
	waited      atomic.Bool // it was shown that a reading stands still
	// rivalry is shown as DEGRADED while all else is well, until rivalryEnds; both are empty
	// without a rival.
	rivalry     string
	rivalryEnds <-chan time.Time
}

// skips are the skipped numbers directly below what comes next, once they are known.
type skips struct {
	below registry.Range
	known bool
}

// cursors are on their way to the database, one at a time.
type cursors struct {
	hold    producer.Outcomes
	moves   chan move
	running sync.WaitGroup
}

func newSession(p *Publisher, hold producer.Hold, row *producer.Row, timeout time.Duration) *session {
	s := &session{store: p.Store, cluster: p.Cluster, hold: hold, metrics: p.Metrics, log: p.Log, row: row, timeout: timeout, beat: cmp.Or(p.beat, guard.Every)}
	s.sender = sender{lease: hold, metrics: p.Metrics}
	s.jobs.s, s.jobs.ledger, s.jobs.chunkBytes = s, hold, cmp.Or(p.chunk, chunkBytes)
	s.outage.display, s.outage.log = hold, p.Log
	s.cursors.hold = hold
	return s
}

// run lives a session to its end: nil when soft was closed.
func (s *session) run(parent context.Context) (err error) {
	ctx, cancel := context.WithCancelCause(parent)
	s.cursors.moves = make(chan move, 1)
	moveCtx, stopMoving := context.WithCancel(context.WithoutCancel(parent))
	defer stopMoving()
	s.cursors.running.Go(func() { s.cursors.write(moveCtx, cancel) })
	defer func() {
		cancel(err)
		if s.flight != nil {
			<-s.flight.done // Commit has its own end; a lane in use cannot be closed
		}
		for _, l := range s.sender.lanes {
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
	var torn *guard.TornError
	if errors.As(err, &torn) {
		return s.keepTorn(parent, torn)
	}
	return err
}

func (s *session) live(ctx context.Context, end context.CancelCauseFunc) (err error) {
	if s.routes, err = encoding.NewRoutes(s.store, s.row, s.row.Config.Routes, s.row.Config.Sender); err != nil {
		return err
	}
	if s.system, err = s.store.System(ctx); err != nil {
		return producer.Stored(err)
	}
	s.recovering(ctx)
	if s.broker, err = s.cluster.Connect(ctx, s.row.Config.Connection); err != nil {
		return err
	}
	s.reader = &guard.Reader{Topics: s.broker, Log: s.store, Registry: s.row.Registry, Producer: s.row.ID}
	if !s.row.Started {
		return s.begin(ctx, howToStart(s.row), false)
	}
	if err := s.resume(ctx); err != nil {
		return err
	}
	s.start.publishes = true
	if err := s.guard.Expect(ctx, s.at.cursor.Number); err != nil {
		return err
	}
	s.goroutines.Go(func() { s.guard.Run(ctx, end) })
	if err := s.hold.ClearFailed(ctx); err != nil {
		return producer.Stored(err)
	}
	known := s.at.cursor.Number
	s.recovered(ctx) // a job under way is publishing, too
	if err := s.jobs.run(ctx); err != nil {
		return err
	}
	if s.at.cursor.Number != known { // a job covered, or skipped, what was pending
		if err := s.guard.Expect(ctx, s.at.cursor.Number); err != nil {
			return err
		}
	}
	s.jobsDone(ctx)
	return s.publish(ctx)
}

// howToStart is how the admin wants the producer to start, if a wish is open.
func howToStart(row *producer.Row) string {
	if row.Wish.Sequence > row.Taken {
		return row.Wish.How
	}
	return ""
}

// resume is every start but the first: recover, put the question or take the
// answer, take up changed routes.
func (s *session) resume(ctx context.Context) error {
	choice := howToStart(s.row)
	answers := choice == producer.StartBaseline || choice == producer.StartContinue
	p, ask, err := s.recover(ctx)
	if err != nil {
		return err
	}
	lost := ask != nil
	if !lost {
		ask = changedRoutes(s.row)
	}
	if own, err := s.ownBaseline(ctx, ask, answers); err != nil {
		return err
	} else if own {
		answers, choice = true, producer.StartBaseline
	}
	switch {
	case ask != nil && !answers:
		return ask
	case ask != nil || choice == producer.StartBaseline:
		s.at = *p
		if len(p.found) > 0 { // where they are; the cursor is for begin to move
			if err := s.hold.Move(ctx, s.row.Cursor, p.found); err != nil {
				return producer.Stored(err)
			}
			s.at.found = nil
		}
		return s.begin(ctx, choice, lost)
	}
	if err := s.takeUp(ctx, p); err != nil {
		return err
	}
	if choice == producer.WishSkip {
		if err := s.skipAsked(ctx); err != nil {
			return err
		}
	}
	return s.takeWish(ctx)
}

// takeWish takes the wish, with settings that change nothing of what is sent: under which
// ids it is, and through which servers.
func (s *session) takeWish(ctx context.Context) error {
	was, next := &s.row.Sent, s.row.Sent
	next.Prefix, next.Lanes, next.Bootstrap = s.row.Config.Prefix, laneCount, s.row.Config.Target()
	if was.Prefix == next.Prefix && was.Lanes == next.Lanes && was.Bootstrap == next.Bootstrap {
		return producer.Stored(s.hold.Take(ctx, s.row.Wish.Sequence))
	}
	// The old ids were initialised with the lanes. What is owed is on the topics, under
	// whatever ids, and is found again from the row's cursor on.
	c := s.at.cursor
	if s.at.owed != nil {
		c = s.row.Cursor
	}
	if err := s.cursors.written(ctx); err != nil {
		return err
	}
	return s.adoptAndReopen(ctx, next, c)
}

// adopt writes down a new beginning: what is published with from now on, and the cursor
// from which the next session goes on.
func (s *session) adopt(ctx context.Context, p producer.Published, c producer.Cursor, wish int64) error {
	return producer.Stored(s.hold.Adopt(ctx, p, s.system, c, wish))
}

// adoptAndReopen adopts, and ends the session: the next one opens other lanes.
func (s *session) adoptAndReopen(ctx context.Context, p producer.Published, c producer.Cursor) error {
	if err := s.adopt(ctx, p, c, s.row.Wish.Sequence); err != nil {
		return err
	}
	return errReopen
}
