package guard

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"urncast/producer"
	"urncast/registry"
)

// Every is the time between two looks of a session at its topics and at the newest
// transaction that it has read.
const Every = 5 * time.Second

// A Guard ends a session, with a question or a fault, when a topic or the database is no
// longer the one that the session was opened on: deleted and made anew, cut at the end,
// written to by another program, or restored. It learns that from the offsets of each
// transaction's records, and from a look every few seconds.
type Guard struct {
	reader *Reader
	every  time.Duration // between looks
	busy   *atomic.Bool
	log    *slog.Logger
	topics []string
	wake   chan struct{} // signalled to look at once
	Idle   chan struct{} // signalled after a look that found only our records

	mu     sync.Mutex
	topic  map[string]*topicState
	number registry.Number // the newest transaction that the session has read from the log
	id     string          // of that transaction
	from   registry.Number // the transaction after which the session began
	// sending reports that records are being sent; sends counts how often that began.
	sending bool
	sends   int
}

// topicState is what a guard knows of one topic.
type topicState struct {
	id      string
	reached int64 // the offset after our newest record; at first, the topic's end at the opening
	// maxNext is the highest offset at which our next record can begin if no other program
	// writes: after our records and a marker for each of our transactions.
	maxNext int64
	// checked is the offset up to which the topic is known to have only our records. The
	// records from there to suspect must still be read; none if suspect is not greater.
	checked, suspect int64
	end              int64 // of the topic, at the last look
}

// New makes a guard of topics as they are now. busy is set while something is sent along
// the lanes: those notice outages themselves.
func New(reader *Reader, every time.Duration, busy *atomic.Bool, log *slog.Logger, topics []string, sights []producer.Sight) *Guard {
	g := &Guard{reader: reader, every: every, busy: busy, log: log, topics: topics, wake: make(chan struct{}, 1), Idle: make(chan struct{}, 1), topic: map[string]*topicState{}}
	for i, topic := range topics {
		end := sights[i].End
		g.topic[topic] = &topicState{id: sights[i].ID, reached: end, maxNext: end, checked: end}
	}
	return g
}

// lostHistory is the question of a living session whose database has lost transactions. The
// recovery that follows says which, if the topics show it.
func lostHistory(what string) *Question {
	return &Question{what + ": the database has lost transactions, and has perhaps given their numbers anew, as after a failover to a standby that was behind.",
		BaselineOrContinue("Go on with what the registry holds. Replicas keep what was lost.")}
}

// Begin notes that records are about to be sent. Until Delivered is called, a look cannot tell
// them from those of another program.
func (g *Guard) Begin() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.sending, g.sends = true, g.sends+1
}

// Delivered notes where the records of a transaction are, before it is committed; counts is
// the number of records on each topic. It returns an error if they are below our earlier
// records: the topic was then made anew, or has lost its end.
func (g *Guard) Delivered(ctx context.Context, stretches map[string]producer.Stretch, counts map[string]int) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.sending = false
	losses := map[string]producer.Loss{}
	for topic, at := range stretches {
		t := g.topic[topic]
		if t == nil { // of a route that was taken away
			continue
		}
		if at.First < t.reached {
			if now, err := g.reader.Topics.Look(ctx, []string{topic}); err == nil && now[0].ID != t.id {
				return Recreated(topic)
			}
			losses[topic] = producer.Loss{End: at.First, Reached: t.reached}
			continue
		}
		n := int64(counts[topic])
		if at.End > t.maxNext+n { // another program wrote, or a broker repeated a marker
			t.suspect = at.End
			g.lookNow()
		} else if t.suspect <= t.checked {
			t.checked = at.End
		}
		// The marker of this transaction follows, and perhaps that of the previous one.
		t.maxNext, t.reached = min(t.maxNext+n+1, at.End+2), at.End
		if t.suspect == at.End {
			t.maxNext = at.End + 2
		}
	}
	if len(losses) > 0 {
		return &TornError{losses}
	}
	return nil
}

// lookNow makes Run look at once.
func (g *Guard) lookNow() {
	select {
	case g.wake <- struct{}{}:
	default:
	}
}

// UpTo lowers the offsets after a transaction to those up to which the topics are checked.
// Recovery reads back from there, so that it finds the records of other programs after a
// crash too.
func (g *Guard) UpTo(ends map[string]int64) map[string]int64 {
	g.mu.Lock()
	defer g.mu.Unlock()
	for topic, end := range ends {
		if t := g.topic[topic]; t != nil && t.suspect > t.checked {
			ends[topic] = min(end, t.checked)
		}
	}
	return ends
}

// Offsets returns for each topic the offset from which recovery has to read back, while
// nothing is being sent.
func (g *Guard) Offsets() map[string]int64 {
	g.mu.Lock()
	defer g.mu.Unlock()
	out := make(map[string]int64, len(g.topic))
	for topic, t := range g.topic {
		out[topic] = t.checked
	}
	return out
}

// Follow notes the next transaction that was read from the log. It returns a question if that
// does not follow the transaction that was read before.
func (g *Guard) Follow(t *registry.Transaction) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	switch {
	case t.Number != g.number+1:
		return lostHistory(fmt.Sprintf("Transaction %d follows transaction %d in the registry's log, where %d was expected", t.Number, g.number, g.number+1))
	case t.Predecessor != "" && g.id != "" && t.Predecessor != g.id:
		return lostHistory(fmt.Sprintf("Transaction %d follows another transaction %d than the one that this producer has read", t.Number, g.number))
	}
	g.number, g.id = t.Number, t.ID
	return nil
}

