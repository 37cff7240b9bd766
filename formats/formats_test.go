package formats

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"urncast/sdmx"
)

var header = Header{ID: "T1", Prepared: time.Date(2026, 1, 31, 10, 0, 0, 0, time.UTC), Sender: "TEST"}

// shared returns the folder of real files, which is outside of the repository.
func shared(t testing.TB) string {
	dir := os.Getenv("URNCAST_SHARED")
	if dir == "" {
		dir = filepath.Join("..", "..", "shared")
	}
	if _, err := os.Stat(filepath.Join(dir, "sdmx", "samples")); err != nil {
		t.Skip("the real files are not here; set URNCAST_SHARED to the folder that holds sdmx/samples")
	}
	return filepath.Join(dir, "sdmx")
}

func readAll(t testing.TB, name string, data []byte, o ReadOptions) ([]sdmx.Maintainable, Summary, error) {
	t.Helper()
	var out []sdmx.Maintainable
	o.Name = name
	sum, err := Read(bytes.NewReader(data), o, func(m sdmx.Maintainable, _ string) error {
		out = append(out, m)
		return nil
	})
	return out, sum, err
}

// refusedForAReason reports whether a sample is refused because it is not a structure message
// that this version reads.
func refusedForAReason(err error) bool {
	var e *Error
	return errors.As(err, &e) && e.Text != ""
}

func TestRealFiles(t *testing.T) {
	dir := shared(t)
	for _, format := range All() {
		files, _ := filepath.Glob(filepath.Join(dir, "samples", format.Name, "*"))
		if format == SDMXJSON20 {
			newer, _ := filepath.Glob(filepath.Join(dir, "samples", "sdmx-json-2.1", "*"))
			files = append(files, newer...)
		}
		if len(files) < 10 {
			t.Fatalf("only %d samples of %s", len(files), format.Name)
		}
		read, total := 0, 0
		for _, file := range files {
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if strings.HasSuffix(file, "generated-sample.json") { // it has everything, and so errors, too
				data = bytes.Replace(data, []byte(`"errors"`), []byte(`"warnings"`), 1)
			}
			ms, sum, err := readAll(t, filepath.Base(file), data, ReadOptions{SkipUnsupported: true})
			if err != nil {
				t.Logf("refused: %v", err)
				if !refusedForAReason(err) {
					t.Errorf("%s: the error says no place: %v", file, err)
				}
				continue
			}
			for _, w := range sum.Warnings.First {
				t.Logf("%s: %s", filepath.Base(file), w)
			}
			read++
			total += len(ms)
			for _, m := range ms {
				roundTrip(t, format, m)
			}
		}
		t.Logf("%s: %d of %d files read, %d structures", format.Name, read, len(files), total)
		if read < len(files)*8/10 {
			t.Errorf("%s: only %d of %d files were read", format.Name, read, len(files))
		}
	}
}

// roundTrip writes and reads a structure in its own format, which must not lose anything, and
// in the other format, where the second writing must equal the first.
func roundTrip(t *testing.T, own *Format, m sdmx.Maintainable) {
	t.Helper()
	for _, f := range All() {
		if why := Expressible(f, m); why != nil {
			if AlwaysExpressible(f, m.Class()) {
				t.Errorf("said to be always expressible: %v", why)
			}
			continue
		}
		first, err := AppendMessage(nil, f, header, m)
		if err != nil {
			t.Errorf("%s as %s: %v", sdmx.URNOf(m), f.Name, err)
			continue
		}
		back, sum, err := readAll(t, "", first, ReadOptions{})
		if err != nil || len(back) != 1 {
			t.Errorf("%s as %s is not read back: %v", sdmx.URNOf(m), f.Name, err)
			continue
		}
		if sum.Warnings.Count > 0 {
			t.Errorf("%s as %s: our own writing is not understood: %v", sdmx.URNOf(m), f.Name, sum.Warnings)
		}
		if len(Losses(f, m)) == 0 && f == own {
			if d := cmp.Diff(m, back[0]); d != "" {
				t.Errorf("%s as %s, no loss declared:\n%s", sdmx.URNOf(m), f.Name, clip(d, 2000))
			}
		}
		second, err := AppendMessage(nil, f, header, back[0])
		if err != nil || !bytes.Equal(first, second) {
			t.Errorf("%s as %s: a second writing differs: %v", sdmx.URNOf(m), f.Name, err)
		}
	}
}

