package web

import (
	"fmt"
	"math/rand"
	"strings"
	"testing"

	"urncast/registry"
	"urncast/sdmx"
	"urncast/web/console"
)

// A filter finds what a plain look through every field finds, in the order of the list,
// whatever is looked for: across letters of any kind, and never across two fields.
func TestItemsFilter(t *testing.T) {
	words := []string{"Euro area", "ÉCOLE", "école", "NL", "Türkiye", "İstanbul", "", "a", "aa", "日本", "x.y", "Z"}
	random := rand.New(rand.NewSource(1))
	l := &sdmx.Codelist{}
	l.ID, l.Agency, l.Version = "CL", "A", "1.0"
	for i := range 500 {
		code := sdmx.Code{Nameable: sdmx.Nameable{ID: fmt.Sprintf("C%d", i), Names: sdmx.Texts{{Lang: "en", Value: words[random.Intn(len(words))]}}}}
		if i%3 == 0 {
			code.Descriptions = sdmx.Texts{{Lang: "en", Value: words[random.Intn(len(words))] + " " + words[random.Intn(len(words))]}}
		}
		l.Items = append(l.Items, code)
	}
	c := newContent(l)
	for _, text := range append(words[:6:6], "e", "E", "ecole", "C1", "c49", "area\u00a0", "turkiye", "本", "C499", "\u0301", "nl1", "1euro", "of nothing") {
		var want []string
		for i := range l.Items {
			n := &l.Items[i].Nameable
			for _, field := range []string{n.ID, n.Names.In("en"), n.Descriptions.In("en")} {
				if strings.Contains(registry.Fold(field), registry.Fold(text)) {
					want = append(want, n.ID)
					break
				}
			}
		}
		for _, from := range []int{0, 7} {
			v := &console.Items{Filter: text}
			c.window(v, from)
			if v.Match != len(want) {
				t.Errorf("%q: %d match, want %d", text, v.Match, len(want))
			}
			for i, row := range v.Rows {
				if row.ID != want[from+i] {
					t.Errorf("%q from %d: row %d is %s, want %s", text, from, i, row.ID, want[from+i])
				}
			}
			if shown := max(min(len(want)-from, console.ItemsShown), 0); len(v.Rows) != shown {
				t.Errorf("%q from %d: %d rows, want %d", text, from, len(v.Rows), shown)
			}
		}
	}
}

// What was not looked at for the longest time goes first, and what is too large is not
// kept at all.
func TestContentsAreBounded(t *testing.T) {
	c := &contents{byID: map[int64]*content{}}
	third := contentsBytesMax / 3
	for id := range int64(3) {
		c.keep(id, &content{bytes: third})
	}
	c.touch(0)
	c.keep(3, &content{bytes: third})
	c.keep(4, &content{bytes: contentsBytesMax + 1})
	if c.byID[0] == nil || c.byID[1] != nil || c.byID[2] == nil || c.byID[3] == nil || c.byID[4] != nil || c.bytes != 3*third {
		t.Errorf("%d bytes are kept, of %v", c.bytes, c.used)
	}
}
