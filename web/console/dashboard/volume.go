package dashboard

import (
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/a-h/templ"

	"urncast/producer/control"
	"urncast/web/console/ui"
)

// Volume is how much was recorded, in steps of time, oldest first.
type Volume struct {
	From  time.Time
	Step  time.Duration
	Parts []VolumePart
}

// A VolumePart is one step of a Volume.
type VolumePart struct {
	Transactions int
	Bytes        int64
}

// A Pace is how long a producer took from record to acknowledgement, in the steps of a
// Volume.
type Pace struct {
	All   control.Lags
	Parts []control.Lags
}

func (v *Volume) sum() (transactions int, bytes int64) {
	for _, p := range v.Parts {
		transactions += p.Transactions
		bytes += p.Bytes
	}
	return transactions, bytes
}

// most is the height of the highest bar, at least 1.
func (v *Volume) most() int {
	most := 1
	for _, p := range v.Parts {
		most = max(most, p.Transactions)
	}
	return most
}

// nice is the smallest round number that is at least n.
func nice(n int) int {
	for unit := 1; ; unit *= 10 {
		for _, m := range []int{1, 2, 5} {
			if m*unit >= n {
				return m * unit
			}
		}
	}
}

// A plot is a drawing of the given width and height, made with attributes alone, for the
// page's policy forbids inline style. Steps stand between left and right.
type plot struct {
	strings.Builder
	left, right float64
	steps       int
}

func (p *plot) x(step float64) float64 {
	return p.left + step*(p.right-p.left)/float64(max(p.steps, 1))
}

// scale draws a line of the scale with its label.
func (p *plot) scale(y float64, label string) {
	p.WriteString(`<line class="g" x1="` + coordinate(p.left) + `" x2="` + coordinate(p.right) + `" y1="` + coordinate(y) + `" y2="` + coordinate(y) + `"/>` +
		`<text x="` + coordinate(p.left-8) + `" y="` + coordinate(y+4) + `" text-anchor="end">` + label + `</text>`)
}

// bar draws the bar of a step, as a part of height above foot; nothing if part is 0.
func (p *plot) bar(step int, part, height, foot float64) {
	if part <= 0 {
		return
	}
	h, x := max(1, part*height), p.x(float64(step))
	p.WriteString(`<rect class="bar" x="` + coordinate(x) + `" y="` + coordinate(foot-h) + `" width="` +
		coordinate(max(0.5, p.x(float64(step+1))-x-1)) + `" height="` + coordinate(h) + `"/>`)
}

// line draws the steps that have a value, with gaps at the others; a step without
// neighbours is a dot.
func (p *plot) line(class string, y func(step int) (float64, bool)) {
	var points []string
	end := func() {
		if len(points) == 1 {
			x, y, _ := strings.Cut(points[0], ",")
			p.WriteString(`<circle class="` + class + `" cx="` + x + `" cy="` + y + `" r="1.5"/>`)
		} else if len(points) > 1 {
			p.WriteString(`<polyline class="` + class + `" points="` + strings.Join(points, " ") + `"/>`)
		}
		points = nil
	}
	for step := range p.steps {
		if at, is := y(step); is {
			points = append(points, coordinate(p.x(float64(step)+0.5))+","+coordinate(at))
		} else {
			end()
		}
	}
	end()
}

// ladder are the times of the scale's lines: it is logarithmic, for a day holds times from
// milliseconds to hours.
var ladder = []time.Duration{time.Millisecond, 10 * time.Millisecond, 100 * time.Millisecond, time.Second, 10 * time.Second,
	time.Minute, 10 * time.Minute, time.Hour, 10 * time.Hour, 100 * time.Hour, 1000 * time.Hour}

// rungs returns the steps of the ladder that enclose all times of a pace, at least two.
func (p *Pace) rungs() []time.Duration {
	low, high := ladder[len(ladder)-1], time.Duration(0)
	for _, l := range p.Parts {
		if l.Sent > 0 {
			low, high = min(low, l.Median), max(high, l.P99)
		}
	}
	from := 0
	for from < len(ladder)-2 && ladder[from+1] <= low {
		from++
	}
	to := from + 1
	for to < len(ladder)-1 && ladder[to] < high {
		to++
	}
	return ladder[from : to+1]
}