func TestWrittenXMLIsValid(t *testing.T) {
	dir := shared(t)
	lint, err := exec.LookPath("xmllint")
	if err != nil {
		t.Skip("xmllint is not installed (Debian: libxml2-utils)")
	}
	schema, _ := filepath.Glob(filepath.Join(dir, "sdmx-ml-2.1", "*", "SDMXMessage.xsd"))
	if direct := filepath.Join(dir, "sdmx-ml-2.1", "SDMXMessage.xsd"); len(schema) == 0 {
		schema = []string{direct}
	}
	if _, err := os.Stat(schema[0]); err != nil {
		t.Fatalf("the schema is not where it is expected: %v", err)
	}
	files, _ := filepath.Glob(filepath.Join(dir, "samples", "*", "*"))
	out := t.TempDir()
	var written []string
	for _, file := range files {
		if !strings.Contains(file, SDMXML21.Name+"/") && !strings.Contains(file, FusionJSON.Name+"/") {
			continue
		}
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var b bytes.Buffer
		_, err = Convert(&b, SDMXML21, bytes.NewReader(data), header, ReadOptions{Name: file, SkipUnsupported: true})
		if err != nil || b.Len() == 0 {
			continue
		}
		path := filepath.Join(out, filepath.Base(file)+".xml")
		if err := os.WriteFile(path, b.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
		written = append(written, path)
	}
	if len(written) < 20 {
		t.Fatalf("only %d files were written", len(written))
	}
	message, err := exec.Command(lint, append([]string{"--noout", "--nonet", "--huge", "--schema", schema[0]}, written...)...).CombinedOutput()
	if err != nil {
		lines := strings.Split(string(message), "\n")
		var bad []string
		for _, l := range lines {
			if !strings.HasSuffix(l, " validates") {
				bad = append(bad, clip(l, 300))
			}
		}
		t.Errorf("%d files written, some invalid:\n%s", len(written), strings.Join(bad[:min(len(bad), 40)], "\n"))
	}
}

const head21 = `<m:Structure xmlns:m="http://www.sdmx.org/resources/sdmxml/schemas/v2_1/message" xmlns:s="http://www.sdmx.org/resources/sdmxml/schemas/v2_1/structure" xmlns:c="http://www.sdmx.org/resources/sdmxml/schemas/v2_1/common"><m:Header><m:ID>a</m:ID></m:Header><m:Structures>`

func TestRefusals(t *testing.T) {
	for name, c := range map[string]struct{ in, want string }{
		"empty":          {"", "the message is empty"},
		"text":           {"id,name\n", "line 1, column 1"},
		"dtd":            {`<!DOCTYPE a [<!ENTITY b "c">]><a/>`, "DTD"},
		"wrong root":     {`<a/>`, `expected "Structure"`},
		"2.0":            {`<Structure xmlns="http://www.SDMX.org/resources/SDMXML/schemas/v2_0/message"/>`, "does not read yet"},
		"not closed":     {head21, "ends in the middle"},
		"wrong end":      {head21 + "<s:Codelists></s:Codelist>", `the end tag of "s:Codelists" is expected`},
		"entity":         {head21 + `<s:Codelists><s:Codelist id="A" agencyID="X"><c:Name>&foo;</c:Name></s:Codelist></s:Codelists></m:Structures></m:Structure>`, "entity &foo;"},
		"unknown child":  {head21 + "<s:Codelists>\n  <s:Codelist id='A' agencyID='X'>\n    <s:Colour/></s:Codelist></s:Codelists></m:Structures></m:Structure>", `line 3, column 5: /Structure/Structures/Codelists/Codelist[1]/Colour[1]: element "Colour"`},
		"no id":          {head21 + `<s:Codelists><s:Codelist agencyID="X"/></s:Codelists></m:Structures></m:Structure>`, "Codelist[1]"},
		"unsupported":    {head21 + `<s:Categorisations><s:Categorisation id="P" agencyID="X"><s:Source><URN>urn:sdmx:org.sdmx.infomodel.reporting.DashboardTable=X:T(1.0)</URN></s:Source></s:Categorisation></s:Categorisations></m:Structures></m:Structure>`, "Categorisation X:P"},
		"attribute":      {head21 + `<s:Codelists><s:Codelist id="A" id="B"/></s:Codelists></m:Structures></m:Structure>`, `attribute "id" is there twice`},
		"deep":           {head21 + "<s:Codelists><s:Codelist>" + strings.Repeat("<a>", 100), "nested more than 64"},
		"json":           {`{"Codelist":[{"id":"A","agencyId":"X",}]}`, "line 1"},
		"json type":      {`{"Codelist":[{"id":["A"],"agencyId":"X"}]}`, "$.Codelist[0].id"},
		"json deep":      {`{"Codelist":` + strings.Repeat("[", 100), "nested more than 64"},
		"json reference": {`{"Dataflow":[{"id":"A","agencyId":"X","dataStructureRef":"urn:sdmx:nonsense"}]}`, "$.Dataflow[0].dataStructureRef"},
		"language":       {head21 + `<s:Codelists><s:Codelist id="A" agencyID="X"><c:Name xml:lang="en_GB">a</c:Name></s:Codelist></s:Codelists></m:Structures></m:Structure>`, `Name[1]: "en_GB" is no language`},
		"json language":  {`{"Codelist":[{"id":"A","agencyId":"X","items":[{"id":"a","names":[{"locale":"&0"}]}]}]}`, `$.Codelist[0].items[0].names[0]: "&0" is no language`},
		"json class":     {`{"Codelists":[{"id":"A"}]}`, `"Codelists" is no structure type`},
		"json twice":     {`{"Codelist":[{"id":"A","id":"B"}]}`, `"id" is there twice`},
		"json rest":      {`{"Codelist":[]} x`, "after the end"},
		"sdmx-json 1.0":  {`{"data":{"contentConstraints":[]}}`, "SDMX-JSON 1.0"},
		"sdmx-json rest": {`{"data":{"codebooks":[{"id":"A"}]}}`, `"codebooks" is no structure type`},
		"json empty":     {`{"Metadataflow":[{"id":"A","agencyId":"X","targets":["urn:sdmx:org.sdmx.infomodel.datastructure.Dataflow=*:*(*)",""]}]}`, "a reference of targets is empty"},
		"json blank":     {`{"data":{"reportingTaxonomies":[{"id":"A","agencyID":"X","reportingCategories":[{"id":"B","structuralMetadata":[" "]}]}]}}`, "a reference of structuralMetadata is empty"},
		"two formats":    {`{"Codelist":[],"data":{}}`, "neither"},
		"two formats 2":  {`{"data":{},"Codelist":[]}`, "neither"},
	} {
		t.Run(name, func(t *testing.T) {
			_, _, err := readAll(t, "f", []byte(c.in), ReadOptions{})
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want something with %q", err, c.want)
			}
			var e *Error
			if err != nil && !errors.As(err, &e) {
				t.Errorf("%T is not an *Error", err)
			}
		})
	}
}

