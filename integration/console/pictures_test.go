package console

import (
	"bytes"
	"cmp"
	"context"
	"flag"
	"image"
	"image/color"
	"image/png"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/a-h/templ"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"

	"urncast/web"
	"urncast/web/console/dashboard"
	"urncast/web/console/ui"
)

var update = flag.Bool("update", false, "make the pictures of docs/style.md and README.md again")

const (
	stylePage   = "../../docs/style.md"
	styleFolder = "../../docs/style"
	// styleBytesMax is the largest total size of the pictures, so that a clone stays small.
	styleBytesMax = 2_000_000
)

// A picture of the style page shows a part of a page, or the whole page if selector is empty.
type picture struct {
	name, path, selector string
	width                int64
	theme                string
}

// pictures returns the pictures that docs/style.md shows.
func pictures() (all []picture) {
	for _, theme := range []string{"light", "dark"} {
		for _, part := range []string{"tokens", "states", "notices", "form", "steps", "names", "empty"} {
			all = append(all, picture{part + "-" + theme, "/style", "#part-" + part, 1240, theme})
		}
		all = append(all, picture{"dashboard-1440-" + theme, "/", "", 1440, theme}, picture{"dashboard-375-" + theme, "/", "", 375, theme},
			picture{"dialog-" + theme, large + "/delete", ".dlg", 768, theme}, picture{"diff-" + theme, "/transactions/2", "#changed", 1240, theme})
	}
	return append(all, picture{"dashboard-768-light", "/", "", 768, "light"}, picture{"structure-1440-light", area + "?q=area", "", 1440, "light"},
		picture{"transaction-768-dark", "/transactions/2", "", 768, "dark"}, picture{"structure-375-dark", area, "", 375, "dark"})
}

// serveStyle serves the pages of the pictures, all drawn for the same moment: a sheet of all
// components, a dashboard with a producer in every state, and a small registry.
func serveStyle(t *testing.T) string {
	r, store, ours := build(t, "console_style", "bis-public", web.Options{Environment: "Production", Now: func() time.Time { return moment }})
	fill(t, r)
	if _, err := store.Pool().Exec(t.Context(), `UPDATE transactions SET recorded_at = $1::timestamptz - (100 - number) * interval '7 minutes'`, moment); err != nil {
		t.Fatal(err)
	}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		f := &ui.Frame{Title: "Style", Path: r.URL.Path, Environment: "Production", Version: "1.0.0", Now: moment, Publishing: "urncast-1", Standby: []string{"urncast-2"},
			Who: ui.Who{Name: "admin", Role: "admin"}, Side: ui.Map()}
		var drawn templ.Component
		switch r.URL.Path {
		case "/":
			f.Side[2].Entries[0].Needs = 1
			drawn = dashboard.DashboardPage(f, allStates())
		case "/style":
			var err error
			if drawn, err = styleSheet(f); err != nil {
				t.Error(err)
				return
			}
		default:
			ours.ServeHTTP(w, r)
			return
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		if err := drawn.Render(r.Context(), w); err != nil {
			t.Error(err)
		}
	}))
	t.Cleanup(s.Close)
	return s.URL
}

