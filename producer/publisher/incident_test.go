package publisher

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"urncast/internal/match"
	"urncast/producer"
	"urncast/registry"
)

func (s *modelStore) reported() []producer.Incident {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.incidents
}

// A transaction that fails again after a start is the same cause; another
// transaction is another.
func TestAnIncidentKnowsItsCause(t *testing.T) {
	s, b := started(t, "fusion-json")
	s.record(registry.Replace, "1.0", "X")
	s.record(registry.Replace, "1.0", "Y")
	good := s.txs[0].Documents[0].Body
	s.txs[0].Documents[0].Body = []byte{0xff}
	s.txs[1].Documents[0].Body = []byte{0xff}
	until(t, s, b, "the failure", s.in(producer.Failed, "transaction 1"))
	s.wish(producer.Idle, "")
	until(t, s, b, "the second failure", func() bool { return len(s.reported()) == 2 })
	s.txs[0].Documents[0].Body = good
	s.wish(producer.Idle, "")
	until(t, s, b, "the other failure", s.in(producer.Failed, "transaction 2"))
	all := s.reported()
	if len(all) != 3 || all[0].Cause != all[1].Cause || all[1].Cause == all[2].Cause || all[0].Number != 1 || all[2].Number != 2 {
		t.Errorf("reported: %+v", all)
	}
	if !strings.Contains(all[0].Reason, all[0].Brief) || all[0].Brief == "" {
		t.Errorf("%q is not of the error's words: %s", all[0].Brief, all[0].Reason)
	}
}

// An outage is one cause, whatever each attempt meets.
func TestAnOutageIsOneCause(t *testing.T) {
	s, b := started(t, "fusion-json")
	n := 0
	b.mu.Lock()
	b.undefined = &producer.Fault{Kind: producer.Transitory, Text: "No broker can be reached"}
	b.mu.Unlock()
	until(t, s, b, "the state", func() bool {
		b.mu.Lock()
		defer b.mu.Unlock()
		n++
		b.undefined = &producer.Fault{Kind: producer.Transitory, Text: fmt.Sprintf("Attempt %d", n), Err: errors.New("it is away")}
		return len(s.reported()) > 5
	})
	for _, i := range s.reported() {
		if i.State != producer.Degraded || i.Cause != s.reported()[0].Cause || !strings.Contains(i.Reason, "What is pending is kept") {
			t.Errorf("reported: %+v", i)
		}
	}
}

// Attempts that leave nothing but aborted records on the topic are no progress: they end
// in public.
func TestAbortedAttemptsAreAnOutage(t *testing.T) {
	s, b := started(t, "fusion-json")
	s.record(registry.Replace, "1.0", "X")
	failed := false
	b.chance = func() bool { // no delivery succeeds, and all else does
		open := len(slices.Concat(slices.Collect(maps.Values(b.open))...)) > 0
		fail := open && !failed
		failed = open
		return fail
	}
	until(t, s, b, "the outage", s.in(producer.Degraded, "delivery"))
	b.chance = func() bool { return false }
	until(t, s, b, "the publication", s.handled(1))
	wantTold(t, b, "1 replace A:X(1.0) 1/1")
}

// A question is an incident; a producer that was never started is none, and
// neither is a suspension.
func TestWhatIsNoIncident(t *testing.T) {
	s, b := newModelStore(), newModelBroker(nil)
	s.row.State = producer.Idle
	until(t, s, b, "the state", s.in(producer.Stopped, "never started"))
	s.wish(producer.Idle, producer.StartIdle)
	until(t, s, b, "the start", s.handled(0))
	s.wish(producer.Suspended, "")
	until(t, s, b, "the suspension", s.in(producer.Suspended, "by hand"))
	if all := s.reported(); len(all) > 0 {
		t.Errorf("reported: %+v", all)
	}
	b.topic.ID = "another"
	s.wish(producer.Idle, "")
	until(t, s, b, "the question", s.in(producer.Stopped, "made anew"))
	if all := s.reported(); len(all) != 1 || all[0].State != producer.Stopped || len(all[0].Ask) != 2 {
		t.Errorf("reported: %+v", all)
	}
}