// A language that was stored before its form was checked does not make a message invalid.
func TestLanguageIsEscaped(t *testing.T) {
	l := &sdmx.Codelist{}
	l.ID, l.Agency, l.Version, l.Names = "A", "X", "1.0", sdmx.Texts{{Lang: `&"<`, Value: "a"}}
	for _, format := range All() {
		b, err := AppendMessage(nil, format, header, l)
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := readAll(t, "", b, ReadOptions{}); err == nil || !strings.Contains(err.Error(), "is no language") {
			t.Errorf("%s, read again: %v\n%s", format.Name, err, b)
		}
	}
}

func TestSkipUnsupported(t *testing.T) {
	in := head21 + `<s:Codelists><s:Codelist id="A" agencyID="X"/></s:Codelists><s:Categorisations><s:Categorisation id="P" agencyID="X"><s:Source><URN>urn:sdmx:org.sdmx.infomodel.reporting.DashboardTable=X:T(1.0)</URN></s:Source></s:Categorisation></s:Categorisations></m:Structures></m:Structure>`
	ms, sum, err := readAll(t, "", []byte(in), ReadOptions{SkipUnsupported: true})
	if err != nil || len(ms) != 1 || sum.Skipped.Count != 1 || !strings.Contains(sum.Skipped.First[0].Text, "Categorisation X:P") {
		t.Errorf("got %d structures, %+v, %v", len(ms), sum, err)
	}
}