// Every component is drawn, and is as accessible on the sheet of components as on the pages. With
// -update the pictures of docs/style.md are made again; their times and fonts are fixed.
func TestStyle(t *testing.T) {
	b := open(t, serveStyle(t))
	b.do(emulation.SetTimezoneOverride("UTC"))
	b.show(1240, "light")
	b.visit("/style")
	b.look("style")
	if !*update {
		return
	}
	if err := os.RemoveAll(styleFolder); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(styleFolder, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, p := range pictures() {
		b.show(p.width, "light")
		b.visit(p.path)
		b.do(chromedp.Evaluate(`document.documentElement.dataset.theme = "`+p.theme+`"; document.activeElement.blur(); scrollTo({top: 0, behavior: "instant"})`, nil))
		if err := os.WriteFile(filepath.Join(styleFolder, p.name+".png"), reduced(t, b.capture(p.selector)), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// capture takes a picture of a part of the page with a margin around it.
func (b *browser) capture(selector string) (out []byte) {
	b.t.Helper()
	shot := page.CaptureScreenshot().WithCaptureBeyondViewport(true)
	if selector != "" {
		at := value[[]float64](b, `(r => [r.x, r.y + scrollY, r.width, r.height])(document.querySelector("`+selector+`").getBoundingClientRect())`)
		const around = 8
		shot = shot.WithClip(&page.Viewport{X: at[0] - around, Y: at[1] - around, Width: at[2] + 2*around, Height: at[3] + 2*around, Scale: 1})
	}
	b.do(chromedp.ActionFunc(func(ctx context.Context) (err error) {
		out, err = shot.Do(ctx)
		return err
	}))
	return out
}

// reduced encodes a picture with a palette of its most frequent colours. Pages have few colours,
// and mixtures of them at the edges of letters.
func reduced(t *testing.T, text []byte) []byte {
	full, err := png.Decode(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	bounds, count := full.Bounds(), map[color.RGBA]int{}
	at := func(x, y int) color.RGBA { return color.RGBAModel.Convert(full.At(x, y)).(color.RGBA) }
	for y := bounds.Min.Y; y < bounds.Max.Y; y++ {
		for x := bounds.Min.X; x < bounds.Max.X; x++ {
			count[at(x, y)]++
		}
	}
	common := slices.SortedFunc(maps.Keys(count), func(a, b color.RGBA) int {
		return cmp.Or(count[b]-count[a], cmp.Compare(a.R, b.R), cmp.Compare(a.G, b.G), cmp.Compare(a.B, b.B))
	})
	var palette color.Palette
	for _, c := range common[:min(len(common), 128)] {
		palette = append(palette, c)
	}
	small, nearest := image.NewPaletted(bounds, palette), map[color.RGBA]uint8{}
	for y := bounds.Min.Y; y < bounds.Max.Y; y++ {
		for x := bounds.Min.X; x < bounds.Max.X; x++ {
			c := at(x, y)
			i, ok := nearest[c]
			if !ok {
				i = uint8(palette.Index(c))
				nearest[c] = i
			}
			small.SetColorIndex(x, y, i)
		}
	}
	var b bytes.Buffer
	if err := (&png.Encoder{CompressionLevel: png.BestCompression}).Encode(&b, small); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

var shown = regexp.MustCompile(`!\[([^\]]*)\]\(style/([^)]+)\.png\)`)

// The style page shows each picture, describes it, and names no picture that does not exist.
func TestStylePageShowsItsPictures(t *testing.T) {
	text, err := os.ReadFile(stylePage)
	if err != nil {
		t.Fatal(err)
	}
	named := map[string]bool{}
	for _, m := range shown.FindAllSubmatch(text, -1) {
		named[string(m[2])] = true
		if len(m[1]) == 0 {
			t.Errorf("the picture %s has no alternative text", m[2])
		}
	}
	var made []string
	for _, p := range pictures() {
		made = append(made, p.name)
	}
	files, err := os.ReadDir(styleFolder)
	if err != nil {
		t.Fatal(err)
	}
	var bytes int64
	there := map[string]bool{}
	for _, f := range files {
		info, err := f.Info()
		if err != nil {
			t.Fatal(err)
		}
		bytes += info.Size()
		name, _ := strings.CutSuffix(f.Name(), ".png")
		there[name] = true
		if !named[name] || !slices.Contains(made, name) {
			t.Errorf("docs/style/%s is not shown in docs/style.md, or is not made by this package", f.Name())
		}
	}
	for _, name := range slices.Concat(made, slices.Collect(maps.Keys(named))) {
		if !there[name] || !named[name] {
			t.Errorf("docs/style/%s.png does not exist, or is not shown: run make pictures", name)
		}
	}
	if bytes > styleBytesMax {
		t.Errorf("the pictures have %d bytes, more than %d", bytes, styleBytesMax)
	}
}
