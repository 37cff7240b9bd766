package connection

import (
	"testing"

	"urncast/integration/rig"
	"urncast/producer"
	"urncast/producer/kafka"
)

// On a good set-up every step passes, in the order in which all were told before
// the first began, and the scratch topic that the test made is gone.
func TestGood(t *testing.T) {
	k := rig.StartKafka(t)
	topic := structures(t, k, "structures")
	asked := producer.ConnectionTest{Topic: topic, Prefix: "tx", Scratch: "scratch", MakeScratch: true}
	tr := test(t.Context(), &kafka.Client{CreateTopic: true}, map[string]string{"bootstrap.servers": k.Bootstrap()}, asked, nil)
	tr.expect(t, nil)
	t.Logf("\n%s", tr)
}
