package kafka

import (
	"strings"
	"testing"
	"time"

	ck "github.com/confluentinc/confluent-kafka-go/v2/kafka"

	"urncast/producer"
)

func TestUnfitTopic(t *testing.T) {
	nodes := func(n int) []ck.Node { return make([]ck.Node, n) }
	leader := &ck.Node{ID: 1}
	for _, c := range []struct {
		name             string
		leader           *ck.Node
		replicas, insync int
		least            int64
		code             ck.ErrorCode
		want             string // of what is said; nothing is if empty
	}{
		{"all in sync", leader, 3, 3, 2, ck.ErrNoError, ""},
		{"one away", leader, 3, 2, 2, ck.ErrNoError, ""},
		{"two away", leader, 3, 1, 2, ck.ErrNoError, "of its 3 replicas 2 must be in sync (min.insync.replicas), and 1 is"},
		{"one of all away", leader, 3, 2, 3, ck.ErrNoError, "3 must be in sync (min.insync.replicas), and 2 are"},
		{"settings not to be read", leader, 3, 1, 0, ck.ErrNoError, ""},
		{"no leader", nil, 3, 0, 2, ck.ErrNoError, "has no leader"},
		{"no leader, by number", &ck.Node{ID: -1}, 3, 1, 2, ck.ErrNoError, "has no leader"},
		{"gone", leader, 0, 0, 0, ck.ErrUnknownTopicOrPart, "does not exist any more"},
		{"not to be seen", leader, 0, 0, 0, ck.ErrTopicAuthorizationFailed, ""},
	} {
		d := &ck.TopicDescription{Name: "structures", Error: ck.NewError(c.code, "", false)}
		if c.code == ck.ErrNoError {
			d.Partitions = []ck.TopicPartitionInfo{{Leader: c.leader, Replicas: nodes(c.replicas), Isr: nodes(c.insync)}}
		}
		got := unfitTopic(d, func() int64 { return c.least })
		switch {
		case c.want == "" && got != nil:
			t.Errorf("%s: %q", c.name, got.Text)
		case c.want != "" && (got == nil || !strings.Contains(got.Text, c.want) || !strings.Contains(got.Text, "structures")):
			t.Errorf("%s: %+v, want %q", c.name, got, c.want)
		}
	}
}

// Only an unbroken row of errors that brokers answered with counts as refused.
func TestRefusedSince(t *testing.T) {
	first := time.Now()
	later := first.Add(time.Second)
	unavailable := ck.NewError(ck.ErrCoordinatorNotAvailable, "", false)
	silence := ck.NewError(ck.ErrTimedOut, "", false)
	if got := refusedSince(time.Time{}, silence, first); !got.IsZero() {
		t.Errorf("silence is refused since %s", got)
	}
	since := refusedSince(time.Time{}, unavailable, first)
	if since = refusedSince(since, unavailable, later); !since.Equal(first) {
		t.Errorf("refused since %s, want since the first", since)
	}
	if got := refusedSince(since, silence, later); !got.IsZero() {
		t.Error("an attempt without an answer does not end the row")
	}
	if got := kindOf(t, initFault("id", unavailable)); got != producer.Transitory {
		t.Errorf("what ends the wait is %s", got)
	}
}
