package publisher

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"

	"urncast/producer"
	"urncast/registry"
)

// lines are what a publisher wrote to its log.
type lines struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(p)
}

type logLine struct {
	Level, Msg, State, Reason, Cure, Error string
	Transaction                            int64
}

// of gives the lines that tell of a state.
func (l *lines) of(t *testing.T, state producer.State) (out []logLine) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, text := range strings.Split(strings.TrimSpace(l.buf.String()), "\n") {
		var one logLine
		if err := json.Unmarshal([]byte(text), &one); err != nil {
			t.Fatalf("%s: %s", err, text)
		}
		if one.State == string(state) {
			out = append(out, one)
		}
	}
	return out
}

// logged runs a publisher whose log is read.
func logged(t *testing.T, s *modelStore, b *modelBroker) *lines {
	t.Helper()
	l := &lines{}
	p := newPublisher(s, b)
	p.Log = slog.New(slog.NewJSONHandler(l, nil))
	run(t, p)
	return l
}

func (s *modelStore) states() []producer.State {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.shown)
}

// FAILED is one ERROR line with its reason, cure and transaction; nothing beside it says
// the same on a level that is read.
func TestFailedIsOneErrorLine(t *testing.T) {
	s, b := started(t, "fusion-json")
	s.record(registry.Replace, "1.0", "X")
	s.txs[0].Documents[0].Body = []byte{0xff}
	l := logged(t, s, b)
	eventually(t, "the failure", s.in(producer.Failed, "transaction 1"))
	eventually(t, "the line", func() bool { return len(l.of(t, producer.Failed)) > 0 })
	for range 3 { // it fails in the same way again
		n := len(s.reported())
		s.wish(producer.Idle, "")
		eventually(t, "the failure, again", func() bool { return len(s.reported()) > n })
	}
	eventually(t, "a line for each", func() bool { return len(l.of(t, producer.Failed)) >= 4 }) // it follows the report
	got := l.of(t, producer.Failed)
	if len(got) != 4 || got[0].Level != "ERROR" || got[0].Transaction != 1 || !strings.Contains(got[0].Reason, "transaction 1") || got[0].Msg != "the producer is FAILED" {
		t.Errorf("told: %+v", got)
	}
	for _, one := range l.of(t, "") {
		if one.Error != "" {
			t.Errorf("and beside it: %+v", one)
		}
	}
}

// The line of a failure has what to do in an attribute of its own, and nowhere else.
func TestTheLogHasTheCureOnce(t *testing.T) {
	var out bytes.Buffer
	l := &stateLogger{Hold: &modelHold{modelStore: newModelStore()}, log: slog.New(slog.NewTextHandler(&out, nil))}
	fault := &producer.Fault{Kind: producer.Permanent, Text: "It was refused", Err: errModel, Cure: "raise the limit"}
	if err := l.Report(t.Context(), failureIncident(fault)); err != nil {
		t.Fatal(err)
	}
	if says := out.String(); !strings.Contains(says, `reason="It was refused: a fault of the test" cure="raise the limit"`) {
		t.Error(says)
	}
}

// A question is a warning; a producer that was never started is none.
func TestAQuestionIsAWarning(t *testing.T) {
	s, b := newModelStore(), newModelBroker(nil)
	s.row.State = producer.Idle
	l := logged(t, s, b)
	eventually(t, "the state", s.in(producer.Stopped, "never started"))
	s.wish(producer.Idle, producer.StartIdle)
	eventually(t, "the start", s.handled(0))
	b.mu.Lock()
	b.topic.ID = "another"
	b.mu.Unlock()
	s.wish(producer.Idle, "")
	eventually(t, "the question", s.in(producer.Stopped, "made anew"))
	eventually(t, "the line", func() bool { return len(l.of(t, producer.Stopped)) == 2 })
	got := l.of(t, producer.Stopped)
	if got[0].Level != "INFO" || got[1].Level != "WARN" || !strings.Contains(got[1].Reason, "made anew") {
		t.Errorf("told: %+v", got)
	}
}

// While an outage lasts, its attempts do not say RECOVERING, nor one that gets so far
// IDLE; each cause is told once. It is over when something is sent.
func TestDegradedStaysUntilItIsOver(t *testing.T) {
	s, b := started(t, "fusion-json")
	s.record(registry.Replace, "1.0", "X")
	away := true
	failed := false
	b.chance = func() bool { // a session recovers, and what it sends is refused
		open := false
		for _, records := range b.open {
			open = open || len(records) > 0
		}
		fail := away && open && !failed
		failed = open
		return fail
	}
	l := logged(t, s, b)
	eventually(t, "the outage", s.in(producer.Degraded, "delivery"))
	before := len(s.states())
	n := len(s.reported())
	eventually(t, "more attempts", func() bool { return len(s.reported()) > n+4 })
	if got := slices.Compact(s.states()[before:]); len(got) != 1 || got[0] != producer.Degraded {
		t.Errorf("in the outage the states were %v", got)
	}
	if got := l.of(t, producer.Degraded); len(got) != 1 || got[0].Level != "WARN" || !strings.Contains(got[0].Reason, "delivery") {
		t.Errorf("told: %+v", got)
	}
	b.mu.Lock()
	away = false
	b.mu.Unlock()
	eventually(t, "the end", s.handled(1))
	eventually(t, "the line of the end", func() bool { return len(l.of(t, producer.Idle)) > 0 })
}

// An outage in which nothing is to be sent is over when a session has recovered, also for
// an instance that came up in it.
func TestAnOutageEndsThoughNothingIsPending(t *testing.T) {
	s, b := started(t, "fusion-json")
	s.mu.Lock()
	s.row.State, s.row.Reason = producer.Degraded, "No broker can be reached."
	n := len(s.shown)
	s.mu.Unlock()
	logged(t, s, b)
	eventually(t, "the end", s.handled(0))
	if got := s.states()[n:]; len(got) == 0 || slices.Contains(got, producer.Recovering) {
		t.Errorf("the states were %v", got)
	}
}

// A job in an outage ends it with its first chunk, and so does one that finds everything sent.
func TestAnOutageEndsWithAJob(t *testing.T) {
	for _, records := range []int{0, 2} {
		s, b := started(t, "fusion-json")
		for range records {
			s.record(registry.Replace, "1.0", "X")
		}
		s.mu.Lock()
		s.row.State = producer.Degraded
		s.jobs = []producer.Job{{Kind: producer.JobBaseline, Phase: producer.PhaseWaiting}}
		s.mu.Unlock()
		logged(t, s, b)
		eventually(t, fmt.Sprintf("the end with %d records", records), s.handled(records))
	}
}

// run runs a publisher to the test's end.
func run(t *testing.T, p *Publisher) {
	t.Helper()
	var ended sync.WaitGroup
	ctx := t.Context()
	ended.Go(func() { p.Run(ctx) })
	t.Cleanup(ended.Wait)
}