func TestCausesAreStable(t *testing.T) {
	same := [][2]string{
		{"b:9092: Connect failed (after 12ms in state CONNECT, 3 identical error(s) suppressed)",
			"b:9092: Connect failed (after 0ms in state CONNECT, 1 identical error(s) suppressed)"},
		{"sending X, 1048589 bytes, to topic t", "sending X, 1048600 bytes, to topic t"},
	}
	for _, c := range same {
		if match.WithoutFigures(c[0]) != match.WithoutFigures(c[1]) {
			t.Errorf("%q and %q differ: %q", c[0], c[1], match.WithoutFigures(c[0]))
		}
	}
	for _, c := range [][2]string{{"topic structures.v1 is missing", "topic structures.v2 is missing"}, {"A:CL_1(1.0) fails", "A:CL_2(1.0) fails"}} {
		if match.WithoutFigures(c[0]) == match.WithoutFigures(c[1]) {
			t.Errorf("%q and %q are one cause: %q", c[0], c[1], match.WithoutFigures(c[0]))
		}
	}
}

func TestBriefIsTheErrorsOwnWords(t *testing.T) {
	large := &producer.Fault{Kind: producer.Permanent, Text: "Kafka answered with an error while sending X", Cure: "raise it",
		Err: errors.New("Broker: Message size too large\n(Kafka error 10)")}
	i := failureIncident(&numbered{7, large})
	if i.Brief != "Broker: Message size too large (Kafka error 10)" || i.Cure != "raise it" || i.Number != 7 ||
		i.Reason != "transaction 7: Kafka answered with an error while sending X: Broker: Message size too large\n(Kafka error 10). Raise it." {
		t.Errorf("%+v", i)
	}
	if got := brief(errors.New(strings.Repeat("ä", 300))); len([]rune(got)) != briefRunes || !strings.HasSuffix(got, "…") {
		t.Errorf("%d runes: %s", len([]rune(got)), got)
	}
	if got := brief(&producer.Fault{Text: "Connection c is not defined. It was deleted", Cure: "define it"}); got != "Connection c is not defined" {
		t.Error(got)
	}
}

// What tells one failure from another is neither what to do about it nor what a fault says of values
// that may not be read at each attempt, nor how far a job came.
func TestOneCauseForOneFailure(t *testing.T) {
	fault := func(text, cure, same string) error {
		return &producer.Fault{Kind: producer.Permanent, Text: text, Cure: cure, Same: same, Err: errModel}
	}
	job := func(standing string, err error) error {
		return &jobFault{name: "baseline j", what: "baseline j: it failed. " + standing, cure: "cancel it", err: err}
	}
	large := fault("X is too large, the limit is 5", "raise it to 6", "X is too large")
	for name, c := range map[string]struct {
		a, b error
		same bool
	}{
		"another cure":         {&numbered{7, fault("X", "raise it to 6=a", "")}, &numbered{7, fault("X", "raise it to 6=b", "")}, true},
		"a limit unread":       {&numbered{7, large}, &numbered{7, fault("X is too large, the limit could not be read", "raise it", "X is too large")}, true},
		"another transaction":  {&numbered{7, large}, &numbered{8, large}, false},
		"another text":         {fault("X", "c", ""), fault("Y", "c", ""), false},
		"a job that came on":   {job("Nothing is sent", large), job("Chunks are sent", large), true},
		"another cause of one": {job("Nothing is sent", large), job("Nothing is sent", fault("Y", "c", "")), false},
		"no fault":             {errors.New("it took 3s"), errors.New("it took 4s"), true},
	} {
		a, b := failureIncident(c.a).Cause, failureIncident(c.b).Cause
		if (a == b) != c.same {
			t.Errorf("%s: %q and %q", name, a, b)
		}
	}
}
