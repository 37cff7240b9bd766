package integration

import (
	"fmt"
	"testing"

	"urncast/integration/rig"
)

// smallBatches publishes a transaction, and a baseline, that are larger than the topic's
// max.message.bytes although each of their messages is smaller. It does so where the limit
// applies after compression, and where the producer has no right to read it. A single message
// that is too large is named in the reason.
func smallBatches(t *testing.T, s *strict) {
	for name, world := range map[string]func(*testing.T) *world{
		"plain": func(t *testing.T) *world { return newWorld(t, s.Kafka, s.postgres, s.Bootstrap()) },
		"compressed": func(t *testing.T) *world {
			return newWorld(t, s.Kafka, s.postgres, s.Bootstrap(), "compression.type=gzip")
		},
		"hidden": func(t *testing.T) *world { return s.worldOf(t, "carol", "c") }, // carol may not read the topic's configuration
	} {
		t.Run(name, func(t *testing.T) {
			w := world(t)
			lists := func(name string, codes int) (all []rig.Codelist) {
				for i := range 12 {
					all = append(all, rig.Codelist{ID: fmt.Sprintf("CL_%02d", i), Name: name, Codes: codes})
				}
				return all
			}
			limit := "20000"
			if name == "compressed" {
				limit = "3000"
			}
			s.SetTopic(t, w.topic, "max.message.bytes", limit)
			w.replace(lists("First", 60)...)
			w.settle()
			large := lists("Second", 60)
			large[7] = rig.Codelist{ID: "CL_LARGE", Name: "Large", Codes: 2000}
			w.replace(large...)
			w.wantFailed("transaction 2", large[7].URN(), w.topic, "max.message.bytes")
			s.SetTopic(t, w.topic, "max.message.bytes", "1000000")
			w.command("start", "")
			w.settle()
			w.replace(rig.Codelist{ID: "CL_LARGE", Name: "Short", Codes: 10})
			w.settle()
			s.SetTopic(t, w.topic, "max.message.bytes", limit)
			w.command("start", "baseline")
			w.settle()
			w.check()
		})
	}
}
