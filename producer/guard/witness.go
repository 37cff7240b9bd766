package guard

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"urncast/producer"
	"urncast/registry"
)

// Topics are asked of the brokers. A Broker is one.
type Topics interface {
	Look(ctx context.Context, topics []string) ([]producer.Sight, error)
	ReadBack(ctx context.Context, topic string, from, to int64, waiting func(why string), yield func(*producer.Seen)) error
}

// A Log is the registry's log of transactions, as far as topics are compared with it. A
// Store is one.
type Log interface {
	Last(ctx context.Context) (registry.Number, error)
	Transaction(ctx context.Context, n registry.Number) (registry.Transaction, error)
	IDs(ctx context.Context, numbers []registry.Number) (map[registry.Number]string, error)
	Former(ctx context.Context, id string) (producer.Former, error)
}

// A Reader reads what topics hold of a producer, and compares it with the log.
type Reader struct {
	Topics             Topics
	Log                Log
	Registry, Producer string // whose records are its own
}

// A Witness is what a topic says about us, read back between two offsets.
type Witness struct {
	of    *Reader
	job   string // the open job, whose chunks are counted
	Topic string
	upTo  int64 // the offset after the last record that was read
	// Claims are the numbers of all records that are ours with the ids that they give
	// them, those of jobs too.
	Claims []Claim
	// own are our transactions in order of appearance, jobs left out.
	own []Transaction
	// Chunks is how many chunks of the open job are committed, Cleared whether its
	// tombstones are.
	Chunks  int
	Cleared bool
	// JobEnd is the as-of number of the newest finished baseline seen.
	JobEnd registry.Number
	// Foreign is another registry that writes here, Siblings are other producers of
	// ours.
	Foreign  string
	Siblings map[string]bool
}

// A Claim is what records say of a transaction.
type Claim struct {
	Number registry.Number
	id     string
}

// A Transaction is one of the producer's own, as one topic shows it.
type Transaction struct {
	Number   registry.Number
	id       string
	stretch  producer.Stretch
	Replaces bool
	Deletes  bool
}

// Newest is the transaction with the highest number, as all topics together show it.
func Newest(all []*Witness) *Transaction {
	var best Transaction
	for _, w := range all {
		for i := range w.own {
			switch t := &w.own[i]; {
			case t.Number > best.Number:
				best = *t
			case t.Number == best.Number:
				best.Replaces, best.Deletes = best.Replaces || t.Replaces, best.Deletes || t.Deletes
			}
		}
	}
	if best.Number == 0 {
		return nil
	}
	return &best
}

// ReadBack reads topics side by side, each between two offsets. waiting is called with the cause
// while a topic stands still. Beside an error it gives what was read until then.
func (r *Reader) ReadBack(ctx context.Context, from, to map[string]int64, job string, waiting func(why string)) ([]*Witness, error) {
	topics := slices.Sorted(maps.Keys(to))
	out := make([]*Witness, len(topics))
	for i, topic := range topics {
		out[i] = &Witness{of: r, job: job, Topic: topic, upTo: from[topic]}
	}
	return out, sideBySide(ctx, len(topics), func(ctx context.Context, i int) (err error) {
		topic := topics[i]
		return r.Topics.ReadBack(ctx, topic, from[topic], to[topic], waiting, out[i].see)
	})
}

// Agree is the rewind guard: the topics must know nothing of us that the registry does
// not know. Every own record that was read is compared. handled is the transaction up to
// which everything was. It gives the number after which "continue" goes on: the last one
// below the first that differs.
func (r *Reader) Agree(ctx context.Context, all []*Witness, handled registry.Number) (registry.Number, *Question, error) {
	claims, at := map[registry.Number]string{}, map[registry.Number]string{}
	clash := registry.Number(0) // two records of one number that differ: one of them does, too
	for _, w := range all {
		for _, c := range w.Claims {
			if id, known := claims[c.Number]; known && id != c.id && (clash == 0 || c.Number < clash) {
				clash = c.Number
			}
			claims[c.Number], at[c.Number] = c.id, w.Topic
		}
	}
	last, err := r.Log.Last(ctx)
	if err != nil {
		return 0, nil, producer.Stored(err)
	}
	if handled > last {
		return last, lostSince(last, fmt.Sprintf("This producer has handled transaction %d, but the registry's last is %d: the database has lost transactions.", handled, last)), nil
	}
	numbers := slices.Sorted(maps.Keys(claims))
	ids, err := r.Log.IDs(ctx, numbers)
	if err != nil {
		return 0, nil, producer.Stored(err)
	}
	first := slices.IndexFunc(numbers, func(n registry.Number) bool { return n == clash || ids[n] != claims[n] })
	if first < 0 {
		return 0, nil, nil
	}
	agreed := min(handled, last)
	if first > 0 {
		agreed = max(agreed, numbers[first-1])
	}
	n, newest := numbers[first], numbers[len(numbers)-1]
	reason := fmt.Sprintf("Transaction %d on topic %s is not the registry's transaction %d: the database has lost transactions and has given their numbers anew, as after a restore from an older dump or a failover.", n, at[n], n)
	if newest > last {
		reason = fmt.Sprintf("Topic %s holds transaction %d, but the registry's last is %d: the database has lost transactions, as after a restore from an older dump or a failover.", at[newest], newest, last)
	}
	return agreed, lostSince(agreed, reason), nil
}