func TestNegotiate(t *testing.T) {
	xml, json, sdmx := SDMXML21, FusionJSON, SDMXJSON20
	for accept, want := range map[string][]*Format{
		"": {xml, json, sdmx}, "*/*": {xml, json, sdmx}, "application/*": {xml, json, sdmx}, "application/vnd.fusion.json": {json}, "application/json": {json}, "text/xml": {xml},
		"application/json;q=0.5, application/xml": {xml, json}, "application/json, application/xml;q=0.9": {json, xml},
		"application/vnd.sdmx.structure+xml;version=2.1;q=0.2":        {xml},
		"application/vnd.sdmx.structure+xml;version=2.1, */*;q=0.1":   {xml, json, sdmx},
		"*/*, application/vnd.sdmx.structure+xml;version=2.1;q=0":     {json, sdmx},
		"application/vnd.fusion.json;q=0.3, */*;q=0.8":                {xml, sdmx, json},
		"application/vnd.sdmx.structure+xml;version=9":                {},
		"application/vnd.sdmx.structure+xml;version=9, text/html;q=1": {},
		"application/vnd.sdmx.structure+json":                         {sdmx}, "application/vnd.sdmx.structure+json;version=2.0": {sdmx},
		"application/vnd.sdmx.structure+json;version=2.0.0": {sdmx}, "application/vnd.sdmx.structure+json;version=1.0.0": {},
		"image/png": {}, "*/*;q=x": {},
	} {
		if got := Negotiate(accept); !slices.Equal(got, want) {
			t.Errorf("%q: got %v", accept, got)
		}
	}
}

func TestUnpackBomb(t *testing.T) {
	err := Unpack(bytes.NewReader(gz(t, make([]byte, 1<<20))), "bomb.gz", Limits{Bytes: 1000}, func(_ string, r io.Reader) error {
		_, err := io.Copy(io.Discard, r)
		return err
	})
	if err == nil || !strings.Contains(err.Error(), "limit") {
		t.Errorf("got %v", err)
	}
}

// A zip that is larger than a message may be is said to be that, and not to be damaged.
func TestUnpackLarge(t *testing.T) {
	packed := zipOf(t, bytes.Repeat([]byte("structures "), 10), func([]byte) {})
	err := Unpack(bytes.NewReader(packed), "large.zip", Limits{Bytes: int64(len(packed)) - 10}, func(string, io.Reader) error { return nil })
	if err == nil || !strings.Contains(err.Error(), "larger than the limit") {
		t.Errorf("said is %v", err)
	}
}

