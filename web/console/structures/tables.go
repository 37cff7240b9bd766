package structures

import (
	"cmp"
	"net/url"
	"slices"
	"strings"

	"urncast/sdmx"
	"urncast/web/console/ui"
)

// A Table is content of a structure that is no item, such as what a map maps. A page shows a window
// of its rows.
type Table struct {
	Heading string
	Columns []string
	Rows    [][]string
	// Number is that of the table on its page, from 1. Match, From, Path and Keep are as those
	// of Items.
	Number      int
	Match, From int
	Path        string
	Keep        url.Values
}

// tables has, for each class with such content, what its page shows of it.
var tables = map[sdmx.Class]func(sdmx.Maintainable) []Table{
	sdmx.ClassStructureSet:          of(structureSetTables),
	sdmx.ClassStructureMap:          of(structureMapTables),
	sdmx.ClassRepresentationMap:     of(representationMapTables),
	sdmx.ClassConceptSchemeMap:      of(func(m *sdmx.ConceptSchemeMap) []Table { return itemMapTables(&m.SchemeMap) }),
	sdmx.ClassCategorySchemeMap:     of(func(m *sdmx.CategorySchemeMap) []Table { return itemMapTables(&m.SchemeMap) }),
	sdmx.ClassOrganisationSchemeMap: of(func(m *sdmx.OrganisationSchemeMap) []Table { return itemMapTables(&m.SchemeMap) }),
	sdmx.ClassReportingTaxonomyMap:  of(func(m *sdmx.ReportingTaxonomyMap) []Table { return itemMapTables(&m.SchemeMap) }),

	sdmx.ClassDataConstraint:       of(func(x *sdmx.DataConstraint) []Table { return constraintTables(x.Cubes, x.KeySets) }),
	sdmx.ClassAttachmentConstraint: of(func(x *sdmx.AttachmentConstraint) []Table { return constraintTables(nil, x.KeySets) }),

	sdmx.ClassRegistration: of(registrationTables),

	sdmx.ClassProcess: of(transitionTables),
}

func of[T sdmx.Maintainable](show func(T) []Table) func(sdmx.Maintainable) []Table {
	return func(m sdmx.Maintainable) []Table { return show(m.(T)) }
}

const (
	// tableRowBytes and cellBytes are the memory of a row and of a cell without its text.
	tableRowBytes = 24
	cellBytes     = 16
)

// tablesOf returns the tables of a structure that have rows, whole, and the memory of them.
func tablesOf(m sdmx.Maintainable) (out []Table, bytes int) {
	show := tables[m.Class()]
	if show == nil {
		return nil, 0
	}
	for _, t := range show(m) {
		if len(t.Rows) == 0 {
			continue
		}
		bytes += t.pack()
		out = append(out, t)
	}
	return out, bytes
}

// pack copies the texts of all cells into one buffer, which lets the document be freed. It returns
// the memory of the table.
func (t *Table) pack() (bytes int) {
	n := 0
	for _, row := range t.Rows {
		for _, cell := range row {
			n += len(cell)
		}
		bytes += tableRowBytes + cellBytes*len(row)
	}
	var plain strings.Builder
	plain.Grow(n)
	for _, row := range t.Rows {
		for i := range row {
			from := plain.Len()
			plain.WriteString(row[i])
			row[i] = plain.String()[from:]
		}
	}
	return bytes + n
}

// add adds a row.
func (t *Table) add(cells ...string) { t.Rows = append(t.Rows, cells) }

func structureMapTables(m *sdmx.StructureMap) []Table {
	mapped := Table{Heading: "Mapped components", Columns: []string{"Source", "Target", "How"}}
	for _, x := range m.Components {
		how := "the same value"
		if r := x.Representation; !r.IsZero() {
			how = "by " + r.Short()
		}
		mapped.add(strings.Join(x.Sources, ", "), strings.Join(x.Targets, ", "), how)
	}
	dates := func(x *sdmx.DateMap, how string) {
		switch {
		case x.TargetFrequency != "":
			how += ", to frequency " + x.TargetFrequency
		case x.FrequencyDimension != "":
			how += ", to the frequency in " + x.FrequencyDimension
		}
		for _, p := range x.Mapped {
			mapped.add(p.Source, p.Target, how)
		}
	}
	for i := range m.DatePatterns {
		x := &m.DatePatterns[i]
		dates(&x.DateMap, "dates such as "+x.Pattern+" ("+x.Locale+")")
	}
	for i := range m.Epochs {
		x := &m.Epochs[i]
		dates(&x.DateMap, "time counted in units of a "+x.Unit+" from "+x.Base)
	}
	for _, x := range m.FixedSources {
		mapped.add(x.Component, "", "taken to be "+listed(x.Values))
	}
	for _, x := range m.FixedTargets {
		mapped.add("", x.Component, "always "+listed(x.Values))
	}
	formats := Table{Heading: "Forms of dates", Columns: []string{"Frequency", "Pattern"}}
	for _, x := range m.FrequencyFormats {
		formats.add(x.Frequency, x.Pattern)
	}
	return []Table{mapped, formats}
}

// valuesShown is how many values a cell holds.
const valuesShown = 60

// listed returns values as a text, of many the first.
func listed(values []string) string {
	if len(values) <= valuesShown {
		return strings.Join(values, ", ")
	}
	return strings.Join(values[:valuesShown], ", ") + " and " + ui.Count(len(values)-valuesShown) + " more"
}

