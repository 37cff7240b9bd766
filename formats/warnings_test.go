package formats

import (
	"archive/zip"
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"urncast/sdmx"
)

const (
	tail21      = `</m:Structures></m:Structure>`
	listA       = `<s:Codelists><s:Codelist id="A" agencyID="X"><c:Name>a</c:Name></s:Codelist></s:Codelists>`
	footerSpace = `xmlns:f="http://www.sdmx.org/resources/sdmxml/schemas/v2_1/message/footer"`
)

func footer(severity, text string) string {
	return `</m:Structures><f:Footer xmlns:c="http://www.sdmx.org/resources/sdmxml/schemas/v2_1/common" ` + footerSpace + `><f:Message code="413"` + severity + `><c:Text>` + text + `</c:Text></f:Message></f:Footer></m:Structure>`
}

// Parts that are read and not kept are remarked on with their places, and so are the warnings
// in a message.
func TestWarnings(t *testing.T) {
	annotated := func(content string) string {
		return head21 + "\n" + `<s:Codelists><s:Codelist id="A" agencyID="X"><c:Annotations><c:Annotation>` + content + `</c:Annotation></c:Annotations></s:Codelist></s:Codelists>` + tail21
	}
	urn := "(in urn:sdmx:org.sdmx.infomodel.codelist.Codelist=X:A(1.0))"
	for name, c := range map[string]struct{ in, want string }{
		"attribute":         {head21 + "\n<s:Codelists>\n  <s:Codelist id='A' agencyID='X' colour='red'/></s:Codelists>" + tail21, `f: line 3, column 35: /Structure/Structures/Codelists/Codelist[1]/@colour: attribute "colour" of "Codelist" is not known, and was left out ` + urn},
		"member":            {`{"Codelist":[{"id":"A","agencyId":"X",` + "\n" + `"colour":"red"}]}`, `f: line 2, column 10: $.Codelist[0].colour: "colour" is not known here, and was left out ` + urn},
		"text":              {head21 + `<s:Codelists><s:Codelist id="A" agencyID="X">stray<c:Name>a</c:Name> too</s:Codelist></s:Codelists>` + tail21, `Codelist[1]: the text "stray too" in "Codelist" is not expected`},
		"language twice":    {head21 + `<s:Codelists><s:Codelist id="A" agencyID="X"><c:Name xml:lang="en">a</c:Name><c:Name>b</c:Name></s:Codelist></s:Codelists>` + tail21, `Name[2]: Name is there twice in the language "en"; the last is kept, and "a" was left out`},
		"title twice":       {annotated(`<c:AnnotationTitle>a</c:AnnotationTitle><c:AnnotationTitle>b</c:AnnotationTitle>`), `AnnotationTitle[2]: AnnotationTitle is there more than once; the first is kept, and "b" was left out`},
		"type twice":        {annotated(`<c:AnnotationType>a</c:AnnotationType><c:AnnotationURL>http://x.example.org</c:AnnotationURL><c:AnnotationType>b</c:AnnotationType>`), `AnnotationType[2]: AnnotationType is there more than once`},
		"title twice alike": {annotated(`<c:AnnotationText>a</c:AnnotationText><c:AnnotationTitle>a</c:AnnotationTitle><c:AnnotationTitle>a</c:AnnotationTitle>`), ""},
		"urn":               {head21 + `<s:Codelists><s:Codelist id="A" agencyID="X" urn="urn:sdmx:org.sdmx.infomodel.codelist.Codelist=X:B(1.0)"><s:Code id="a" urn="urn:sdmx:org.sdmx.infomodel.codelist.Code=X:B(1.0).a"/></s:Codelist></s:Codelists>` + tail21, `/@urn: the URN urn:sdmx:org.sdmx.infomodel.codelist.Codelist=X:B(1.0) does not agree with the ids, which count: they make it urn:sdmx:org.sdmx.infomodel.codelist.Codelist=X:A(1.0)`},
		"html":              {`{"Codelist":[{"id":"A","agencyId":"X","names":[{"locale":"en","value":"<b>a</b>","isHtml":true}]}]}`, `isHtml is "true", which is not kept here`},
		"header":            {strings.Replace(head21, "<m:ID>a</m:ID>", "<m:ID>a</m:ID><m:DataSetAction>Delete</m:DataSetAction>", 1) + listA + tail21, `/Structure/Header/DataSetAction[1]: element "DataSetAction" is not expected here, and was left out: "Delete"`},
		"test":              {strings.Replace(head21, "<m:ID>a</m:ID>", "<m:ID>a</m:ID><m:Test>true</m:Test>", 1) + listA + tail21, "the message says that it is a test"},
		"json test":         {`{"meta":{"test":true},"Codelist":[{"id":"A","agencyId":"X"}]}`, "$.meta: the message says that it is a test"},
		"footer":            {head21 + listA + footer(` severity="Warning"`, "Half of it"), "/Structure/Footer: the message says: Warning: Half of it (code 413)"},
		"bare footer":       {head21 + listA + footer("", "Half of it"), "the message says: Half of it (code 413)"},
		"json warnings":     {`{"Codelist":[{"id":"A","agencyId":"X"}],"warnings":[{"code":7,"text":"Half of it"}]}`, "the message says: 7: Half of it"},
		"no errors":         {`{"Codelist":[{"id":"A","agencyId":"X"}],"errors":[]}`, ""},
	} {
		t.Run(name, func(t *testing.T) {
			ms, sum, err := readAll(t, "f", []byte(c.in), ReadOptions{})
			said := ""
			for _, w := range sum.Warnings.First {
				said += w.String() + "\n"
			}
			if err != nil || len(ms) != 1 || !strings.Contains(said, c.want) || (c.want != "") != (sum.Warnings.Count == 1) {
				t.Errorf("%d structures, %v, %q, want %q", len(ms), err, said, c.want)
			}
		})
	}
}

