package producer

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
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
	metrics *meters
	log     *slog.Logger

	row     *Row
	system  string
	ways    []*way
	timeout time.Duration
	wider   time.Duration

	lanes    []Lane
	cursor   Cursor
	half     registry.Number // its replaces are committed, its tombstones perhaps not
	halfEnds map[string]int64
	// halfStretches is where its replaces are; found is what recovery found besides, and is
	// not written yet.
	halfStretches map[string]Stretch
	found         []Landed
	open          *flight
	ahead         *semaphore.Weighted
	progress      bool        // something was handled: attempts begin anew
	jobless       atomic.Bool // it begins no more jobs

	skipped    []registry.Number
	skipsKnown bool

	// In an outage that is shown: it recovered, and has sent nothing since, from the
	// number at which it did.
	unproven    bool
	recoveredAt registry.Number

	trouble string           // shown as DEGRADED while all else is well
	calm    <-chan time.Time // when that is over; nil without trouble

	soft       <-chan struct{} // closed: stop between two transactions
	moves      chan move
	goroutines sync.WaitGroup
}

// run lives a session to its end: nil when soft was closed.
func (s *session) run(parent context.Context) (err error) {
	ctx, cancel := context.WithCancelCause(parent)
	s.moves = make(chan move, 1)
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
	if s.ways, err = waysOf(s.row.Config.Routes, s.row.Config.Sender); err != nil {
		return err
	}
	if s.system, err = s.store.System(ctx); err != nil {
		return stored(err)
	}
	s.recovering(ctx)
	if s.broker, err = s.cluster.Connect(ctx, s.row.Config.Connection); err != nil {
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
	s.recovered(ctx) // a job under way is publishing, too
	if err := s.runJobs(ctx); err != nil {
		return err
	}
	s.jobsDone(ctx)
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
// answer, take up changed routes.
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
		ask = s.changedRoutes()
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
	sent := s.row.Sent
	sent.Prefix = s.row.Config.Prefix
	if err := s.reopen(ctx, &sent); err != nil {
		return err
	}
	half := s.half // it is on the topics, under whatever ids
	err := s.adopt(ctx, sent, s.cursor, s.row.Wish.Sequence)
	s.half = half
	return err
}

func (s *session) reopen(ctx context.Context, p *Published) (err error) {
	for _, l := range s.lanes {
		l.Close()
	}
	s.lanes = nil
	s.lanes, err = s.broker.Open(ctx, p.topics(), laneIDs(s.row.Registry, s.row.ID, p.Prefix), s.timeout)
	return err
}

// begin makes a new beginning on the configured routes: the first start, or the
// answer to a question. r is what recovery found, nil at the first start.
func (s *session) begin(ctx context.Context, how string, r *recovery) error {
	if err := s.finish(ctx); err != nil {
		return err
	}
	next, highs, err := s.next(ctx, how)
	if err != nil {
		return err
	}
	last, err := s.store.Last(ctx)
	if err != nil {
		return stored(err)
	}
	c := Cursor{Number: min(s.cursor.Number, last), Offsets: highs}
	switch {
	case how == StartIdle:
		c.Number = last
	case how == StartContinue && r != nil:
		c.Number = max(c.Number, r.agreed)
	}
	s.date(&next, c.Number)
	// A crash after this has forgotten what was gone before.
	if err := s.hold.Forget(ctx, s.gone(&next, highs)); err != nil {
		return stored(err)
	}
	if narrowed := s.narrowed(next); how == StartContinue && len(narrowed) > 0 {
		return s.beginClear(ctx, next, narrowed, c)
	}
	if how != StartBaseline {
		return s.adopt(ctx, next, c, s.row.Wish.Sequence)
	}
	job := Job{Kind: jobBaseline, AsOf: last}
	if r != nil && r.ask == nil {
		if changed := s.changedTopics(); 0 < len(changed) && len(changed) < len(next.Routes) {
			// The other routes go on where they are, so what is pending stays pending.
			job.AsOf, job.Scope.Topics = c.Number, changed
		}
	}
	// A crash between these two writes finds the wish open, and begins again.
	if err := s.adopt(ctx, next, c, s.row.Taken); err != nil {
		return err
	}
	job, err = s.hold.BeginJob(ctx, job, s.row.Wish.Sequence)
	s.row.Job = &job
	return stored(err)
}

// date says since when each route is what it is. Where one was removed, that is now for
// all: what went along it alone is nowhere else.
func (s *session) date(next *Published, now registry.Number) {
	removed := slices.ContainsFunc(s.row.Sent.Routes, func(was PublishedRoute) bool { return next.of(was.Topic) == nil })
	for i := range next.Routes {
		r := &next.Routes[i]
		r.Since = now
		if was := s.row.Sent.of(r.Topic); was != nil && was.TopicID == r.TopicID && sameRoute(was.Route, r.Route) && !removed {
			r.Since = was.Since
		}
	}
}

// gone gives from where on each topic nothing is what it was: all of one that is
// another by now, and what was lost at the end of the others.
func (s *session) gone(next *Published, highs map[string]int64) map[string]int64 {
	ends, sent := maps.Clone(highs), &s.row.Sent
	for _, r := range next.Routes {
		if was := sent.of(r.Topic); was == nil || was.TopicID != r.TopicID {
			ends[r.Topic] = 0
		}
	}
	if sent.Cluster != next.Cluster {
		for _, r := range sent.Routes {
			ends[r.Topic] = 0
		}
	}
	return ends
}

// next looks at the topics of the configured routes, and opens lanes to them. highs
// are the topics' ends.
func (s *session) next(ctx context.Context, how string) (next Published, highs map[string]int64, err error) {
	next.Prefix = s.row.Config.Prefix
	next.Routes = make([]PublishedRoute, len(s.ways))
	err = sideBySide(ctx, len(s.ways), func(ctx context.Context, i int) error {
		topic, err := s.describe(ctx, s.ways[i].Topic)
		next.Routes[i] = PublishedRoute{Route: s.ways[i].Route, TopicID: topic.ID}
		if i == 0 {
			next.Cluster = topic.Cluster
		}
		return err
	})
	if err != nil {
		return next, nil, err
	}
	// Lanes that the recovery has just initialised are as good as new ones.
	if sent := &s.row.Sent; len(s.lanes) == 0 || sent.Prefix != next.Prefix || !slices.Equal(sent.topics(), next.topics()) {
		if err := s.reopen(ctx, &next); err != nil {
			return next, nil, err
		}
	}
	ends, err := s.ends(ctx, next.topics())
	if err != nil {
		return next, nil, err
	}
	highs = map[string]int64{}
	for i, r := range next.Routes {
		start, high := ends[i][0], ends[i][1]
		if was := s.row.Sent.of(r.Topic); was == nil || was.TopicID != r.TopicID {
			if err := s.inspect(ctx, r.Topic, start, high, how); err != nil {
				return next, nil, err
			}
		}
		highs[r.Topic] = high
	}
	return next, highs, nil
}

// finish sends the tombstones of a half-sent transaction along the routes that its
// replaces took, before others are taken up.
func (s *session) finish(ctx context.Context) error {
	if s.half == 0 {
		return nil
	}
	n, ways := s.half, s.ways
	sent, err := waysOf(s.row.Sent.plain(), s.row.Config.Sender)
	if err != nil {
		return err
	}
	s.ways = sent
	defer func() { s.ways = ways }()
	batch, err := s.store.Pending(ctx, n-1, batchBytes)
	if err != nil || len(batch) == 0 {
		return stored(err)
	}
	w := s.prepare(ctx, &batch[0])
	w.parts = slices.DeleteFunc(w.parts, func(p part) bool { return p.kind == registry.Replace })
	w.left = nil // it was counted with the replaces
	if err := s.send(ctx, w); err != nil {
		return err
	}
	return s.settle(nil)
}

func (s *session) adopt(ctx context.Context, p Published, c Cursor, wish int64) error {
	if err := s.hold.Adopt(ctx, p, s.system, c, wish); err != nil {
		return stored(err)
	}
	s.row.Sent, s.row.System, s.cursor, s.half = p, s.system, c, 0
	return nil
}
