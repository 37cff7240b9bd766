package publisher

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"urncast/producer"
)

// reconsider cancels the job under way if an admin asked for that, or begins it anew if it
// FAILED or an admin starts the producer, and nothing of it is on the topics.
func (j *jobs) reconsider(ctx context.Context) error {
	job := j.row.Job
	anew := job.Kind != producer.JobFilter && (j.row.State == producer.Failed || isStart(j.row, false))
	if !job.Cancel && !anew {
		return nil
	}
	switch {
	case j.at.cleared: // the job has sent everything, and runOne closes it
		return nil
	case job.Cancel:
		return j.cancel(ctx, job)
	case j.at.chunks == 0 && !job.Begun():
		return j.renew(ctx, job)
	}
	return nil
}

// renew begins a job anew of which nothing is on the topics, because a structure that could
// not be sent may have been mended since. A job that stands for pending transactions, such as
// the baseline of a first start, then covers the transactions recorded since it began as well.
// Any other job is put back until those are sent, and then begins as of the cursor. So older
// content never follows newer content.
func (j *jobs) renew(ctx context.Context, job *producer.Job) error {
	last, err := j.store.Last(ctx)
	if err != nil || last <= job.AsOf {
		return producer.Stored(err)
	}
	if job.AsOf > j.at.cursor.Number {
		job.AsOf = last
		return producer.Stored(j.ledger.RenewJob(ctx, job.ID, last))
	}
	j.log.Info("the job that failed waits for what is pending, and begins anew", "job", job.ID, "after", last)
	j.row.Job, j.row.Waiting, j.row.NextJobAfter = nil, j.row.Waiting+1, last
	return producer.Stored(j.ledger.PutBackJob(ctx, job.ID, last))
}

// cancel closes the job under way as an admin asked. Transactions up to its as-of number that
// are still pending are sent next. They are skipped instead if the job has sent newer content
// of some of them, or if it is the baseline of the first start.
func (j *jobs) cancel(ctx context.Context, job *producer.Job) error {
	number := j.at.cursor.Number
	if j.at.chunks > 0 || job.Begun() || job.First {
		number = max(number, job.AsOf)
	}
	c := j.at.cursor.After(number, j.at.sender.guard.Offsets())
	leaves := job.Leaves(j.at.chunks, job.Done, j.at.cursor.Number, &j.row.Config)
	if err := j.ledger.CancelJob(ctx, job.ID, c, leaves); err != nil {
		return producer.Stored(err)
	}
	j.log.Warn("a job is cancelled", "job", job.ID, "leaves", leaves)
	j.at.cursor, j.row.Job, j.at.made = c, nil, true
	return nil
}

// due reports whether the job that has waited longest may begin.
func (j *jobs) due() bool {
	return j.row.Waiting > 0 && j.at.cursor.Number >= j.row.NextJobAfter
}

// A jobFault is a permanent fault of the job under way. Its cure lists what an admin can do,
// with commands that can be run unchanged.
type jobFault struct {
	name       string // of the job, which is the same at each attempt
	what, cure string
	err        error
}

// Error returns the text as producer.Fault does.
func (f *jobFault) Error() string { return (&producer.Fault{Text: f.what, Cure: f.cure}).Error() }
func (f *jobFault) Unwrap() error { return f.err }

// failed adds to a permanent fault of the job under way the job's id, how much of the job is on
// the topics, and what an admin can do. It returns other errors unchanged.
func (j *jobs) failed(job *producer.Job, err error) error {
	var f *producer.Fault
	if !errors.As(err, &f) || f.Kind != producer.Permanent {
		return err
	}
	text, cure := producer.WithoutCure(err.Error(), f.Cure), f.Cure
	standing, ways := "Nothing of it is on the topics, and a start begins it anew, with what is current then", []string{}
	if j.sent > 0 || job.Begun() || job.Kind == producer.JobFilter {
		// The job's content is fixed, so that a shorter structure would not help.
		cure = strings.Replace(cure, ", or shorten the structure", "", 1)
		standing = "A start goes on with what is not on the topics yet"
		if j.sent > 0 {
			standing = producer.ChunksUpTo(j.sent) + " on the topics, and a start goes on with the next"
		}
	}
	if cure != "" {
		ways = append(ways, strings.TrimRight(cure, ". "))
	}
	ways = append(ways, fmt.Sprintf("give the job up with %q", producer.Command("cancel "+job.ID, j.row.Config.Name)))
	name := jobNoun(job.Kind) + " " + job.ID
	return &jobFault{name: name, what: fmt.Sprintf("%s: %s. %s", name, strings.TrimSuffix(text, "."), standing), cure: strings.Join(ways, "; or "), err: err}
}

// jobNoun returns the noun for a job of a kind.
func jobNoun(kind string) string {
	switch kind {
	case producer.JobBaseline:
		return "baseline"
	case producer.JobFilter:
		return "clearing after a changed filter"
	}
	return "re-publication"
}
