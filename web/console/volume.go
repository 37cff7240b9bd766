package console

import (
	"strconv"
	"strings"
	"time"

	"github.com/a-h/templ"
)

// Volume is how much was recorded in steps of time, oldest first.
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

func (v *Volume) sum() (transactions int, bytes int64) {
	for _, p := range v.Parts {
		transactions += p.Transactions
		bytes += p.Bytes
	}
	return transactions, bytes
}

// most is the highest bar, at least 1.
func (v *Volume) most() int {
	most := 1
	for _, p := range v.Parts {
		most = max(most, p.Transactions)
	}
	return most
}

// nice is the first round number that is not below n.
func nice(n int) int {
	for unit := 1; ; unit *= 10 {
		for _, m := range []int{1, 2, 5} {
			if m*unit >= n {
				return m * unit
			}
		}
	}
}

// bars draws the volume on width by 160: attributes alone, for the page allows no
// inline style.
func (v *Volume) bars(width int) templ.Component {
	const left, top, bottom = 44, 10, 130
	top1 := nice(v.most())
	x := func(i int) float64 { return left + float64(i)*float64(width-left-6)/float64(max(len(v.Parts), 1)) }
	var b strings.Builder
	text := func(s, x, y, anchor string) {
		b.WriteString(`<text x="` + x + `" y="` + y + `" text-anchor="` + anchor + `">` + s + `</text>`)
	}
	for _, line := range []int{0, 1} {
		y := strconv.Itoa(bottom - line*(bottom-top))
		b.WriteString(`<line class="g" x1="` + strconv.Itoa(left) + `" x2="` + strconv.Itoa(width-6) + `" y1="` + y + `" y2="` + y + `"/>`)
		text(Count(top1*line), strconv.Itoa(left-8), strconv.Itoa(bottom-line*(bottom-top)+4), "end")
	}
	for i, p := range v.Parts {
		if p.Transactions == 0 {
			continue
		}
		h := max(1, float64(p.Transactions)*float64(bottom-top)/float64(top1))
		b.WriteString(`<rect class="bar" x="` + coordinate(x(i)) + `" y="` + coordinate(bottom-h) + `" width="` +
			coordinate(x(i+1)-x(i)-1) + `" height="` + coordinate(h) + `"/>`)
	}
	return templ.Raw(b.String())
}

// marks are where the hours of the axis stand.
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
	return coordinate(44 + float64(i)*float64(width-50)/float64(max(len(v.Parts), 1)))
}

func (v *Volume) markTime(i int) string {
	return v.From.Add(time.Duration(i) * v.Step).UTC().Format("15:04")
}

// markAt is the mark's moment, for the script that shows it in the reader's zone.
func (v *Volume) markAt(i int) string {
	return v.From.Add(time.Duration(i) * v.Step).UTC().Format(time.RFC3339)
}

func coordinate(f float64) string { return strconv.FormatFloat(f, 'f', 1, 64) }
