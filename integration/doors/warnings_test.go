package doors

import (
	"bytes"
	"encoding/json"
	"fmt"
	"mime/multipart"
	"strings"
	"testing"
)

const (
	message21 = `<m:Structure xmlns:m="http://www.sdmx.org/resources/sdmxml/schemas/v2_1/message" xmlns:s="http://www.sdmx.org/resources/sdmxml/schemas/v2_1/structure" xmlns:c="http://www.sdmx.org/resources/sdmxml/schemas/v2_1/common"><m:Header><m:ID>T</m:ID></m:Header>`
	codelists = `<m:Structures><s:Codelists>`
	end21     = `</s:Codelists></m:Structures></m:Structure>`
)

func codelist21(id, version, more string) string {
	return `<s:Codelist id="` + id + `" agencyID="A" version="` + version + `"` + more + `><c:Name>` + id + `</c:Name></s:Codelist>`
}

// coloured returns n codes with an unknown attribute.
func coloured(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, `<s:Code id="c%d" colour="red"><c:Name>c</c:Name></s:Code>`, i)
	}
	return b.String()
}

// What is read and not kept is reported with its place in both forms of the answer; the XML form
// has the status Warning at the structure concerned.
func TestSubmissionWarns(t *testing.T) {
	s := serve(t, nil)
	in := []byte(message21 + codelists + codelist21("L1", "1.0", "") + "\n" + codelist21("L2", "1.0", ` colour="red"`) + end21)
	status, body := call(t, s, "POST", "/sdmx/v2/structure", in, "Accept", "application/json")
	want(t, "JSON", status, body, 201, `"warnings":[{"line":2,"column":48,"path":"/Structure/Structures/Codelists/Codelist[2]/@colour","urn":"urn:sdmx:org.sdmx.infomodel.codelist.Codelist=A:L2(1.0)","text":"attribute \"colour\" of`)
	status, body = call(t, s, "POST", "/sdmx/v2/structure", in)
	want(t, "XML, again", status, body, 200, `<reg:StatusMessage status="Warning"><reg:MessageText code="304">`, "Codelist[2]/@colour: attribute &#34;colour&#34;")
	first, second, _ := strings.Cut(body, "</reg:SubmissionResult>")
	if !strings.Contains(first, `status="Success"`) || strings.Contains(first, "colour") || !strings.Contains(second, "colour") {
		t.Errorf("the warning is not at its structure: %s", body)
	}
	status, body = call(t, s, "POST", "/sdmx/v2/structure?skipUnsupported=true", []byte(message21+codelists+codelist21("L3", "1.0", "")+`<s:PublicationTable id="P" agencyID="A"/>`+end21), "Accept", "application/json")
	want(t, "skipped", status, body, 201, `"skipped":[{`, "PublicationTable A:P(1.0)")
	status, body = call(t, s, "POST", "/sdmx/v2/structure?dryRun=true", []byte(message21+codelists+strings.Replace(codelist21("L4", "1.0", ""), "</s:Codelist>", coloured(300)+"</s:Codelist>", 1)+end21), "Accept", "application/json")
	var answer struct {
		Warnings     []any
		MoreWarnings int
	}
	if err := json.Unmarshal([]byte(body), &answer); err != nil || status != 200 || len(answer.Warnings) != 100 || answer.MoreWarnings != 200 {
		t.Errorf("%d %v: %d warnings and %d more", status, err, len(answer.Warnings), answer.MoreWarnings)
	}
}

