package producer

import (
	"context"
	"fmt"

	"urncast/internal/crash"
	"urncast/registry"
)

// A position is where a producer stands, as its topics show it.
type position struct {
	// cursor says up to which transaction everything is handled. While a job is
	// open its offsets stay: the job's chunks are counted from there.
	cursor Cursor
	// owed is the transaction whose replaces are committed and whose tombstones
	// may be missing; nil if there is none.
	owed *owed
	// found says where the topics show transactions to be. The database does not
	// know it yet; the next write of the cursor carries it along.
	found []Landed
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
	stretches map[string]Stretch
}

// owes reports whether tombstones of a transaction are to be settled first.
func (p *position) owes(n registry.Number) bool { return p.owed != nil && p.owed.number == n }

// open makes the session's lanes and finds out where the producer stands. It is the only
// way to lanes that anything is sent along. The order matters. Every lane is
// initialised first: that ends what was open under its id and fences its holder. Then the
// lease is looked at: whoever slept until now has fenced the new holder, and must go. Then
// the ends of the topics are taken, and the topics are read up to them: what any earlier
// holder has committed is below.
//
// A question, if there is one, says what the topics and the database disagree about; the
// position is then the one from which "continue" goes on.
func (s *session) open(ctx context.Context, routes []PublishedRoute) (*position, *asking, error) {
	topics := topicsOf(routes)
	sights, err := s.initialise(ctx, topics)
	if err != nil {
		return nil, nil, err
	}
	if torn := s.tornTopics(routes, sights); len(torn) > 0 {
		if err := s.sweep(ctx, torn); err != nil {
			return nil, nil, err
		}
		if sights, err = s.initialise(ctx, topics); err != nil {
			return nil, nil, err
		}
	}
	s.guard = newGuard(s, topics, sights)
	var questions []*asking
	from, highs := map[string]int64{}, map[string]int64{}
	for i := range routes {
		topic := routes[i].Topic
		ask, err := s.changedTopic(ctx, s.row.Sent.of(topic), &sights[i])
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
	all, err := s.readBackAll(ctx, from, highs, job, s.waits(ctx, "Nothing is published until then."))
	if err != nil {
		return nil, nil, err
	}
	crash.At(crash.RecoverRead)
	p, more, err := s.stand(ctx, all, highs)
	return p, merged(append(questions, more...)), err
}

// initialise makes lanes, looks at the lease and takes the ends of the topics.
func (s *session) initialise(ctx context.Context, topics []string) (sights []Sight, err error) {
	for _, l := range s.lanes {
		l.Close()
	}
	sent := &s.row.Sent
	if s.lanes, err = s.broker.Open(ctx, topics, laneIDs(s.row.Registry, s.row.ID, sent.Prefix, sent.Lanes), s.timeout); err != nil {
		return nil, err
	}
	crash.At(crash.RecoverFenced)
	if _, err := s.hold.Load(ctx); err != nil {
		return nil, stored(err)
	}
	return s.broker.Look(ctx, topics)
}

// stand compares what the topics show with the database.
func (s *session) stand(ctx context.Context, all []*witness, highs map[string]int64) (*position, []*asking, error) {
	agreed, ask, err := s.agree(ctx, all, s.row.Cursor.Number)
	if err != nil {
		return nil, nil, err
	}
	if ask != nil {
		return &position{cursor: Cursor{agreed, s.row.Cursor.Offsets}}, []*asking{ask}, nil
	}
	ask, err = s.intruder(ctx, all)
	var questions []*asking
	if ask != nil {
		questions = append(questions, ask)
	}
	return s.positionOf(all, highs), questions, err
}

// positionOf moves the row's cursor to what the topics show. While a job is open no
// transaction is sent: where one shows beyond the cursor, the job has ended, and the
// database has lost the note of it with a failover.
func (s *session) positionOf(all []*witness, highs map[string]int64) *position {
	p := &position{cursor: s.row.Cursor}
	t := newest(all)
	p.jobOver = s.row.Job != nil && t != nil && t.number > p.cursor.Number
	if s.row.Job != nil && !p.jobOver {
		for _, w := range all {
			p.chunks, p.cleared = max(p.chunks, w.chunks), p.cleared || w.cleared
		}
		return p
	}
	p.found = landedAfter(all, p.cursor.Number)
	number := p.cursor.Number
	for _, w := range all {
		number = max(number, w.jobEnd)
	}
	if t != nil && t.number > number {
		if t.replaces && !t.deletes {
			last := len(p.found) - 1 // it has the highest number
			p.owed = &owed{t.number, highs, p.found[last].Stretches}
			p.found, p.cursor.Number = p.found[:last], t.number-1
			return p
		}
		number = t.number
	}
	p.cursor = p.cursor.after(number, highs)
	return p
}

// stands takes up a position, and writes down what the database did not know of it.
func (s *session) stands(ctx context.Context, p *position) error {
	s.at = *p
	if p.jobOver {
		if err := s.hold.EndJob(ctx, s.row.Job.ID, p.cursor); err != nil {
			return stored(err)
		}
		s.row.Job, s.row.Cursor, s.progress = nil, p.cursor, true
	}
	switch known := s.row.Cursor; {
	case s.row.Job != nil || p.owed != nil:
	case p.cursor.Number > known.Number:
		s.moved(p.cursor)
	case !p.cursor.same(known): // what an earlier attempt left behind, aborted, is no progress
		s.reached(p.cursor)
	}
	return nil
}

// changedTopic asks when a topic is not the one that the cursor speaks of.
func (s *session) changedTopic(ctx context.Context, sent *PublishedRoute, now *Sight) (*asking, error) {
	reached := s.row.Cursor.Offsets[sent.Topic]
	switch {
	case now.ID != sent.TopicID:
		return madeAnew(sent.Topic), nil
	case sent.Lost != nil:
		return lostEnd(sent.Topic, *sent.Lost), nil
	case now.Start > reached:
		last, err := s.store.Last(ctx)
		if err != nil {
			return nil, stored(err)
		}
		if next := s.row.Cursor.Number + 1; last >= next {
			return &asking{fmt.Sprintf("Topic %s begins at offset %d, after the offset %d that this producer had reached: "+
				"records were deleted, and whether transaction %d was among them cannot be told.", sent.Topic, now.Start, reached, next),
				bothWays(fmt.Sprintf("Send transaction %d and what follows; consumers may see some of them twice.", next))}, nil
		}
	}
	return nil, nil
}

func madeAnew(topic string) *asking {
	return &asking{fmt.Sprintf("Topic %s is not the one that this producer published to: it was deleted and made anew.", topic),
		bothWays("Go on with what is pending; what was published before stays missing on the new topic.")}
}
