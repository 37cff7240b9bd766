package web

import (
	"bytes"
	"context"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"urncast/producer"
	"urncast/producer/connection"
	"urncast/producer/control"
	"urncast/producer/producertest"
)

// send posts a form to a page and returns the answer, without following its redirect.
func (d *clusterDoor) send(path string, fields map[string]string, files map[string]string) (*http.Response, string) {
	d.t.Helper()
	var b bytes.Buffer
	form := multipart.NewWriter(&b)
	for name, value := range fields {
		if err := form.WriteField(name, value); err != nil {
			d.t.Fatal(err)
		}
	}
	for name, content := range files {
		part, err := form.CreateFormFile("files", name)
		if err != nil {
			d.t.Fatal(err)
		}
		_, _ = part.Write([]byte(content)) // a buffer takes it
	}
	if err := form.Close(); err != nil {
		d.t.Fatal(err)
	}
	r, err := http.NewRequestWithContext(d.t.Context(), "POST", d.url+path, &b)
	if err != nil {
		d.t.Fatal(err)
	}
	r.SetBasicAuth("admin", "correct-horse")
	r.Header.Set("Content-Type", form.FormDataContentType())
	resp, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		d.t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		d.t.Fatal(err)
	}
	if resp.StatusCode >= 500 || strings.Contains(string(text), "planted") {
		d.t.Errorf("%s with %v: %d %s", path, fields, resp.StatusCode, text)
	}
	return resp, string(text)
}

// step sends a form and reads the page that it leads to.
func (d *clusterDoor) step(path string, fields, files map[string]string, parts ...string) url.Values {
	d.t.Helper()
	resp, text := d.send(path, fields, files)
	if resp.StatusCode != http.StatusSeeOther {
		d.t.Fatalf("%s with %v: %d %s", path, fields, resp.StatusCode, text)
	}
	to, err := url.Parse(resp.Header.Get("Location"))
	if err != nil {
		d.t.Fatal(err)
	}
	d.want("GET", to.RequestURI(), "", 200, parts...)
	return to.Query()
}

const pastedText = "bootstrap.servers=good:1\nacks=0\nsasl.password=planted-secret\n"

// TestPasteOnThePage checks that pasted text is judged line by line, that its secrets are
// kept and never sent back, and that refused lines are not used.
func TestPasteOnThePage(t *testing.T) {
	d := newClusterDoor(t)
	d.want("GET", "/connections", "", 200, "No connection", "New connection")
	// The return key in a field presses the first button of the form: that must not save.
	fresh := d.want("GET", "/connections/new", "", 200, `<title>New connection · urncast<`, `value="keep"`, `value="save"`)
	if strings.Index(fresh, `value="keep"`) > strings.Index(fresh, `value="save"`) {
		t.Error("the return key would save")
	}
	q := d.step("/connections/new", map[string]string{"do": "check", "name": "c", "text": pastedText}, nil,
		"sasl.password=********", "Taken", "Refused", "2 properties taken, 1 refused", "Use the 2 lines", `value="c"`)
	draft := q.Get("draft")
	// The stars that were sent back stand for the secret that was given before.
	back := strings.Replace(pastedText, "planted-secret", "********", 1)
	d.step("/connections/new", map[string]string{"do": "use", "draft": draft, "text": back}, nil, "given, not saved, never shown", `value="good:1"`)
	if resp, text := d.send("/connections/new", map[string]string{"do": "save", "draft": draft, "name": "c"}, nil); resp.StatusCode != 303 {
		t.Fatalf("%d %s", resp.StatusCode, text)
	}
	if s, err := d.store.Connection(t.Context(), "c"); err != nil || s.Secrets["sasl.password"] != "planted-secret" || len(s.Properties) != 2 {
		t.Errorf("saved is %v, %v", s, err)
	}
	d.want("GET", "/connections/c?done=saved", "", 200, "<title>Connection c · urncast<", "Saved. Every server was tried.", "set, never shown", "Replace")
	d.want("GET", "/connections", "", 200, `href="/connections/c"`, "good:1")
	d.want("GET", "/connections/c?draft="+draft, "", 200, "no longer here")
	if resp, text := d.send("/connections/new", map[string]string{"do": "keep", "name": "a\x00b"}, nil); resp.StatusCode != 400 || !strings.Contains(text, "no text in UTF-8") {
		t.Errorf("a name with a byte of zero: %d %s", resp.StatusCode, text)
	}
}

