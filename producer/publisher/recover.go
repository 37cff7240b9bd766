package publisher

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"urncast/internal/crash"
	"urncast/producer"
	"urncast/producer/guard"
)

// A recovery finds the position of a producer.
type recovery struct {
	row     *producer.Row
	broker  producer.Broker
	reader  *guard.Reader
	lease   producer.Lease
	ledger  *ledger
	outage  *outage
	metrics *meters
	log     *slog.Logger
	timeout time.Duration // of the transactions on the lanes
	beat    time.Duration // between the guard's looks
}

// recover returns the producer's position, and a question if an admin must decide something
// first. It works on the routes that were last published along; changed routes are taken up
// afterwards. Checks that need no lanes come before open, so that a copy of a registry fences
// nothing; a question of theirs comes with the row's position.
func (r *recovery) recover(ctx context.Context) (*position, *guard.Question, error) {
	known := &position{cursor: r.row.Cursor}
	if ask := clonedDatabase(r.row, r.ledger.system); ask != nil {
		return known, ask, r.accepted(ctx, r.row.Sent.Bootstrap)
	}
	routes := witnessRoutes(r.row)
	topics, err := describe(ctx, r.broker, r.ledger, routes)
	if err != nil {
		return nil, nil, err
	}
	if found, sent := topics[0].Cluster, r.row.Sent.Cluster; found != sent {
		return known, &guard.Question{Reason: fmt.Sprintf("The brokers at %s are cluster %s; this producer last published to cluster %s.", r.row.Config.Bootstrap, found, sent), Choices: guard.BaselineOrContinue(
			"Go on with what is pending. What is known to be on the other cluster is not sent again.")}, nil
	}
	if ask := otherTarget(r.row); ask != nil {
		return known, ask, r.accepted(ctx, r.row.Config.Target())
	}
	return r.open(ctx, routes)
}

// accepted writes down, if the admin's answer is "continue", that this database and these
// servers are the right ones, and ends the session. The next session then checks whether
// transactions were lost, which is another question.
func (r *recovery) accepted(ctx context.Context, servers string) error {
	if howToStart(r.row) != producer.StartContinue {
		return nil
	}
	sent := r.row.Sent
	sent.Bootstrap = servers
	return r.ledger.adoptAndReopen(ctx, sent, r.row.Cursor)
}

// open opens lanes and returns the producer's position. Nothing is sent along lanes that were
// not opened here. The order of the steps matters:
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
func (r *recovery) open(ctx context.Context, routes []producer.PublishedRoute) (p *position, ask *guard.Question, err error) {
	s := &sender{lease: r.lease, metrics: r.metrics, timeout: r.timeout}
	defer func() {
		if err != nil {
			s.close()
		}
	}()
	topics := topicsOf(routes)
	sights, err := r.initialise(ctx, s, topics)
	if err != nil {
		return nil, nil, err
	}
	if torn := tornTopics(r.row, r.ledger.losses, routes, sights); len(torn) > 0 {
		if err := r.abortOpen(ctx, s.lanes, torn); err != nil {
			return nil, nil, err
		}
		if sights, err = r.initialise(ctx, s, topics); err != nil {
			return nil, nil, err
		}
	}
	s.guard = guard.New(r.reader, r.beat, &s.busy, r.log, topics, sights)
	p, questions, err := r.readBack(ctx, routes, sights)
	if err != nil {
		return nil, nil, err
	}
	p.sender = s
	return p, guard.Merge(questions), nil
}

// initialise opens the sender's lanes, loads the lease, and takes the ends of the topics.
func (r *recovery) initialise(ctx context.Context, s *sender, topics []string) (sights []producer.Sight, err error) {
	s.close()
	sent := &r.row.Sent
	if s.lanes, err = r.broker.Open(ctx, topics, laneIDs(r.row.Registry, r.row.ID, sent.Prefix, sent.Lanes), r.timeout); err != nil {
		return nil, err
	}
	crash.At(crash.RecoverFenced)
	if _, err := r.lease.Load(ctx); err != nil {
		return nil, producer.Stored(err)
	}
	return r.broker.Look(ctx, topics)
}

