package formats

import (
	"strings"
	"testing"

	"urncast/sdmx"
)

// in20 is a message with one codelist, with members of its meta and of the list.
func in20(meta, list string) string {
	return `{` + meta + `"data":{"codelists":[{"id":"L","agencyID":"A","version":"1.0",` + list + `}]}}`
}

// What the reader makes of SDMX-JSON: the text of the remark that is expected, or none, and
// what was read.
func TestReadJSON20(t *testing.T) {
	const self = `"rel":"self","urn":"urn:sdmx:org.sdmx.infomodel.codelist.Codelist=A:L(1.0)"`
	code := func(members string) string { return `"name":"a","codes":[{"id":"a","name":"a",` + members + `}]` }
	list := func(check func(l *sdmx.Codelist) bool) func(sdmx.Maintainable) bool {
		return func(m sdmx.Maintainable) bool { return check(m.(*sdmx.Codelist)) }
	}
	for name, c := range map[string]struct {
		in, remark string
		check      func(sdmx.Maintainable) bool
	}{
		"name alone":            {in20("", `"name":"a"`), "", list(func(l *sdmx.Codelist) bool { return l.Names[0] == sdmx.Text{Lang: "en", Value: "a"} })},
		"its language":          {in20(`"meta":{"contentLanguages":["fr","en"]},`, `"name":"a"`), "", list(func(l *sdmx.Codelist) bool { return l.Names[0].Lang == "fr" })},
		"name beside names":     {in20("", `"name":"b","names":{"fr":"a"}`), `name "b" was left out`, list(func(l *sdmx.Codelist) bool { return l.Names.In("fr") == "a" })},
		"own link":              {in20("", `"links":[{`+self+`,"type":"codelist"}],"name":"a"`), "", list(func(l *sdmx.Codelist) bool { return l.Links == nil })},
		"another's link":        {in20("", strings.Replace(`"links":[{`+self+`}],"name":"a"`, "A:L", "A:M", 1)), "does not agree with the ids", nil},
		"link of another type":  {in20("", `"links":[{`+self+`,"type":"code"}],"name":"a"`), `type "code" of the self link`, nil},
		"own URI":               {in20("", `"links":[{`+self+`,"uri":"http://x"}],"name":"a"`), "", list(func(l *sdmx.Codelist) bool { return l.URI == "http://x" })},
		"the schema as URI":     {in20("", `"links":[{`+self+`,"uri":"http://x/sdmx-json-structure-schema.json"}],"name":"a"`), "", list(func(l *sdmx.Codelist) bool { return l.URI == "" })},
		"own link with address": {in20("", `"links":[{`+self+`,"href":"http://x"}],"name":"a"`), "", list(func(l *sdmx.Codelist) bool { return l.Links[0].URL == "http://x" && l.Links[0].URN != "" })},
		"address of a stub":     {in20("", `"links":[{"rel":"external","href":"http://x"}],"isExternalReference":"true","name":"a"`), "", list(func(l *sdmx.Codelist) bool { return l.External && l.ServiceURL == "http://x" })},
		"final":                 {in20("", `"isFinal":true,"name":"a"`), "", list(func(l *sdmx.Codelist) bool { return l.Final })},
		"partial languages":     {in20("", `"isPartialLanguage":true,"name":"a"`), "isPartialLanguage", nil},
		"null":                  {in20("", `"annotations":null,"links":[],"codes":null,"name":"a"`), "", list(func(l *sdmx.Codelist) bool { return l.Annotations == nil && l.Items == nil })},
		"code of another list":  {in20("", code(`"links":[{"rel":"self","urn":"urn:sdmx:org.sdmx.infomodel.codelist.Code=A:M(1.0).a"}]`)), "does not agree", nil},
		"address by uri":        {in20("", `"annotations":[{"links":[{"rel":"self","uri":"http://x"}]}],"name":"a"`), "", list(func(l *sdmx.Codelist) bool { return l.Annotations[0].URLs[0] == sdmx.Text{Value: "http://x"} })},
		"two addresses":         {in20("", `"annotations":[{"links":[{"rel":"self","href":"http://x"},{"rel":"self","href":"http://y"}]}],"name":"a"`), "one address in each language", list(func(l *sdmx.Codelist) bool { return len(l.Annotations[0].URLs) == 1 })},
		"extension of SDMX 2.1": {`{"$schema":"https://json.sdmx.org/2.1/sdmx-json-structure-schema.json","data":{"x-own":1,"codelists":[{"id":"L","agencyID":"A","name":"a"}]}}`, `"x-own" is not known`, nil},
		"small letters":         {`{"data":{"codeLists":[{"id":"L","agencyID":"A","name":"a"}]}}`, "", nil},
	} {
		t.Run(name, func(t *testing.T) {
			ms, sum, err := readAll(t, "", []byte(c.in), ReadOptions{})
			if err != nil || len(ms) != 1 || sum.Format != SDMXJSON20 {
				t.Fatalf("%d structures in %v: %v", len(ms), sum.Format, err)
			}
			said := ""
			for _, w := range sum.Warnings.First {
				said += w.Text
			}
			if (c.remark == "") != (said == "") || !strings.Contains(said, c.remark) {
				t.Errorf("the remark is %q, want %q", said, c.remark)
			}
			if c.check != nil && !c.check(ms[0]) {
				t.Errorf("read as %+v", ms[0])
			}
		})
	}
}

