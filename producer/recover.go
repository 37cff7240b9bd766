package producer

import (
	"context"
	"fmt"
	"slices"
	"strings"
)

// recover finds out where the producer stands, and whether an admin must decide
// something first. It works on the routes that were last published along; changed ones
// are taken up afterwards. What can be asked without fencing anybody is asked before
// the lanes are opened; the position is then the row's.
func (s *session) recover(ctx context.Context) (*position, *asking, error) {
	known := &position{cursor: s.row.Cursor}
	if ask := s.clonedDatabase(); ask != nil {
		return known, ask, s.accepted(ctx, s.row.Sent.Bootstrap)
	}
	routes := s.witnessing()
	topics, err := s.describe(ctx, routes)
	if err != nil {
		return nil, nil, err
	}
	if found, sent := topics[0].Cluster, s.row.Sent.Cluster; found != sent {
		return known, &asking{fmt.Sprintf("The brokers at %s are cluster %s; this producer last published to cluster %s.", s.row.Config.Bootstrap, found, sent), bothWays(
			"Go on with what is pending. What is known to be on the other cluster is not sent again.")}, nil
	}
	if ask := s.otherTarget(); ask != nil {
		return known, ask, s.accepted(ctx, s.row.Config.target())
	}
	return s.open(ctx, routes)
}

// accepted ends the session where "continue" answers that this is the database, or that these
// servers are the cluster's. Whether anything was lost on the way is for the next session to find out, and
// is a question of its own.
func (s *session) accepted(ctx context.Context, servers string) error {
	if s.choice() != StartContinue {
		return nil
	}
	sent := s.row.Sent
	sent.Bootstrap = servers
	return s.anew(ctx, sent, s.row.Cursor)
}

// witnessing are the routes that tell what was committed: of those last published
// along the ones whose topics are published to still. A Kafka transaction is on all
// its topics or on none, so what none of these has seen was never on them. Only
// where none is left, the others are asked.
func (s *session) witnessing() []PublishedRoute {
	kept := slices.DeleteFunc(slices.Clone(s.row.Sent.Routes), func(p PublishedRoute) bool {
		return routeOf(s.row.Config.Routes, p.Topic) == nil
	})
	if len(kept) == 0 {
		return s.row.Sent.Routes
	}
	return kept
}

// clonedDatabase asks when Postgres is not the one that this producer ran on: a
// clone must not fence the original's publisher.
func (s *session) clonedDatabase() *asking {
	if s.row.System == "" || s.row.System == s.system {
		return nil
	}
	return &asking{"The database is a copy, or was moved: " + moved(s.row.System, s.system) +
		". If the original is still in use, publishing from here would fence it out and mix two histories on one topic.", bothWays(
		"This database replaces the original, which is shut down: go on with what is pending.")}
}

// otherTarget asks when the connection leads to other servers than it did, though the
// cluster calls itself the same: it may be a copy.
func (s *session) otherTarget() *asking {
	was, now := s.row.Sent.Bootstrap, s.row.Config.target()
	if sharesServer(was, now) {
		return nil
	}
	return &asking{fmt.Sprintf("The connection leads elsewhere: this producer last published through %s, and none of these servers is among %s now, though the cluster's id is the same. "+
		"If it is a copy of the cluster, what was sent may be missing there.", was, now), bothWays(
		"The servers are those of the same cluster, or of the one that takes its place: go on with what is pending.")}
}

// sharesServer reports whether two lists of bootstrap servers have one in common. A
// list that is not known agrees with any.
func sharesServer(was, now string) bool {
	servers := func(list string) []string {
		return strings.FieldsFunc(strings.ToLower(list), func(r rune) bool { return r == ',' || r == ' ' })
	}
	before := servers(was)
	return len(before) == 0 || now == "" || slices.ContainsFunc(servers(now), func(s string) bool { return slices.Contains(before, s) })
}

// merged makes one question of several; nil of none. Each choice says what it means for
// all of them.
func merged(all []*asking) *asking {
	if len(all) == 0 {
		return nil
	}
	out := &asking{all[0].reason, slices.Clone(all[0].choices)}
	for _, a := range all[1:] {
		out.reason += " " + a.reason
		for i := range out.choices {
			at := slices.IndexFunc(a.choices, func(c Choice) bool { return c.Name == out.choices[i].Name })
			if at >= 0 && !strings.Contains(out.choices[i].Text, a.choices[at].Text) {
				out.choices[i].Text += " " + a.choices[at].Text
			}
		}
		out.choices = slices.DeleteFunc(out.choices, func(c Choice) bool {
			return !slices.ContainsFunc(a.choices, func(d Choice) bool { return d.Name == c.Name })
		})
	}
	return out
}

func bothWays(goOn string) []Choice {
	return []Choice{
		{StartBaseline, "Publish everything that is current anew, in one Kafka transaction, then what comes."},
		{StartContinue, goOn},
	}
}
