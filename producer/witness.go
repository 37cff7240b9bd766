package producer

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"urncast/registry"
)

// A witness is what a topic says about us, read back between two offsets.
type witness struct {
	row   *Row
	topic string
	// last is the last record that is ours; nil if there is none.
	last *Seen
	// own are our transactions in order of appearance, jobs left out.
	own []ownTransaction
	// chunks is how many chunks of row.Job are committed, cleared whether its
	// tombstones are.
	chunks  int
	cleared bool
	// jobEnd is the as-of number of the newest finished baseline seen.
	jobEnd registry.Number
	// foreign is another registry that writes here, siblings are other producers of
	// ours; plain counts records of nobody we know.
	foreign  string
	siblings map[string]bool
	plain    int64
}

type ownTransaction struct {
	number   registry.Number
	id       string
	stretch  Stretch
	replaces bool
	deletes  bool
}

func (w *witness) see(r *Seen) {
	switch {
	case r.Registry == "":
		w.plain++
		return
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
	w.last = r
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
	if w.row.Job != nil && words[1] == w.row.Job.ID {
		w.cleared = w.cleared || r.Tombstone
		if !r.Tombstone {
			w.chunks = max(w.chunks, chunk)
		}
	}
	// A baseline of some routes alone says nothing of the others' transactions, nor
	// does a re-publication: their number is the cursor's of then in any case.
	if words[0] == jobBaseline && chunk == chunks && !r.Tombstone {
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

// readBackAll reads topics side by side, each between two offsets.
func (s *session) readBackAll(ctx context.Context, from, to map[string]int64) ([]*witness, error) {
	topics := slices.Sorted(maps.Keys(to))
	out := make([]*witness, len(topics))
	return out, sideBySide(ctx, len(topics), func(ctx context.Context, i int) (err error) {
		out[i], err = s.readBack(ctx, topics[i], from[topics[i]], to[topics[i]])
		return err
	})
}

// readBack reads a topic between two offsets.
func (s *session) readBack(ctx context.Context, topic string, from, to int64) (*witness, error) {
	w := &witness{row: s.row, topic: topic}
	told := false
	waiting := func(why string) {
		if told {
			return
		}
		told = true
		if err := s.hold.Report(ctx, outageIncident(why+". Recovery waits for its end (at most that producer's transaction.timeout.ms) before anything is published.", firstClause(why))); err != nil {
			s.log.Warn("the producer's state could not be written", "state", Degraded, "error", err)
		}
	}
	if err := s.broker.ReadBack(ctx, topic, from, to, waiting, w.see); err != nil {
		return nil, err
	}
	return w, nil
}

// agree is the rewind guard: the topic must know nothing of us that the registry
// does not know. It returns the highest number on which both agree.
func (s *session) agree(ctx context.Context, w *witness) (registry.Number, error) {
	if w.last == nil {
		return 0, nil
	}
	last, err := s.store.Last(ctx)
	if err != nil {
		return 0, stored(err)
	}
	reason := ""
	if n := w.last.Number; n > last {
		reason = fmt.Sprintf("Topic %s holds transaction %d, but the registry's last is %d: the database has lost transactions, as after a restore from an older dump or a failover.", w.topic, n, last)
	} else if same, err := s.same(ctx, n, w.last.TransactionID); err != nil {
		return 0, err
	} else if !same {
		reason = fmt.Sprintf("Transaction %d on topic %s is not the registry's transaction %d: the database has lost transactions and has given their numbers anew, as after a restore from an older dump.", n, w.topic, n)
	}
	if reason == "" {
		return 0, nil
	}
	agreed := registry.Number(0)
	for i := range w.own {
		if t := &w.own[i]; t.number > agreed && t.number <= last {
			same, err := s.same(ctx, t.number, t.id)
			if err != nil {
				return 0, err
			}
			if same {
				agreed = t.number
			}
		}
	}
	return agreed, &asking{reason, []Choice{
		{StartBaseline, "Publish everything that is current anew, with tombstones for what the topic holds and the registry does not."},
		{StartContinue, fmt.Sprintf("Go on after transaction %d, the last that topic and registry have in common. Replicas keep what was lost.", max(agreed, min(s.cursor.Number, last)))},
	}}
}

func (s *session) same(ctx context.Context, n registry.Number, id string) (bool, error) {
	tx, err := s.store.Transaction(ctx, n)
	if errors.Is(err, registry.ErrNotFound) {
		return false, nil
	}
	return err == nil && tx.ID == id, stored(err)
}
