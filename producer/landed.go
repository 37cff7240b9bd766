package producer

import (
	"maps"
	"slices"
	"time"

	"urncast/registry"
)

// A Stretch is where the records of a transaction are on a topic: the offset of its first
// one, and the offset after its last. Markers of Kafka's stand between its replaces and
// its tombstones.
type Stretch struct {
	First int64 `json:"first"`
	End   int64 `json:"end"`
}

// A Landed is a transaction that is committed on the topics, each in its stretch.
type Landed struct {
	Number    registry.Number
	Stretches map[string]Stretch
	// At is when the broker acknowledged it, by this process' clock; zero where the
	// acknowledgement was lost, and recovery found it on the topics.
	At time.Time
}

// joined gives the stretches of two parts of one transaction together.
func joined(a, b map[string]Stretch) map[string]Stretch {
	out := maps.Clone(a)
	if out == nil {
		out = make(map[string]Stretch, len(b))
	}
	for topic, s := range b {
		if was, both := out[topic]; both {
			s = Stretch{min(was.First, s.First), max(was.End, s.End)}
		}
		out[topic] = s
	}
	return out
}

// endsOf gives the offsets after the last records.
func endsOf(stretches map[string]Stretch) map[string]int64 {
	out := make(map[string]int64, len(stretches))
	for topic, s := range stretches {
		out[topic] = s.End
	}
	return out
}

// landedAfter gives what the topics show of our transactions above a number, in order.
func landedAfter(all []*witness, n registry.Number) []Landed {
	found := map[registry.Number]map[string]Stretch{}
	for _, w := range all {
		for i := range w.own {
			if t := &w.own[i]; t.number > n {
				found[t.number] = joined(found[t.number], map[string]Stretch{w.topic: t.stretch})
			}
		}
	}
	var out []Landed
	for _, number := range slices.Sorted(maps.Keys(found)) {
		out = append(out, Landed{Number: number, Stretches: found[number]})
	}
	return out
}