// The time dimension stands where the positions of the others leave a number out, or last.
// Spellings of SDMX-JSON 1.0 are read too.
func TestDimensionsJSON20(t *testing.T) {
	const concept = `"conceptIdentity":"urn:sdmx:org.sdmx.infomodel.conceptscheme.Concept=A:C(1.0).X"`
	dimension := func(id, position string) string { return `{"id":"` + id + `",` + position + concept + `}` }
	const timed = `"timeDimension":{"id":"TIME_PERIOD",` + concept + `}`
	for name, c := range map[string]struct{ in, want, remark string }{
		"last":                   {`"dimensions":[` + dimension("A", `"position":1,`) + `,` + dimension("B", `"position":2,`) + `],` + timed, "A B TIME_PERIOD", ""},
		"between":                {timed + `,"dimensions":[` + dimension("A", `"position":1,`) + `,` + dimension("B", `"position":3,`) + `]`, "A TIME_PERIOD B", ""},
		"first":                  {`"dimensions":[` + dimension("A", `"position":2,`) + `,` + dimension("B", `"position":3,`) + `],` + timed, "TIME_PERIOD A B", ""},
		"from 0":                 {`"dimensions":[` + dimension("A", `"position":0,`) + `,` + dimension("B", `"position":1,`) + `],` + timed, "A B TIME_PERIOD", ""},
		"no positions":           {`"dimensions":[` + dimension("A", "") + `,` + dimension("B", "") + `],` + timed, "A B TIME_PERIOD", ""},
		"wrong":                  {`"dimensions":[` + dimension("A", `"position":1,`) + `,` + dimension("B", `"position":7,`) + `],` + timed, "A B TIME_PERIOD", `position "7"`},
		"a number is left out":   {`"dimensions":[` + dimension("A", `"position":1,`) + `,` + dimension("B", `"position":3,`) + `]`, "A B", "leave out 2"},
		"in a list, as in 1.0":   {`"dimensions":[` + dimension("A", `"position":1,"type":"Dimension",`) + `],"timeDimensions":[` + dimension("TIME_PERIOD", `"position":2,"type":"TimeDimension",`) + `]`, "A TIME_PERIOD", ""},
		"no id, so the usual":    {`"dimensions":[{` + concept + `}],"timeDimension":{` + concept + `}`, "X TIME_PERIOD", ""},
		"time dimension alone":   {timed, "TIME_PERIOD", ""},
		"with another's type":    {`"dimensions":[` + dimension("A", `"type":"MeasureDimension",`) + `]`, "A", "MeasureDimension"},
		"a list by another id":   {`"id":"Dimensions","dimensions":[` + dimension("A", "") + `]`, "A", "DimensionDescriptor"},
		"with links of the list": {`"links":[{"rel":"help","href":"http://x"}],"dimensions":[` + dimension("A", "") + `]`, "A", "links of component lists"},
	} {
		t.Run(name, func(t *testing.T) {
			in := `{"data":{"dataStructures":[{"id":"D","agencyID":"A","name":"a","dataStructureComponents":{"dimensionList":{` + c.in + `}}}]}}`
			ms, sum, err := readAll(t, "", []byte(in), ReadOptions{})
			if err != nil {
				t.Fatal(err)
			}
			var ids []string
			for _, x := range ms[0].(*sdmx.DataStructure).Dimensions {
				ids = append(ids, x.ID)
			}
			said := ""
			for _, w := range sum.Warnings.First {
				said += w.Text
			}
			if got := strings.Join(ids, " "); got != c.want || (c.remark == "") != (said == "") || !strings.Contains(said, c.remark) {
				t.Errorf("read as %q with the remark %q, want %q and %q", got, said, c.want, c.remark)
			}
		})
	}
}

// A relationship must be one, in either spelling.
func TestRelationshipsJSON20(t *testing.T) {
	for relationship, want := range map[string]any{
		`{"dataflow":{}}`:                               sdmx.AttachDataflow,
		`{"none":{}}`:                                   sdmx.AttachDataflow,
		`{"observation":{}}`:                            sdmx.AttachObservation,
		`{"primaryMeasure":"OBS_VALUE"}`:                sdmx.AttachObservation,
		`{"dimensions":["A"],"attachmentGroups":["G"]}`: sdmx.AttachDimensions,
		`{"group":"G"}`:                                 sdmx.AttachGroup,
		`{}`:                                            "is empty",
		`{"dimensions":[]}`:                             "is empty",
		`{"dimensions":["A"],"observation":{}}`:         "attached in one way",
		`{"dimensions":["A"],"group":"G"}`:              "attached in one way",
		`null`:                                          "has no attributeRelationship",
	} {
		in := `{"data":{"dataStructures":[{"id":"D","agencyID":"A","name":"a","dataStructureComponents":{"dimensionList":{"id":"DimensionDescriptor"},"attributeList":{"attributes":[` +
			`{"id":"X","conceptIdentity":"urn:sdmx:org.sdmx.infomodel.conceptscheme.Concept=A:C(1.0).X","attributeRelationship":` + relationship + `}]}}}]}}`
		ms, _, err := readAll(t, "", []byte(in), ReadOptions{})
		if text, wrong := want.(string); wrong {
			if err == nil || !strings.Contains(err.Error(), text) {
				t.Errorf("%s: got %v, want %q", relationship, err, text)
			}
			continue
		}
		if err != nil || ms[0].(*sdmx.DataStructure).Attributes[0].Relationship.Kind != want {
			t.Errorf("%s: got %v, %v", relationship, ms, err)
		}
	}
}