// A message that calls itself an error is refused with its own text, whatever else it has.
func TestMessagesThatAreErrors(t *testing.T) {
	for name, in := range map[string]string{
		"footer":         head21 + listA + footer(` severity="Error"`, "Too large"),
		"own word":       head21 + listA + footer(` severity="Fatal"`, "Too large"),
		"without others": `<m:Structure xmlns:m="http://www.sdmx.org/resources/sdmxml/schemas/v2_1/message">` + strings.TrimPrefix(footer(` severity="Error"`, "Too large"), "</m:Structures>"),
		"json":           `{"Codelist":[{"id":"A","agencyId":"X"}],"errors":[{"code":413,"title":"Too large"}]}`,
		"json first":     `{"errors":[{"code":413,"title":"Too large"}],"Codelist":[{"id":"A","agencyId":"X"}]}`,
		"error message":  `<m:Error xmlns:m="http://www.sdmx.org/resources/sdmxml/schemas/v2_1/message"><m:ErrorMessage xmlns:c="http://www.sdmx.org/resources/sdmxml/schemas/v2_1/common" code="413"><c:Text>Too large</c:Text></m:ErrorMessage></m:Error>`,
	} {
		_, _, err := readAll(t, "f", []byte(in), ReadOptions{SkipUnsupported: true})
		if err == nil || !strings.Contains(err.Error(), "says that it is an error") || !strings.Contains(err.Error(), "Too large") || !strings.Contains(err.Error(), "413") {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

// However much is not kept, the first hundred remarks are kept and all are counted.
func TestWarningsAreBounded(t *testing.T) {
	var b strings.Builder
	for i := range 40 {
		fmt.Fprintf(&b, `<s:Codelist id="L%d" agencyID="X">`, i)
		for j := range 50 {
			fmt.Fprintf(&b, `<s:Code id="C%d" %s="x"/>`, j, strings.Repeat("u", 900))
		}
		b.WriteString(`</s:Codelist>`)
	}
	_, sum, err := readAll(t, "f", []byte(head21+"<s:Codelists>"+b.String()+"</s:Codelists>"+tail21), ReadOptions{})
	if err != nil || sum.Warnings.Count != 2000 || len(sum.Warnings.First) != RemarksMax || sum.Warnings.More() != 1900 {
		t.Errorf("%v: %d warnings, %d kept", err, sum.Warnings.Count, len(sum.Warnings.First))
	}
	size := 0
	for _, w := range sum.Warnings.First {
		size += len(w.String())
	}
	if size > RemarksMax*1000 {
		t.Errorf("the warnings hold %d bytes", size)
	}
	all := Summary{}
	for range 50 {
		all.Join("f", sum)
	}
	if all.Warnings.Count != 100_000 || len(all.Warnings.First) != RemarksMax {
		t.Errorf("%d warnings, %d kept", all.Warnings.Count, len(all.Warnings.First))
	}
}

// A structure with a part of an unknown class is left out by itself with SkipUnsupported, and
// is otherwise an error that names it.
func TestUnknownClasses(t *testing.T) {
	categorisation := func(source string) string {
		return `<s:Categorisations><s:Categorisation id="K" agencyID="X"><c:Name>k</c:Name><s:Source>` + source + `</s:Source><s:Target><Ref agencyID="X" maintainableParentID="S" id="A" class="Category"/></s:Target></s:Categorisation></s:Categorisations>`
	}
	for name, c := range map[string]struct{ in, what string }{
		"ref":       {head21 + categorisation(`<Ref package="dashboardtable" agencyID="X" id="P" version="1.0" class="DashboardTable"/>`) + listA + tail21, "Categorisation X:K(1.0)"},
		"urn":       {head21 + categorisation(`<URN>urn:sdmx:org.sdmx.infomodel.dashboardtable.DashboardTable=X:P(1.0)</URN>`) + listA + tail21, "Categorisation X:K(1.0)"},
		"json":      {`{"Codelist":[{"id":"A","agencyId":"X"}],"Categorisation":[{"id":"K","agencyId":"X","structureReference":"urn:sdmx:org.sdmx.infomodel.dashboardtable.DashboardTable=X:P(1.0)"}]}`, "Categorisation X:K(1.0)"},
		"type":      {head21 + listA + `<s:Processes><s:DashboardTable id="P" agencyID="X"/></s:Processes>` + tail21, "DashboardTable X:P(1.0)"},
		"container": {head21 + listA + `<s:DashboardTables><s:DashboardTable id="P" agencyID="X"/></s:DashboardTables>` + tail21, "DashboardTable"},
		"json type": {`{"Codelist":[{"id":"A","agencyId":"X"}],"DashboardTable":[{"id":"P","agencyId":"X"}]}`, "DashboardTable"},
	} {
		t.Run(name, func(t *testing.T) {
			_, _, err := readAll(t, "f", []byte(c.in), ReadOptions{})
			if err == nil || !strings.Contains(err.Error(), c.what) || !strings.Contains(err.Error(), "DashboardTable") || !strings.Contains(err.Error(), "--skip-unsupported") {
				t.Errorf("got %v", err)
			}
			ms, sum, err := readAll(t, "f", []byte(c.in), ReadOptions{SkipUnsupported: true})
			if err != nil || len(ms) != 1 || sum.Skipped.Count != 1 || !strings.Contains(sum.Skipped.First[0].Text, c.what) {
				t.Errorf("%d structures, %+v, %v", len(ms), sum.Skipped, err)
			}
		})
	}
}

func TestConvertSaysWhatItLoses(t *testing.T) {
	list := func(id, version, more string) string {
		return fmt.Sprintf(`{"id":%q,"agencyId":"X","version":%q%s}`, id, version, more)
	}
	message := func(lists ...string) string { return `{"Codelist":[` + strings.Join(lists, ",") + `]}` }
	whole, draft, linked := list("A", "1.0", `,"names":[{"locale":"en","value":"a"}]`), list("B", "1.0.0-draft", ""), list("C", "1.0", `,"names":[{"locale":"en","value":"c"}],"links":[{"rel":"self"}],"colour":1`)
	stub := head21 + `<s:DataStructures><s:DataStructure id="D" agencyID="X"><c:Name>d</c:Name></s:DataStructure></s:DataStructures>` + tail21
	for name, c := range map[string]struct {
		in                   string
		written              int
		leftOut, lost, warns string
		err                  string
	}{
		"whole":     {in: message(whole), written: 1},
		"draft":     {in: message(whole, draft), written: 1, leftOut: "urn:sdmx:org.sdmx.infomodel.codelist.Codelist=X:B(1.0.0-draft): left out, for sdmx-ml-2.1 cannot express the version 1.0.0-draft"},
		"all":       {in: message(draft), leftOut: "left out"},
		"lossy":     {in: message(linked), written: 1, lost: "urn:sdmx:org.sdmx.infomodel.codelist.Codelist=X:C(1.0): written, but for what sdmx-ml-2.1 cannot express: links", warns: "$.Codelist[0].colour"},
		"stub":      {in: stub, written: 1},
		"empty":     {in: message(), err: "holds no structures"},
		"empty xml": {in: head21 + tail21, err: "holds no structures"},
	} {
		t.Run(name, func(t *testing.T) {
			var b bytes.Buffer
			got, err := Convert(&b, SDMXML21, strings.NewReader(c.in), header, ReadOptions{Name: "f"})
			if (err != nil) != (c.err != "") || err != nil && !strings.Contains(err.Error(), c.err) {
				t.Fatalf("got %v, want %q", err, c.err)
			}
			for _, x := range []struct {
				r    Remarks
				want string
			}{{got.LeftOut, c.leftOut}, {got.Lost, c.lost}, {got.Warnings, c.warns}} {
				if said := fmt.Sprint(x.r.First); (x.want != "") != (x.r.Count > 0) || !strings.Contains(said, x.want) {
					t.Errorf("said %s, want %q", said, x.want)
				}
			}
			if got.Written != c.written || (b.Len() > 0) != (c.written > 0) {
				t.Errorf("%d written, %d bytes", got.Written, b.Len())
			}
		})
	}
}

// The notes at the end of a message are valid, and the reader reports them.
func TestNotes(t *testing.T) {
	l := &sdmx.Codelist{}
	l.ID, l.Agency, l.Version, l.Names = "A", "X", "1.0", sdmx.Texts{{Lang: "en", Value: "a"}}
	for _, f := range All() {
		for _, some := range []bool{true, false} {
			var b bytes.Buffer
			w := NewWriter(&b, f, header)
			if some {
				if err := w.Write(l); err != nil {
					t.Fatal(err)
				}
			}
			var out, lost Remarks
			out.Add(Remark{URN: "urn:x", Text: "left out <&>"})
			lost.Count = 1
			w.Note(out, lost)
			if err := w.Close(); err != nil {
				t.Fatal(err)
			}
			_, sum, err := readAll(t, "f", b.Bytes(), ReadOptions{})
			if said := fmt.Sprint(sum.Warnings.First); err != nil || !strings.Contains(said, "1001") || !strings.Contains(said, "urn:x: left out <&>") || !strings.Contains(said, "and 1 more") {
				t.Errorf("%s: %v, %s", f.Name, err, said)
			}
			if f == SDMXML21 && some {
				validate(t, b.Bytes())
			}
		}
	}
}

// validate validates a message against the schemas of SDMX-ML 2.1, if they are available.
func validate(t *testing.T, message []byte) {
	t.Helper()
	validateAs(t, "2.1", message)
}

// validateAs validates a message against the schemas of a version of SDMX-ML.
func validateAs(t *testing.T, version string, message []byte) {
	t.Helper()
	lint, err := exec.LookPath("xmllint")
	if err != nil {
		t.Log("xmllint is not installed: not validated")
		return
	}
	schema, _ := filepath.Glob(filepath.Join(shared(t), "sdmx-ml-"+version, "*", "SDMXMessage.xsd"))
	if len(schema) == 0 {
		schema = []string{filepath.Join(shared(t), "sdmx-ml-"+version, "SDMXMessage.xsd")}
	}
	path := filepath.Join(t.TempDir(), "message.xml")
	if err := os.WriteFile(path, message, 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command(lint, "--noout", "--nonet", "--schema", schema[0], path).CombinedOutput(); err != nil {
		t.Errorf("not valid: %s", out)
	}
}

// The place of a structure names its file in the archive.
func TestUnpackNamesTheFile(t *testing.T) {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, name := range []string{"a.xml", "b.xml"} {
		w, err := z.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(w, head21+listA+tail21); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string][]string{"": {"a.xml, line 1", "b.xml, line 1"}, "two.zip": {"two.zip:a.xml, line 1", "two.zip:b.xml, line 1"}} {
		var places []string
		err := Unpack(bytes.NewReader(b.Bytes()), name, Limits{}, func(name string, r io.Reader) error {
			_, err := Read(r, ReadOptions{Name: name}, func(_ sdmx.Maintainable, where string) error {
				place, _, _ := strings.Cut(where, ", column")
				places = append(places, place)
				return nil
			})
			return err
		})
		if err != nil || !slices.Equal(places, want) {
			t.Errorf("%v, %q, want %q", err, places, want)
		}
	}
}

// The languages of one text are bounded: comparing each with all others takes minutes in a
// message of a few megabytes.
func TestLanguagesAreBounded(t *testing.T) {
	for n, want := range map[int]string{1000: "", 1001: "more than 1000 languages"} {
		var ml, json strings.Builder
		for i := range n {
			fmt.Fprintf(&ml, `<c:Name xml:lang="x-%d">n</c:Name>`, i)
			fmt.Fprintf(&json, `,{"locale":"x-%d","value":"n"}`, i)
		}
		for _, in := range []string{
			head21 + `<s:Codelists><s:Codelist id="A" agencyID="X">` + ml.String() + `</s:Codelist></s:Codelists></m:Structures></m:Structure>`,
			`{"Codelist":[{"id":"A","agencyId":"X","names":[` + json.String()[1:] + `]}]}`,
		} {
			_, _, err := readAll(t, "", []byte(in), ReadOptions{})
			if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
				t.Errorf("%d languages: %v", n, err)
			}
		}
	}
}
