package doors

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"mime/multipart"
	"net"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"urncast/integration/rig"
	"urncast/web"
)

// inline matches the inline styles and scripts that the Content-Security-Policy of the pages
// forbids.
var inline = regexp.MustCompile(`(?s) style="|<style|<script>| on[a-z]+="`)

// page requests a page of the console and checks what every page must have.
func page(t *testing.T, s *httptest.Server, path string, parts ...string) string {
	t.Helper()
	status, body := call(t, s, "GET", path, nil)
	want(t, path, status, body, 200, parts...)
	if bad := inline.FindString(body); bad != "" {
		t.Errorf("%s has %q, which its Content-Security-Policy forbids", path, bad)
	}
	if !strings.Contains(body, `href="#main"`) || strings.Count(body, "<h1") != 1 {
		t.Errorf("%s has no skip link, or not exactly one h1", path)
	}
	return body
}

// Every page about the registry shows what was submitted, and what its changes mean.
func TestPages(t *testing.T) {
	s := serve(t, nil)
	page(t, s, "/", "First steps", "No transaction is recorded yet")
	page(t, s, "/transactions", "No transactions", "/submit")
	page(t, s, "/structures", "No structures")
	for _, body := range [][]byte{list("L1", "One"), list("L1", "Uno & <due>"), list("L2", "Two")} {
		if status, answer := call(t, s, "POST", "/sdmx/v2/structure", body); status >= 300 {
			t.Fatal(answer)
		}
	}
	if status, answer := call(t, s, "DELETE", "/sdmx/v2/structure/codelist/A/L2/1.0", nil); status != 200 {
		t.Fatal(answer)
	}
	page(t, s, "/", "Nothing has failed.", `href="/transactions/4"`, "Pending", `data-live="/live/dashboard?producer=default"`)
	page(t, s, "/transactions", `href="/transactions/4"`, "<b>L1</b>", "Today, ", "Waiting ")
	body := page(t, s, "/transactions?kind=delete", `href="/transactions/4"`)
	if strings.Contains(body, `href="/transactions/3"`) {
		t.Error("a filter for deletes shows a replace")
	}
	page(t, s, "/transactions?of=NOTHING", "No transaction matches")
	page(t, s, "/transactions?before=2", `href="/transactions/1"`, "Newest")
	page(t, s, "/transactions/1", "It was not there before", "new", "1 code")
	page(t, s, "/transactions/2", "Replaced 1 structure", "1 text", "<del>One</del><ins>Uno &amp; &lt;due&gt;</ins>", "1 code unchanged", `href="/transactions/3" rel="next"`)
	page(t, s, "/transactions/4", "Deleted 1 structure", "It was deleted")
	page(t, s, "/structures?q=uno", "<b>L1</b>", "1 of 1")
	page(t, s, "/structures?q=L2", "No structure matches “L2”")
	page(t, s, "/structures/codelist/A/L1/1.0", "Uno &amp; &lt;due&gt;", "current since transaction", ">x</td>", `href="/structures/codelist/A/L1/1.0?as=1"`, "No structure refers to it")
	page(t, s, "/structures/codelist/A/L1/1.0?as=1", "<h1>One", "as it was after transaction")
	page(t, s, "/structures/codelist/A/L1/1.0?q=uno", "1 found")
	page(t, s, "/structures/codelist/A/L2/1.0", "deleted by transaction")
	page(t, s, "/structures/codelist/A/L1/1.0/source?format=sdmx-ml-2.1", "<b>str:Codelist</b>", "Uno &amp;amp; &amp;lt;due")
	page(t, s, "/submit", "Files are checked first")
	for path, status := range map[string]int{
		"/transactions/9": 404, "/transactions/x": 404, "/structures/codelist/A/NO/1.0": 404, "/structures/nonsense/A/L1/1.0": 404,
		"/structures/codelist/A/L1/1.0/source?format=no": 404, "/submit/0": 404, "/structures/codelist/A/L2/1.0/download?format=fusion-json": 404,
	} {
		got, body := call(t, s, "GET", path, nil)
		want(t, path, got, body, status, "<h1>")
	}
	status, csv := call(t, s, "GET", "/transactions.csv", nil)
	want(t, "export", status, csv, 200, "number,recorded,kind", "\n4,", ",delete,")
	status, xml := call(t, s, "GET", "/structures/codelist/A/L1/1.0/download?format=sdmx-ml-2.1&as=1", nil)
	want(t, "download", status, xml, 200, "One", "<str:Codelist ")
}

