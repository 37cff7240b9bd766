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

// Every is how often a living session looks at its topics and at the newest
// transaction that it knows.
const Every = 5 * time.Second

// A Guard sees to it, for as long as a session lives, that topics and database stay those
// that the session was opened on. Every transaction shows it where its records are; a
// look every few seconds shows it the rest. What it finds ends the session, with a
// question or a fault.
type Guard struct {
	reader *Reader
	every  time.Duration // between looks
	busy   *atomic.Bool
	log    *slog.Logger
	topics []string
	beat   chan struct{} // signalled: look now
	Idle   chan struct{} // signalled: a look found nothing that is not ours

	mu     sync.Mutex
	guards map[string]*guarded // by topic
	number registry.Number     // the newest transaction of the log that the session knows
	id     string
	from   registry.Number // the transaction after which the session went on
	// sending says that records are on their way, turn counts how often that was so.
	sending bool
	turn    int
}

// guarded is what a guard knows of one topic.
type guarded struct {
	id      string
	reached int64 // where our newest record ends; at first, the topic's end at the opening
	// most is the highest offset at which our next record begins if no other program writes: after our
	// records and a marker for each of our transactions.
	most int64
	// looked is up to where the topic is known to hold nothing but what is ours. What
	// lies between looked and strange is still to be read: nothing, if looked is as far.
	looked, strange int64
	end             int64 // of the topic, at the last look
}

// New makes a guard of topics as they stand. busy is set while something is under way along
// the lanes, which hear of outages themselves.
func New(reader *Reader, every time.Duration, busy *atomic.Bool, log *slog.Logger, topics []string, sights []producer.Sight) *Guard {
	g := &Guard{reader: reader, every: every, busy: busy, log: log, topics: topics, beat: make(chan struct{}, 1), Idle: make(chan struct{}, 1), guards: map[string]*guarded{}}
	for i, topic := range topics {
		end := sights[i].End
		g.guards[topic] = &guarded{id: sights[i].ID, reached: end, most: end, looked: end}
	}
	return g
}

// lostPast asks in a living session. What exactly was lost, recovery says, where the
// topics show it.
func lostPast(what string) *Question {
	return &Question{what + ": the database has lost transactions, and has perhaps given their numbers anew, as after a failover to a standby that was behind.",
		BaselineOrContinue("Go on with what the registry holds. Replicas keep what was lost.")}
}

// Begin takes note that records are about to be sent: until they are delivered, a look
// cannot tell them from a stranger's.
func (g *Guard) Begin() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.sending, g.turn = true, g.turn+1
}

// Delivered takes note of where the records of a transaction are, so many on each
// topic, before it is committed. A topic that was made anew, or lost its end, takes them
// below what was there.
func (g *Guard) Delivered(ctx context.Context, stretches map[string]producer.Stretch, counts map[string]int) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.sending = false
	losses := map[string]producer.Loss{}
	for topic, at := range stretches {
		t := g.guards[topic]
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
		if at.End > t.most+n { // somebody else wrote, or a broker repeated a marker
			t.strange = at.End
			g.look()
		} else if t.strange <= t.looked {
			t.looked = at.End
		}
		// A marker of this transaction follows, and perhaps one of the transaction before.
		t.most, t.reached = min(t.most+n+1, at.End+2), at.End
		if t.strange == at.End {
			t.most = at.End + 2
		}
	}
	if len(losses) > 0 {
		return &TornError{losses}
	}
	return nil
}

func (g *Guard) look() {
	select {
	case g.beat <- struct{}{}:
	default:
	}
}

// UpTo lowers the ends of a transaction to what was looked at: what recovery reads
// back begins there, so that no crash hides a stranger's records.
func (g *Guard) UpTo(ends map[string]int64) map[string]int64 {
	g.mu.Lock()
	defer g.mu.Unlock()
	for topic, end := range ends {
		if t := g.guards[topic]; t != nil && t.strange > t.looked {
			ends[topic] = min(end, t.looked)
		}
	}
	return ends
}

