package soak

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"
)

// An event is one fault.
type event struct {
	number        int
	kind, effect  string
	begun, healed time.Time
}

// A journal records the faults, and the samples of the producer status in the meantime.
type journal struct {
	began time.Time
	round int

	mu      sync.Mutex
	events  []event
	samples []sample
}

// add gives a healed event its number and records it.
func (j *journal) add(e event) event {
	j.mu.Lock()
	defer j.mu.Unlock()
	e.number = len(j.events) + 1
	j.events = append(j.events, e)
	return e
}

func (j *journal) sampled(s sample) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.samples = append(j.samples, s)
}

// count returns the number of faults so far.
func (j *journal) count() int {
	j.mu.Lock()
	defer j.mu.Unlock()
	return len(j.events)
}

// maxGap is the longest time without any answer from an instance that does not count as a
// disturbance.
const maxGap = 1500 * time.Millisecond

// recovery reports whether the producer was disturbed between the beginning of a fault and the
// moment when everything was sent that had been recorded by the end of the fault, and how long that
// took from the end of the fault. Faults overlap, so the disturbance may come from another fault.
func (j *journal) recovery(e event) (disturbed bool, took time.Duration, known bool) {
	i, _ := slices.BinarySearchFunc(j.samples, e.begun, func(s sample, t time.Time) int { return s.at.Compare(t) })
	last, target := e.begun, int64(-1)
	for _, s := range j.samples[i:] {
		disturbed = disturbed || !s.isWorking() || s.at.Sub(last) > maxGap
		last = s.at
		if s.at.Before(e.healed) {
			continue
		}
		if target < 0 {
			target = s.Last
		}
		if s.isWorking() && s.Sent >= target {
			return disturbed, s.at.Sub(e.healed), true
		}
	}
	return disturbed, 0, false
}

// table summarises the events by kind, in Markdown.
func (j *journal) table() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	slices.SortFunc(j.samples, func(a, b sample) int { return a.at.Compare(b.at) })
	type row struct {
		kind             string
		count, disturbed int
		recoveries       []time.Duration
	}
	var rows []*row
	of := map[string]*row{}
	all := &row{kind: "**all**"}
	for _, e := range j.events {
		r := of[e.kind]
		if r == nil {
			r = &row{kind: e.kind}
			of[e.kind], rows = r, append(rows, r)
		}
		disturbed, took, known := j.recovery(e)
		for _, r := range []*row{r, all} {
			r.count++
			if disturbed {
				r.disturbed++
			}
			if known {
				r.recoveries = append(r.recoveries, took)
			}
		}
	}
	slices.SortFunc(rows, func(a, b *row) int { return cmp.Compare(a.kind, b.kind) })
	var b strings.Builder
	b.WriteString("| fault | times | producer seen disturbed | recovery: median | longest |\n|---|---|---|---|---|\n")
	for _, r := range append(rows, all) {
		median, longest := "-", "-"
		if n := len(r.recoveries); n > 0 {
			slices.Sort(r.recoveries)
			median, longest = seconds(r.recoveries[n/2]), seconds(r.recoveries[n-1])
		}
		fmt.Fprintf(&b, "| %s | %d | %d | %s | %s |\n", r.kind, r.count, r.disturbed, median, longest)
	}
	return b.String()
}

func seconds(d time.Duration) string { return fmt.Sprintf("%.1f s", d.Seconds()) }
