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

// TestLongTablesSayHowLong checks that a map of more values than a page holds counts them.
func TestLongTablesSayHowLong(t *testing.T) {
	m := &sdmx.RepresentationMap{Sources: []sdmx.MappedList{{Type: "String"}}, Targets: []sdmx.MappedList{{Type: "String"}}}
	for i := range ItemsShown + 5 {
		m.Mappings = append(m.Mappings, sdmx.ValueMapping{Sources: []sdmx.MappedValue{{Value: fmt.Sprint(i)}}, Targets: []string{"x"}})
	}
	shown, _ := tablesOf(m)
	if x := shown[0]; len(x.Rows) != ItemsShown || x.Total != ItemsShown+5 || x.note() != "the first 200 of 205" {
		t.Errorf("%d rows of %d: %s", len(x.Rows), x.Total, x.note())
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
