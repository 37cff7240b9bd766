package publisher

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"urncast/producer"
	"urncast/producer/guard"
)

// recover returns the producer's position, and a question if an admin must decide something
// first. It works on the routes that were last published along; changed routes are taken up
// afterwards. Checks that need no lanes come before open, so that a copy of a registry fences
// nothing; a question of theirs comes with the row's position.
func (s *session) recover(ctx context.Context) (*position, *guard.Question, error) {
	known := &position{cursor: s.row.Cursor}
	if ask := clonedDatabase(s.row, s.system); ask != nil {
		return known, ask, s.accepted(ctx, s.row.Sent.Bootstrap)
	}
	routes := witnessRoutes(s.row)
	topics, err := describe(ctx, s.broker, s.hold, routes)
	if err != nil {
		return nil, nil, err
	}
	if found, sent := topics[0].Cluster, s.row.Sent.Cluster; found != sent {
		return known, &guard.Question{Reason: fmt.Sprintf("The brokers at %s are cluster %s; this producer last published to cluster %s.", s.row.Config.Bootstrap, found, sent), Choices: guard.BaselineOrContinue(
			"Go on with what is pending. What is known to be on the other cluster is not sent again.")}, nil
	}
	if ask := otherTarget(s.row); ask != nil {
		return known, ask, s.accepted(ctx, s.row.Config.Target())
	}
	return s.open(ctx, routes)
}

// accepted writes down, if the admin's answer is "continue", that this database and these
// servers are the right ones, and ends the session. The next session then checks whether
// transactions were lost, which is another question.
func (s *session) accepted(ctx context.Context, servers string) error {
	if howToStart(s.row) != producer.StartContinue {
		return nil
	}
	sent := s.row.Sent
	sent.Bootstrap = servers
	return s.adoptAndReopen(ctx, sent, s.row.Cursor)
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