// TestSaveOnThePage checks that a connection whose servers do not answer is saved only if
// the reader says anyway, and that a change saved meanwhile by somebody else is shown
// beside the reader's own.
func TestSaveOnThePage(t *testing.T) {
	d := newClusterDoor(t)
	q := d.step("/connections/new", map[string]string{"do": "keep", "name": "c", "p.bootstrap.servers": "good:1,bad:2", "p.sasl.password": "planted-secret"}, nil, "bad:2")
	draft := map[string]string{"draft": q.Get("draft"), "do": "save"}
	if resp, text := d.send("/connections/new", draft, nil); resp.StatusCode != 422 || !strings.Contains(text, "1 of 2 servers did not answer") || !strings.Contains(text, "Save anyway, audited") {
		t.Fatalf("%d %s", resp.StatusCode, text)
	}
	draft["do"] = "anyway"
	resp, _ := d.send("/connections/new", draft, nil)
	saved := resp.Header.Get("Location")
	if !strings.HasPrefix(saved, "/connections/c?done=anyway&tried=") {
		t.Fatalf("%d, to %s", resp.StatusCode, saved)
	}
	d.want("GET", saved, "", 200, "although not every server answered", "<code>good:1</code> works, 3 ms: It answered.", "<code>bad:2</code> failed")
	if text := d.want("GET", strings.Replace(saved, "/c?", "/other?", 1), "", 404); strings.Contains(text, "It answered") {
		t.Error("what came of one connection is shown for another")
	}
	acts, err := d.store.Acts(t.Context(), 0, 10)
	if err != nil || len(acts) != 1 || acts[0].User != "admin" || !strings.Contains(string(acts[0].Detail), "bad:2") {
		t.Errorf("the audit has %v, %v", acts, err)
	}

	q = d.step("/connections/c", map[string]string{"do": "keep", "p.bootstrap.servers": "good:7"}, map[string]string{"own.pem": "1767225600"},
		"2 edits are not saved", "edited", "own.pem", "not saved", "CN=own.pem")
	d.want("PUT", "/api/v1/connections/c", `{"properties": {"bootstrap.servers": "good:3"}, "revision": 1}`, 200)
	resp, text := d.send("/connections/c", map[string]string{"draft": q.Get("draft"), "do": "save"}, nil)
	for _, part := range []string{"admin saved this connection at", "Show the difference", "good:3", "good:7", "Put mine over it", `value="over 2"`} {
		if resp.StatusCode != 409 || !strings.Contains(text, part) {
			t.Errorf("%d without %q", resp.StatusCode, part)
		}
	}
	d.step("/connections/c", map[string]string{"draft": q.Get("draft"), "do": "remove sasl.password"}, nil)
	if resp, text := d.send("/connections/c", map[string]string{"draft": q.Get("draft"), "do": "over 2"}, nil); resp.StatusCode != 303 {
		t.Fatalf("%d %s", resp.StatusCode, text)
	}
	if s, err := d.store.Connection(t.Context(), "c"); err != nil || s.Properties["bootstrap.servers"].Value != "good:7" || string(s.Contents["own.pem"]) != "1767225600" || s.Revision != 3 {
		t.Errorf("saved is %v, %v", s, err)
	}
	if resp, text := d.send("/connections/new", map[string]string{"do": "save", "name": "c", "p.bootstrap.servers": "good:1"}, nil); resp.StatusCode != 409 || !strings.Contains(text, "of this name already") || !strings.Contains(text, `value="good:1"`) {
		t.Errorf("%d %s", resp.StatusCode, text)
	}
	if resp, text := d.send("/connections/new", map[string]string{"do": "save", "name": "a b", "p.bootstrap.servers": "good:1"}, nil); resp.StatusCode != 400 || !strings.Contains(text, "letters, digits") || !strings.Contains(text, `value="a b"`) {
		t.Errorf("%d %s", resp.StatusCode, text)
	}
}

