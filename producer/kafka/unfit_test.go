package kafka

import (
	"strings"
	"testing"
	"time"

	ck "github.com/confluentinc/confluent-kafka-go/v2/kafka"
	"github.com/twmb/franz-go/pkg/kerr"

	"urncast/producer"
	"urncast/producer/kafka/admin"
	"urncast/producer/kafka/faults"
)

func TestUnfitTopic(t *testing.T) {
	for _, c := range []struct {
		name             string
		leader           int32
		replicas, insync int
		least            int
		code             error
		id               byte
		want             string // of what is said; nothing is if empty
	}{
		{"all in sync", 1, 3, 3, 2, nil, 1, ""},
		{"one away", 1, 3, 2, 2, nil, 1, ""},
		{"two away", 1, 3, 1, 2, nil, 1, "of its 3 replicas 2 must be in sync (min.insync.replicas), and 1 is"},
		{"one of all away", 1, 3, 2, 3, nil, 1, "3 must be in sync (min.insync.replicas), and 2 are"},
		{"settings not to be read", 1, 3, 1, 0, nil, 1, ""},
		{"no leader", -1, 3, 1, 2, nil, 1, "has no leader"},
		{"no leader, and said so", -1, 3, 0, 2, kerr.LeaderNotAvailable, 1, "has no leader"},
		{"gone", 0, 0, 0, 0, kerr.UnknownTopicOrPartition, 0, "does not exist any more"},
		{"made anew", 1, 3, 3, 2, nil, 2, "made anew"},
		{"ids are not told", 1, 3, 3, 2, nil, 0, ""},
		{"not to be seen", 0, 0, 0, 0, kerr.TopicAuthorizationFailed, 0, ""},
	} {
		d := &admin.Topic{Name: "structures", Err: c.code, ID: [16]byte{c.id}, Leader: c.leader, Replicas: make([]int32, c.replicas), InSync: make([]int32, c.insync)}
		if c.replicas > 0 {
			d.Partitions = 1
		}
		before := admin.Topic{ID: [16]byte{1}}
		got := unfitTopic(d, before.IDText(), func() int { return c.least })
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
	if got := kindOf(t, faults.Initialising("id", unavailable)); got != producer.Transitory {
		t.Errorf("what ends the wait is %s", got)
	}
}
