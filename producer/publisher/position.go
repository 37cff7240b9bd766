package publisher

import (
	"context"
	"fmt"

	"urncast/internal/crash"
	"urncast/producer"
	"urncast/producer/guard"
	"urncast/registry"
)

// A position is where a producer stands, as its topics show it.
type position struct {
	// cursor says up to which transaction everything is handled. While a job is
	// open its offsets stay: the job's chunks are counted from there.
	cursor producer.Cursor
	// owed is the transaction whose replaces are committed and whose tombstones
	// may be missing; nil if there is none.
	owed *owed
	// found says where the topics show transactions to be. The database does not
	// know it yet; the next write of the cursor carries it along.
	found []producer.Landed
	// chunks counts the committed chunks of the open job; cleared reports whether
	// its tombstones are committed.
	chunks  int
	cleared bool
	// jobOver reports that the open job has ended: transactions followed it.
	jobOver bool
}

// An owed transaction has its replaces on the topics, in these stretches. Until its
// tombstones are settled the cursor's offsets stay below them, so that a crash finds
// the replaces again.
type owed struct {
	number    registry.Number
	ends      map[string]int64
	stretches map[string]producer.Stretch
}

// owes reports whether tombstones of a transaction are to be settled first.
func (p *position) owes(n registry.Number) bool { return p.owed != nil && p.owed.number == n }

// open makes the session's lanes and finds out where the producer stands. It is the only
// way to lanes that anything is sent along. The order matters. Every lane is
// initialised first: that ends what was open under its id and fences its holder. Then the
// lease is looked at: an instance that slept until now has fenced the new holder, and must stop. Then
// the ends of the topics are taken, and the topics are read up to them: what any earlier
// holder has committed is below.
//
// A question, if there is one, says what the topics and the database disagree about; the
// position is then the one from which "continue" goes on.
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
		if ask != nil { // the other topics tell what was committed
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

// initialise makes lanes, looks at the lease and takes the ends of the topics.
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

// compare compares what the topics show with the database.
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

// positionOf moves the row's cursor to what the topics show. While a job is open no
// transaction is sent: where one shows beyond the cursor, the job has ended, and the
// database has lost the note of it with a failover.
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

// takeUp takes up a position, and writes down what the database did not know of it.
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
	case !p.cursor.Equal(known): // what an earlier attempt left behind, aborted, is no progress
		s.setCursor(p.cursor)
	}
	return nil
}

// laneCount is how many transactional ids a producer owns. Two remove the
// client's 20 ms stall between transactions on one id; more bring nothing.
const laneCount = 2

// laneIDs names the transactional ids of a producer of a registry under a prefix.
func laneIDs(registry, id, prefix string, count int) []string {
	ids := make([]string, count)
	for i := range ids {
		ids[i] = fmt.Sprintf("%s-%s-%s-%d", prefix, registry, id, i)
	}
	return ids
}

// describe asks for the topics of routes, in their order, and stores their limits, which
// submissions are compared with.
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

// sameRoute says whether nothing was changed but, perhaps, the topic's name.
func sameRoute(a, b producer.Route) bool {
	return a.Format == b.Format && a.Filter.String() == b.Filter.String()
}

// changedTopic asks when a topic is not the one that the cursor speaks of.
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

// endsOf gives the offsets after the last records.
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
