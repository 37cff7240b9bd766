package publisher

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"urncast/producer"
	"urncast/producer/guard"
	"urncast/registry"
)

// A re-publication that cannot be sent does not block what was mended since: a start sends
// what is pending and then begins the job anew.
func TestFailedJobBeginsAnewWithWhatWasMended(t *testing.T) {
	s, b := started(t, "fusion-json")
	s.record(registry.Replace, "1.0", "X")
	until(t, s, b, "sending", s.handled(1))
	s.txs[0].Documents[0].Body = []byte{0xff} // stands for: too large for the topic
	s.jobs = append(s.jobs, producer.Job{Kind: producer.JobRepublish, Scope: producer.Scope{Filter: onlyIDs("X")}})
	until(t, s, b, "the failure", s.in(producer.Failed, "X"))
	id := s.row.Job.ID
	for _, want := range []string{"re-publication " + id, "Nothing of it is on the topics", "urncast producer cancel " + id + " --producer default"} {
		if !strings.Contains(s.row.Reason, want) {
			t.Errorf("the reason does not say %q: %s", want, s.row.Reason)
		}
	}
	if cure := s.incidents[len(s.incidents)-1].Cure; !strings.Contains(cure, "urncast producer cancel "+id) {
		t.Errorf("the cure is %q", cure)
	}
	s.wish(producer.Idle, "")
	until(t, s, b, "the failure again, for nothing was mended", s.in(producer.Failed, "X"))
	s.record(registry.Replace, "1.0", "X") // shortened
	s.record(registry.Replace, "1.0", "Y")
	s.wish(producer.Idle, "")
	until(t, s, b, "sending", s.allSent)
	wantTold(t, b, "1 replace A:X(1.0) 1/1", "2 replace A:X(1.0) 1/1", "3 replace A:Y(1.0) 1/1", "3 replace A:X(1.0) 1/1 job")
}

// allSent is calm, with no job left that waits.
func (s *modelStore) allSent() bool {
	s.mu.Lock()
	waiting := len(s.jobs)
	s.mu.Unlock()
	return waiting == 0 && s.calm()
}

// The baseline of a first start that cannot be sent begins anew as of what was recorded
// since: the history before the start is sent in no case.
func TestFailedFirstBaselineBeginsAnew(t *testing.T) {
	s, b := newModelStore(), newModelBroker(nil)
	s.record(registry.Replace, "1.0", "X")
	s.broken("Y")
	s.wish(producer.Idle, producer.StartBaseline)
	until(t, s, b, "the failure", s.in(producer.Failed, "Y"))
	s.record(registry.Replace, "1.0", "Y")
	s.wish(producer.Idle, "")
	until(t, s, b, "the baseline", s.allSent)
	wantTold(t, b, "3 replace A:X(1.0) 1/2 job", "3 replace A:Y(1.0) 2/2 job")
}

// cancel cancels the job under way as an admin does, who is told what it leaves.
func (s *modelStore) cancel(t *testing.T) (leaves string) {
	t.Helper()
	leaves, err := newAdministrator(s, "anna").CancelJob(s.row.Job.ID)
	if err != nil {
		t.Fatal(err)
	}
	return leaves
}

// A job that failed is cancelled, and what is pending is sent: nothing of the job was on
// the topic, so nothing is skipped.
func TestCancelledRepublication(t *testing.T) {
	s, b := started(t, "fusion-json")
	s.record(registry.Replace, "1.0", "X")
	until(t, s, b, "sending", s.handled(1))
	s.txs[0].Documents[0].Body = []byte{0xff}
	s.jobs = append(s.jobs, producer.Job{Kind: producer.JobRepublish, Scope: producer.Scope{Filter: onlyIDs("X")}})
	until(t, s, b, "the failure", s.in(producer.Failed, "X"))
	s.record(registry.Replace, "1.0", "Y")
	leaves := s.cancel(t)
	if leaves != "Nothing of it is on the topics. What was recorded after transaction 1 is sent as usual." {
		t.Errorf("what it leaves is %q", leaves)
	}
	until(t, s, b, "sending", s.allSent)
	wantTold(t, b, "1 replace A:X(1.0) 1/1", "2 replace A:Y(1.0) 1/1")
	if len(s.leaves) != 1 || s.leaves[0] != leaves || len(s.marks) != 0 {
		t.Errorf("it left %q, and the marks are %v", s.leaves, s.marks)
	}
}

