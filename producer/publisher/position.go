package publisher

import (
	"context"
	"fmt"

	"urncast/internal/crash"
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

// open opens the session's lanes and returns the producer's position. Nothing is sent along
// lanes that were not opened here. The order of the steps matters:
//
//  1. Initialise every lane. That aborts the transaction that is open under its id, and
//     fences the id's former user.
//  2. Load the lease. An instance that slept until now has just fenced the new holder, and
//     must stop.
//  3. Take the ends of the topics and read the topics up to them: all commits of earlier
//     holders are below.
//
// If topics and database disagree, open returns a question too; the position is then the one
// from which "continue" goes on.
func (s *session) open(ctx context.Context, routes []producer.PublishedRoute) (*position, *guard.Question, error) {
	topics := topicsOf(routes)
	sights, err := s.initialise(ctx, topics)
	if err != nil {
		return nil, nil, err
	}
	if torn := tornTopics(s.row, s.losses, routes, sights); len(torn) > 0 {
		if err := s.abortOpen(ctx, torn); err != nil {
			return nil, nil, err
		}
		if sights, err = s.initialise(ctx, topics); err != nil {
			return nil, nil, err
		}
	}
	s.guard = guard.New(s.reader, s.beat, &s.sending, s.log, topics, sights)
	s.sender.guard = s.guard
	var questions []*guard.Question
	from, highs := map[string]int64{}, map[string]int64{}
	for i := range routes {
		topic := routes[i].Topic
		ask, err := changedTopic(ctx, s.row, s.store, s.row.Sent.RouteTo(topic), &sights[i])
		if err != nil {
			return nil, nil, err
		}
		if ask != nil { // the other topics show what was committed
			questions = append(questions, ask)
			continue
		}
		from[topic], highs[topic] = max(sights[i].Start, s.row.Cursor.Offsets[topic]), sights[i].End
	}
	job := ""
	if s.row.Job != nil {
		job = s.row.Job.ID
	}
	all, err := s.reader.ReadBack(ctx, from, highs, job, s.outage.waits(ctx, "Nothing is published until then."))
	if err != nil {
		return nil, nil, err
	}
	crash.At(crash.RecoverRead)
	p, more, err := s.compare(ctx, all, highs)
	return p, guard.Merge(append(questions, more...)), err
}

// initialise opens the lanes, loads the lease, and takes the ends of the topics.
func (s *session) initialise(ctx context.Context, topics []string) (sights []producer.Sight, err error) {
	for _, l := range s.sender.lanes {
		l.Close()
	}
	sent := &s.row.Sent
	if s.sender.lanes, err = s.broker.Open(ctx, topics, laneIDs(s.row.Registry, s.row.ID, sent.Prefix, sent.Lanes), s.timeout); err != nil {
		return nil, err
	}
	crash.At(crash.RecoverFenced)
	if _, err := s.hold.Load(ctx); err != nil {
		return nil, producer.Stored(err)
	}
	return s.broker.Look(ctx, topics)
}

// compare returns the position that the topics show, and the questions where they disagree with
// the database.
func (s *session) compare(ctx context.Context, all []*guard.Witness, highs map[string]int64) (*position, []*guard.Question, error) {
	agreed, ask, err := s.reader.Agree(ctx, all, s.row.Cursor.Number)
	if err != nil {
		return nil, nil, err
	}
	if ask != nil {
		return &position{cursor: producer.Cursor{Number: agreed, Offsets: s.row.Cursor.Offsets}}, []*guard.Question{ask}, nil
	}
	ask, err = s.reader.Intruder(ctx, all)
	var questions []*guard.Question
	if ask != nil {
		questions = append(questions, ask)
	}
	return positionOf(s.row, all, highs), questions, err
}

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

// takeUp makes p the session's position, and writes down what the database did not know of it.
func (s *session) takeUp(ctx context.Context, p *position) error {
	s.at = *p
	if p.jobOver {
		if err := s.hold.EndJob(ctx, s.row.Job.ID, p.cursor); err != nil {
			return producer.Stored(err)
		}
		s.row.Job, s.row.Cursor, s.progress = nil, p.cursor, true
	}
	switch known := s.row.Cursor; {
	case s.row.Job != nil || p.owed != nil:
	case p.cursor.Number > known.Number:
		s.advance(p.cursor)
	case !p.cursor.Equal(known): // aborted records of an earlier attempt are no progress
		s.setCursor(p.cursor)
	}
	return nil
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