// A message without structures, or with a footer that says it is an error, is refused in every mode
// and deletes nothing.
func TestNothingComesOfNothing(t *testing.T) {
	s := serve(t, nil)
	status, body := call(t, s, "POST", "/sdmx/v2/structure", list("L1", "One"), "Accept", "application/json")
	want(t, "create", status, body, 201)
	failed := `<f:Footer xmlns:f="http://www.sdmx.org/resources/sdmxml/schemas/v2_1/message/footer"><f:Message code="413" severity="Error"><c:Text>Too large, fetch it elsewhere</c:Text></f:Message></f:Footer></m:Structure>`
	for what, c := range map[string]struct{ in, says string }{
		"empty":      {message21 + `</m:Structure>`, "holds no structures"},
		"empty list": {message21 + codelists + end21, "holds no structures"},
		"JSON":       {`{"meta":{"id":"x"}}`, "holds no structures"},
		"JSON list":  {`{"Codelist":[]}`, "holds no structures"},
		"footer":     {message21 + failed, "Too large, fetch it elsewhere"},
		"half":       {message21 + codelists + codelist21("L2", "1.0", "") + strings.TrimSuffix(end21, "</m:Structure>") + failed, "Too large, fetch it elsewhere"},
		"JSON error": {`{"Codelist":[{"id":"L2","agencyId":"A"}],"errors":[{"code":413,"title":"Too large, fetch it elsewhere"}]}`, "Too large, fetch it elsewhere"},
		"skipped":    {message21 + codelists + `<s:PublicationTable id="P" agencyID="A"/></s:Codelists></m:Structures></m:Structure>`, "not supported"},
	} {
		for _, query := range []string{"append", "merge", "replace", "full-replace", "full-replace&wholeRegistry=true", "delete"} {
			status, body := call(t, s, "POST", "/sdmx/v2/structure?skipUnsupported=true&action="+query, []byte(c.in))
			want(t, what+", "+query, status, body, 400, c.says)
		}
	}
	status, body = call(t, s, "GET", "/sdmx/v2/structure/codelist/A/*/*", nil)
	want(t, "afterwards", status, body, 200, `id="L1"`)
	if strings.Contains(body, "L2") {
		t.Errorf("half a message was accepted: %s", body)
	}
}

// What a format cannot express is left out of an answer and listed at its end. If the format cannot
// express a structure at all, the next accepted format is used.
func TestAnswersSayWhatTheyLeaveOut(t *testing.T) {
	s := serve(t, nil)
	status, body := call(t, s, "POST", "/sdmx/v2/structure", []byte(message21+codelists+codelist21("CL_10", "1.0.0", "")+codelist21("CL_10", "1.1.0-draft", "")+end21))
	want(t, "create", status, body, 201)
	const xml, json, at = "application/vnd.sdmx.structure+xml;version=2.1", "application/vnd.fusion.json", "/sdmx/v2/structure/codelist/A/CL_10/"
	for _, c := range []struct {
		what, path, accept string
		status             int
		parts              []string
	}{
		{"all in XML", at + "*", xml, 200, []string{`version="1.0.0"`, `code="1001" severity="Warning"`, "A:CL_10(1.1.0-draft): left out, for sdmx-ml-2.1 cannot express the version 1.1.0-draft"}},
		{"all", at + "*", "", 200, []string{`<mes:Structure`, `severity="Warning"`}},
		{"all in JSON", at + "*", json, 200, []string{`"version":"1.0.0"`, `"version":"1.1.0-draft"`}},
		{"latest", at + "~", "", 200, []string{`"version":"1.1.0-draft"`}},
		{"latest, anything", at + "~", "*/*", 200, []string{`"version":"1.1.0-draft"`}},
		{"latest, XML first", at + "~", xml + ", " + json + ";q=0.1", 200, []string{`"version":"1.1.0-draft"`}},
		{"latest in XML", at + "~", xml, 406, []string{"1.1.0-draft", json}},
		{"latest, by name", at + "~?format=sdmx-ml-2.1", json, 406, []string{"1.1.0-draft"}},
		{"not there", at + "9.0", "", 404, nil},
		{"nothing known", at + "~", "image/png", 406, nil},
		{"a transaction", "/api/v1/transactions/1/structures", xml, 200, []string{`code="1001"`, "1.1.0-draft"}},
	} {
		status, body := call(t, s, "GET", c.path, nil, "Accept", c.accept)
		want(t, c.what, status, body, c.status, c.parts...)
		if c.accept == json && strings.Contains(body, `"warnings"`) {
			t.Errorf("%s: nothing was left out, but the answer says that something was: %s", c.what, body)
		}
	}
}