// TestAFormSavesOntoWhatItShowed checks that a form saves onto the revision it was drawn
// from, though its first step comes after somebody else's save, and that confirming this
// overwrites no later save unseen.
func TestAFormSavesOntoWhatItShowed(t *testing.T) {
	d := newClusterDoor(t)
	put := func(server, revision string, status int) {
		d.want("PUT", "/api/v1/connections/c", `{"properties": {"bootstrap.servers": "`+server+`"}, "revision": `+revision+`}`, status)
	}
	put("good:1", "0", 201)
	d.want("GET", "/connections/c", "", 200, `name="revision" value="1"`)
	put("good:3", "1", 200)
	form := map[string]string{"draft": "", "revision": "1", "view": "set", "p.bootstrap.servers": "good:7", "do": "save"}
	resp, text := d.send("/connections/c", form, nil)
	if resp.StatusCode != 409 || !strings.Contains(text, "good:7") || !strings.Contains(text, "good:3") || !strings.Contains(text, "admin saved this connection at") {
		t.Fatalf("%d, to %s: %s", resp.StatusCode, resp.Header.Get("Location"), text)
	}
	_, after, _ := strings.Cut(text, `name="draft" value="`)
	form["draft"], _, _ = strings.Cut(after, `"`)
	put("good:4", "2", 200)
	form["do"] = "over 2"
	if resp, _ := d.send("/connections/c", form, nil); resp.StatusCode != 409 {
		t.Errorf("it was put over what was not shown: %d", resp.StatusCode)
	}
	form["do"] = "over 3"
	if resp, text := d.send("/connections/c", form, nil); resp.StatusCode != 303 {
		t.Errorf("%d %s", resp.StatusCode, text)
	}
	if s, err := d.store.Connection(t.Context(), "c"); err != nil || s.Properties["bootstrap.servers"].Value != "good:7" || s.Revision != 4 {
		t.Errorf("saved is %v, %v", s, err)
	}
}

// TestDraftsAreBounded checks that an edit larger than any connection is refused, and that
// the reader who lost it is told why.
func TestDraftsAreBounded(t *testing.T) {
	if testing.Short() {
		t.Skip("it sends 60 MB, one request after the other: make large runs it, without the race detector")
	}
	d := newClusterDoor(t)
	some := func(prefix string) map[string]string {
		files := map[string]string{}
		for j := range 30 {
			files[prefix+strconv.Itoa(j)+".pem"] = strings.Repeat("x", 1<<20)
		}
		return files
	}
	fields := map[string]string{"do": "keep", "name": "c"}
	fields["draft"] = d.step("/connections/new", fields, some("a")).Get("draft")
	if resp, text := d.send("/connections/new", fields, some("b")); resp.StatusCode != 413 || !strings.Contains(text, "The edits are too large") {
		t.Errorf("%d %.200s", resp.StatusCode, text)
	}
	first := d.step("/connections/new", map[string]string{"do": "keep", "name": "c"}, nil).Get("draft")
	d.desk.Discard("they were discarded for newer edits of somebody")
	d.want("GET", "/connections/new?draft="+first, "", 200, "These edits are no longer here", "discarded for newer edits")
	if resp, text := d.send("/connections/new", map[string]string{"do": "anyway", "draft": first}, nil); resp.StatusCode != 410 || !strings.Contains(text, "They were discarded for newer edits") {
		t.Errorf("%d %.200s", resp.StatusCode, text)
	}
}

// TestDeleteOnThePage checks that a connection in use by a producer is not deleted, and
// that another is, after a question.
func TestDeleteOnThePage(t *testing.T) {
	d := newClusterDoor(t)
	d.want("PUT", "/api/v1/connections/c", `{"properties": {"bootstrap.servers": "good:1"}}`, 201)
	d.store.Users = map[string][]string{"c": {"bis-public"}}
	d.want("GET", "/connections/c/delete", "", 409, "bis-public", "another connection first")
	if resp, text := d.send("/connections/c/delete", nil, nil); resp.StatusCode != 409 || !strings.Contains(text, "bis-public") {
		t.Errorf("%d %s", resp.StatusCode, text)
	}
	d.store.Users = nil
	d.want("GET", "/connections/c/delete", "", 200, "Delete connection c?", "Keep it", `name="revision" value="1"`)
	d.want("PUT", "/api/v1/connections/c", `{"properties": {"bootstrap.servers": "good:2"}, "revision": 1}`, 200)
	if resp, text := d.send("/connections/c/delete", map[string]string{"revision": "1"}, nil); resp.StatusCode != 409 || !strings.Contains(text, "admin saved it at") {
		t.Errorf("what was saved meanwhile was deleted: %d %s", resp.StatusCode, text)
	}
	if resp, _ := d.send("/connections/c/delete", map[string]string{"revision": "2"}, nil); resp.Header.Get("Location") != "/connections" {
		t.Errorf("it leads to %q", resp.Header.Get("Location"))
	}
	d.want("GET", "/connections/c", "", 404, "There is no connection c")
}

