package publisher

import (
	"strings"
	"testing"

	"urncast/producer"
	"urncast/registry"
)

func (s *modelStore) in(state producer.State, reason string) func() bool {
	return func() bool {
		s.mu.Lock()
		defer s.mu.Unlock()
		return s.row.State == state && strings.Contains(s.row.Reason, reason)
	}
}

// started gives a producer that was started idle on an empty registry.
func started(t *testing.T, format string) (*modelStore, *modelBroker) {
	t.Helper()
	s, b := newModelStore(), newModelBroker(nil)
	s.row.Config.Routes[0].Format = format
	s.wish(producer.Idle, producer.StartIdle)
	until(t, s, b, "the start", s.handled(0))
	return s, b
}

func TestNeverStartedPublishesNothing(t *testing.T) {
	s, b := newModelStore(), newModelBroker(nil)
	s.row.State = producer.Idle // as if it had been left so
	s.record(registry.Replace, "1.0", "X")
	until(t, s, b, "the state", s.in(producer.Stopped, "never started"))
	wantTold(t, b)
}

func TestFailedWaitsForItsCureAndKeepsOrder(t *testing.T) {
	s, b := started(t, "fusion-json")
	s.record(registry.Replace, "1.0", "X")
	s.record(registry.Replace, "1.0", "Y")
	s.record(registry.Replace, "1.0", "Z")
	good := s.txs[1].Documents[0].Body
	s.txs[1].Documents[0].Body = []byte{0xff}
	until(t, s, b, "the failure", s.in(producer.Failed, "transaction 2"))
	wantTold(t, b, "1 replace A:X(1.0) 1/1")
	if s.marks[2] != producer.StatusFailed {
		t.Errorf("transaction 2 is marked %q", s.marks[2])
	}
	s.txs[1].Documents[0].Body = good
	s.wish(producer.Idle, "")
	until(t, s, b, "sending", s.handled(3))
	wantTold(t, b, "1 replace A:X(1.0) 1/1", "2 replace A:Y(1.0) 1/1", "3 replace A:Z(1.0) 1/1")
	if s.marks[2] != "" {
		t.Errorf("after it was sent transaction 2 is marked %q", s.marks[2])
	}
}

// A first start that could not be shows why, until the next one: the connection
// was not defined, say.
func TestAFirstStartThatFailsSaysWhy(t *testing.T) {
	s, b := newModelStore(), newModelBroker(nil)
	b.undefined = &producer.Fault{Kind: producer.Permanent, Text: "Connection c is not defined"}
	s.wish(producer.Idle, producer.StartIdle)
	until(t, s, b, "the failure", s.in(producer.Failed, "not defined"))
	until(t, s, b, "the failure, after a restart", s.in(producer.Failed, "not defined"))
	b.undefined = nil
	s.wish(producer.Idle, producer.StartIdle)
	until(t, s, b, "the start", s.handled(0))
}

func TestSuspendedHoldsWhatIsRecorded(t *testing.T) {
	s, b := started(t, "fusion-json")
	s.row.Wish.Keep = true
	s.wish(producer.Suspended, "")
	until(t, s, b, "the suspension", s.in(producer.Suspended, "by hand"))
	s.record(registry.Replace, "1.0", "X")
	until(t, s, b, "staying suspended", s.in(producer.Suspended, "by hand"))
	wantTold(t, b)
	s.wish(producer.Idle, "")
	until(t, s, b, "sending", s.handled(1))
	wantTold(t, b, "1 replace A:X(1.0) 1/1")
}

func TestLargeTransactionIsReadInPages(t *testing.T) {
	s, b := started(t, "sdmx-ml-2.1")
	s.record(registry.Replace, "1.0", "A", "B", "C", "D", "E")
	s.txs[0].large = true
	s.record(registry.Replace, "1.0", "F")
	until(t, s, b, "sending", s.handled(2))
	wantTold(t, b, "1 replace A:A(1.0) 1/5", "1 replace A:B(1.0) 2/5", "1 replace A:C(1.0) 3/5", "1 replace A:D(1.0) 4/5", "1 replace A:E(1.0) 5/5", "2 replace A:F(1.0) 1/1")
}

func TestSkippedIsSaid(t *testing.T) {
	s, b := started(t, "sdmx-ml-2.1")
	s.record(registry.Replace, "1.0.0-draft", "X")
	s.txs[0].Documents[0].Before = 0 // it was never on the topic
	s.record(registry.Replace, "1.0", "Y")
	until(t, s, b, "sending", s.handled(2))
	wantTold(t, b, "2 replace A:Y(1.0) 1/1")
	if s.marks[1] != producer.StatusSkipped {
		t.Errorf("transaction 1 is marked %q", s.marks[1])
	}
	for _, r := range b.logs[producer.TopicDefault] {
		if r == nil {
			continue
		}
		for _, h := range r.Headers {
			if h.Key == producer.HeaderSkipped && string(h.Value) == "1" {
				return
			}
		}
	}
	t.Error("no record says that 1 was skipped")
}

func TestFirstStartOnATopicThatKnowsMore(t *testing.T) {
	s, b := started(t, "fusion-json")
	s.record(registry.Replace, "1.0", "X")
	until(t, s, b, "sending", s.handled(1))
	s.row = producer.Row{ID: "p", Registry: "r", State: producer.Stopped, Config: s.row.Config, Wish: s.row.Wish} // restored from before the start
	s.wish(producer.Idle, producer.StartIdle)
	until(t, s, b, "the question", s.in(producer.Stopped, "older dump"))
	s.wish(producer.Idle, producer.StartBaseline)
	until(t, s, b, "the baseline", s.handled(1))
	s.row.ID = "another producer"
	s.row.Started, s.row.Sent = false, producer.Published{}
	s.wish(producer.Idle, producer.StartBaseline)
	until(t, s, b, "the refusal", s.in(producer.Stopped, "belongs to producer p"))
}

func TestAQuestionIsAskedOnce(t *testing.T) {
	s, b := started(t, "fusion-json")
	b.topic.ID = "another"
	s.wish(producer.Idle, "")
	until(t, s, b, "the question", s.in(producer.Stopped, "made anew"))
	if s.row.Taken != s.row.Wish.Sequence {
		t.Error("the start that was answered with a question is still open, and would be tried for ever")
	}
}

// A lost cursor and a changed prefix together: what the topic shows to be sent
// is not sent again under the new ids.
func TestNewPrefixAfterALostCursor(t *testing.T) {
	s, b := started(t, "fusion-json")
	s.record(registry.Replace, "1.0", "X")
	until(t, s, b, "sending", s.handled(1))
	s.mu.Lock()
	s.row.Cursor = producer.Cursor{}
	s.row.Config.Prefix = "another"
	s.mu.Unlock()
	until(t, s, b, "recovering", s.handled(1))
	s.record(registry.Replace, "1.0", "Y")
	until(t, s, b, "sending on", s.handled(2))
	wantTold(t, b, "1 replace A:X(1.0) 1/1", "2 replace A:Y(1.0) 1/1")
}