// The search box leads directly to a structure or item whose full name is entered.
func TestFind(t *testing.T) {
	s := serve(t, nil)
	call(t, s, "POST", "/sdmx/v2/structure", list("L1", "One"))
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	for q, to := range map[string]string{
		"17": "/transactions/17", "a%3Al1(1.0)": "/structures/codelist/A/L1/1.0", "one": "/structures?q=one",
		"urn%3Asdmx%3Aorg.sdmx.infomodel.codelist.Code%3DA%3AL1(1.0).x": "/structures/codelist/A/L1/1.0", "//evil.example": "/structures?q=%2F%2Fevil.example",
	} {
		resp, err := client.Get(s.URL + "/find?q=" + q)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if got := resp.Header.Get("Location"); got != to {
			t.Errorf("%s leads to %s, want %s", q, got, to)
		}
	}
}

// A page of items has at most two hundred, whatever the request says.
func TestItems(t *testing.T) {
	s := serve(t, nil)
	if status, body := call(t, s, "POST", "/sdmx/v2/structure", rig.Message(rig.Codelist{ID: "BIG", Name: "Big", Codes: 1000})); status >= 300 {
		t.Fatal(body)
	}
	_, found := call(t, s, "GET", "/structures?q=BIG", nil)
	path := regexp.MustCompile(`/structures/codelist/[^"?]+`).FindString(found)
	body := page(t, s, path, "1 to 200 of 1\u202f000", "Next 200")
	if n := strings.Count(body, `<td class="mono id`); n != 200 {
		t.Errorf("%d rows", n)
	}
	page(t, s, path+"?from=900", "901 to 1\u202f000", "Previous 200")
	page(t, s, path+"?from=99999&view=table", "1\u202f000 to 1\u202f000")
	page(t, s, path+"?items=zzz", "Nothing matches “zzz”")
	page(t, s, path+"?from=-5&items=+", "1 to 200")
}

