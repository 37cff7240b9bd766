package structure

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"mime/multipart"
	"net"
	"net/http"
	"net/http/httptest"
	"net/textproto"
	"strings"
	"testing"

	"golang.org/x/text/encoding/charmap"

	"urncast/formats"
	"urncast/registry"
	"urncast/web/answer"
	"urncast/web/rest/wire"
)

const listNamed = `<m:Structure xmlns:m="http://www.sdmx.org/resources/sdmxml/schemas/v2_1/message" xmlns:s="http://www.sdmx.org/resources/sdmxml/schemas/v2_1/structure" xmlns:c="http://www.sdmx.org/resources/sdmxml/schemas/v2_1/common">` +
	`<m:Structures><s:Codelists><s:Codelist id="A" agencyID="X"><c:Name>Łódź</c:Name></s:Codelist></s:Codelists></m:Structures></m:Structure>`

// TestUploadCharset checks that the charset of a Content-Type counts, of a body and of
// each file of a form.
func TestUploadCharset(t *testing.T) {
	coded, err := charmap.Windows1250.NewEncoder().Bytes([]byte(listNamed))
	if err != nil {
		t.Fatal(err)
	}
	var form bytes.Buffer
	w := multipart.NewWriter(&form)
	for name, f := range map[string]struct {
		kind string
		body []byte
	}{"a.xml": {"application/xml; charset=windows-1250", coded}, "b.xml": {"application/xml", []byte(listNamed)}} {
		part, err := w.CreatePart(textproto.MIMEHeader{"Content-Disposition": {`form-data; name="uploadFile"; filename="` + name + `"`}, "Content-Type": {f.kind}})
		if err == nil {
			_, err = part.Write(f.body)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		kind string
		body []byte
		want int // structures
		err  string
	}{
		"body":             {`application/vnd.sdmx.structure+xml;version=2.1;charset="Windows-1250"`, coded, 1, ""},
		"form":             {w.FormDataContentType(), form.Bytes(), 2, ""},
		"another boundary": {"multipart/form-data; boundary=other", form.Bytes(), 0, "the multipart form is damaged"},
		"cut short":        {w.FormDataContentType(), form.Bytes()[:form.Len()-40], 1, "the multipart form is damaged"},
		"nothing said":     {"application/xml", coded, 0, "not valid UTF-8"},
		"unknown charset":  {"application/xml; charset=x-mine", coded, 0, `"x-mine", which the Content-Type names`},
	} {
		t.Run(name, func(t *testing.T) {
			r := httptest.NewRequest(http.MethodPost, "/sdmx/v2/structure", bytes.NewReader(c.body))
			r.Header.Set("Content-Type", c.kind)
			n := 0
			err := newUpload(r).read(func(s registry.Submitted) error {
				if n++; s.Structure.Common().Names[0].Value != "Łódź" {
					return errors.New("read as " + s.Structure.Common().Names[0].Value)
				}
				return nil
			})
			if n != c.want || c.err == "" && err != nil || c.err != "" && (err == nil || !strings.Contains(err.Error(), c.err)) {
				t.Errorf("%d structures, %v; want %d and %q", n, err, c.want, c.err)
			}
		})
	}
}

// TestJSONBodyToItsEnd checks that JSON is read to its end, and must be UTF-8 (RFC 8259,
// section 8.1).
func TestJSONBodyToItsEnd(t *testing.T) {
	for body, want := range map[string]string{
		`{"a":"é"} `:       "",
		``:                 "",
		`{"a":"b"}}`:       "something follows",
		`{"a":"b"}]`:       "something follows",
		`{"a":"b"}{}`:      "something follows",
		`{"a":"b"} x`:      "something follows",
		"{\"a\":\"\xE9\"}": "not UTF-8",
		`{"b":"c"}`:        "unknown field",
	} {
		var in struct {
			A string `json:"a"`
		}
		err := wire.Decode([]byte(body), &in)
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%q: got %v, want %q", body, err, want)
		}
	}
}

