package connection

import (
	"testing"

	"urncast/producer/kafka/trial"

	"github.com/twmb/franz-go/pkg/kmsg"

	"urncast/integration/rig"
	"urncast/producer/connection"
)

// room is what a topic takes on the broker's disk, in bytes.
func room(t *testing.T, k *rig.Kafka, topic string) (bytes int64) {
	t.Helper()
	answer, err := kmsg.NewPtrDescribeLogDirsRequest().RequestWith(t.Context(), k.Client(t))
	if err != nil {
		t.Fatal(err)
	}
	for _, dir := range answer.Dirs {
		for _, one := range dir.Topics {
			for _, p := range one.Partitions {
				if one.Topic == topic {
					bytes += p.Size
				}
			}
		}
	}
	return bytes
}

// leftMax is how much three tests may leave on the topic: a small aborted message and the
// marker behind it, each.
const leftMax = 3 * 500

// A broker that nobody has configured passes the test as it stands, and the topic to be is
// left as good as empty: large messages are judged by limits, or sent to a scratch topic.
func (p *plain) room(t *testing.T) {
	byDefault := "max.message.bytes=1048588" // what a broker has that nobody has configured
	topic := structures(t, p.kafka, "room", byDefault)
	asked := connection.Test{Topic: topic, Prefix: "tx"}
	for range 3 {
		test(t.Context(), &trial.Client{}, p.properties(), asked, nil).expect(t,
			map[string]string{"transaction-commit": noScratch, "large-message": "passed: A message of 1000000 bytes fits; the limit of room is 1048588 bytes"})
	}
	left := room(t, p.kafka, topic)
	t.Logf("after three tests the topic has %d bytes", left)
	if left == 0 || left > leftMax {
		t.Errorf("three tests left %d bytes, want up to %d", left, leftMax)
	}

	scratch := structures(t, p.kafka, "room.scratch", byDefault)
	asked.Scratch = scratch
	test(t.Context(), &trial.Client{}, p.properties(), asked, nil).expect(t,
		map[string]string{"large-message": "passed: A message of 1000000 bytes of noise was delivered to room.scratch"})
	if now := room(t, p.kafka, scratch); now < 1_000_000 {
		t.Errorf("the scratch topic has %d bytes: nothing large was sent", now)
	}

	// Sizes are searched on the scratch topic, when one is asked for.
	structures(t, p.kafka, "room.narrow", "max.message.bytes=300000")
	asked.Scratch, asked.Bytes = "room.narrow", 900_000
	bounded := test(t.Context(), &trial.Client{}, p.properties(), asked, nil)
	bounded.expect(t, map[string]string{"large-message": "failed: max.message.bytes=300000 is set on room.narrow. The largest message that passes has 29"})

	if left := room(t, p.kafka, topic); left > leftMax+2*500 {
		t.Errorf("with scratch topics, tests left %d bytes on the topic", left)
	}
	// What certainly does not pass is not sent, whatever is asked for.
	asked.Scratch, asked.Bytes = "", 30_000_000
	test(t.Context(), &trial.Client{}, p.properties(), asked, nil).expect(t,
		map[string]string{"transaction-commit": noScratch, "large-message": "failed: The largest message that passes has 10484"})
	if left := room(t, p.kafka, topic); left > leftMax+3*500 {
		t.Errorf("what was refused by a limit left %d bytes on the topic", left)
	}
}