func FuzzReadXML(f *testing.F) {
	f.Add([]byte(head21 + `<s:Codelists><s:Codelist id="A" agencyID="X"><s:Code id="a"><c:Name xml:lang="fr">&lt;é</c:Name></s:Code></s:Codelist></s:Codelists></m:Structures></m:Structure>`))
	f.Add([]byte(head21 + `<s:Dataflows><s:Dataflow id="F" agencyID="X"><s:Structure><Ref id="D" agencyID="X" version="1.0"/></s:Structure></s:Dataflow></s:Dataflows></m:Structures></m:Structure>`))
	f.Add([]byte(head21 + `<s:VtlMappings><s:VtlMappingScheme id="M" agencyID="X"><s:VtlMapping id="a" alias="b"><s:GenericDataflow/><s:ToVtlMapping method="Pivot"><s:ToVtlSubSpace><s:Key>F</s:Key></s:ToVtlSubSpace></s:ToVtlMapping></s:VtlMapping></s:VtlMappingScheme></s:VtlMappings></m:Structures></m:Structure>`))
	f.Add([]byte(head21 + `<s:Constraints><s:ContentConstraint id="K" agencyID="X"><s:CubeRegion><c:KeyValue id="D"><c:Value cascadeValues="true">a</c:Value><c:TimeRange><c:AfterPeriod>2020</c:AfterPeriod></c:TimeRange></c:KeyValue></s:CubeRegion></s:ContentConstraint></s:Constraints></m:Structures></m:Structure>`))
	f.Add([]byte(head21 + `<s:MetadataStructures><s:MetadataStructure id="M" agencyID="X"><s:MetadataStructureComponents><s:MetadataTarget id="T"><s:ReportPeriodTarget/></s:MetadataTarget><s:ReportStructure id="R"><s:MetadataAttribute maxOccurs="2"/><s:MetadataTarget><Ref id="T"/></s:MetadataTarget></s:ReportStructure></s:MetadataStructureComponents></s:MetadataStructure></s:MetadataStructures></m:Structures></m:Structure>`))
	f.Add([]byte("\xff\xfe<\x00a\x00>\x00"))
	fuzzRead(f)
}

func FuzzReadJSON(f *testing.F) {
	f.Add([]byte(`{"meta":{},"Codelist":[{"id":"A","agencyId":"X","items":[{"id":"a","names":[{"locale":"en","value":"\u00e9"}]}]}]}`))
	f.Add([]byte(`{"DataConstraint":[{"id":"K","agencyId":"X","includeCube":{"D":{"cascade":["a"],"values":["b"]}},"excludeSeries":{"dims":["D"],"rows":[["a"]],"comps":[]}}]}`))
	f.Add([]byte(`{"DataStructure":[{"id":"D","agencyId":"X","dimensionList":{"dimensions":[{"id":"F","isTimeDimension":true}]}}]}`))
	f.Add([]byte(`{"VtlMappingScheme":[{"id":"M","agencyId":"X","items":[{"id":"a","alias":"b","toVtlMethod":"Pivot","toVtlSubSpace":["F"]}]}]}`))
	f.Add([]byte(`{"data":{"transformationSchemes":[{"id":"T","agencyID":"X","version":"1.0","vtlVersion":"2.0","transformations":[{"id":"a","expression":"b","result":"c","isPersistent":true}]}]}}`))
	f.Add([]byte(`{"PublicationTable":[{"rows":[{"b":"@","a":["urn:sdmx:org.sdmx.infomodel.codelist.Codelist=A:L(1.0)",null,-1.5e3]}],"id":"T","agencyId":"X"}]}`))
	f.Add([]byte(`{"data":{"metadatasets":[{"id":"S","agencyId":"X","attributes":[{"id":"N","value":{"a":true},"attributes":[{"id":"O","values":["\\u0040"]}]}]}]}}`))
	fuzzRead(f)
}

// fuzzRead reads any input, which must not panic, and writes the structures of a valid one,
// which must be readable again.
func fuzzRead(f *testing.F) {
	f.Fuzz(func(t *testing.T, in []byte) {
		ms, _, err := readAll(t, "", in, ReadOptions{Limits: Limits{Bytes: 1 << 20, StructureBytes: 1 << 18}})
		if err != nil {
			return
		}
		if plain := bytes.TrimLeft(bytes.TrimPrefix(in, []byte("\xEF\xBB\xBF")), " \t\r\n"); plain[0] == '{' && !json.Valid(plain) {
			t.Errorf("%q is read, and is no JSON", in)
		}
		for _, m := range ms {
			for _, format := range All() {
				if Expressible(format, m) != nil {
					continue
				}
				b, err := AppendMessage(nil, format, header, m)
				if err != nil {
					t.Fatal(err)
				}
				if _, _, err := readAll(t, "", b, ReadOptions{}); err != nil {
					t.Fatalf("%s does not read what it wrote: %v\n%s", format.Name, err, b)
				}
			}
		}
	})
}
