package publisher

import (
	"context"
	"fmt"

	"urncast/producer"
	"urncast/producer/guard"
	"urncast/registry"
)

// A position is how far a producer has come, as its topics show it.
type position struct {
	// cursor is the transaction up to which all are handled. Its offsets do not move
	// while a job is open, because the job's chunks are counted from there.
	cursor producer.Cursor
	// owed is the transaction whose replaces are committed and whose tombstones
	// may be missing; nil if there is none.
	owed *owed
	// found are the places of transactions that recovery found and the database does not
	// know yet; the next write of the cursor includes them.
	found []producer.Landed
	// chunks counts the committed chunks of the open job; cleared reports whether
	// its tombstones are committed.
	chunks  int
	cleared bool
	// jobOver reports that the open job has ended, because transactions have followed it.
	jobOver bool
	// sender sends along the lanes that were opened to find the position, which are the
	// only ones that may be sent along; nil if none were.
	sender *sender
}

// An owed is a transaction whose replaces are on the topics, in these stretches, and whose
// tombstones may be missing. The cursor's offsets stay below the replaces until the tombstones
// are sent, so that recovery after a crash finds the replaces again.
type owed struct {
	number    registry.Number
	ends      map[string]int64
	stretches map[string]producer.Stretch
}

// owes reports whether n is the transaction whose tombstones are owed.
func (p *position) owes(n registry.Number) bool { return p.owed != nil && p.owed.number == n }

// positionOf returns the position that the topics show. No transaction is sent while a job is
// open. If the topics have one beyond the cursor nevertheless, the job has ended, and the
// database has lost the note of that in a failover.
func positionOf(row *producer.Row, all []*guard.Witness, highs map[string]int64) *position {
	p := &position{cursor: row.Cursor}
	t := guard.Newest(all)
	p.jobOver = row.Job != nil && t != nil && t.Number > p.cursor.Number
	if row.Job != nil && !p.jobOver {
		for _, w := range all {
			p.chunks, p.cleared = max(p.chunks, w.Chunks), p.cleared || w.Cleared
		}
		return p
	}
	p.found = guard.LandedAfter(all, p.cursor.Number)
	number := p.cursor.Number
	for _, w := range all {
		number = max(number, w.JobEnd)
	}
	if t != nil && t.Number > number {
		if t.Replaces && !t.Deletes {
			last := len(p.found) - 1 // it has the highest number
			p.owed = &owed{t.Number, highs, p.found[last].Stretches}
			p.found, p.cursor.Number = p.found[:last], t.Number-1
			return p
		}
		number = t.Number
	}
	p.cursor = p.cursor.After(number, highs)
	return p
}

// laneCount is the number of transactional ids of a producer. With two, the client's 20 ms
// stall between transactions on one id is hidden; more gain nothing.
const laneCount = 2

// laneIDs returns the transactional ids of a producer of a registry.
func laneIDs(registry, id, prefix string, count int) []string {
	ids := make([]string, count)
	for i := range ids {
		ids[i] = fmt.Sprintf("%s-%s-%s-%d", prefix, registry, id, i)
	}
	return ids
}

// describe asks the broker for the topics of routes, in their order, and stores their size
// limits, with which submissions are compared.
func describe(ctx context.Context, broker producer.Broker, ledger producer.Ledger, routes []producer.PublishedRoute) ([]producer.Topic, error) {
	names := make([]string, len(routes))
	for i := range routes {
		names[i] = routes[i].Topic
	}
	topics, err := broker.Describe(ctx, names)
	if err != nil {
		return nil, err
	}
	for i := range topics {
		if err := ledger.Limit(ctx, names[i], topics[i].Limits); err != nil {
			return nil, producer.Stored(err)
		}
	}
	return topics, nil
}

// sameRoute reports whether two routes have the same format and filter.
func sameRoute(a, b producer.Route) bool {
	return a.Format == b.Format && a.Filter.String() == b.Filter.String()
}

// changedTopic returns a question if the cursor's offset is not valid for a topic: it was made
// anew, has lost its end, or begins after that offset.
func changedTopic(ctx context.Context, row *producer.Row, log guard.Log, sent *producer.PublishedRoute, now *producer.Sight) (*guard.Question, error) {
	reached := row.Cursor.Offsets[sent.Topic]
	switch {
	case now.ID != sent.TopicID:
		return guard.Recreated(sent.Topic), nil
	case sent.Lost != nil:
		return guard.LostEnd(sent.Topic, *sent.Lost), nil
	case now.Start > reached:
		last, err := log.Last(ctx)
		if err != nil {
			return nil, producer.Stored(err)
		}
		if next := row.Cursor.Number + 1; last >= next {
			return &guard.Question{Reason: fmt.Sprintf("Topic %s begins at offset %d, after the offset %d that this producer had reached: "+
				"records were deleted, and whether transaction %d was among them cannot be told.", sent.Topic, now.Start, reached, next),
				Choices: guard.BaselineOrContinue(fmt.Sprintf("Send transaction %d and what follows; consumers may see some of them twice.", next))}, nil
		}
	}
	return nil, nil
}

// endsOf returns the offsets after the last records.
func endsOf(stretches map[string]producer.Stretch) map[string]int64 {
	out := make(map[string]int64, len(stretches))
	for topic, s := range stretches {
		out[topic] = s.End
	}
	return out
}

func topicsOf(routes []producer.PublishedRoute) []string {
	out := make([]string, len(routes))
	for i := range routes {
		out[i] = routes[i].Topic
	}
	return out
}
