package integration

import (
	"fmt"
	"testing"

	"urncast/integration/rig"
)

// A topic that takes small messages alone takes many of them in one transaction, and in
// a baseline, whether its limit was lowered under the producer or known before, may be
// read by it or not, and counts after compression. What is too large by itself is what is named.
func smallBatches(t *testing.T, s *strict) {
	for name, world := range map[string]func(*testing.T) *world{
		"plain": func(t *testing.T) *world { return newWorld(t, s.Kafka, s.postgres, s.Bootstrap()) },
		"compressed": func(t *testing.T) *world {
			return newWorld(t, s.Kafka, s.postgres, s.Bootstrap(), "compression.type=gzip")
		},
		"hidden": func(t *testing.T) *world { return s.of(t, "carol", "c") }, // who may not read the topic's limit
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
			w.failed("transaction 2", large[7].URN(), w.topic, "max.message.bytes")
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
