package structures

import (
	"fmt"
	"net/url"
	"reflect"
	"strings"
	"testing"

	"urncast/sdmx"
	"urncast/sdmx/sdmxtest"
	"urncast/web/console/ui"
)

// drawn returns the page of a structure.
func drawn(t *testing.T, m sdmx.Maintainable) string {
	t.Helper()
	s := &Structure{URN: sdmx.URNOf(m), Formats: []string{"fusion-json"}}
	fillContent(s, newContent(m), url.Values{})
	var b strings.Builder
	if err := structureParts(s).Render(t.Context(), &b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// TestEveryTableIsWhole checks that each class with tables, filled, has rows with a cell for each
// column, and that its page has them.
func TestEveryTableIsWhole(t *testing.T) {
	for class := range tables {
		m, err := sdmx.New(class)
		if err != nil {
			t.Fatal(err)
		}
		sdmxtest.Fill(m, 1)
		shown, _ := tablesOf(m)
		if len(shown) == 0 {
			t.Errorf("the page of a %s has no table", class)
		}
		page := drawn(t, m)
		for _, x := range shown {
			for _, row := range x.Rows {
				if len(row) != len(x.Columns) || strings.Join(row, "") == "" {
					t.Errorf("%s of a %s: the row %q stands under %q", x.Heading, class, row, x.Columns)
				}
			}
			if !strings.Contains(page, "<h2>"+x.Heading+"</h2>") {
				t.Errorf("the page of a %s has no table %s", class, x.Heading)
			}
		}
	}
}

// TestWhatTablesSay checks the words of maps and constraints.
func TestWhatTablesSay(t *testing.T) {
	list := func(id string) sdmx.MappedList {
		return sdmx.MappedList{List: sdmx.RefTo(sdmx.URN{Class: sdmx.ClassCodelist, Agency: "A", ID: id, Version: "1.0"})}
	}
	values := func(id string, values ...sdmx.ComponentValue) sdmx.ComponentValues {
		return sdmx.ComponentValues{ID: id, Values: values}
	}
	for _, x := range []struct {
		of   sdmx.Maintainable
		want [][]string // columns, and rows
	}{
		{&sdmx.RepresentationMap{Sources: []sdmx.MappedList{list("CL_A"), {Type: "String"}}, Targets: []sdmx.MappedList{list("CL_B")}, Mappings: []sdmx.ValueMapping{
			{Sources: []sdmx.MappedValue{{Value: "A"}, {Value: "(.*)", RegEx: true}}, Targets: []string{"B"}, ValidFrom: "2020"},
			{Sources: []sdmx.MappedValue{{Value: "C", Start: "0", End: "1"}, {}}}}},
			[][]string{{"From · CL_A", "From · String", "To · CL_B", "Valid"}, {"A", "like (.*)", "B", "2020 – …"}, {"C at 0–1", "(empty)", "", ""}}},
		{&sdmx.StructureMap{Components: []sdmx.ComponentMap{{Sources: []string{"A", "B"}, Targets: []string{"C"}}}, FixedTargets: []sdmx.FixedValue{{Component: "D", Values: []string{"1"}}}},
			[][]string{{"Source", "Target", "How"}, {"A, B", "C", "the same value"}, {"", "D", "always 1"}}},
		{&sdmx.DataConstraint{Cubes: []sdmx.CubeRegion{{Keys: []sdmx.ComponentValues{values("FREQ", sdmx.ComponentValue{Value: "A", Cascade: "true"}, sdmx.ComponentValue{Value: "M"})}},
			{Excluded: true, Components: []sdmx.ComponentValues{values("STATUS"), {ID: "TIME_PERIOD", Excluded: true, Range: &sdmx.TimeRange{After: &sdmx.PeriodBound{Period: "2020", Exclusive: true}}}}}}},
			[][]string{{"Component", "Is", "Values"}, {"FREQ", "included", "A and below, M"}, {"STATUS", "excluded", "any"}, {"TIME_PERIOD", "included", "after 2020 (not included)"}}},
		{&sdmx.Registration{Simple: "https://x.example.org/a.xml", Queryable: &sdmx.QueryableSource{URL: "https://x.example.org/rest", REST: true}},
			[][]string{{"What", "Address"}, {"File", "https://x.example.org/a.xml"}, {"SDMX REST service", "https://x.example.org/rest"}}},
	} {
		shown, _ := tablesOf(x.of)
		if got := append([][]string{shown[0].Columns}, shown[0].Rows...); !reflect.DeepEqual(got, x.want) {
			t.Errorf("a %s shows %q, not %q", x.of.Class(), got, x.want)
		}
	}
}

// TestLongTablesAreShownInWindows follows the links of a map of 50,000 values from page to page: each
// is small, and together they have every row once, in order. The links keep what else the page shows.
func TestLongTablesAreShownInWindows(t *testing.T) {
	const rows = 50_000
	m := &sdmx.RepresentationMap{Sources: []sdmx.MappedList{{Type: "String"}}, Targets: []sdmx.MappedList{{Type: "String"}}}
	m.Agency, m.ID, m.Version = "A", "M", "1.0"
	for i := range rows {
		m.Mappings = append(m.Mappings, sdmx.ValueMapping{Sources: []sdmx.MappedValue{{Value: fmt.Sprintf("S%d", i)}}, Targets: []string{"x"}})
	}
	c := newContent(m)
	if c.bytes < rows*(tableRowBytes+2*cellBytes+3) {
		t.Errorf("the cache is told of %d bytes for %d rows", c.bytes, rows)
	}
	q, next := url.Values{"as": {"7"}}, 0
	for {
		s := &Structure{URN: sdmx.URNOf(m), Formats: []string{"fusion-json"}}
		fillContent(s, c, q)
		x := &s.Tables[0]
		if x.From != next || len(x.Rows) == 0 || len(x.Rows) > ItemsShown || x.Rows[0][0] != fmt.Sprintf("S%d", next) || x.note() != ui.Count(rows) {
			t.Fatalf("%v shows %d rows from %d, want them from %d", q, len(x.Rows), x.From, next)
		}
		var b strings.Builder
		if err := structureParts(s).Render(t.Context(), &b); err != nil {
			t.Fatal(err)
		}
		w := x.window()
		if page := b.String(); len(page) > 200_000 || strings.Contains(page, "Next 200") != (next+ItemsShown < rows) || strings.Contains(page, "Previous 200") != (next > 0) || !strings.Contains(page, `<div id="table-1">`) {
			t.Fatalf("the page from row %d has %d bytes: %s", next, len(page), page[len(page)-2000:])
		}
		if next += len(x.Rows); next == rows {
			break
		}
		u, err := url.Parse(w.Next)
		if err != nil || u.Fragment != "table-1" || u.Query().Get("as") != "7" {
			t.Fatalf("the way on is %s, %v", w.Next, err)
		}
		q = u.Query()
	}
	s := &Structure{URN: sdmx.URNOf(m)}
	fillContent(s, c, url.Values{"rows1": {"9999999"}})
	if x := &s.Tables[0]; len(x.Rows) != 1 || x.Rows[0][0] != "S49999" {
		t.Errorf("far behind the end, %d rows from %d are shown", len(x.Rows), x.From)
	}
}

// TestManyValuesOfAConstraint checks that a component with more values than a cell holds has them in
// several rows.
func TestManyValuesOfAConstraint(t *testing.T) {
	x := sdmx.ComponentValues{ID: "AREA"}
	for i := range 2*valuesShown + 1 {
		x.Values = append(x.Values, sdmx.ComponentValue{Value: fmt.Sprintf("V%d", i)})
	}
	shown, _ := tablesOf(&sdmx.DataConstraint{Cubes: []sdmx.CubeRegion{{Keys: []sdmx.ComponentValues{x}}}})
	var all []string
	for _, row := range shown[0].Rows {
		if row[0] != "AREA" || row[1] != "included" {
			t.Errorf("a row is %q", row)
		}
		all = append(all, strings.Split(row[2], ", ")...)
	}
	if len(shown[0].Rows) != 3 || len(all) != 2*valuesShown+1 || all[2*valuesShown] != fmt.Sprintf("V%d", 2*valuesShown) {
		t.Errorf("%d rows have %d values", len(shown[0].Rows), len(all))
	}
}

// TestTreesOfCodesAndSteps checks that codes of a hierarchy and steps of a process stand under what
// they belong to, and lead to their branch.
func TestTreesOfCodesAndSteps(t *testing.T) {
	hierarchy := &sdmx.Hierarchy{Levels: []sdmx.Level{{Nameable: sdmx.Nameable{ID: "L1", Names: sdmx.Texts{{Lang: "en", Value: "Countries"}}}}},
		Items: []sdmx.HierarchicalCode{{ID: "EU", Items: []sdmx.HierarchicalCode{{ID: "FR", Code: sdmx.RefToItem(sdmx.ClassCode, "A", "CL", "1.0", "FR")}}}}}
	// Several report structures may have attributes with one id, which stand under their report.
	attributes := []sdmx.MetadataAttribute{{ID: "CONTACT", Attributes: []sdmx.MetadataAttribute{{ID: "NAME"}}}}
	reports := &sdmx.MetadataStructure{Lists: []sdmx.MetadataAttributeList{{ID: "R1", Attributes: attributes}, {ID: "R2", Attributes: attributes}}}
	process := &sdmx.Process{Items: []sdmx.ProcessStep{{Nameable: sdmx.Nameable{ID: "S1"}, Items: []sdmx.ProcessStep{{Nameable: sdmx.Nameable{ID: "S2"}}}, Transitions: []sdmx.Transition{{ID: "T", Target: "S1.S2"}}}}}
	for _, x := range []struct {
		of   sdmx.Maintainable
		says []string
	}{
		{hierarchy, []string{`branch=EU`, `d1 leaf"`, "A:CL(1.0).FR", "Countries", ui.Capital(sdmx.ClassLevel.Word())[1:]}},
		{reports, []string{`branch=R1#items`, `branch=R1.CONTACT#items`, `branch=R2.CONTACT#items`, `d2 leaf"`}},
		{process, []string{`branch=S1`, `d1 leaf"`, "<h2>Transitions</h2>", "S1.S2"}},
	} {
		x.of.Common().ID, x.of.Common().Agency, x.of.Common().Version = "X", "A", "1.0"
		page := drawn(t, x.of)
		for _, words := range x.says {
			if !strings.Contains(page, words) {
				t.Errorf("the page of a %s does not say %q:\n%s", x.of.Class(), words, page)
			}
		}
		c := newContent(x.of)
		all := &Items{Tree: true}
		c.window(all, 0)
		for _, row := range all.Rows {
			at := &Items{Tree: true, Branch: row.Branch}
			if c.window(at, 0); row.Branch != "" && (len(at.Rows) == 0 || at.Rows[0].ID != row.ID) {
				t.Errorf("branch %s of a %s shows %+v", row.Branch, x.of.Class(), at.Rows)
			}
		}
	}
}