// Offsets gives for each topic the offset from which recovery reads back, when nothing
// is under way.
func (g *Guard) Offsets() map[string]int64 {
	g.mu.Lock()
	defer g.mu.Unlock()
	out := make(map[string]int64, len(g.guards))
	for topic, t := range g.guards {
		out[topic] = t.looked
	}
	return out
}

// Follow holds the next transaction of the log to the one before it, as the session
// knows that.
func (g *Guard) Follow(t *registry.Transaction) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	switch {
	case t.Number != g.number+1:
		return lostPast(fmt.Sprintf("Transaction %d follows transaction %d in the registry's log, where %d was expected", t.Number, g.number, g.number+1))
	case t.Predecessor != "" && g.id != "" && t.Predecessor != g.id:
		return lostPast(fmt.Sprintf("Transaction %d follows another transaction %d than the one that this producer has read", t.Number, g.number))
	}
	g.number, g.id = t.Number, t.ID
	return nil
}

// Expect tells the guard the transaction after which the session goes on.
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

// Run looks every few seconds, and whenever a transaction was not alone, until ctx ends.
// end ends the session.
func (g *Guard) Run(ctx context.Context, end context.CancelCauseFunc) {
	every := time.NewTicker(g.every)
	defer every.Stop()
	for {
		select {
		case <-every.C:
		case <-g.beat:
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
	turn, sending, before := g.turn, g.sending, make([]int64, len(g.topics))
	for i, topic := range g.topics {
		before[i] = max(g.guards[topic].reached, g.guards[topic].end)
	}
	g.mu.Unlock()
	sights, err := g.reader.Topics.Look(ctx, g.topics)
	if err != nil {
		if producer.KindOf(err) == producer.Transitory && g.busy.Load() { // a change of leaders, say, which the lanes outlast
			return nil
		}
		return err
	}
	var all []*Question
	losses := map[string]producer.Loss{}
	for i, topic := range g.topics {
		switch now := &sights[i]; {
		case now.ID != g.guards[topic].id:
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
		from, to := g.unread(sights, !sending && g.turn == turn)
		g.mu.Unlock()
		if all, err = g.strangers(ctx, from, to); err != nil {
			return err
		}
	}
	if ask := g.past(ctx); ask != nil {
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

// unread gives what is to be read of the topics. Where nothing was on its way during the
// look, that tells of what is not ours, too.
func (g *Guard) unread(sights []producer.Sight, quiet bool) (from, to map[string]int64) {
	from, to = map[string]int64{}, map[string]int64{}
	for i, topic := range g.topics {
		t, end := g.guards[topic], sights[i].End
		if quiet && end > t.most {
			t.strange, t.most = max(t.strange, end), end+2
		}
		switch {
		case t.strange > t.looked:
			from[topic], to[topic] = max(t.looked, sights[i].Start), t.strange
		case quiet && end == t.end: // after our newest record there are our markers alone
			t.looked = max(t.looked, end)
		}
		t.end = max(t.end, end)
	}
	return from, to
}

// strangers reads what the topics hold besides what this session has written. What it does
// not come to the end of within a beat, the next look goes on with.
func (g *Guard) strangers(ctx context.Context, from, to map[string]int64) (questions []*Question, err error) {
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
		t := g.guards[w.Topic]
		if !whole {
			t.looked = max(t.looked, w.upTo)
			continue
		}
		if t.looked = to[w.Topic]; t.strange == t.looked && t.reached > t.looked {
			t.looked = t.reached // what was delivered since is ours
		}
	}
	return nil, nil
}

// past asks when the newest transaction that the session knows is not in the log any
// more. A database that does not answer is no news: the lease and the next statement say so.
func (g *Guard) past(ctx context.Context) *Question {
	g.mu.Lock()
	n, id := g.number, g.id
	g.mu.Unlock()
	if id == "" {
		return nil
	}
	tx, err := g.reader.Log.Transaction(ctx, n)
	switch {
	case errors.Is(err, registry.ErrNotFound):
		return lostPast(fmt.Sprintf("Transaction %d was read by this producer and is not in the registry's log any more", n))
	case err == nil && tx.ID != id:
		return lostPast(fmt.Sprintf("Transaction %d of the registry's log is another than the one that this producer has read", n))
	}
	return nil
}