// Expect sets the transaction after which the session continues.
func (g *Guard) Expect(ctx context.Context, n registry.Number) error {
	ids, err := g.reader.Log.IDs(ctx, []registry.Number{n})
	if err != nil {
		return producer.Stored(err)
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.number, g.id, g.from = n, ids[n], n
	return nil
}

// Run looks every few seconds, and whenever Delivered suspects another program, until ctx
// ends. It calls end with the error that ends the session.
func (g *Guard) Run(ctx context.Context, end context.CancelCauseFunc) {
	every := time.NewTicker(g.every)
	defer every.Stop()
	for {
		select {
		case <-every.C:
		case <-g.wake:
		case <-ctx.Done():
			return
		}
		if err := g.check(ctx); err != nil && ctx.Err() == nil {
			end(err)
			return
		}
	}
}

// check looks once at the topics and the database.
func (g *Guard) check(ctx context.Context) error {
	g.mu.Lock()
	sends, sending, before := g.sends, g.sending, make([]int64, len(g.topics))
	for i, topic := range g.topics {
		before[i] = max(g.topic[topic].reached, g.topic[topic].end)
	}
	g.mu.Unlock()
	sights, err := g.reader.Topics.Look(ctx, g.topics)
	if err != nil {
		if producer.KindOf(err) == producer.Transitory && g.busy.Load() { // such as a change of leaders, which the lanes survive
			return nil
		}
		return err
	}
	var all []*Question
	losses := map[string]producer.Loss{}
	for i, topic := range g.topics {
		switch now := &sights[i]; {
		case now.ID != g.topic[topic].id:
			all = append(all, Recreated(topic))
		case now.End < before[i]:
			losses[topic] = producer.Loss{End: now.End, Reached: before[i]}
		}
	}
	if len(losses) > 0 {
		return &TornError{losses}
	}
	if len(all) == 0 {
		g.mu.Lock()
		from, to := g.unread(sights, !sending && g.sends == sends)
		g.mu.Unlock()
		if all, err = g.readSuspects(ctx, from, to); err != nil {
			return err
		}
	}
	if ask := g.checkLog(ctx); ask != nil {
		all = append(all, ask)
	}
	if ask := Merge(all); ask != nil {
		return ask
	}
	select {
	case g.Idle <- struct{}{}:
	default:
	}
	return nil
}

// unread returns the offsets between which topics must be read, given what a look saw. quiet
// says that nothing was sent during the look: records beyond ours are then another program's.
func (g *Guard) unread(sights []producer.Sight, quiet bool) (from, to map[string]int64) {
	from, to = map[string]int64{}, map[string]int64{}
	for i, topic := range g.topics {
		t, end := g.topic[topic], sights[i].End
		if quiet && end > t.maxNext {
			t.suspect, t.maxNext = max(t.suspect, end), end+2
		}
		switch {
		case t.suspect > t.checked:
			from[topic], to[topic] = max(t.checked, sights[i].Start), t.suspect
		case quiet && end == t.end: // only our markers follow our newest record
			t.checked = max(t.checked, end)
		}
		t.end = max(t.end, end)
	}
	return from, to
}

// readSuspects reads topics between offsets and returns the questions that the records raise.
// It reads no longer than Every; the next look continues where it stopped.
func (g *Guard) readSuspects(ctx context.Context, from, to map[string]int64) (questions []*Question, err error) {
	if len(from) == 0 {
		return nil, nil
	}
	reading, cancel := context.WithTimeout(ctx, Every)
	defer cancel()
	witnesses, err := g.reader.ReadBack(reading, from, to, "", func(why string) { g.log.Info("the topic cannot be looked through yet", "reason", why) })
	whole := err == nil
	if err != nil && reading.Err() == nil && !(producer.KindOf(err) == producer.Transitory && g.busy.Load()) {
		return nil, err
	}
	_, ask, err := g.reader.Agree(ctx, witnesses, g.from)
	if ask == nil && err == nil {
		ask, err = g.reader.Intruder(ctx, witnesses)
	}
	if err != nil {
		return nil, err
	}
	if ask != nil {
		return []*Question{ask}, nil
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, w := range witnesses {
		t := g.topic[w.Topic]
		if !whole {
			t.checked = max(t.checked, w.upTo)
			continue
		}
		if t.checked = to[w.Topic]; t.suspect == t.checked && t.reached > t.checked {
			t.checked = t.reached // the records delivered since then are ours
		}
	}
	return nil, nil
}

// checkLog returns a question if the log no longer has the newest transaction that the session
// has read. It ignores a database that does not answer, which the lease and the next statement
// notice.
func (g *Guard) checkLog(ctx context.Context) *Question {
	g.mu.Lock()
	n, id := g.number, g.id
	g.mu.Unlock()
	if id == "" {
		return nil
	}
	tx, err := g.reader.Log.Transaction(ctx, n)
	switch {
	case errors.Is(err, registry.ErrNotFound):
		return lostHistory(fmt.Sprintf("Transaction %d was read by this producer and is not in the registry's log any more", n))
	case err == nil && tx.ID != id:
		return lostHistory(fmt.Sprintf("Transaction %d of the registry's log is another than the one that this producer has read", n))
	}
	return nil
}
