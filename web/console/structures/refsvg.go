package structures

import (
	"strconv"
	"strings"

	"github.com/a-h/templ"

	"urncast/sdmx"
	"urncast/web/console/ui"
)

// refsDrawn is how many groups of references a side of the drawing holds.
const refsDrawn = 6

// sentence describes the references in words.
func (r *References) sentence() string {
	side := func(groups []RefGroup) string {
		var out []string
		for i := range groups {
			out = append(out, groups[i].head())
		}
		if n := len(out); n > 1 {
			return strings.Join(out[:n-1], ", ") + " and " + out[n-1]
		}
		return strings.Join(out, "")
	}
	in, out := "No structure refers to it.", "It refers to no structure."
	if r.InCount > 0 {
		in = ui.Capital(side(r.In)) + " refer to it."
		if r.InCount == 1 {
			in = ui.Capital(side(r.In)) + " refers to it."
		}
	}
	if r.OutCount > 0 {
		out = "It refers to " + side(r.Out) + "."
	}
	return in + " " + out
}

// drawing draws the referring structures at the left, the structure in the middle and the
// structures that it refers to at the right.
func (r *References) drawing(u sdmx.URN, below string) templ.Component {
	const step, node = 48, 38
	in, out := r.In[:min(len(r.In), refsDrawn)], r.Out[:min(len(r.Out), refsDrawn)]
	height := max(len(in), len(out), 1)*step + 4
	middle := height / 2
	var b strings.Builder
	text := func(class string, x, y int, s string) {
		b.WriteString(`<text class="` + class + `" x="` + strconv.Itoa(x) + `" y="` + strconv.Itoa(y) + `">` + templ.EscapeString(s) + `</text>`)
	}
	box := func(class string, x, y, width int, head, below string) {
		b.WriteString(`<rect class="` + class + `" x="` + strconv.Itoa(x) + `" y="` + strconv.Itoa(y) + `" width="` + strconv.Itoa(width) + `" height="` + strconv.Itoa(node) + `" rx="4"/>`)
		text("nt", x+10, y+16, head)
		text("ns", x+10, y+31, below)
	}
	arrow := func(x1, y1, x2, y2 int) {
		half := strconv.Itoa((x1 + x2) / 2)
		b.WriteString(`<path class="edge" d="M` + strconv.Itoa(x1) + ` ` + strconv.Itoa(y1) + `C` + half + ` ` + strconv.Itoa(y1) + ` ` + half + ` ` + strconv.Itoa(y2) +
			` ` + strconv.Itoa(x2-6) + ` ` + strconv.Itoa(y2) + `"/><path class="head" d="M` + strconv.Itoa(x2-7) + ` ` + strconv.Itoa(y2-3) + `l6 3-6 3Z"/>`)
	}
	place := func(i, n int) int { return middle - n*step/2 + i*step + (step-node)/2 }
	spread := func(i, n int) int { return middle + (2*i-n+1)*3 }
	for i := range in {
		box("node", 2, place(i, len(in)), 200, in[i].head(), in[i].names(26))
		arrow(202, place(i, len(in))+node/2, 260, spread(i, len(in)))
	}
	for i := range out {
		box("node", 518, place(i, len(out)), 200, out[i].head(), out[i].names(26))
		arrow(460, spread(i, len(out)), 518, place(i, len(out))+node/2)
	}
	box("node me", 260, middle-node/2, 200, clipped(u.Short(), 24), clipped(below, 32))
	if len(in) == 0 {
		text("ns", 40, middle+4, "No structure refers to it.")
	}
	if len(out) == 0 {
		text("ns", 530, middle+4, "It refers to no structure.")
	}
	label := templ.EscapeString("References of " + u.Short() + ". " + r.sentence())
	return templ.Raw(`<svg class="c refs only-w" viewBox="0 0 720 ` + strconv.Itoa(height) + `" role="img" aria-label="` + label + `">` + b.String() + `</svg>`)
}

func clipped(s string, n int) string {
	if r := []rune(s); len(r) > n {
		return string(r[:n-1]) + "…"
	}
	return s
}