// A baseline that is cancelled before anything of it was sent gives back what it would
// have covered; that of a first start does not, for nothing before it was to be sent.
func TestCancelledBaselines(t *testing.T) {
	for name, c := range map[string]struct {
		first bool
		want  []string
		leave string
	}{
		"a first start": {true, []string{"3 replace A:Z(1.0) 1/1"}, "transactions 1 to 2 are skipped"},
		"a later one":   {false, []string{"1 replace A:X(1.0) 1/1", "2 replace A:Y(1.0) 1/1", "3 replace A:Z(1.0) 1/1"}, "Transactions 1 to 2, which it would have covered, are sent one by one"},
	} {
		s, b := newModelStore(), newModelBroker(nil)
		if !c.first {
			s.wish(producer.Idle, producer.StartIdle)
			until(t, s, b, "the start", s.handled(0))
		}
		s.record(registry.Replace, "1.0", "X")
		s.broken("Y")
		good := s.txs[0].Documents[0].Body
		s.wish(producer.Idle, producer.StartBaseline)
		until(t, s, b, "the failure", s.in(producer.Failed, "Y"))
		s.record(registry.Replace, "1.0", "Z")
		if leaves := s.cancel(t); !strings.Contains(leaves, c.leave) || !strings.HasPrefix(leaves, "Nothing of it is on the topics.") {
			t.Errorf("%s: what it leaves is %q", name, leaves)
		}
		s.txs[1].Documents[0].Body = []byte(strings.Replace(string(good), "X", "Y", 1))
		until(t, s, b, "sending", s.allSent)
		wantTold(t, b, c.want...)
	}
}

// stuck gives a producer whose baseline is sent in chunks of one structure, three of
// them, and FAILED at the third. Transactions 4 to 6, which changed them, were pending
// when it began.
func stuck(t *testing.T) (*modelStore, *modelBroker) {
	t.Helper()
	s, b := started(t, "fusion-json")
	s.record(registry.Replace, "1.0", "X")
	s.record(registry.Replace, "1.0", "Y")
	s.record(registry.Replace, "1.0", "Z")
	chunkedUntil(t, s, b, "sending", s.handled(3))
	s.record(registry.Replace, "1.0", "X")
	s.record(registry.Replace, "1.0", "Y")
	s.broken("Z")
	s.wish(producer.Idle, producer.StartBaseline)
	chunkedUntil(t, s, b, "the failure", s.in(producer.Failed, "Chunks 1 to 2 of it are on the topics"))
	return s, b
}

// chunkedUntil is until with chunks of one structure.
func chunkedUntil(t *testing.T, s *modelStore, b *modelBroker, what string, ok func() bool) {
	t.Helper()
	_, stop := chunked(t, s, b)
	eventually(t, what, ok)
	stop()
}

func chunked(t *testing.T, s *modelStore, b *modelBroker) (*Publisher, func()) {
	t.Helper()
	p := &Publisher{Store: s, Cluster: b, Log: slog.New(slog.DiscardHandler), Metrics: NewMetrics(prometheus.NewRegistry()).of("p"),
		ProcessStart: time.Now(), backoff: time.Microsecond, chunk: 1}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { p.Run(ctx); close(ended) }()
	stop := func() { cancel(); <-ended }
	t.Cleanup(stop)
	return p, stop
}

