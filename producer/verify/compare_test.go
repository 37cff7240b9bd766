package verify

import (
	"context"
	"strings"
	"testing"

	"urncast/producer"
	"urncast/producer/control"
	"urncast/registry"
	"urncast/sdmx"
)

// history is a log and a topic that grow while they are read.
type history struct {
	t        *testing.T
	log      []Entry // by the time of the second reading
	first    int     // there are so many at the first
	messages []Message
	reads    int
}

func (h *history) ReadLog(_ context.Context, v *Comparison) error {
	if h.reads++; h.reads == 1 {
		v.About(&control.Status{Started: true, Settings: producer.Config{Routes: []producer.Route{{Topic: "t", Format: "fusion-json"}, {Topic: "u", Format: "fusion-json"}}}}, "t")
		v.Feed = h.log[:h.first:h.first]
		return nil
	}
	v.Feed = append(v.Feed, h.log[len(v.Feed):]...)
	return nil
}

func (h *history) ReadTopic(_ context.Context, v *Comparison) error {
	if h.reads != 1 {
		h.t.Errorf("the topic is read after the log was read %d times", h.reads)
	}
	v.Messages = h.messages
	return nil
}

func (h *history) ReadChanges(_ context.Context, n int64) (bool, []sdmx.URN, error) {
	if n != 2 {
		h.t.Errorf("transaction %d was looked into", n)
	}
	return false, nil, nil // nothing of it was for the topic
}

// The log is read before the topic and after it: what came between is not judged, and
// what went to another topic alone is not missing.
func TestCompareReadsInOrder(t *testing.T) {
	sent := func(n int64, kind registry.Kind) Entry {
		return Entry{Number: n, ID: "id", Kind: kind, Structures: 1, Status: producer.StatusSent}
	}
	message := func(n int64, action string) Message {
		return Message{Number: n, ID: "id", Action: action, Position: 1, Count: 1, Key: "k", Null: action == "delete"}
	}
	h := &history{t: t, first: 3, log: []Entry{sent(1, registry.Replace), sent(2, registry.Replace), sent(3, registry.Delete), sent(4, registry.Replace)},
		messages: []Message{message(1, "replace"), message(3, "delete")}}
	v, err := Compare(t.Context(), h)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range v.Proofs() {
		if len(f.Differs)+f.Unproven > 0 {
			t.Errorf("%s: %q, %q", f.Promise, f.Differs, f.Open)
		}
	}
	h = &history{t: t, first: 1, log: []Entry{sent(1, registry.Delete)}, messages: []Message{message(1, "replace")}}
	if v, err = Compare(t.Context(), h); err != nil {
		t.Fatal(err)
	}
	if f := v.same(); len(f.Differs) != 1 || !strings.Contains(f.Differs[0], "is a delete of 1 structures, on the topic a replace of 1") {
		t.Errorf("a delete that the topic calls a replace: %q", f.Differs)
	}
}
