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

// isStart reports whether the session that begins now is a start of the producer, as
// Config.BaselineAtEveryStart counts them: one that an admin asked for, or the first
// of a process that restarted (owed). None are a takeover, a new attempt after a
// fault, the end of a suspension, the session after a change of settings, and what an
// admin asked for with an answer of its own: a skip, say, or to go on after a question.
func isStart(row *producer.Row, owed bool) bool {
	if row.Wish.Sequence > row.Taken {
		return row.Wish.Run == producer.Idle && row.Wish.How == ""
	}
	return owed
}

// ownBaseline reports whether a setting begins this session with a baseline. ask is the
// question that recovery found, if any, and answered says that an admin has answered
// it. The only question that a setting answers is that of another cluster: where the
// past was lost, on a topic or in the database, and where routes were changed, an
// admin decides.
func (s *session) ownBaseline(ctx context.Context, ask *guard.Question, answered bool) (bool, error) {
	config := &s.row.Config
	switch {
	case answered:
		return false, nil
	case ask == nil && config.BaselineAtEveryStart && s.start.is && !baselineUnderWay(s.row):
		s.start.setting = whyEveryStart
	case ask != nil && config.BaselineWhenConnectionChanges && clonedDatabase(s.row, s.system) == nil:
		// recover looks at the database first, at the cluster next, and at nothing
		// after that if the cluster is another one.
		topics, err := describe(ctx, s.broker, s.hold, witnessing(s.row)[:1])
		if err != nil || topics[0].Cluster == s.row.Sent.Cluster {
			return false, err
		}
		s.start.setting = whyConnectionChange
	default:
		return false, nil
	}
	s.log.Info("a setting begins a baseline", "setting", s.start.setting)
	return true, nil
}

// baselineUnderWay reports whether a baseline of everything has begun already: it goes
// on, and is this start's.
func baselineUnderWay(row *producer.Row) bool {
	job := row.Job
	return job != nil && job.Kind == producer.JobBaseline && job.Scope.IsZero()
}