func representationMapTables(m *sdmx.RepresentationMap) []Table {
	t := Table{Heading: "Mapped values"}
	ends := func(what string, lists []sdmx.MappedList) {
		for _, x := range lists {
			t.Columns = append(t.Columns, what+" · "+cmp.Or(x.Type, x.List.ID))
		}
	}
	ends("From", m.Sources)
	ends("To", m.Targets)
	dated := slices.ContainsFunc(m.Mappings, func(x sdmx.ValueMapping) bool { return x.ValidFrom+x.ValidTo != "" })
	if dated {
		t.Columns = append(t.Columns, "Valid")
	}
	for i := range m.Mappings {
		x := &m.Mappings[i]
		row := make([]string, len(t.Columns))
		for j := range min(len(x.Sources), len(m.Sources)) {
			row[j] = mappedWord(&x.Sources[j])
		}
		copy(row[len(m.Sources):len(m.Sources)+len(m.Targets)], x.Targets)
		if dated {
			row[len(row)-1] = validWord(x.ValidFrom, x.ValidTo)
		}
		t.add(row...)
	}
	return []Table{t}
}

// mappedWord says for which values a mapping is.
func mappedWord(x *sdmx.MappedValue) string {
	value := cmp.Or(x.Value, "(empty)")
	if x.RegEx {
		value = "like " + x.Value
	}
	if x.Start+x.End != "" {
		value += " at " + x.Start + "–" + x.End
	}
	return value
}

func validWord(from, to string) string {
	if from+to == "" {
		return ""
	}
	return cmp.Or(from, "…") + " – " + cmp.Or(to, "…")
}

func itemMapTables(m *sdmx.SchemeMap) []Table {
	t := Table{Heading: "Mapped items", Columns: []string{"From", "To", "Valid"}}
	for i := range m.Maps {
		x := &m.Maps[i]
		t.add(mappedWord(&x.Source), x.Target, validWord(x.ValidFrom, x.ValidTo))
	}
	return []Table{t}
}

func structureSetTables(s *sdmx.StructureSet) []Table {
	var out []Table
	for i := range s.Maps {
		x := &s.Maps[i]
		t := Table{Heading: ui.Capital(x.Kind.Class().Word()) + " " + x.ID, Columns: []string{"From · " + x.Source.ID, "To · " + x.Target.ID}}
		byValue := x.Kind == sdmx.MapStructures
		if byValue {
			t.Columns = append(t.Columns, "How")
		}
		for j := range x.Items {
			row := []string{x.Items[j].Source.ID, x.Items[j].Target.ID}
			if byValue {
				row = append(row, howWord(x.Items[j].Values))
			}
			t.add(row...)
		}
		out = append(out, t)
	}
	return out
}

// howWord says how values of components are mapped.
func howWord(v *sdmx.MappedByValue) string {
	switch {
	case v == nil:
		return "the same value"
	case v.CodelistMap != "":
		return "by codelist map " + v.CodelistMap
	case v.Format != nil:
		return "the " + strings.ToLower(v.FormatOf) + " of the code, as " + cmp.Or(v.Format.Type, "String")
	}
	var pairs []string
	for _, p := range v.Pairs {
		pairs = append(pairs, cmp.Or(p.Source, "(empty)")+" → "+cmp.Or(p.Target, "(empty)"))
	}
	return listed(pairs)
}

func transitionTables(p *sdmx.Process) []Table {
	t := Table{Heading: "Transitions", Columns: []string{"From", "To", "If"}}
	sdmx.EachItem(p, func(it sdmx.Item) {
		if x, ok := it.Value.(*sdmx.ProcessStep); ok {
			for i := range x.Transitions {
				t.add(it.Path, x.Transitions[i].Target, x.Transitions[i].Conditions.In("en"))
			}
		}
	})
	return []Table{t}
}

// columns are those of ui.Table.
func (t *Table) columns() []ui.Column {
	out := make([]ui.Column, len(t.Columns))
	for i, word := range t.Columns {
		out[i].Word = word
	}
	return out
}

// said are the columns that hold words and no ids or values.
var said = []string{"How", "If", "Is", "Valid"}

func (t *Table) class(column int) string {
	if slices.Contains(said, t.Columns[column]) {
		return "dim"
	}
	return "mono any"
}

// note counts the rows.
func (t *Table) note() string { return ui.Count(t.Match) }

func registrationTables(r *sdmx.Registration) []Table {
	where := Table{Heading: "Where the data is", Columns: []string{"What", "Address"}}
	add := func(what, address string) {
		if address != "" {
			where.add(what, address)
		}
	}
	add("File", r.Simple)
	if q := r.Queryable; q != nil {
		what := "Service"
		switch {
		case q.REST && q.WebService:
			what = "Service of SDMX REST and SOAP"
		case q.REST:
			what = "SDMX REST service"
		case q.WebService:
			what = "SDMX SOAP service"
		}
		add(what, q.URL)
		add("WSDL of the service", q.WSDL)
		add("WADL of the service", q.WADL)
	}
	said := Table{Heading: "What is said of the data", Columns: []string{"What", "Value"}}
	if r.LastUpdated != "" {
		said.add("Last updated", r.LastUpdated)
	}
	var index []string
	for _, x := range []struct {
		asked bool
		what  string
	}{{r.IndexTimeSeries, "time series"}, {r.IndexDataSet, "data set"}, {r.IndexAttributes, "attributes"}, {r.IndexReportingPeriod, "reporting periods"}} {
		if x.asked {
			index = append(index, x.what)
		}
	}
	if index != nil {
		said.add("To be indexed", strings.Join(index, ", "))
	}
	return []Table{where, said}
}
