package publisher

import (
	"cmp"
	"context"
	"errors"
	"sync"
	"time"

	"urncast/producer"
	"urncast/producer/encoding"
	"urncast/producer/guard"
)

// errReopen ends a session without a fault because other lanes are needed: for a longer
// transaction timeout, or after the session has written down other routes, ids or a job. The
// next session begins with what was written down.
var errReopen = errors.New("the lanes are to be opened anew")

// A session opens lanes, recovers, runs jobs and publishes, until the first error. Each
// session begins with new lanes.
type session struct {
	publisher *Publisher // of which this is a session
	lease     producer.Lease
	row       *producer.Row // what the database has of the producer
	start     start
	soft      <-chan struct{} // closed: stop between two transactions

	broker producer.Broker  // set by live
	routes *encoding.Routes // the configured ones, set by live
	at     progress
	ledger ledger
	outage outage
	jobs   jobs
	// goroutines read the database and the topics beside the lanes, and end before the
	// connection is closed.
	goroutines sync.WaitGroup
}

// start says how a session begins.
type start struct {
	isStart   bool          // it is a start of the producer
	publishes bool          // recovery is done, and the session publishes
	setting   string        // the setting because of which it begins with a baseline; empty if none
	timeout   time.Duration // of its transactions
}

// newSession makes a session, and hands the parts of the hold to those that use them.
func newSession(p *Publisher, hold producer.Hold, row *producer.Row, timeout time.Duration, losses map[string]producer.Loss) *session {
	s := &session{publisher: p, lease: hold, row: row, start: start{timeout: timeout}}
	s.at.outcomes = hold
	s.ledger = ledger{Ledger: hold, row: row, losses: losses}
	s.outage.display, s.outage.store, s.outage.row, s.outage.metrics, s.outage.log = hold, p.Store, row, p.Metrics, p.Log
	j := &s.jobs
	j.ledger, j.store, j.row, j.log, j.chunkBytes = hold, p.Store, row, p.Log, cmp.Or(p.chunk, chunkBytes)
	j.at, j.outage, j.cancels = &s.at, &s.outage, row.Job != nil && row.Job.Cancel
	return s
}

// run runs the session to its end. It returns nil if it ended because soft was closed.
func (s *session) run(parent context.Context) (err error) {
	ctx, cancel := context.WithCancelCause(parent)
	stopWriting := s.at.startWriting(parent, cancel)
	defer func() {
		cancel(err)
		if s.at.sender != nil {
			s.at.sender.close()
		}
		s.goroutines.Wait()
		if s.broker != nil {
			s.broker.Close()
		}
		stopWriting()
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

// live connects, finds the position, and publishes from there.
func (s *session) live(ctx context.Context, end context.CancelCauseFunc) (err error) {
	p := s.publisher
	if s.routes, err = encoding.NewRoutes(p.Store, s.row, s.row.Config.Routes, s.row.Config.Sender); err != nil {
		return err
	}
	if s.ledger.system, err = p.Store.System(ctx); err != nil {
		return producer.Stored(err)
	}
	s.outage.recovering(ctx)
	if s.broker, err = p.Cluster.Connect(ctx, s.row.Config.Connection); err != nil {
		return err
	}
	s.jobs.topics, s.jobs.routes = s.broker, s.routes
	if !s.row.Started {
		return s.begin(ctx, howToStart(s.row), false)
	}
	if err := s.resume(ctx); err != nil {
		return err
	}
	s.start.publishes = true
	watch := s.at.sender.guard
	if err := watch.Expect(ctx, s.at.cursor.Number); err != nil {
		return err
	}
	s.goroutines.Go(func() { watch.Run(ctx, end) })
	if err := s.at.outcomes.ClearFailed(ctx); err != nil {
		return producer.Stored(err)
	}
	known := s.at.cursor.Number
	s.outage.recovered(ctx, &s.at.position) // before the jobs, which are publishing too
	if err := s.jobs.run(ctx); err != nil {
		return err
	}
	if s.at.cursor.Number != known { // a job covered or skipped pending transactions
		if err := watch.Expect(ctx, s.at.cursor.Number); err != nil {
			return err
		}
	}
	s.outage.jobsDone(ctx, &s.at.position)
	return s.publish(ctx)
}

// reader returns what reads the producer's records back from its topics.
func (s *session) reader() *guard.Reader {
	return &guard.Reader{Topics: s.broker, Log: s.publisher.Store, Registry: s.row.Registry, Producer: s.row.ID}
}

// recovery returns what finds the position of the producer.
func (s *session) recovery() *recovery {
	p := s.publisher
	return &recovery{row: s.row, broker: s.broker, reader: s.reader(), lease: s.lease, ledger: &s.ledger, outage: &s.outage,
		metrics: p.Metrics, log: p.Log, timeout: s.start.timeout, beat: cmp.Or(p.beat, guard.Every)}
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
	p, ask, err := s.recovery().recover(ctx)
	if err != nil {
		return err
	}
	s.at.position = *p
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
		if len(s.at.found) > 0 { // write only the places; begin moves the cursor
			if err := s.at.outcomes.Move(ctx, s.row.Cursor, s.at.found); err != nil {
				return producer.Stored(err)
			}
			s.at.found = nil
		}
		return s.begin(ctx, choice, lost)
	}
	if err := s.takeUp(ctx); err != nil {
		return err
	}
	if choice == producer.WishSkip {
		if err := s.skipAsked(ctx); err != nil {
			return err
		}
	}
	return s.takeWish(ctx)
}

// takeUp writes down what the topics show and the database did not know.
func (s *session) takeUp(ctx context.Context) error {
	if s.at.jobOver {
		if err := s.jobs.ledger.EndJob(ctx, s.row.Job.ID, s.at.cursor); err != nil {
			return producer.Stored(err)
		}
		s.row.Job, s.row.Cursor, s.at.made = nil, s.at.cursor, true
	}
	switch known := s.row.Cursor; {
	case s.row.Job != nil || s.at.owed != nil:
	case s.at.cursor.Number > known.Number:
		s.at.advance(s.at.cursor)
	case !s.at.cursor.Equal(known): // aborted records of an earlier attempt are no progress
		s.at.setCursor(s.at.cursor)
	}
	return nil
}

// takeWish marks the wish as done. It also takes up settings that do not change what is sent:
// the transactional ids and the bootstrap servers.
func (s *session) takeWish(ctx context.Context) error {
	was, next := &s.row.Sent, s.row.Sent
	next.Prefix, next.Lanes, next.Bootstrap = s.row.Config.Prefix, laneCount, s.row.Config.Target()
	if was.Prefix == next.Prefix && was.Lanes == next.Lanes && was.Bootstrap == next.Bootstrap {
		return producer.Stored(s.ledger.Take(ctx, s.row.Wish.Sequence))
	}
	// The old ids were fenced when the lanes were opened. The replaces of an owed
	// transaction are found again by reading from the row's cursor.
	c := s.at.cursor
	if s.at.owed != nil {
		c = s.row.Cursor
	}
	if err := s.at.written(ctx); err != nil {
		return err
	}
	return s.ledger.adoptAndReopen(ctx, next, c)
}
