package trial

import (
	"strings"
	"testing"

	"github.com/twmb/franz-go/pkg/kerr"

	"urncast/producer/kafka/admin"
	"urncast/producer/kafka/probe"
)

// A topic with more replicas than there are brokers is answered with how many there may be; any
// other refusal is the brokers' policy.
func TestWhyTopicsAreNotMade(t *testing.T) {
	of := &trial{brokers: &admin.Cluster{Brokers: map[int32]string{1: "b:9092"}}}
	for _, c := range []struct {
		code       error
		cause      probe.Cause
		text, cure string
	}{
		{kerr.InvalidReplicationFactor, probe.TopicTooManyReplicas, "only 1 broker(s) are registered", "urncast topic create t --replication-factor 1"},
		{kerr.PolicyViolation, probe.TopicNotMade, "only 1 broker(s) are registered", "the brokers' policy"},
		{kerr.TopicAlreadyExists, probe.TopicExists, "t", ""},
	} {
		got := probe.Of(of.notMade("t", &admin.Refusal{Code: c.code, Text: "only 1 broker(s) are registered."}))
		if got.Cause != c.cause || !strings.Contains(got.Text, c.text) || !strings.Contains(got.Cure, c.cure) {
			t.Errorf("%v: %s: %s %s", c.code, got.Cause, got.Text, got.Cure)
		}
	}
}