// A baseline of which a part is on the topic is cancelled: what it stood for is skipped,
// for older content must not follow newer, and what was recorded since is sent.
func TestCancelledHalfwayLeavesNoOlderContentAfterNewer(t *testing.T) {
	s, b := stuck(t)
	s.record(registry.Replace, "1.0", "X")
	before := b.told()
	leaves := s.cancel(t)
	for _, want := range []string{"2 of its", "as of transaction 6", "Transactions 4 to 6, which it stood for, are skipped", "urncast producer publish --producer default --from 4 --to 6"} {
		if !strings.Contains(leaves, want) {
			t.Errorf("what it leaves does not say %q: %s", want, leaves)
		}
	}
	chunkedUntil(t, s, b, "sending", s.allSent)
	wantTold(t, b, append(before, "7 replace A:X(1.0) 1/1")...)
	if got := b.skippedHeaders(); len(got) != 1 || got[0] != "4-6" {
		t.Errorf("the headers name %q as skipped, want once 4-6", got)
	}
	if s.marks[4] != producer.StatusSkipped || s.marks[6] != producer.StatusSkipped || len(s.leaves) != 1 || !strings.HasPrefix(s.leaves[0], "Chunks 1 to 2 of it are on the topics") {
		t.Errorf("the marks are %v; it left %q", s.marks, s.leaves)
	}
	// What the message names sends the rest.
	s.record(registry.Replace, "1.0", "Z")
	s.jobs, s.after[""] = append(s.jobs, producer.Job{Kind: producer.JobRepublish, Scope: producer.Scope{From: 4, To: 6}}), 8
	chunkedUntil(t, s, b, "the rest", s.allSent)
	inOrderOnTopic(t, b)
}

// A start after a failure halfway goes on, once what failed can be sent.
func TestFailedHalfwayGoesOn(t *testing.T) {
	s, b := stuck(t)
	if strings.Contains(s.row.Reason, "shorten the structure") {
		t.Errorf("what was fixed when the job began cannot be shortened: %s", s.row.Reason)
	}
	s.record(registry.Replace, "1.0", "Z") // does not help, and must not come before the rest
	s.wish(producer.Idle, "")
	chunkedUntil(t, s, b, "the failure again", func() bool { return s.in(producer.Failed, "Chunks 1 to 2")() && s.wishTaken() })
	s.wish(producer.Idle, producer.StartBaseline)
	chunkedUntil(t, s, b, "another baseline", s.allSent)
	inOrderOnTopic(t, b)
	if told := strings.Join(b.told(), "\n"); !strings.Contains(told, "7 replace A:Z(1.0)") {
		t.Errorf("the topic says\n%s", told)
	}
}

// wishTaken reports whether the last wish was acted on.
func (s *modelStore) wishTaken() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.row.Taken == s.row.Wish.Sequence
}

// inOrderOnTopic sees that content of a transaction never follows newer content, and
// that no transaction comes twice.
func inOrderOnTopic(t *testing.T, b *modelBroker) {
	t.Helper()
	last, seen := registry.Number(0), map[string]bool{}
	for _, line := range b.told() {
		var n registry.Number
		fmt.Sscan(line, &n)
		if n < last {
			t.Errorf("%q follows transaction %d", line, last)
		}
		if last = n; !strings.HasSuffix(line, " job") && seen[line] {
			t.Errorf("%q comes twice", line)
		}
		seen[line] = true
	}
}

// A job is cancelled while the process dies at any step, before or after the admin asks:
// afterwards it is gone, the rest is sent once, and never after newer content.
func TestCancelIsKilledAtEachStep(t *testing.T) {
	for _, halfway := range []bool{false, true} {
		for step := 1; step < 80; step++ {
			if !killedCancel(t, halfway, int64(step)) {
				t.Logf("halfway %v: %d steps", halfway, step-1)
				break
			}
		}
	}
}

// killedCancel reports whether the step was reached.
func killedCancel(t *testing.T, halfway bool, step int64) (reached bool) {
	t.Helper()
	var s *modelStore
	var b *modelBroker
	if halfway {
		s, b = stuck(t)
	} else {
		s, b = started(t, "fusion-json")
		s.record(registry.Replace, "1.0", "X")
		chunkedUntil(t, s, b, "sending", s.handled(1))
		s.txs[0].Documents[0].Body = []byte{0xff}
		s.jobs = append(s.jobs, producer.Job{Kind: producer.JobRepublish, Scope: producer.Scope{Filter: onlyIDs("X")}})
		chunkedUntil(t, s, b, "the failure", s.in(producer.Failed, "X"))
	}
	before := len(b.told())
	s.record(registry.Replace, "1.0", "V")
	s.cancel(t)
	var calls atomic.Int64
	b.rnd = rand.New(rand.NewPCG(uint64(step), 3))
	dies := func() bool { return calls.Add(1) >= step }
	b.chance, s.dead = dies, dies
	_, stop := chunked(t, s, b)
	eventually(t, "the kill, or the end", func() bool { return calls.Load() >= step || s.allSent() })
	reached = calls.Load() >= step
	stop()
	b.chance, s.dead = func() bool { return false }, nil
	chunkedUntil(t, s, b, fmt.Sprintf("sending after a kill at step %d", step), s.allSent)
	inOrderOnTopic(t, b)
	n := len(s.txs)
	if told := b.told(); len(told) != before+1 || told[before] != fmt.Sprintf("%d replace A:V(1.0) 1/1", n) {
		t.Errorf("step %d: the topic says %q", step, told)
	}
	if len(s.leaves) != 1 {
		t.Errorf("step %d: it was cancelled %d times", step, len(s.leaves))
	}
	return reached
}

