package structures

import (
	"errors"
	"fmt"
	"log/slog"
	"math/rand"
	"runtime"
	"strings"
	"testing"

	"urncast/registry"
	"urncast/sdmx"
	"urncast/web/background"
	"urncast/web/console/page"
)

// TestItemsFilter checks that a filter finds the same items, in the same order, as a plain
// search of every field, with letters of any kind, and never matches across two fields.
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
			v := &Items{Filter: text}
			c.window(v, from)
			if v.Match != len(want) {
				t.Errorf("%q: %d match, want %d", text, v.Match, len(want))
			}
			for i, row := range v.Rows {
				if row.ID != want[from+i] {
					t.Errorf("%q from %d: row %d is %s, want %s", text, from, i, row.ID, want[from+i])
				}
			}
			if shown := max(min(len(want)-from, ItemsShown), 0); len(v.Rows) != shown {
				t.Errorf("%q from %d: %d rows, want %d", text, from, len(v.Rows), shown)
			}
		}
	}
}

// TestContentsAreBounded checks that the least recently used content is dropped first, and
// that one that is too large is not cached.
func TestContentsAreBounded(t *testing.T) {
	c := &contents{}
	third := contentsBytesMax / 3
	for id := range int64(3) {
		c.keep(id, &content{bytes: third})
	}
	c.kept(0)
	c.keep(3, &content{bytes: third})
	c.keep(4, &content{bytes: contentsBytesMax + 1})
	for id, want := range []bool{true, false, true, true, false} {
		if got := c.kept(int64(id)) != nil; got != want {
			t.Errorf("content %d is kept: %t", id, got)
		}
	}
	if c.bytes != 3*third {
		t.Errorf("%d bytes are kept", c.bytes)
	}
}

// TestContentsAreMeasured checks that a content is not taken for much less than it needs in memory,
// with items and without: the cache would have no bound.
func TestContentsAreMeasured(t *testing.T) {
	list, hierarchy, flow := &sdmx.Codelist{}, &sdmx.Hierarchy{}, &sdmx.Dataflow{}
	for i := range 20_000 {
		id := fmt.Sprintf("C%d", i)
		list.Items = append(list.Items, sdmx.Code{Nameable: sdmx.Nameable{ID: id, Names: sdmx.Texts{{Lang: "en", Value: "Code " + id}}}})
		hierarchy.Items = append(hierarchy.Items, sdmx.HierarchicalCode{ID: id, Code: sdmx.RefToItem(sdmx.ClassCode, "AGENCY", "CL_OF_CODES", "1.0", id)})
	}
	flow.Structure = sdmx.RefTo(sdmx.URN{Class: sdmx.ClassDataStructure, Agency: "A", ID: "D", Version: "1.0"})
	for _, m := range []sdmx.Maintainable{list, hierarchy, flow} {
		a := m.Common()
		a.ID, a.Agency, a.Version, a.Names = "X", "A", "1.0", sdmx.Texts{{Lang: "en", Value: "A structure"}}
		kept := make([]*content, max(1, 2000/max(1, sdmx.CountItems(m))))
		var before, after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		said := 0
		for i := range kept {
			kept[i] = newContent(m)
			said += kept[i].bytes
		}
		runtime.GC()
		runtime.ReadMemStats(&after)
		if is := int(after.HeapAlloc) - int(before.HeapAlloc); said < is*2/3 {
			t.Errorf("contents of a %s take %d bytes, and %d are counted", m.Class(), is, said)
		}
		runtime.KeepAlive(kept)
	}
}

// TestAPanicWhileReadingADocument checks that such a panic is an error of the page, and
// that the next request reads the document again.
func TestAPanicWhileReadingADocument(t *testing.T) {
	pages := &Pages{Kit: page.New(&page.Kit{Log: slog.New(slog.DiscardHandler)})} // without a registry
	for range 3 {
		if _, err := pages.contents.get(t.Context(), pages, sdmx.ClassCodelist, 7, largeDocument+1); !errors.Is(err, background.ErrDefect) {
			t.Errorf("it says %v", err)
		}
	}
}

// TestBranches checks that a branch is shown in windows, under the items that lead to it.
func TestBranches(t *testing.T) {
	m := &sdmx.Codelist{}
	add := func(id, parent string) {
		m.Items = append(m.Items, sdmx.Code{Nameable: sdmx.Nameable{ID: id}, Parent: parent})
	}
	for _, area := range []string{"EU", "EU2"} {
		add(area, "")
		for _, country := range []string{"DE", "FR"} {
			add(area+country, area)
			for i := range 150 {
				add(fmt.Sprintf("%s%s%d", area, country, i), area+country)
			}
		}
	}
	c := newContent(m)
	for _, x := range []struct {
		branch, window, trail string // window: first to last, and how many in all
		from                  int
	}{
		{"", "EU/EU to EUFR46/ of 606", "", 0},
		{"", "EU2FR144/ to EU2FR149/ of 606", "", 600},
		{"EU", "EU/EU to EUFR46/ of 303", "EU", 0},
		{"EU.EUFR", "EUFR/EU.EUFR to EUFR149/ of 151", "EU EU.EUFR", 0},
		{"EU2.EU2FR", "EU2FR99/ to EU2FR149/ of 151", "EU2 EU2.EU2FR", 100},
		{"EU2.EU2FR.EU2FR7", "EU2FR7/ to EU2FR7/ of 1", "EU2 EU2.EU2FR EU2.EU2FR.EU2FR7", 999},
		{"EU.EU2FR", "none of 0", "", 0},
		{"EUFR", "none of 0", "", 0},
		{"EU.", "none of 0", "", 0},
		{".", "none of 0", "", 0},
		{"EU.EUDE.EUDE1.EUDE2", "none of 0", "", 0},
	} {
		v := &Items{Tree: true, Branch: x.branch}
		c.window(v, x.from)
		got := fmt.Sprintf("none of %d", v.Match)
		if n := len(v.Rows); n > 0 {
			got = fmt.Sprintf("%s/%s to %s/%s of %d", v.Rows[0].ID, v.Rows[0].Branch, v.Rows[n-1].ID, v.Rows[n-1].Branch, v.Match)
			if x.branch != "" && x.from == 0 && v.Rows[0].Depth != 0 {
				t.Errorf("branch %q begins at depth %d", x.branch, v.Rows[0].Depth)
			}
		}
		var trail []string
		for _, above := range v.Trail {
			trail = append(trail, above.Branch)
		}
		if got != x.window || strings.Join(trail, " ") != x.trail {
			t.Errorf("branch %q from %d is %s under %v, want %s under %s", x.branch, x.from, got, trail, x.window, x.trail)
		}
	}
}
