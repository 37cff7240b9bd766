package producer

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"urncast/internal/match"
	"urncast/registry"
)

// A witness is what a topic says about us, read back between two offsets.
type witness struct {
	row   *Row
	job   string // the open job, whose chunks are counted
	topic string
	upTo  int64 // the offset after the last record that was read
	// claims are the numbers of all records that are ours with the ids that they give
	// them, those of jobs too.
	claims []claim
	// own are our transactions in order of appearance, jobs left out.
	own []ownTransaction
	// chunks is how many chunks of row.Job are committed, cleared whether its
	// tombstones are.
	chunks  int
	cleared bool
	// jobEnd is the as-of number of the newest finished baseline seen.
	jobEnd registry.Number
	// foreign is another registry that writes here, siblings are other producers of
	// ours.
	foreign  string
	siblings map[string]bool
}

// A claim is what records say of a transaction.
type claim struct {
	number registry.Number
	id     string
}

type ownTransaction struct {
	number   registry.Number
	id       string
	stretch  Stretch
	replaces bool
	deletes  bool
}

func (w *witness) see(r *Seen) {
	w.upTo = r.Offset + 1
	switch {
	case r.Registry == "":
		return // of nobody we know
	case r.Registry != w.row.Registry:
		w.foreign = "registry " + r.Registry
		return
	case r.Producer != w.row.ID:
		if w.siblings == nil {
			w.siblings = map[string]bool{}
		}
		w.siblings[r.Producer] = true
		return
	}
	if c := (claim{r.Number, r.TransactionID}); len(w.claims) == 0 || w.claims[len(w.claims)-1] != c {
		w.claims = append(w.claims, c)
	}
	if r.Job != "" {
		w.seeJob(r)
		return
	}
	if n := len(w.own); n == 0 || w.own[n-1].number != r.Number || w.own[n-1].id != r.TransactionID {
		w.own = append(w.own, ownTransaction{number: r.Number, id: r.TransactionID, stretch: Stretch{First: r.Offset}})
	}
	t := &w.own[len(w.own)-1]
	t.stretch.End = r.Offset + 1
	t.deletes = t.deletes || r.Tombstone
	t.replaces = t.replaces || !r.Tombstone
}

func (w *witness) seeJob(r *Seen) {
	words := strings.Fields(r.Job) // kind, id, chunk/chunks, marks
	if len(words) < 3 {
		return
	}
	var chunk, chunks int
	if _, err := fmt.Sscanf(words[2], "%d/%d", &chunk, &chunks); err != nil {
		return
	}
	if words[1] == w.job {
		w.cleared = w.cleared || r.Tombstone
		if !r.Tombstone {
			w.chunks = max(w.chunks, chunk)
		}
	}
	// A baseline of some routes alone says nothing of the others' transactions, nor
	// does a re-publication: their number is the cursor's of then in any case.
	if words[0] == JobBaseline && chunk == chunks && !r.Tombstone {
		w.jobEnd = r.Number
	}
}

// newest is the transaction with the highest number, as all topics together show it.
func newest(all []*witness) *ownTransaction {
	var best ownTransaction
	for _, w := range all {
		for i := range w.own {
			switch t := &w.own[i]; {
			case t.number > best.number:
				best = *t
			case t.number == best.number:
				best.replaces, best.deletes = best.replaces || t.replaces, best.deletes || t.deletes
			}
		}
	}
	if best.number == 0 {
		return nil
	}
	return &best
}

// readBackAll reads topics side by side, each between two offsets. waiting is told, while a
// topic stands still, why. Beside an error it gives what was read until then.
func (s *session) readBackAll(ctx context.Context, from, to map[string]int64, job string, waiting func(why string)) ([]*witness, error) {
	topics := slices.Sorted(maps.Keys(to))
	out := make([]*witness, len(topics))
	for i, topic := range topics {
		out[i] = &witness{row: s.row, job: job, topic: topic, upTo: from[topic]}
	}
	return out, sideBySide(ctx, len(topics), func(ctx context.Context, i int) (err error) {
		topic := topics[i]
		return s.broker.ReadBack(ctx, topic, from[topic], to[topic], waiting, out[i].see)
	})
}

// waits gives a function that shows why a reading stands still and what waits for it, and
// again when the cause is another. Readings side by side share it.
func (s *session) waits(ctx context.Context, what string) func(why string) {
	var mu sync.Mutex
	said := map[string]bool{}
	return func(why string) {
		mu.Lock()
		defer mu.Unlock()
		if said[match.WithoutFigures(why)] {
			return
		}
		said[match.WithoutFigures(why)] = true
		s.outage.waited.Store(true)
		if err := s.hold.Report(ctx, outageIncident(why+". "+what, firstClause(why))); err != nil {
			s.log.Warn("the producer's state could not be written", "state", Degraded, "error", err)
		}
	}
}

// agree is the rewind guard: the topics must know nothing of us that the registry does
// not know. Every own record that was read is compared. handled is the transaction up to
// which everything was. It gives the number after which "continue" goes on: the last one
// below the first that differs.
func (s *session) agree(ctx context.Context, all []*witness, handled registry.Number) (registry.Number, *asking, error) {
	claims, at := map[registry.Number]string{}, map[registry.Number]string{}
	clash := registry.Number(0) // two records of one number that differ: one of them does, too
	for _, w := range all {
		for _, c := range w.claims {
			if id, known := claims[c.number]; known && id != c.id && (clash == 0 || c.number < clash) {
				clash = c.number
			}
			claims[c.number], at[c.number] = c.id, w.topic
		}
	}
	last, err := s.store.Last(ctx)
	if err != nil {
		return 0, nil, stored(err)
	}
	if handled > last {
		return last, lostSince(last, fmt.Sprintf("This producer has handled transaction %d, but the registry's last is %d: the database has lost transactions.", handled, last)), nil
	}
	numbers := slices.Sorted(maps.Keys(claims))
	ids, err := s.store.IDs(ctx, numbers)
	if err != nil {
		return 0, nil, stored(err)
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

// lostSince asks what is to become of what the database has lost after a transaction.
func lostSince(agreed registry.Number, reason string) *asking {
	return &asking{reason, []Choice{
		{StartBaseline, "Publish everything that is current anew, with tombstones for what the topic holds and the registry does not."},
		{StartContinue, fmt.Sprintf("Go on after transaction %d. Replicas keep what was lost.", agreed)},
	}}
}

// intruder asks when somebody else's records are among ours: of another registry, or of
// another producer that there is still.
func (s *session) intruder(ctx context.Context, all []*witness) (*asking, error) {
	for _, w := range all {
		who := w.foreign
		for id := range w.siblings {
			switch _, err := s.store.Former(ctx, id); {
			case errors.Is(err, registry.ErrNotFound):
				who = "producer " + id + " of this registry"
			case err != nil:
				return nil, stored(err)
			}
		}
		if who != "" {
			return &asking{fmt.Sprintf("Topic %s is written by %s, too: a topic is written by one route of one registry, or its readers mix two histories. Let one of them publish elsewhere.", w.topic, who),
				bothWays("The other publishes elsewhere from now on: go on with what is pending. What it wrote stays on the topic.")}, nil
		}
	}
	return nil, nil
}