// A job that runs is cancelled, too, and one that a suspended producer has under way waits
// for that until it is resumed.
func TestCancelOfASuspendedJob(t *testing.T) {
	s, b := stuck(t)
	s.mu.Lock()
	s.row.State = producer.Suspended
	s.row.Wish.Keep = true
	s.mu.Unlock()
	s.cancel(t)
	_, stop := chunked(t, s, b)
	time.Sleep(20 * time.Millisecond)
	if s.row.Job == nil || s.row.State != producer.Suspended {
		t.Errorf("a suspended producer did something: %s", s.row.State)
	}
	s.wish(producer.Idle, producer.WishResume)
	eventually(t, "sending", s.allSent)
	stop()
	inOrderOnTopic(t, b)
}

// What FAILED at a job skips no transaction, and says what does help.
func TestSkipNamesTheJob(t *testing.T) {
	s, _ := stuck(t)
	err := newAdministrator(s, "").Skip(6, "Too large.")
	if err == nil || !strings.HasPrefix(err.Error(), "the command does not fit: ") || !strings.Contains(err.Error(), "urncast producer cancel "+s.row.Job.ID+" --producer p") {
		t.Errorf("%v", err)
	}
}

// The words of the cure fit the job: what it sends is fixed once a part of it is on the
// topics.
func TestJobFaultNamesWhatHelps(t *testing.T) {
	const cure = "raise the topic's max.message.bytes, or shorten the structure, then start the producer"
	cause := &producer.Fault{Kind: producer.Permanent, Cure: cure, Text: "Kafka refused a record", Err: errModel}
	jobs := &jobs{row: &producer.Row{Config: producer.Config{}.WithDefaults()}}
	job := &producer.Job{ID: "j", Kind: producer.JobBaseline}
	for sent, want := range map[int]string{
		0: "baseline j: Kafka refused a record: a fault of the test. Nothing of it is on the topics, and a start begins it anew, with what is current then. " +
			"Raise the topic's max.message.bytes, or shorten the structure, then start the producer; or give the job up with \"urncast producer cancel j --producer default\"",
		1: "baseline j: Kafka refused a record: a fault of the test. Chunk 1 of it is on the topics, and a start goes on with the next. " +
			"Raise the topic's max.message.bytes, then start the producer; or give the job up with \"urncast producer cancel j --producer default\"",
	} {
		jobs.sent = sent
		if err := jobs.failed(job, cause); err.Error() != want || producer.KindOf(err) != producer.Permanent {
			t.Errorf("%d: %s", sent, err)
		}
	}
	for _, other := range []error{&guard.Question{Reason: "why", Choices: nil}, producer.ErrLost, context.Canceled, &producer.Fault{Kind: producer.InDoubt, Text: "x"}} {
		if err := jobs.failed(job, other); err != other {
			t.Errorf("%v became %v", other, err)
		}
	}
}

// What follows a job that moved the cursor is the next transaction, in the same session.
func TestGoesOnAfterAJobThatCovers(t *testing.T) {
	s, b := started(t, "fusion-json")
	s.record(registry.Replace, "1.0", "X")
	s.record(registry.Replace, "1.0", "Y")
	s.wish(producer.Idle, producer.StartBaseline)
	running(t, s, b)
	eventually(t, "the baseline", s.allSent)
	s.record(registry.Replace, "1.0", "Z")
	eventually(t, "sending", s.allSent)
	if s.row.State != producer.Idle {
		t.Errorf("it is %s: %s", s.row.State, s.row.Reason)
	}
}
