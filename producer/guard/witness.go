package guard

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"urncast/producer"
	"urncast/registry"
)

// Topics reads topics. It is the part of producer.Broker that the guard needs.
type Topics interface {
	Look(ctx context.Context, topics []string) ([]producer.Sight, error)
	ReadBack(ctx context.Context, from, to map[string]int64, waiting func(why string), yield func(*producer.Seen)) error
}

// A Log reads the registry's log of transactions. It is the part of producer.Store that the
// guard needs.
type Log interface {
	Last(ctx context.Context) (registry.Number, error)
	Transaction(ctx context.Context, n registry.Number) (registry.Transaction, error)
	IDs(ctx context.Context, numbers []registry.Number) (map[registry.Number]string, error)
	Former(ctx context.Context, id string) (producer.Former, error)
}

// A Reader reads a producer's records back from its topics, and compares them with the log.
type Reader struct {
	Topics             Topics
	Log                Log
	Registry, Producer string // the ids in the headers of the producer's own records
}

// A Witness is what a topic holds between two offsets, as far as it concerns a producer.
type Witness struct {
	of    *Reader
	job   string // the id of the open job, whose chunks are counted
	Topic string
	upTo  int64 // the offset after the last record that was read
	// Claims are the transaction numbers and ids in the headers of the producer's own
	// records, including those of jobs.
	Claims []Claim
	// own are the producer's transactions in order of appearance, without jobs.
	own []Transaction
	// Chunks is the number of committed chunks of the open job; Cleared reports whether
	// its tombstones are committed.
	Chunks  int
	Cleared bool
	// JobEnd is the as-of number of the newest complete baseline.
	JobEnd registry.Number
	// Foreign names another registry that writes to the topic, Siblings are the ids of
	// other producers of this registry that do.
	Foreign  string
	Siblings map[string]bool
}

// A Claim is a transaction's number and id in the headers of a record.
type Claim struct {
	Number registry.Number
	id     string
}

// A Transaction is a transaction of the producer as one topic shows it.
type Transaction struct {
	Number   registry.Number
	id       string
	stretch  producer.Stretch
	Replaces bool
	Deletes  bool
}

// Newest returns the transaction with the highest number, as all topics together show it; nil
// if they show none.
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

// ReadBack reads topics, each between two offsets. It calls waiting with the cause while no
// record comes. With an error it also returns what was read until then.
func (r *Reader) ReadBack(ctx context.Context, from, to map[string]int64, job string, waiting func(why string)) ([]*Witness, error) {
	out, of := make([]*Witness, 0, len(to)), make(map[string]*Witness, len(to))
	for _, topic := range slices.Sorted(maps.Keys(to)) {
		of[topic] = &Witness{of: r, job: job, Topic: topic, upTo: from[topic]}
		out = append(out, of[topic])
	}
	return out, r.Topics.ReadBack(ctx, from, to, waiting, func(s *producer.Seen) { of[s.Topic].add(s) })
}

// Agree compares every claim of the topics with the registry's log, to find a database that
// was set back to an earlier state. handled is the transaction up to which all are handled.
// Where they differ, Agree returns a question, and the number after which "continue" goes on:
// the last transaction below the first difference.
func (r *Reader) Agree(ctx context.Context, all []*Witness, handled registry.Number) (registry.Number, *Question, error) {
	claims, at := map[registry.Number]string{}, map[registry.Number]string{}
	clash := registry.Number(0) // the lowest number with two ids: one of them is not the log's
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

// Intruder returns a question if a topic has records of another registry, or of another
// producer of this registry that still exists.
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

// add takes a record into account.
func (w *Witness) add(r *producer.Seen) {
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
		w.addJob(r)
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

// addJob takes a record of a job into account.
func (w *Witness) addJob(r *producer.Seen) {
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
	// A complete baseline of all routes covers the transactions up to its number. One of
	// some routes does not, but its number is that of the cursor when it began, so that
	// counting it moves nothing.
	if words[0] == producer.JobBaseline && chunk == chunks && !r.Tombstone {
		w.JobEnd = r.Number
	}
}

// LandedAfter returns the places of the producer's transactions above a number, in order.
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