// Intruder asks when somebody else's records are among ours: of another registry, or of
// another producer that there is still.
func (r *Reader) Intruder(ctx context.Context, all []*Witness) (*Question, error) {
	for _, w := range all {
		who := w.Foreign
		for id := range w.Siblings {
			switch _, err := r.Log.Former(ctx, id); {
			case errors.Is(err, registry.ErrNotFound):
				who = "producer " + id + " of this registry"
			case err != nil:
				return nil, producer.Stored(err)
			}
		}
		if who != "" {
			return &Question{fmt.Sprintf("Topic %s is written by %s, too: a topic is written by one route of one registry, or its readers mix two histories. Let one of them publish elsewhere.", w.Topic, who),
				BaselineOrContinue("The other publishes elsewhere from now on: go on with what is pending. What it wrote stays on the topic.")}, nil
		}
	}
	return nil, nil
}

func (w *Witness) see(r *producer.Seen) {
	w.upTo = r.Offset + 1
	switch {
	case r.Registry == "":
		return // no record of a registry
	case r.Registry != w.of.Registry:
		w.Foreign = "registry " + r.Registry
		return
	case r.Producer != w.of.Producer:
		if w.Siblings == nil {
			w.Siblings = map[string]bool{}
		}
		w.Siblings[r.Producer] = true
		return
	}
	if c := (Claim{r.Number, r.TransactionID}); len(w.Claims) == 0 || w.Claims[len(w.Claims)-1] != c {
		w.Claims = append(w.Claims, c)
	}
	if r.Job != "" {
		w.seeJob(r)
		return
	}
	if n := len(w.own); n == 0 || w.own[n-1].Number != r.Number || w.own[n-1].id != r.TransactionID {
		w.own = append(w.own, Transaction{Number: r.Number, id: r.TransactionID, stretch: producer.Stretch{First: r.Offset}})
	}
	t := &w.own[len(w.own)-1]
	t.stretch.End = r.Offset + 1
	t.Deletes = t.Deletes || r.Tombstone
	t.Replaces = t.Replaces || !r.Tombstone
}

func (w *Witness) seeJob(r *producer.Seen) {
	words := strings.Fields(r.Job) // kind, id, chunk/chunks, marks
	if len(words) < 3 {
		return
	}
	var chunk, chunks int
	if _, err := fmt.Sscanf(words[2], "%d/%d", &chunk, &chunks); err != nil {
		return
	}
	if words[1] == w.job {
		w.Cleared = w.Cleared || r.Tombstone
		if !r.Tombstone {
			w.Chunks = max(w.Chunks, chunk)
		}
	}
	// A baseline of some routes alone says nothing of the others' transactions, nor
	// does a re-publication: their number is the cursor's of then in any case.
	if words[0] == producer.JobBaseline && chunk == chunks && !r.Tombstone {
		w.JobEnd = r.Number
	}
}

// LandedAfter gives what the topics show of our transactions above a number, in order.
func LandedAfter(all []*Witness, n registry.Number) []producer.Landed {
	found := map[registry.Number]map[string]producer.Stretch{}
	for _, w := range all {
		for i := range w.own {
			if t := &w.own[i]; t.Number > n {
				found[t.Number] = producer.JoinStretches(found[t.Number], map[string]producer.Stretch{w.Topic: t.stretch})
			}
		}
	}
	var out []producer.Landed
	for _, number := range slices.Sorted(maps.Keys(found)) {
		out = append(out, producer.Landed{Number: number, Stretches: found[number]})
	}
	return out
}

// topicsAtOnce bounds the topics that the brokers are asked about at a time: each
// question has a connection of its own.
const topicsAtOnce = 4

// sideBySide does something for each of n topics, a few at a time. The first error
// ends all.
func sideBySide(ctx context.Context, n int, fn func(ctx context.Context, i int) error) error {
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(topicsAtOnce)
	for i := range n {
		g.Go(func() error { return fn(ctx, i) })
	}
	return g.Wait()
}
