package publisher

import (
	"context"

	"urncast/producer"
	"urncast/producer/guard"
)

// The settings that begin a baseline, as Job.Why and the audit name them.
const (
	whyEveryStart       = "baseline at every start"
	whyConnectionChange = "baseline when the connection changes"
)

// isStart reports whether the session that begins now is a start of the producer, in the
// sense of Config.BaselineAtEveryStart: an admin asked for it, or it is the first session after
// a restart of the process (owed). These are no starts: a takeover, a new attempt after a
// fault, the end of a suspension, the session after a change of settings, and a wish with an
// answer, such as a skip or the answer to a question.
func isStart(row *producer.Row, owed bool) bool {
	if row.Wish.Sequence > row.Taken {
		return row.Wish.Run == producer.Idle && row.Wish.How == ""
	}
	return owed
}

// ownBaseline reports whether this session begins with a baseline because of a setting. ask is
// the question that recovery found, nil if none; answered says that an admin has answered it.
// A setting answers only the question about another cluster. An admin decides about the others:
// a topic or a database that has lost transactions, and changed routes.
func (s *session) ownBaseline(ctx context.Context, ask *guard.Question, answered bool) (bool, error) {
	config := &s.row.Config
	switch {
	case answered:
		return false, nil
	case ask == nil && config.BaselineAtEveryStart && s.start.isStart && !baselineUnderWay(s.row):
		s.start.setting = whyEveryStart
	case ask != nil && config.BaselineWhenConnectionChanges && clonedDatabase(s.row, s.ledger.system) == nil:
		// recover checks the database first, then the cluster, and returns without further
		// checks if the cluster is another one.
		topics, err := describe(ctx, s.broker, &s.ledger, witnessRoutes(s.row)[:1])
		if err != nil || topics[0].Cluster == s.row.Sent.Cluster {
			return false, err
		}
		s.start.setting = whyConnectionChange
	default:
		return false, nil
	}
	s.publisher.Log.Info("a setting begins a baseline", "setting", s.start.setting)
	return true, nil
}

// baselineUnderWay reports whether a baseline of everything has begun already. It continues,
// and a start needs no other one.
func baselineUnderWay(row *producer.Row) bool {
	job := row.Job
	return job != nil && job.Kind == producer.JobBaseline && job.Scope.IsZero()
}