// form returns a multipart form with fields and one file.
func form(t *testing.T, fields map[string]string, name string, data []byte) (body []byte, media string) {
	t.Helper()
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	for k, v := range fields {
		if err := w.WriteField(k, v); err != nil {
			t.Fatal(err)
		}
	}
	if name != "" {
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
	return b.Bytes(), w.FormDataContentType()
}

// shownCheck returns the id of the check that a page shows.
func shownCheck(t *testing.T, page string) string {
	t.Helper()
	found := regexp.MustCompile(`name="check" value="([0-9a-f-]+)"`).FindStringSubmatch(page)
	if found == nil {
		t.Fatalf("the page names no check: %s", page)
	}
	return found[1]
}

// Files are checked before anything is written, refused structures can be left out, and exactly
// what was checked is submitted.
func TestSubmitPages(t *testing.T) {
	s := serve(t, nil)
	lost := `{"Dataflow":[{"id":"F","agencyId":"A","version":"1.0","names":[{"locale":"en","value":"F"}],"dataStructureRef":"urn:sdmx:org.sdmx.infomodel.datastructure.DataStructure=A:NO(1.0)"}],`
	file := append([]byte(lost), list("L1", "One")[1:]...)
	body, media := form(t, map[string]string{"action": "replace"}, "two.json", file)
	status, checked := call(t, s, "POST", "/submit", body, "Content-Type", media)
	want(t, "check", status, checked, 200, "1 structure is refused, so nothing would be written", "two.json", "Leave the 1 out", "A:NO(1.0)", "waits for what is refused")
	path := regexp.MustCompile(`action="(/submit/[0-9a-f]+)"`).FindStringSubmatch(checked)[1]
	id := shownCheck(t, checked)
	send := func(what string) string {
		t.Helper()
		status, body := call(t, s, "POST", path, []byte(what+"&check="+id), "Content-Type", "application/x-www-form-urlencoded")
		want(t, what, status, body, 200)
		if strings.Contains(body, `name="check"`) {
			id = shownCheck(t, body)
		}
		return body
	}
	if _, log := call(t, s, "GET", "/api/v1/transactions", nil); !strings.Contains(log, `"transactions":[]`) {
		t.Errorf("a check recorded a transaction: %s", log)
	}
	if again := send("do=leave"); !strings.Contains(again, "1 structure would be written") || !strings.Contains(again, "new, 1 code") {
		t.Errorf("after the refused structure was left out: %s", again)
	}
	if full := send("do=check&action=full-replace"); !strings.Contains(full, "Type full-replace") {
		t.Errorf("the check does not show a full replace: %s", full)
	}
	status, refused := call(t, s, "POST", path, []byte("do=submit&confirm=no&check="+id), "Content-Type", "application/x-www-form-urlencoded")
	want(t, "unconfirmed", status, refused, 422, "Type full-replace to say that you mean it")
	send("do=check&action=replace")
	if done := send("do=submit"); !strings.Contains(done, "Replaced 1 structure") {
		t.Errorf("submitted: %s", done)
	}
	for range 2 { // a second click is redirected to the result of the first
		if again := send("do=submit"); !strings.Contains(again, "Replaced 1 structure") {
			t.Errorf("submitted again: %s", again)
		}
		page(t, s, path, "Replaced 1 structure")
	}
	if _, log := call(t, s, "GET", "/api/v1/transactions?after=1", nil); !strings.Contains(log, `"transactions":[]`) {
		t.Errorf("it was submitted twice: %s", log)
	}
	status, same := call(t, s, "POST", "/submit", body, "Content-Type", media, "Authorization", "none")
	want(t, "nobody", status, same, 401)
	body, media = form(t, nil, "", nil)
	status, none := call(t, s, "POST", "/submit", body, "Content-Type", media)
	want(t, "no file", status, none, 422, "No file was chosen")
	body, media = form(t, nil, "bad.xml", []byte("<a>\n<b"))
	status, bad := call(t, s, "POST", "/submit", body, "Content-Type", media)
	want(t, "unreadable", status, bad, 200, "The files cannot be read", "bad.xml")
	body, media = form(t, nil, "same.json", list("L1", "One"))
	status, unchanged := call(t, s, "POST", "/submit", body, "Content-Type", media)
	want(t, "the same", status, unchanged, 200, "All 1 are the same as in the registry")
}

// Before a structure is deleted or renamed, the page shows the consequences.
func TestChangePages(t *testing.T) {
	s := serve(t, nil)
	flow := `{"Dataflow":[{"id":"F","agencyId":"A","version":"1.0","names":[{"locale":"en","value":"F"}],"dataStructureRef":"urn:sdmx:org.sdmx.infomodel.datastructure.DataStructure=A:D(1.0)"}],` +
		`"DataStructure":[{"id":"D","agencyId":"A","version":"1.0","names":[{"locale":"en","value":"D"}]}]}`
	if status, body := call(t, s, "POST", "/sdmx/v2/structure", []byte(flow)); status >= 300 {
		t.Fatal(body)
	}
	dsd, dataflow := "/structures/datastructure/A/D/1.0", "/structures/dataflow/A/F/1.0"
	media := "application/x-www-form-urlencoded"
	page(t, s, dsd, "Rename…", "Delete…")
	if body := page(t, s, dsd+"/delete", "Delete A:D(1.0)?", "cannot be deleted", "<b>F</b>", "Keep it"); strings.Contains(body, "danger solid") {
		t.Error("a structure that cannot be deleted has a button that deletes")
	}
	status, body := call(t, s, "POST", dsd+"/delete", nil, "Content-Type", media)
	want(t, "a delete that may not be", status, body, 409, "cannot be deleted")
	page(t, s, dsd+"/rename?id=D2", "D would be called D2", "Rename to D2", "refers to the new id")
	status, body = call(t, s, "GET", dsd+"/rename?id=no+id", nil)
	want(t, "an id that is none", status, body, 422, "aria-invalid", "The new id")
	status, body = call(t, s, "POST", dsd+"/rename", []byte("id=D2&versions=all"), "Content-Type", media)
	want(t, "rename", status, body, 200, "Replaced 2 structures", "one half of a submission")
	page(t, s, "/structures/datastructure/A/D2/1.0", "1 refers to it")
	page(t, s, dataflow+"/delete", "No structure in the registry refers to it", "danger solid")
	status, body = call(t, s, "POST", dataflow+"/delete", nil, "Content-Type", media)
	want(t, "delete", status, body, 200, "Deleted 1 structure")
	status, body = call(t, s, "GET", dataflow+"/delete", nil)
	want(t, "what is gone", status, body, 404, "<h1")
	status, body = call(t, s, "POST", dsd+"/delete", nil, "Content-Type", media, "Authorization", "none")
	want(t, "nobody", status, body, 401)
}

// A live page receives changes, and its stream does not delay the shutdown of the server.
func TestLivePages(t *testing.T) {
	s := serve(t, nil)
	live := web.NewServer(s.Config.Handler)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- live.Serve(l) }()
	for i, c := range []struct{ path, want string }{{"/live/dashboard", `href="/transactions/1"`}, {"/live/transactions", `data-number="2"`}} {
		r, err := http.NewRequestWithContext(t.Context(), "GET", "http://"+l.Addr().String()+c.path, nil)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		if media := resp.Header.Get("Content-Type"); media != "text/event-stream" {
			t.Errorf("%s: %s", c.path, media)
		}
		call(t, s, "POST", "/sdmx/v2/structure", list("L1", fmt.Sprintf("name %d", i)))
		lines := bufio.NewScanner(resp.Body)
		lines.Buffer(nil, 1<<20)
		seen := false
		for !seen && lines.Scan() {
			seen = strings.HasPrefix(lines.Text(), "data: ") && strings.Contains(lines.Text(), c.want)
		}
		if !seen {
			t.Errorf("%s never says %s: %v", c.path, c.want, lines.Err())
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	if err := live.Shutdown(ctx); err != nil {
		t.Errorf("the streams delay the shutdown: %v", err)
	}
	if err := <-ended; err != http.ErrServerClosed {
		t.Error(err)
	}
}

// No address and no form causes a server error, whatever its content.
func TestNoPageFails(t *testing.T) {
	s := serve(t, nil)
	call(t, s, "POST", "/sdmx/v2/structure", list("L1", "One"))
	junk := []string{"", "0", "-1", "99999999999999999999", "%00", "%ff%fe", "%25%5F%5C", "'%22<script>", "%F0%9F%98%80", strings.Repeat("x", 5000), "(", "urn:sdmx:org.sdmx.infomodel.codelist.Codelist=A:L1(1.%2B)"}
	for _, path := range []string{"/", "/transactions", "/transactions.csv", "/transactions/1", "/structures", "/structures/codelist/A/L1/1.0",
		"/structures/codelist/A/L1/1.0/source", "/structures/codelist/A/L1/1.0/download", "/structures/codelist/A/L1/1.0/rename", "/structures/codelist/A/L1/1.0/delete", "/find", "/submit"} {
		for _, name := range []string{"q", "of", "by", "before", "from", "items", "as", "type", "agency", "after", "versions", "view", "branch", "when", "kind", "structure", "all", "format", "show", "id"} {
			for _, value := range junk {
				if status, body := call(t, s, "GET", path+"?"+name+"="+value, nil); status >= 500 || strings.Contains(body, "<script>") {
					t.Errorf("%s?%s=%.40s: status %d: %.300s", path, name, value, status, body)
				}
			}
		}
	}
	for _, path := range []string{"/submit", "/submit/0", "/theme"} {
		for _, media := range []string{"application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "text/plain", ""} {
			for _, body := range []string{"", "do=submit&action=%ff", "--x\r\n\r\n--x", "%"} {
				if status, answer := call(t, s, "POST", path, []byte(body), "Content-Type", media); status >= 500 {
					t.Errorf("%s as %s: status %d: %.300s", path, media, status, answer)
				}
			}
		}
	}
}
