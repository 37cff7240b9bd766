package connection

import (
	"fmt"
	"regexp"
	"strconv"
	"testing"

	"urncast/producer/kafka/trial"

	"github.com/twmb/franz-go/pkg/kmsg"

	"urncast/integration/rig"
	"urncast/producer/connection"
)

// A fault of the topic is reported by its own step; after a warning the other steps still run.
func (p *plain) topics(t *testing.T) {
	k := p.kafka
	structures(t, k, "replicas", "min.insync.replicas=2")
	k.CreateTopic(t, "deleting", "cleanup.policy=delete")
	k.CreateTopic(t, "early", "cleanup.policy=compact")
	structures(t, k, "small", "max.message.bytes=400000")
	partitioned(t, k, "three")
	unsent := map[string]string{"transaction-abort": "not-run: topic", "large-message": "not-run: transaction-abort"}
	unknown := map[string]string{"rights-describe": "not-run: topic", "rights-write": "not-run: topic",
		"rights-read":       "not-run: topic",
		"transaction-abort": "not-run", "large-message": "not-run: transaction-abort"}
	for _, c := range []struct {
		topic  string
		create bool
		state  string
		others map[string]string
	}{
		{"replicas", false, "failed: min.insync.replicas=2, more than the number of its replicas (1)", unsent},
		{"missing", false, "failed: The topic missing does not exist", unknown},
		{"missing", true, "warning: The brokers would make it", unknown},
		{"no/topic", false, "failed: cannot be the name of a topic", unknown},
		{"deleting", false, "warning: cleanup.policy=delete", nil},
		{"early", false, "warning: min.compaction.lag.ms=0", nil},
		{"three", false, "warning: has 3 partitions", nil},
		{"small", false, "warning: less than the 500000 bytes of max.request.size", nil},
	} {
		t.Run(fmt.Sprint(c.topic, c.create), func(t *testing.T) {
			others := map[string]string{"topic": c.state, "transaction-commit": noScratch}
			for id, state := range c.others {
				others[id] = state
			}
			properties := p.properties()
			properties["max.request.size"] = "500000"
			test(t.Context(), &trial.Client{CreateTopic: c.create}, properties, asked(c.topic), nil).expect(t, others)
		})
	}
}

// partitioned creates a topic of three partitions.
func partitioned(t *testing.T, k *rig.Kafka, name string) {
	t.Helper()
	r := kmsg.NewPtrCreateTopicsRequest()
	one := kmsg.NewCreateTopicsRequestTopic()
	one.Topic, one.NumPartitions, one.ReplicationFactor = name, 3, 1
	r.Topics, r.TimeoutMillis = append(r.Topics, one), 10000
	if _, err := r.RequestWith(t.Context(), k.Client(t)); err != nil {
		t.Fatal(err)
	}
}

// bounds asserts which limit the large-message step names and which largest message it finds: one
// just below the limit, which passes when it is sent.
func bounds(t *testing.T, properties map[string]string, asked connection.Test, words string, limit int) {
	t.Helper()
	tr := test(t.Context(), &trial.Client{}, properties, asked, nil)
	tr.expect(t, map[string]string{"large-message": "failed: " + words, "transaction-commit": noScratch})
	found := regexp.MustCompile(`passes has (\d+) bytes`).FindStringSubmatch(tr.step("large-message").Finding)
	if found == nil {
		t.Fatalf("the step does not name the largest message: %s", tr.step("large-message").Finding)
	}
	largest, _ := strconv.Atoi(found[1]) // the expression matches only digits
	if largest > limit || largest < limit-1500 {
		t.Errorf("the largest that passes has %d bytes; the limit is %d: %s", largest, limit,
			tr.step("large-message").Finding)
	}
	asked.Bytes = largest
	test(t.Context(), &trial.Client{}, properties, asked, nil).expect(t, map[string]string{
		"large-message": "passed: was delivered to " + asked.Topic, "transaction-commit": noScratch})
	t.Logf("%s: %s", tr.step("large-message").Took, tr.step("large-message").Finding)
}

// A message that is too large is refused with the name of the limit, and the largest message that
// passes is found.
func (p *plain) limits(t *testing.T) {
	k := p.kafka
	structures(t, k, "limited", "max.message.bytes=300000")
	structures(t, k, "open")
	asked := asked("limited")
	asked.Bytes = 2_000_000
	t.Run("topic", func(t *testing.T) {
		bounds(t, p.properties(), asked,
			"max.message.bytes=300000 is set on limited", 300_000)
	})
	t.Run("client", func(t *testing.T) {
		properties := p.properties()
		properties["max.request.size"] = "700000"
		asked := asked
		asked.Topic = "open"
		bounds(t, properties, asked, "max.request.size=700000", 700_000)
	})
	t.Run("compressed", func(t *testing.T) {
		properties := p.properties()
		properties["compression.type"] = "gzip"
		asked := asked
		asked.Compressible = true
		test(t.Context(), &trial.Client{}, properties, asked, nil).expect(t,
			map[string]string{"transaction-commit": noScratch})
	})
}

// The broker's limit applies to a topic without a limit of its own.
func (p *plain) brokersLimit(t *testing.T) {
	structures(t, p.kafka, "unlimited")
	set := func(op kmsg.IncrementalAlterConfigOp) {
		r := kmsg.NewPtrIncrementalAlterConfigsRequest()
		all, limit, value := kmsg.NewIncrementalAlterConfigsRequestResource(), kmsg.NewIncrementalAlterConfigsRequestResourceConfig(), "500000"
		limit.Name, limit.Value, limit.Op = "message.max.bytes", &value, op
		all.ResourceType, all.Configs = kmsg.ConfigResourceTypeBroker, append(all.Configs, limit)
		r.Resources = append(r.Resources, all)
		answer, err := r.RequestWith(t.Context(), p.kafka.Client(t))
		if err != nil || answer.Resources[0].ErrorCode != 0 {
			t.Fatalf("setting the broker's limit: %v %+v", err, answer)
		}
	}
	set(kmsg.IncrementalAlterConfigOpSet)
	defer set(kmsg.IncrementalAlterConfigOpDelete)
	asked := asked("unlimited")
	asked.Bytes = 2_000_000
	bounds(t, p.properties(), asked,
		"message.max.bytes=500000 applies to unlimited", 500_000)
}

// A broker that closes the connection because a request is too large is not mistaken for one that
// is down.
func TestSocketLimit(t *testing.T) {
	t.Parallel()
	k := rig.StartSecureKafka(t, rig.Secure{Authority: rig.NewAuthority(t),
		Properties: []string{"socket.request.max.bytes=600000"}})
	structures(t, k, "structures")
	asked := asked("structures")
	asked.Bytes = 2_000_000
	properties := map[string]string{"bootstrap.servers": k.Bootstrap()}
	bounds(t, properties, asked, "socket.request.max.bytes=600000", 600_000)
}