// TestATestIsStreamed checks that the test of edited settings is drawn while it runs:
// steps are sent before the test ends, and a reader who leaves ends it.
func TestATestIsStreamed(t *testing.T) {
	d := newClusterDoor(t)
	_, text := d.send("/connections/new/test", map[string]string{"p.bootstrap.servers": "bad:1", "p.sasl.jaas.config": "planted-jaas", "t.bytes": "7"}, nil)
	for _, part := range []string{"Test of the edited settings", `shadowrootmode="open"`, `slot="e0"`, "passed", "Refused: (not shown)", "Mend it.", "needs “Authenticate”", "1 failed, 1 not run, 1 passed"} {
		if !strings.Contains(text, part) {
			t.Errorf("no %q in %s", part, text)
		}
	}
	if head := strings.Index(text, `aria-label="What failed"`); head < 0 || !strings.Contains(text[head:strings.Index(text[head:], "</ol>")+head], "Mend it.") ||
		strings.Contains(text[head:strings.Index(text[head:], "</ol>")+head], ", passed") {
		t.Errorf("what failed does not stand at the head: %s", text)
	}
	_, text = d.send("/connections/new/test", map[string]string{"p.bootstrap.servers": "good:1", "t.bytes": "many"}, nil)
	if !strings.Contains(text, "Nothing was tried") || !strings.Contains(text, "from 1 to") {
		t.Error(text)
	}

	ctx, leave := context.WithTimeout(t.Context(), 10*time.Second)
	defer leave()
	resp := d.request(ctx, "POST", "/connections/new/test", url.Values{"p.bootstrap.servers": {"good:1"}, "t.topic": {"slow"}}.Encode(), "application/x-www-form-urlencoded")
	defer resp.Body.Close()
	var seen bytes.Buffer
	for b := make([]byte, 4096); !strings.Contains(seen.String(), "Topic slow"); {
		n, err := resp.Body.Read(b)
		if err != nil {
			t.Fatalf("%v after %s", err, seen.String())
		}
		seen.Write(b[:n])
	}
	leave()
	select {
	case <-d.client.Cancelled:
	case <-time.After(10 * time.Second):
		t.Error("the test went on although nobody looks")
	}
}

// FuzzConnectionForm checks that no form leads to a 500 or shows a secret.
func FuzzConnectionForm(f *testing.F) {
	f.Add("check", "p.acks", "0", "a=b\\\nc\nsasl.password:x\\\\\n", "12")
	f.Add("use", "p.", "\x00", "\\", "x")
	f.Add("replace \xff", "draft", "planted", "=\n:\n#", "-1")
	f.Fuzz(func(t *testing.T, do, name, value, text, bytes string) {
		d := newClusterDoor(t)
		fields := map[string]string{"do": do, name: value, "text": text, "t.bytes": bytes, "p.sasl.password": "planted-secret", "p.bootstrap.servers": "good:1"}
		resp, _ := d.send("/connections/new", fields, nil)
		if to, err := url.Parse(resp.Header.Get("Location")); err == nil && resp.StatusCode == 303 {
			fields["draft"] = to.Query().Get("draft")
			if r := d.request(t.Context(), "GET", to.RequestURI(), "", "text/html"); r.StatusCode >= 500 {
				t.Errorf("%s: %d", to, r.StatusCode)
			}
		}
		d.send("/connections/new/test", fields, nil)
	})
}

// TestAFixedConnectionOnThePage checks that a connection of the process's configuration is
// shown with the producers that use it, and can be neither saved nor deleted.
func TestAFixedConnectionOnThePage(t *testing.T) {
	d := newClusterDoor(t)
	fixed := &connection.Connection{Name: "default", Properties: map[string]string{"bootstrap.servers": "good:1", "sasl.password": "planted-secret"}, Fixed: true}
	connections := &connection.Connections{Store: d.store, Client: d.client, Fixed: fixed, Route: func(context.Context, string) (string, string) { return "structures", "tx" }}
	directory := producertest.Directory{{Name: "main", Settings: producer.Config{Name: "main", Routes: []producer.Route{{Topic: "s"}}}}}
	s := httptest.NewServer(New(complete(Options{Connections: connections, Producers: &control.Producers{Directory: directory}})))
	t.Cleanup(s.Close)
	d.url = s.URL
	d.want("GET", "/connections", "", 200, "fixed at start", "main")
	text := d.want("GET", "/connections/default", "", 200, "Used by main", "changed where it came from", "set, never shown", "Test connection", "good:1")
	if strings.Contains(text, `value="save"`) || strings.Contains(text, "Delete connection") {
		t.Error("the page offers to change it")
	}
	if resp, text := d.send("/connections/default", map[string]string{"do": "save", "p.bootstrap.servers": "good:2"}, nil); resp.StatusCode != 409 || !strings.Contains(text, "cannot be changed here") {
		t.Errorf("%d %s", resp.StatusCode, text)
	}
	d.want("GET", "/connections/default/delete", "", 409, "cannot be changed here")
	_, text = d.send("/connections/default/test", map[string]string{}, nil)
	contains(t, text, "Test of the saved settings", "1 passed")
}
