// Package doors tests the HTTP interfaces (REST, the management API and the console) with a real
// database.
package doors

import (
	"archive/zip"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"urncast/integration/complete"
	"urncast/integration/rig/pg"
	"urncast/producer"
	"urncast/registry/postgres"
	"urncast/web"
	"urncast/web/webtest"
)

const password = webtest.Password

// serve returns a server with a registry of its own.
func serve(t *testing.T, change func(*web.Options, *postgres.Store)) *httptest.Server {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	t.Cleanup(cancel)
	store, err := postgres.Open(ctx, pg.Shared(t).Database(t, strings.ToLower("web_"+t.Name())))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(store.Close)
	o := complete.Options(t, store, web.Options{Producers: producersOf(ctx, t, store, producer.Config{}.WithDefaults())})
	if change != nil {
		change(&o, store)
	}
	s := httptest.NewServer(web.New(o))
	t.Cleanup(s.Close)
	t.Cleanup(cancel) // the listeners must end before the store closes
	return s
}

// call makes a request as the administrator and returns status and body. It checks each answer of
// the management API against the OpenAPI description.
func call(t *testing.T, s *httptest.Server, method, path string, body []byte, header ...string) (int, string) {
	t.Helper()
	r, err := http.NewRequest(method, s.URL+path, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.SetBasicAuth("admin", password)
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	if r.Header.Get("Authorization") == "none" {
		r.Header.Del("Authorization")
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	served.compare(t, s.URL, r, resp, b)
	return resp.StatusCode, string(b)
}

func want(t *testing.T, what string, status int, body string, wantStatus int, parts ...string) {
	t.Helper()
	if status != wantStatus {
		t.Errorf("%s: status %d, want %d: %s", what, status, wantStatus, body)
	}
	for _, p := range parts {
		if !strings.Contains(body, p) {
			t.Errorf("%s: the answer does not say %q: %s", what, p, body)
		}
	}
}

func list(id, name string) []byte {
	return fmt.Appendf(nil, `{"Codelist":[{"id":%q,"agencyId":"A","version":"1.0","names":[{"locale":"en","value":%q}],"items":[{"id":"x","names":[{"locale":"en","value":"X"}]}]}]}`, id, name)
}

func packed(t *testing.T, files map[string][]byte) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for name, data := range files {
		w, err := z.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(data); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestMaintenance(t *testing.T) {
	s := serve(t, nil)
	json := []string{"Accept", "application/json"}
	status, body := call(t, s, "POST", "/sdmx/v2/structure", list("L1", "One"), json...)
	want(t, "create", status, body, 201, `"transactions":[1]`, `"created"`)
	status, body = call(t, s, "POST", "/sdmx/v2/structure", list("L1", "Uno"), json...)
	want(t, "update", status, body, 200, `"transactions":[2]`, `"updated"`)
	status, body = call(t, s, "POST", "/sdmx/v2/structure?dryRun=true", list("L2", "Two"), json...)
	want(t, "dry run", status, body, 200, `"transactions":[]`, `"dryRun":true`)
	status, body = call(t, s, "POST", "/ws/secure/sdmxapi/rest/", packed(t, map[string][]byte{"a.json": list("L2", "Two"), "b.json": list("L3", "Three")}), "Action", "Append")
	want(t, "zip at FMR's door", status, body, 201, "SubmitStructureResponse", `status="Success"`, "Recorded as transaction 3.")

	var zipped, form bytes.Buffer
	z := gzip.NewWriter(&zipped)
	if _, err := z.Write(list("L4", "Four")); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	m := multipart.NewWriter(&form)
	part, err := m.CreateFormFile("uploadFile", "four.json.gz")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := part.Write(zipped.Bytes()); err != nil {
		t.Fatal(err)
	}
	if err := m.Close(); err != nil {
		t.Fatal(err)
	}
	status, body = call(t, s, "POST", "/ws/secure/sdmxapi/rest/", form.Bytes(), "Content-Type", m.FormDataContentType())
	want(t, "gzip in a form", status, body, 201, "transaction 4")

	status, body = call(t, s, "PUT", "/sdmx/v2/structure/codelist/A/L9/1.0", list("L9", "Nine"), json...)
	want(t, "put of what is not there", status, body, 404, "not in the registry")
	status, body = call(t, s, "DELETE", "/sdmx/v2/structure/codelist/A/L1/1.0", nil, json...)
	want(t, "delete", status, body, 200, `"deleted"`, `"transactions":[5]`)
	status, body = call(t, s, "DELETE", "/sdmx/v2/structure/codelist/A/L1/1.0", nil, json...)
	want(t, "delete again", status, body, 404)
	status, body = call(t, s, "POST", "/api/v1/structures/rename", []byte(`{"agency":"A","newAgency":"B"}`), json...)
	want(t, "rename", status, body, 207, `"transactions":[6,7]`)
}

func TestBadInputIsRefusedInWords(t *testing.T) {
	s := serve(t, nil)
	for body, says := range map[string]string{
		"":                                   "empty",
		"hello":                              "begins with",
		`{"Codelist":[{"id":"L"`:             "ends in the middle",
		`{"DashboardTable":[{"id":"V"}]}`:    "DashboardTable",
		"<!DOCTYPE x [<!ENTITY a 'b'>]><x/>": "DTD",
		"PK\x03\x04 no zip":                  "zip is damaged",
		"\x1f\x8b no gzip":                   "damaged",
	} {
		status, answer := call(t, s, "POST", "/sdmx/v2/structure", []byte(body), "Accept", "application/json")
		want(t, body, status, answer, 400, says)
	}
	status, body := call(t, s, "POST", "/sdmx/v2/structure?action=destroy", nil)
	want(t, "action", status, body, 400, "expected append, merge")
	if _, body := call(t, s, "GET", "/api/v1/transactions", nil); !strings.Contains(body, `"transactions":[]`) {
		t.Errorf("something was recorded: %s", body)
	}
}

func TestQueries(t *testing.T) {
	s := serve(t, nil)
	call(t, s, "POST", "/sdmx/v2/structure", list("L1", "One & <two>"))
	call(t, s, "POST", "/sdmx/v2/structure", list("L2", "Two"))
	for path, parts := range map[string][]string{
		"/sdmx/v2/structure/*/*/*/*":                            {"<str:Codelist ", `id="L1"`, `id="L2"`, "One &amp; &lt;two&gt;"},
		"/sdmx/v2/structure/codelist/A/L2":                      {`id="L2"`},
		"/sdmx/v2/structure/codelist/A/L1,L2/1.0":               {`id="L1"`, `id="L2"`},
		"/sdmx/v2/structure/codelist/A/L1/~?format=fusion-json": {`"Codelist":[{"id":"L1"`},
		"/api/v1/transactions?after=1&limit=1":                  {`"number":2`, `"publications":[{"producer":"default","status":"PENDING"}]`},
		"/api/v1/transactions/1":                                {`"changes":[{"position":1`},
		"/api/v1/producers/default":                             {`"state":"STOPPED"`},
		"/api/v1/settings":                                      {`"allowDangling":false`},
		"/healthz":                                              {"ok"},
		"/readyz":                                               {"ready"},
		"/":                                                     {"<h1>Dashboard", "Pending", "Stopped"},
	} {
		status, body := call(t, s, "GET", path, nil, "Authorization", "none")
		want(t, path, status, body, 200, parts...)
	}
	status, body := call(t, s, "GET", "/sdmx/v2/structure/codelist/A/NONE", nil)
	want(t, "nothing", status, body, 404, "NONE")
	status, body = call(t, s, "GET", "/sdmx/v2/structure/codelist", nil, "Accept", "image/png")
	want(t, "unknown format", status, body, 406, "vnd.fusion.json")
	status, body = call(t, s, "GET", "/sdmx/v2/structure/codelist/A/L1/1.+.3", nil)
	want(t, "bad version", status, body, 400, "1.+.3")
}

func TestFeedsAreWellFormed(t *testing.T) {
	s := serve(t, nil)
	call(t, s, "POST", "/sdmx/v2/structure", list("L1", "One"))
	for format, root := range map[string]string{"atom": "feed", "rss": "rss"} {
		_, body := call(t, s, "GET", "/api/v1/transactions?format="+format, nil)
		var v struct{ XMLName xml.Name }
		if err := xml.Unmarshal([]byte(body), &v); err != nil || v.XMLName.Local != root {
			t.Errorf("%s: %v, %s", format, err, body)
		}
	}
}

func TestWhoMayDoWhat(t *testing.T) {
	s := serve(t, nil)
	status, body := call(t, s, "POST", "/sdmx/v2/structure", list("L", "L"), "Authorization", "none")
	want(t, "no password", status, body, 401)
	status, body = call(t, s, "PUT", "/api/v1/settings", []byte(`{"allowDangling":true}`))
	want(t, "half the settings", status, body, 400, "requireAgencies")
	status, body = call(t, s, "POST", "/api/v1/producers/default/start", []byte(`{}`), "Accept", "application/json")
	want(t, "a first start that does not say how", status, body, 409, "idle", "baseline")
	status, body = call(t, s, "POST", "/sdmx/v2/structure", list("L", "L"), "Origin", "https://elsewhere.example", "Sec-Fetch-Site", "cross-site")
	want(t, "another origin", status, body, 403)
	closed := serveClosed(t)
	status, body = call(t, closed, "GET", "/api/v1/transactions", nil, "Authorization", "none")
	want(t, "closed reads", status, body, 401)
	status, body = call(t, closed, "GET", "/healthz", nil, "Authorization", "none")
	want(t, "health", status, body, 200)
}

func serveClosed(t *testing.T) *httptest.Server {
	t.Helper()
	s := httptest.NewServer(web.New(webtest.Complete(web.Options{ReadsClosed: true})))
	t.Cleanup(s.Close)
	return s
}

func TestErrorsAreProblems(t *testing.T) {
	s := serveClosed(t)
	_, body := call(t, s, "GET", "/nowhere", nil)
	var problem struct {
		Status int    `json:"status"`
		Detail string `json:"detail"`
	}
	if err := json.Unmarshal([]byte(body), &problem); err != nil || problem.Status != 404 || problem.Detail == "" {
		t.Errorf("%v: %s", err, body)
	}
}
