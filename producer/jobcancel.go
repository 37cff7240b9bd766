package producer

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"urncast/registry"
)

// WishCancel is the wish to start a producer that FAILED once its job is cancelled. It
// is no start as Config.BaselineAtEveryStart counts them.
const WishCancel = "cancel"

// reconsider looks at the job under way before it goes on: whether it is to be cancelled,
// or begins anew because it FAILED or an admin starts the producer.
func (s *session) reconsider(ctx context.Context) error {
	job := s.row.Job
	anew := job.Kind != JobFilter && (s.row.State == Failed || isStart(s.row, false))
	if !job.Cancel && !anew {
		return nil
	}
	switch {
	case s.at.cleared: // with its tombstones a job is through; runJob closes it
		return nil
	case job.Cancel:
		return s.cancelJob(ctx, job)
	case s.at.chunks == 0 && !job.begun():
		return s.renewJob(ctx, job)
	}
	return nil
}

// begun reports whether the database knows something of the job to be on the topics. The
// topics may hold a chunk more: a crash can come between its commit and the note.
func (j *Job) begun() bool { return j.Done > 0 || j.Phase == phaseClear && j.Kind != JobFilter }

// renewJob begins a job anew of which nothing is on the topics: what could
// not be sent may have been mended since. A job with older transactions pending below
// it, such as the baseline of a first start, covers what was recorded since, too. Any
// other waits until that is sent, and is then taken as of the cursor: so content as of a
// transaction never follows newer content.
func (s *session) renewJob(ctx context.Context, job *Job) error {
	last, err := s.store.Last(ctx)
	if err != nil || last <= job.AsOf {
		return stored(err)
	}
	if job.AsOf > s.at.cursor.Number {
		job.AsOf = last
		return stored(s.hold.RenewJob(ctx, job.ID, last))
	}
	s.log.Info("the job that failed waits for what is pending, and begins anew", "job", job.ID, "after", last)
	s.row.Job, s.row.Waiting, s.row.NextJobAfter = nil, s.row.Waiting+1, last
	return stored(s.hold.PutBackJob(ctx, job.ID, last))
}

// cancelJob closes the job under way as an admin asked. Transactions below it that are
// pending still are sent, unless it has sent newer content of some of them: then they
// are skipped, and so they are where nothing was ever sent before it.
func (s *session) cancelJob(ctx context.Context, job *Job) error {
	number := s.at.cursor.Number
	if s.at.chunks > 0 || job.begun() || job.First {
		number = max(number, job.AsOf)
	}
	c := s.at.cursor.after(number, s.guard.offsets())
	leaves := job.Leaves(s.at.chunks, job.Done, s.at.cursor.Number, &s.row.Config)
	if err := s.hold.CancelJob(ctx, job.ID, c, leaves); err != nil {
		return stored(err)
	}
	s.log.Warn("a job is cancelled", "job", job.ID, "leaves", leaves)
	s.at.cursor, s.row.Job, s.progress = c, nil, true
	return nil
}

// jobDue reports whether the job that waits longest may begin.
func (s *session) jobDue() bool {
	return s.row.Waiting > 0 && s.at.cursor.Number >= s.row.NextJobAfter
}

// UnknownChunks stands for a number of chunks that only the topics can tell.
const UnknownChunks = -1

