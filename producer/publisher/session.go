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

// errReopen ends a session without a fault because other lanes are needed: for a longer
// transaction timeout, or after the session has written down other routes, ids or a job. The
// next session begins with what was written down.
var errReopen = errors.New("the lanes are to be opened anew")

// A session opens lanes, recovers, runs jobs and publishes, until the first error. Each
// session begins with new lanes.
type session struct {
	store   producer.Store
	cluster producer.Cluster
	broker  producer.Broker // connected to through cluster
	hold    producer.Hold
	metrics *meters
	log     *slog.Logger

	row     *producer.Row
	system  string
	routes  *encoding.Routes
	timeout time.Duration
	longer  time.Duration // the timeout that the next session needs, if this one's is too short

	sender   sender
	reader   *guard.Reader
	guard    *guard.Guard  // set by open
	beat     time.Duration // between the guard's looks
	at       position
	flight   *flight     // nil if no commit is under way
	progress bool        // something was handled, so that attempts are counted from 0 again
	sending  atomic.Bool // something is being sent along the lanes, which notice outages themselves
	// losses are torn topics that are not yet written to the database; they are kept from
	// one session to the next.
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

// start says how a session begins.
type start struct {
	isStart   bool   // it is a start of the producer
	publishes bool   // recovery is done, and the session publishes
	setting   string // the setting because of which it begins with a baseline; empty if none
}

// jobs runs the jobs of a session.
type jobs struct {
	s          *session
	ledger     producer.JobLedger
	chunkBytes int64       // bounds the documents in one Kafka transaction of a job
	sent       int         // chunks of the job under way that are on the topics
	over       atomic.Bool // the session begins no more jobs
	cancels    bool        // it began with a job that is to be cancelled
}

// outage shows the state of a session during faults that may pass.
type outage struct {
	display producer.Display
	log     *slog.Logger
	// unproven reports that the state is DEGRADED although the session has recovered, at
	// the number recoveredAt, because it has sent nothing since.
	unproven    bool
	recoveredAt registry.Number
	waited      atomic.Bool // DEGRADED was shown because a reading got no record
	// rivalry and rivalryEnds are the results of fencings.rivalry. The state is DEGRADED
	// with the former as its reason until the latter.
	rivalry     string
	rivalryEnds <-chan time.Time
}

// skips are the skipped numbers directly below the next transaction to be sent, valid if known.
type skips struct {
	below registry.Range
	known bool
}

// cursors writes the session's cursor to the database, in a goroutine of its own.
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

// run runs the session to its end. It returns nil if it ended because soft was closed.
func (s *session) run(parent context.Context) (err error) {
	ctx, cancel := context.WithCancelCause(parent)
	s.cursors.moves = make(chan move, 1)
	moveCtx, stopMoving := context.WithCancel(context.WithoutCancel(parent))
	defer stopMoving()
	s.cursors.running.Go(func() { s.cursors.write(moveCtx, cancel) })
	defer func() {
		cancel(err)
		if s.flight != nil {
			<-s.flight.done // Commit has its own timeout; a lane in use cannot be closed
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
	s.recovered(ctx) // before the jobs, which are publishing too
	if err := s.jobs.run(ctx); err != nil {
		return err
	}
	if s.at.cursor.Number != known { // a job covered or skipped pending transactions
		if err := s.guard.Expect(ctx, s.at.cursor.Number); err != nil {
			return err
		}
	}
	s.jobsDone(ctx)
	return s.publish(ctx)
}

// howToStart returns how the admin wants the producer to start; empty if no wish is open.
func howToStart(row *producer.Row) string {
	if row.Wish.Sequence > row.Taken {
		return row.Wish.How
	}
	return ""
}

// resume begins every session but the first of a producer: it recovers, returns a question or
// acts on its answer, and takes up changed routes.
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
		if len(p.found) > 0 { // write only the places; begin moves the cursor
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

// takeWish marks the wish as done. It also takes up settings that do not change what is sent:
// the transactional ids and the bootstrap servers.
func (s *session) takeWish(ctx context.Context) error {
	was, next := &s.row.Sent, s.row.Sent
	next.Prefix, next.Lanes, next.Bootstrap = s.row.Config.Prefix, laneCount, s.row.Config.Target()
	if was.Prefix == next.Prefix && was.Lanes == next.Lanes && was.Bootstrap == next.Bootstrap {
		return producer.Stored(s.hold.Take(ctx, s.row.Wish.Sequence))
	}
	// The old ids were fenced when the lanes were opened. The replaces of an owed
	// transaction are found again by reading from the row's cursor.
	c := s.at.cursor
	if s.at.owed != nil {
		c = s.row.Cursor
	}
	if err := s.cursors.written(ctx); err != nil {
		return err
	}
	return s.adoptAndReopen(ctx, next, c)
}

// adopt writes down what is published along from now on, and the cursor from which the next
// session continues.
func (s *session) adopt(ctx context.Context, p producer.Published, c producer.Cursor, wish int64) error {
	return producer.Stored(s.hold.Adopt(ctx, p, s.system, c, wish))
}

// adoptAndReopen calls adopt and ends the session with errReopen.
func (s *session) adoptAndReopen(ctx context.Context, p producer.Published, c producer.Cursor) error {
	if err := s.adopt(ctx, p, c, s.row.Wish.Sequence); err != nil {
		return err
	}
	return errReopen
}