// Two files of an archive that contain the same structure are both read, and each place in the
// answer names its file.
func TestArchivesNameTheFile(t *testing.T) {
	s := serve(t, nil)
	one := message21 + codelists + codelist21("L1", "1.0", ` colour="red"`) + end21
	other := message21 + codelists + codelist21("L2", "1.0", "") + end21
	status, body := call(t, s, "POST", "/sdmx/v2/structure", packed(t, map[string][]byte{"a.xml": []byte(one), "b.xml": []byte(other)}), "Accept", "application/json")
	want(t, "zip", status, body, 201, `"where":"a.xml, line 1`, `"where":"b.xml, line 1`, `{"file":"a.xml","line":1`)
	same := []byte(message21 + codelists + codelist21("L3", "1.0", "") + end21)
	status, body = call(t, s, "POST", "/sdmx/v2/structure", packed(t, map[string][]byte{"a.xml": same, "b.xml": same}), "Accept", "application/json")
	want(t, "the same in both files", status, body, 201, `"counts":{"created":1}`, "A:L3(1.0) was sent again at ", "is taken once")
	status, body = call(t, s, "POST", "/sdmx/v2/structure", packed(t, map[string][]byte{"in.zip": packed(t, map[string][]byte{"a.xml": same})}), "Accept", "application/json")
	want(t, "a zip in a zip", status, body, 400, "in.zip: this is a zip, packed once more")
}

// The console shows, escaped, what will not be kept of a file before it is submitted, and refuses
// files without structures.
func TestSubmitPageWarns(t *testing.T) {
	s := serve(t, nil)
	for _, c := range []struct {
		what, in, skip string
		parts          []string
	}{
		{"warnings", message21 + codelists + "\n" + codelist21("L1", "1.0", ` colour="&lt;b>"`) + end21, "",
			[]string{"1 structure would be written", "1 warning: what was read and is not kept", "list.xml: line 2, column 48: /Structure/Structures/Codelists/Codelist[1]/@colour", "A:L1(1.0)"}},
		{"many", message21 + codelists + strings.Replace(codelist21("L1", "1.0", ""), "</s:Codelist>", coloured(300)+"</s:Codelist>", 1) + end21, "",
			[]string{"300 warnings", "And 200 more."}},
		{"unsupported", message21 + codelists + `<s:PublicationTable id="P" agencyID="A"/>` + end21, "",
			[]string{"The files cannot be read", "PublicationTable A:P(1.0) cannot be taken", "Leave such types out and check again"}},
		{"left out", message21 + codelists + codelist21("L1", "1.0", "") + `<s:PublicationTable id="P" agencyID="A"/>` + end21, "1",
			[]string{"1 structure would be written", "1 structure is left out", "PublicationTable A:P(1.0)"}},
		{"empty", message21 + codelists + end21, "", []string{"The files cannot be read", "list.xml", "the message holds no structures"}},
		{"error", message21 + `<f:Footer xmlns:f="http://www.sdmx.org/resources/sdmxml/schemas/v2_1/message/footer"><f:Message code="1" severity="Error"><c:Text>Too large</c:Text></f:Message></f:Footer></m:Structure>`, "",
			[]string{"The files cannot be read", "says that it is an error", "Too large"}},
	} {
		body, media := form(t, map[string]string{"action": "full-replace", "skip": c.skip}, "list.xml", []byte(c.in))
		status, checked := call(t, s, "POST", "/submit", body, "Content-Type", media)
		want(t, c.what, status, checked, 200, c.parts...)
	}
}

// An empty file among others is skipped, and the answer says so.
func TestEmptyFileIsTold(t *testing.T) {
	s := serve(t, nil)
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	for name, data := range map[string][]byte{"list.json": list("L1", "One"), "empty.xml": nil} {
		part, err := w.CreateFormFile("files", name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := part.Write(data); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	status, checked := call(t, s, "POST", "/submit", b.Bytes(), "Content-Type", w.FormDataContentType())
	want(t, "check", status, checked, 200, "1 structure would be written", "empty.xml: the file is empty, and was left out")
}