// readBack returns the position that the topics of routes show, as far as these are the ones
// that the producer knows, and the questions where they disagree with the database.
func (r *recovery) readBack(ctx context.Context, routes []producer.PublishedRoute, sights []producer.Sight) (*position, []*guard.Question, error) {
	var questions []*guard.Question
	from, highs := map[string]int64{}, map[string]int64{}
	for i := range routes {
		topic := routes[i].Topic
		ask, err := changedTopic(ctx, r.row, r.reader.Log, r.row.Sent.RouteTo(topic), &sights[i])
		if err != nil {
			return nil, nil, err
		}
		if ask != nil { // the other topics show what was committed
			questions = append(questions, ask)
			continue
		}
		from[topic], highs[topic] = max(sights[i].Start, r.row.Cursor.Offsets[topic]), sights[i].End
	}
	job := ""
	if r.row.Job != nil {
		job = r.row.Job.ID
	}
	all, err := r.reader.ReadBack(ctx, from, highs, job, r.outage.waits(ctx, "Nothing is published until then."))
	if err != nil {
		return nil, nil, err
	}
	crash.At(crash.RecoverRead)
	p, more, err := r.compare(ctx, all, highs)
	return p, append(questions, more...), err
}

// compare returns the position that the topics show, and the questions where they disagree with
// the database.
func (r *recovery) compare(ctx context.Context, all []*guard.Witness, highs map[string]int64) (*position, []*guard.Question, error) {
	agreed, ask, err := r.reader.Agree(ctx, all, r.row.Cursor.Number)
	if err != nil {
		return nil, nil, err
	}
	if ask != nil {
		return &position{cursor: producer.Cursor{Number: agreed, Offsets: r.row.Cursor.Offsets}}, []*guard.Question{ask}, nil
	}
	ask, err = r.reader.Intruder(ctx, all)
	var questions []*guard.Question
	if ask != nil {
		questions = append(questions, ask)
	}
	return positionOf(r.row, all, highs), questions, err
}

// witnessRoutes returns the routes whose topics are read to find out what was committed: those
// last published along that are still configured, or all of them if none is. Topics that are no
// longer configured may be gone, and need not be read: a Kafka transaction is on all of its
// topics or on none.
func witnessRoutes(row *producer.Row) []producer.PublishedRoute {
	kept := slices.DeleteFunc(slices.Clone(row.Sent.Routes), func(p producer.PublishedRoute) bool {
		return producer.RouteTo(row.Config.Routes, p.Topic) == nil
	})
	if len(kept) == 0 {
		return row.Sent.Routes
	}
	return kept
}

// clonedDatabase returns a question if the database is not the one that this producer last ran
// on. A clone must not fence the publisher of the original.
func clonedDatabase(row *producer.Row, system string) *guard.Question {
	if row.System == "" || row.System == system {
		return nil
	}
	return &guard.Question{Reason: "The database is a copy, or was moved: " + databaseChange(row.System, system) +
		". If the original is still in use, publishing from here would fence it out and mix two histories on one topic.", Choices: guard.BaselineOrContinue(
		"This database replaces the original, which is shut down: go on with what is pending.")}
}

// otherTarget returns a question if no bootstrap server is the same as before although the
// cluster has the same id: it may be a copy of the cluster.
func otherTarget(row *producer.Row) *guard.Question {
	was, now := row.Sent.Bootstrap, row.Config.Target()
	if sharesServer(was, now) {
		return nil
	}
	return &guard.Question{Reason: fmt.Sprintf("The connection leads elsewhere: this producer last published through %s, and none of these servers is among %s now, though the cluster's id is the same. "+
		"If it is a copy of the cluster, what was sent may be missing there.", was, now), Choices: guard.BaselineOrContinue(
		"The servers are those of the same cluster, or of the one that takes its place: go on with what is pending.")}
}

// sharesServer reports whether two lists of bootstrap servers have one in common, or one of the
// lists is empty, because it is not known.
func sharesServer(was, now string) bool {
	servers := func(list string) []string {
		return strings.FieldsFunc(strings.ToLower(list), func(r rune) bool { return r == ',' || r == ' ' })
	}
	before := servers(was)
	return len(before) == 0 || now == "" || slices.ContainsFunc(servers(now), func(s string) bool { return slices.Contains(before, s) })
}