// height returns where a time stands between the first and the last rung, 0 to 1.
func height(rungs []time.Duration, d time.Duration) float64 {
	low, high := math.Log(float64(rungs[0])), math.Log(float64(rungs[len(rungs)-1]))
	return min(1, max(0, (math.Log(float64(max(d, 1)))-low)/(high-low)))
}

// The parts of the drawing, from the top: the times, if there are any, and the bars.
const (
	timesTop, timesFoot = 10.0, 110.0
	barsHeight          = 46.0
	barsAlone           = 120.0
)

// foot is the base of the bars, below which the hours are written.
func (p *Pace) foot() float64 {
	if p == nil || p.All.Sent == 0 {
		return timesTop + barsAlone
	}
	return timesFoot + 18 + barsHeight
}

// drawing draws what was recorded, and how long one producer took to send it.
func (v *Volume) drawing(pace *Pace, width int) templ.Component {
	p := &plot{left: 52, right: float64(width - 6), steps: len(v.Parts)}
	foot, tall := pace.foot(), barsAlone
	if pace != nil && pace.All.Sent > 0 {
		tall = barsHeight
		p.times(pace)
	}
	top := nice(v.most())
	p.scale(foot, "0")
	p.scale(foot-tall, ui.Count(top))
	for i := range v.Parts {
		p.bar(i, float64(v.Parts[i].Transactions)/float64(top), tall, foot)
	}
	return templ.Raw(p.String())
}

func (p *plot) times(pace *Pace) {
	rungs := pace.rungs()
	y := func(d time.Duration) float64 { return timesFoot - height(rungs, d)*(timesFoot-timesTop) }
	for _, r := range rungs {
		p.scale(y(r), ui.Span(r))
	}
	p.line("p99", func(i int) (float64, bool) { return y(pace.Parts[i].P99), pace.Parts[i].Sent > 0 })
	p.line("p50", func(i int) (float64, bool) { return y(pace.Parts[i].Median), pace.Parts[i].Sent > 0 })
}

// sparkline draws a producer's day on 160 by 34.
func (p *Pace) sparkline() templ.Component {
	d := &plot{left: 0, right: 160, steps: len(p.Parts)}
	most := int64(1)
	for _, l := range p.Parts {
		most = max(most, l.Sent)
	}
	rungs := p.rungs()
	for i, l := range p.Parts {
		d.bar(i, float64(l.Sent)/float64(most), 14, 34)
	}
	d.line("p50", func(i int) (float64, bool) {
		return 16 - 14*height(rungs, p.Parts[i].Median), p.Parts[i].Sent > 0
	})
	return templ.Raw(d.String())
}

// said describes a producer's day in words.
func (p *Pace) said() string {
	return ui.Count(p.All.Sent) + " sent, median " + ui.Span(p.All.Median)
}

// marks are the steps at which the axis has hours.
func (v *Volume) marks() []int {
	var out []int
	for i := range v.Parts {
		if at := v.From.Add(time.Duration(i) * v.Step).UTC(); at.Minute() == 0 && at.Hour()%4 == 0 {
			out = append(out, i)
		}
	}
	return out
}

func (v *Volume) markX(i, width int) string {
	p := plot{left: 52, right: float64(width - 6), steps: len(v.Parts)}
	return coordinate(p.x(float64(i)))
}

func (v *Volume) markTime(i int) string {
	return v.From.Add(time.Duration(i) * v.Step).UTC().Format("15:04")
}

// markAt is the moment of a mark, for the script that shows it in the reader's zone.
func (v *Volume) markAt(i int) string {
	return v.From.Add(time.Duration(i) * v.Step).UTC().Format(time.RFC3339)
}

func coordinate(f float64) string { return strconv.FormatFloat(f, 'f', 1, 64) }