// TestOverloadedIsForNow checks that every address answers overload with 503 and when to
// retry.
func TestOverloadedIsForNow(t *testing.T) {
	for _, err := range []error{registry.ErrOverloaded, fmt.Errorf("reading: %w", registry.ErrOverloaded)} {
		for _, path := range []string{"/sdmx/v2/structure", "/api/v1/structures/rename"} {
			w := httptest.NewRecorder()
			submitError(w, httptest.NewRequest(http.MethodPost, path, nil), err)
			if w.Code != http.StatusServiceUnavailable || w.Header().Get("Retry-After") != "5" {
				t.Errorf("%s answers %d, Retry-After %q: %s", path, w.Code, w.Header().Get("Retry-After"), w.Body)
			}
		}
	}
	w := httptest.NewRecorder()
	answer.WriteError(w, httptest.NewRequest(http.MethodPut, "/api/v1/settings", nil), http.StatusInternalServerError, "The settings could not be saved: %s", registry.ErrOverloaded)
	if w.Code != http.StatusServiceUnavailable || w.Header().Get("Retry-After") != "5" || !strings.Contains(w.Body.String(), "Too many submissions") {
		t.Errorf("settings answer %d, Retry-After %q: %s", w.Code, w.Header().Get("Retry-After"), w.Body)
	}
	w = httptest.NewRecorder()
	submitError(w, httptest.NewRequest(http.MethodPost, "/sdmx/v2/structure", nil), &formats.Error{Text: "wrong"})
	if w.Code != http.StatusBadRequest {
		t.Errorf("a wrong file answers %d", w.Code)
	}
}

// TestAFormThatBreaksOff checks that a form whose content breaks off is called the
// sender's fault.
func TestAFormThatBreaksOff(t *testing.T) {
	file := "--XX\r\nContent-Disposition: form-data; name=\"uploadFile\"; filename=\"a.xml\"\r\n\r\n"
	for name, form := range map[string]string{
		"in a field":  "--XX\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nxxxx",
		"in a file":   file + listNamed[:100],
		"after it":    file + listNamed,
		"at a header": "--XX\r\nContent-Disp",
		"at once":     "",
	} {
		r := httptest.NewRequest(http.MethodPost, "/sdmx/v2/structure", strings.NewReader(form))
		r.Header.Set("Content-Type", "multipart/form-data; boundary=XX")
		err := newUpload(r).read(func(registry.Submitted) error { return nil })
		w := httptest.NewRecorder()
		submitError(w, r, err)
		if err == nil || w.Code != http.StatusBadRequest || strings.Contains(w.Body.String(), "database") {
			t.Errorf("%s: %v, %d: %s", name, err, w.Code, w.Body)
		}
	}
}

// A client that sends all before it reads gets the answer to a large message with a fault at its
// beginning, and not a connection that is reset.
func TestLargeMessageIsAnswered(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := newUpload(r).read(func(registry.Submitted) error { return nil }); err != nil {
			submitError(w, r, err)
		}
	}))
	defer s.Close()
	conn, err := net.Dial("tcp", s.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	body := strings.Replace(listNamed, `<s:Codelist `, `<s:Codelist colour="red"><s:Nothing/></s:Codelist><s:Codelist `, 1) + strings.Repeat(" ", 16<<20)
	fmt.Fprintf(conn, "POST /sdmx/v2/structure HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n", len(body))
	for rest := body; rest != ""; { // slowly, as over a network
		n := min(len(rest), 256<<10)
		if _, err := conn.Write([]byte(rest[:n])); err != nil {
			t.Fatalf("after %d of %d bytes: %v", len(body)-len(rest), len(body), err)
		}
		rest = rest[n:]
	}
	got, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer got.Body.Close()
	if got.StatusCode != http.StatusBadRequest {
		t.Errorf("answered %s", got.Status)
	}
}
