package dashboard

import (
	"context"
	"strings"
	"testing"
	"time"

	"urncast/producer/control"
)

// TestScaleOfTimes checks that the scale encloses all times, from none to weeks, and that
// nothing is drawn outside it.
func TestScaleOfTimes(t *testing.T) {
	for _, c := range []struct {
		median, p99 time.Duration
		low, high   time.Duration
	}{
		{0, 0, time.Millisecond, 10 * time.Millisecond},
		{8 * time.Millisecond, 38 * time.Millisecond, time.Millisecond, 100 * time.Millisecond},
		{10 * time.Millisecond, 10 * time.Millisecond, 10 * time.Millisecond, 100 * time.Millisecond},
		{2 * time.Second, 3 * time.Hour, time.Second, 10 * time.Hour},
		{80 * 24 * time.Hour, 90 * 24 * time.Hour, 100 * time.Hour, 1000 * time.Hour},
	} {
		lags := control.Lags{Sent: 1, Median: c.median, P99: c.p99}
		p := &Pace{All: lags, Parts: []control.Lags{{}, lags, {}}}
		rungs := p.rungs()
		if rungs[0] != c.low || rungs[len(rungs)-1] != c.high {
			t.Errorf("%s and %s stand between %s and %s, want %s and %s", c.median, c.p99, rungs[0], rungs[len(rungs)-1], c.low, c.high)
		}
		for _, d := range []time.Duration{c.median, c.p99} {
			if h := height(rungs, d); !(h >= 0 && h <= 1) {
				t.Errorf("%s is drawn at %v of the height", d, h)
			}
		}
	}
}

// TestDayIsDrawn checks that steps without sending are gaps, single steps dots, and that
// without times there is no line.
func TestDayIsDrawn(t *testing.T) {
	sent := control.Lags{Sent: 2, Median: 9 * time.Millisecond, P99: 20 * time.Millisecond}
	v := &Volume{Step: time.Hour, Parts: make([]VolumePart, 5)}
	v.Parts[2].Transactions = 3
	draw := func(p *Pace) string {
		var b strings.Builder
		if err := v.drawing(p, 330).Render(context.Background(), &b); err != nil {
			t.Fatal(err)
		}
		return b.String()
	}
	for name, c := range map[string]struct {
		pace                *Pace
		lines, dots, scales int
	}{
		"no producer":   {nil, 0, 0, 2},
		"nothing sent":  {&Pace{Parts: make([]control.Lags, 5)}, 0, 0, 2},
		"line and dot":  {&Pace{All: sent, Parts: []control.Lags{sent, sent, {}, sent, {}}}, 2, 2, 5},
		"without a gap": {&Pace{All: sent, Parts: []control.Lags{sent, sent, sent, sent, sent}}, 2, 0, 5},
	} {
		got := draw(c.pace)
		lines, dots, scales := strings.Count(got, "<polyline"), strings.Count(got, "<circle"), strings.Count(got, "<line")
		if lines != c.lines || dots != c.dots || scales != c.scales || strings.Count(got, "<rect") != 1 {
			t.Errorf("%s: %d lines, %d dots, %d lines of the scale in %s", name, lines, dots, scales, got)
		}
	}
}
