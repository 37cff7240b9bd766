package connection

import (
	"testing"

	"urncast/producer/kafka/trial"

	"github.com/twmb/franz-go/pkg/kmsg"

	"urncast/integration/rig"
	"urncast/producer/connection"
)

// bytesOnDisk returns how many bytes a topic takes on the disk of the broker.
func bytesOnDisk(t *testing.T, k *rig.Kafka, topic string) (bytes int64) {
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

// leftMax is how many bytes three tests may leave on the topic: each leaves a small aborted message
// and the control record after it.
const leftMax = 3 * 500

// A broker with default settings passes the test, and the tested topic stays nearly empty: large
// messages are judged by the limits alone, or sent to a scratch topic.
func (p *plain) leavesLittle(t *testing.T) {
	byDefault := "max.message.bytes=1048588" // a broker's default
	topic := structures(t, p.kafka, "room", byDefault)
	asked := connection.Test{Topic: topic, Prefix: "tx"}
	for range 3 {
		test(t.Context(), &trial.Client{}, p.properties(), asked, nil).expect(t,
			map[string]string{"transaction-commit": noScratch, "large-message": "passed: A message of 1000000 bytes fits; the limit of room is 1048588 bytes"})
	}
	left := bytesOnDisk(t, p.kafka, topic)
	t.Logf("after three tests the topic has %d bytes", left)
	if left == 0 || left > leftMax {
		t.Errorf("three tests left %d bytes, want up to %d", left, leftMax)
	}

	scratch := structures(t, p.kafka, "room.scratch", byDefault)
	asked.Scratch = scratch
	test(t.Context(), &trial.Client{}, p.properties(), asked, nil).expect(t,
		map[string]string{"large-message": "passed: A message of 1000000 bytes of noise was delivered to room.scratch"})
	if now := bytesOnDisk(t, p.kafka, scratch); now < 1_000_000 {
		t.Errorf("the scratch topic has %d bytes: nothing large was sent", now)
	}

	// The largest message that passes is searched for on the scratch topic, if there is one.
	structures(t, p.kafka, "room.narrow", "max.message.bytes=300000")
	asked.Scratch, asked.Bytes = "room.narrow", 900_000
	bounded := test(t.Context(), &trial.Client{}, p.properties(), asked, nil)
	bounded.expect(t, map[string]string{"large-message": "failed: max.message.bytes=300000 is set on room.narrow. The largest message that passes has 29"})

	if left := bytesOnDisk(t, p.kafka, topic); left > leftMax+2*500 {
		t.Errorf("with scratch topics, tests left %d bytes on the topic", left)
	}
	// A message that is known to exceed a limit is not sent, with or without a scratch topic.
	asked.Scratch, asked.Bytes = "", 30_000_000
	test(t.Context(), &trial.Client{}, p.properties(), asked, nil).expect(t,
		map[string]string{"transaction-commit": noScratch, "large-message": "failed: The largest message that passes has 10484"})
	if left := bytesOnDisk(t, p.kafka, topic); left > leftMax+3*500 {
		t.Errorf("a message that a limit refuses left %d bytes on the topic", left)
	}
}