// Leaves says in sentences what a job under way leaves when it is cancelled: what of it is
// on the topics, what is not, and what follows. chunks is how many of it the topics hold,
// structures how many it has, cursor the last transaction handled before it.
func (j *Job) Leaves(chunks int, structures int64, cursor registry.Number, c *Config) string {
	publish := Command("publish", c.Name)
	begun, cleaning := chunks > 0 || j.Done > 0, j.Phase == phaseClear
	var say []string
	switch {
	case j.Kind == JobFilter:
		say = append(say, fmt.Sprintf("What the changed filter takes no more may stay on %s, until a baseline takes it off: %s.", strings.Join(j.Scope.Topics, ", "), publish))
	case cleaning:
		say = append(say, fmt.Sprintf("All of its structures are on the topics, as of transaction %d, but the tombstones for what is gone are not. A baseline sends them: %s.", j.AsOf, publish))
	case chunks > 0:
		say = append(say, fmt.Sprintf("%s on the topics, as of transaction %d. The rest is not, nor are tombstones for what is gone, nor a mark of the end.", chunksUpTo(chunks), j.AsOf))
	case begun:
		say = append(say, fmt.Sprintf("%d of its %d structures are on the topics, as of transaction %d. The rest is not, nor are tombstones for what is gone, nor a mark of the end.",
			j.Done, max(structures, j.Done), j.AsOf))
	default:
		say = append(say, "Nothing of it is on the topics.")
	}
	first, last := cursor+1, j.AsOf
	switch {
	case last < first && j.Kind == JobBaseline && !cleaning:
		say = append(say, "The topics may lack current structures, until a baseline brings them: "+publish+".")
	case last < first:
	case begun || cleaning:
		say = append(say, fmt.Sprintf("Transactions %d to %d, which it stood for, are skipped: older content must not follow newer. What they changed is sent by: %s --from %d --to %d.",
			first, last, publish, first, last))
	case j.First:
		say = append(say, fmt.Sprintf("It was the first start: the producer goes on as after an idle one, and transactions %d to %d are skipped. What is current is sent by: %s.", first, last, publish))
	default:
		say = append(say, fmt.Sprintf("Transactions %d to %d, which it would have covered, are sent one by one.", first, last))
	}
	return strings.Join(append(say, fmt.Sprintf("What was recorded after transaction %d is sent as usual.", last)), " ")
}

// chunksUpTo begins a sentence about a job's chunks.
func chunksUpTo(n int) string {
	if n == 1 {
		return "Chunk 1 of it is"
	}
	return fmt.Sprintf("Chunks 1 to %d of it are", n)
}

// A jobFault is a permanent fault of the job under way. Its text and its cure name the
// ways out, as commands that run as they stand.
type jobFault struct {
	what, cure string
	err        error
}

func (f *jobFault) Error() string { return f.what + ": " + f.cure }
func (f *jobFault) Unwrap() error { return f.err }

// jobFailed puts to a permanent fault of the job under way which one that is, how much of it
// is on the topics and what can be done. Other errors stay what they are.
func (s *session) jobFailed(job *Job, err error) error {
	var f *Fault
	if !errors.As(err, &f) || f.Kind != Permanent {
		return err
	}
	text, cure := err.Error(), f.Cure
	if cure != "" {
		text = strings.NewReplacer(" ("+cure+")", "", ": "+cure, "").Replace(text)
	}
	standing, ways := "Nothing of it is on the topics, and a start begins it anew, with what is current then", []string{}
	if s.jobs.sent > 0 || job.begun() || job.Kind == JobFilter {
		// What it sends was fixed when it began.
		cure = strings.Replace(cure, ", or shorten the structure", "", 1)
		standing = "A start goes on with what is not on the topics yet"
		if s.jobs.sent > 0 {
			standing = chunksUpTo(s.jobs.sent) + " on the topics, and a start goes on with the next"
		}
	}
	if cure != "" {
		ways = append(ways, cure)
	}
	ways = append(ways, "give the job up: "+Command("cancel "+job.ID, s.row.Config.Name))
	return &jobFault{what: fmt.Sprintf("%s %s: %s. %s", jobNoun(job.Kind), job.ID, strings.TrimSuffix(text, "."), standing), cure: strings.Join(ways, "; or "), err: err}
}

// jobNoun is what a job of a kind is called.
func jobNoun(kind string) string {
	switch kind {
	case JobBaseline:
		return "baseline"
	case JobFilter:
		return "clearing after a changed filter"
	}
	return "re-publication"
}
