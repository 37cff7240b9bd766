package publisher

import (
	"strings"
	"testing"

	"urncast/producer"
	"urncast/registry"
)

// broken makes a transaction that cannot be encoded.
func (s *modelStore) broken(key string) {
	s.record(registry.Replace, "1.0", key)
	s.txs[len(s.txs)-1].Documents[0].Body = []byte{0xff}
}

// pair makes the last two transactions one submission's.
func (s *modelStore) pair() {
	n := registry.Number(len(s.txs))
	s.txs[n-2].Pair, s.txs[n-1].Pair = n, n-1
}

// skippedHeaders are the values of the header that names what was left out.
func (b *modelBroker) skippedHeaders() (all []string) {
	for _, r := range b.logs[producer.TopicDefault] {
		if r == nil || !r.committed {
			continue
		}
		for _, h := range r.Headers {
			if h.Key == producer.HeaderSkipped {
				all = append(all, string(h.Value))
			}
		}
	}
	return all
}

// The failed transaction is left out when an admin asks for it, with the other
// half of its pair, and the next record names both, be it a tombstone.
func TestSkipByHand(t *testing.T) {
	s, b := started(t, "fusion-json")
	s.record(registry.Replace, "1.0", "X")
	s.broken("Y")
	s.record(registry.Delete, "1.0", "OLD")
	s.pair()
	s.record(registry.Delete, "1.0", "X")
	s.record(registry.Replace, "1.0", "Z")
	until(t, s, b, "the failure", s.in(producer.Failed, "transaction 2"))
	if err := newAdministrator(s, "admin").Skip(2, " Too large. "); err != nil {
		t.Fatal(err)
	}
	if len(s.acts) != 1 || !strings.Contains(string(s.acts[0].Detail), `"Too large."`) || s.acts[0].User != "admin" {
		t.Errorf("the audit holds %v", s.acts)
	}
	until(t, s, b, "going on", s.handled(5))
	wantTold(t, b, "1 replace A:X(1.0) 1/1", "4 delete A:X(1.0) 1/1", "5 replace A:Z(1.0) 1/1")
	if got := b.skippedHeaders(); len(got) != 1 || got[0] != "2-3" {
		t.Errorf("the headers name %q as skipped, want once 2-3", got)
	}
	if s.marks[2] != producer.StatusSkipped || s.marks[3] != producer.StatusSkipped {
		t.Errorf("the marks are %v", s.marks)
	}
}

// Of a pair whose replaces are committed, only the deletes are left to skip.
func TestSkipOfTheSecondHalf(t *testing.T) {
	s, b := started(t, "fusion-json")
	s.record(registry.Replace, "1.0", "X")
	s.broken("Y") // a stand-in: no delete of the model's can fail for good
	s.pair()
	s.record(registry.Replace, "1.0", "Z")
	until(t, s, b, "the failure", s.in(producer.Failed, "transaction 2"))
	if err := newAdministrator(s, "").Skip(2, "why"); err != nil {
		t.Fatal(err)
	}
	until(t, s, b, "going on", s.handled(3))
	wantTold(t, b, "1 replace A:X(1.0) 1/1", "3 replace A:Z(1.0) 1/1")
	if s.marks[1] != "" || s.marks[2] != producer.StatusSkipped {
		t.Errorf("the marks are %v", s.marks)
	}
}

// A transaction that recovery finds on the topic is not skipped.
func TestSkipOfWhatWasSentAfterAll(t *testing.T) {
	s, b := started(t, "fusion-json")
	s.record(registry.Replace, "1.0", "X")
	until(t, s, b, "sending", s.handled(1))
	s.mu.Lock()
	s.row.Cursor, s.row.State, s.marks[1] = producer.Cursor{}, producer.Failed, producer.StatusFailed
	s.mu.Unlock()
	if err := newAdministrator(s, "").Skip(1, "why"); err != nil {
		t.Fatal(err)
	}
	until(t, s, b, "recovering", s.handled(1))
	if s.marks[1] == producer.StatusSkipped || s.row.Taken != s.row.Wish.Sequence {
		t.Errorf("transaction 1 is on the topic and marked %q; wish %d, taken %d", s.marks[1], s.row.Wish.Sequence, s.row.Taken)
	}
}

// Of a transaction whose replaces are on the topic, its tombstones can be skipped:
// the other half of its pair is still due.
func TestSkipOfTombstones(t *testing.T) {
	s, b := started(t, "sdmx-ml-2.1")
	s.record(registry.Replace, "1.0.0-draft", "X")
	kept := s.txs[0].Documents[0]
	s.txs = nil
	s.record(registry.Replace, "1.0", "Y")
	kept.Position, kept.Before = 2, 1 // an older version of it was on the topic
	s.txs[0].Documents = append(s.txs[0].Documents, kept)
	until(t, s, b, "sending", s.handled(1))
	wantTold(t, b, "1 replace A:Y(1.0) 1/1", "1 delete A:X(1.0.0-draft) 1/1")
	s.record(registry.Delete, "1.0", "Y")
	s.pair()
	s.mu.Lock()
	b.logs[producer.TopicDefault][2].committed = false // as if the broker had refused it
	s.row.Cursor, s.row.State, s.marks[1] = producer.Cursor{}, producer.Failed, producer.StatusFailed
	s.mu.Unlock()
	if err := newAdministrator(s, "").Skip(1, "why"); err != nil {
		t.Fatal(err)
	}
	until(t, s, b, "going on", s.handled(2))
	wantTold(t, b, "1 replace A:Y(1.0) 1/1", "2 delete A:Y(1.0) 1/1")
	if s.marks[1] != producer.StatusSkipped {
		t.Errorf("the marks are %v", s.marks)
	}
}
