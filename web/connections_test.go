package web

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"urncast/producer/connection"
	"urncast/producer/producertest"
	"urncast/web/rest/manage"
	"urncast/web/webtest"
)

// A clusterDoor is a server that serves connections and nothing else.
type clusterDoor struct {
	t      *testing.T
	client *producertest.Client
	store  *producertest.Store
	desk   *webtest.Desk
	log    strings.Builder
	server *httptest.Server
	url    string
}

func newClusterDoor(t *testing.T) *clusterDoor {
	d := &clusterDoor{t: t, client: &producertest.Client{Cancelled: make(chan struct{})}, store: &producertest.Store{}, desk: webtest.NewDesk()}
	connections := &connection.Connections{Store: d.store, Client: d.client, Route: func(context.Context, string) (string, string) { return "structures", "tx" }}
	s := httptest.NewServer(New(complete(Options{Connections: connections, Workspace: d.desk, Log: slog.New(slog.NewTextHandler(&d.log, nil))})))
	t.Cleanup(s.Close)
	d.server, d.url = s, s.URL
	return d
}

func (d *clusterDoor) request(ctx context.Context, method, path, body, media string) *http.Response {
	d.t.Helper()
	r, err := http.NewRequestWithContext(ctx, method, d.url+path, strings.NewReader(body))
	if err != nil {
		d.t.Fatal(err)
	}
	r.SetBasicAuth("admin", "correct-horse")
	r.Header.Set("Content-Type", media)
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		d.t.Fatal(err)
	}
	return resp
}

// want makes a request and checks its answer.
func (d *clusterDoor) want(method, path, body string, status int, parts ...string) string {
	d.t.Helper()
	media := "application/json"
	if body != "" && body[0] != '{' {
		media = "text/plain; charset=utf-8"
	}
	resp := d.request(d.t.Context(), method, path, body, media)
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		d.t.Fatal(err)
	}
	if resp.StatusCode != status {
		d.t.Errorf("%s %s: %d, want %d: %s", method, path, resp.StatusCode, status, b)
	}
	for _, p := range parts {
		if !strings.Contains(string(b), p) {
			d.t.Errorf("%s %s: no %s in %s", method, path, p, b)
		}
	}
	if strings.Contains(string(b), "planted") {
		d.t.Errorf("%s %s shows a secret: %s", method, path, b)
	}
	return string(b)
}

const plantedEdit = `{"properties": {"bootstrap.servers": "good:1", "sasl.password": "planted-secret"}, "files": {"k.keytab": {"content": "cGxhbnRlZA=="}}`

// TestAConnectionByItsETag checks that If-Match with the ETag of an answer makes that
// revision a condition.
func TestAConnectionByItsETag(t *testing.T) {
	d := newClusterDoor(t)
	ask := func(method, tag, body string, status int, part string) string {
		t.Helper()
		r, err := http.NewRequestWithContext(t.Context(), method, d.url+"/api/v1/connections/c", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		r.SetBasicAuth("admin", "correct-horse")
		r.Header.Set("If-Match", tag)
		resp, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		b, _ := io.ReadAll(resp.Body) // the assertions below look at the content
		if resp.StatusCode != status || !strings.Contains(string(b), part) {
			t.Errorf("%s if %s: %d %s", method, tag, resp.StatusCode, b)
		}
		return resp.Header.Get("ETag")
	}
	edit := func(n string) string { return `{"properties": {"bootstrap.servers": "good:` + n + `"}}` }
	d.want("PUT", "/api/v1/connections/c", edit("1"), 201)
	first := ask("GET", "", "", 200, "good:1")
	second := ask("PUT", first, edit("2"), 200, "good:2")
	ask("PUT", first, edit("3"), 412, "admin saved it at")
	ask("PUT", "7", edit("3"), 400, "is no ETag")
	ask("PUT", first+", "+second, edit("3"), 400, "names several")
	ask("PUT", `"x"`, edit("3"), 412, "names no revision that there is")
	ask("PUT", "W/"+second, edit("3"), 412, "names no revision that there is")
	ask("PUT", "*", `{"properties": {"bootstrap.servers": "good:2"}, "revision": 2}`, 200, "good:2")
	ask("PUT", second, `{"properties": {}, "revision": 1}`, 400, "send one of them")
	ask("DELETE", first, "", 412, "admin saved it at")
	ask("DELETE", second, "", 204, "")
	if first != `"1"` || second != `"2"` {
		t.Errorf("the ETags are %s and %s", first, second)
	}
}

func TestAConnectionThroughTheAPI(t *testing.T) {
	d := newClusterDoor(t)
	d.want("GET", "/api/v1/connections", "", 200, `{"connections":[]}`)
	d.want("GET", "/api/v1/connections/c", "", 404, `There is no connection \"c\".`)
	d.want("PUT", "/api/v1/connections/c", plantedEdit+`}`, 201, `"sasl.password":{"set":true}`, `"size":7`, `"sha256":"`, `"revision":1`, `"ok":true`, `"tookMs":3`, `"verdict":"taken"`)
	d.want("PUT", "/api/v1/connections/c", plantedEdit+`}`, 409, "admin saved it at", "revision 1")
	shown := d.want("GET", "/api/v1/connections/c", "", 200, `"sasl.password":{"set":true}`)
	d.want("PUT", "/api/v1/connections/c", strings.Replace(shown, "good:1", "good:2", 1), 200, `"revision":2`, `"changed":true`)
	d.want("PUT", "/api/v1/connections/c", `{"propertys": {}}`, 400, "propertys")
	if s, err := d.store.Connection(t.Context(), "c"); err != nil || s.Secrets["sasl.password"] != "planted-secret" || string(s.Contents["k.keytab"]) != "planted" {
		t.Errorf("what was to be kept is %v, %v", s, err)
	}
	d.want("PUT", "/api/v1/connections/c", `{"properties": {"bootstrap.servers": "good:2,bad:1", "sasl.password": {"set": true}}, "revision": 2}`, 422, `"server":"bad:1","ok":false`, `"cure":"Mend it."`)
	d.want("PUT", "/api/v1/connections/c?anyway=true", `{"properties": {"bootstrap.servers": "good:2,bad:1", "sasl.password": {"set": true}}, "revision": 2}`, 200, `"revision":3`)
	d.want("PUT", "/api/v1/connections/c?anyway=perhaps", `{}`, 400, "anyway")
	d.want("PUT", "/api/v1/connections/c", `{"properties": {"acks": "0"}, "revision": 3}`, 422, `"name":"acks","verdict":"refused"`, "bootstrap.servers")
	d.want("PUT", "/api/v1/connections/c", `{"properties": {"acks": 0}}`, 400, "a string")
	d.want("PUT", "/api/v1/connections/c", `{"properties": {"sasl.password": {"set": false}}}`, 400, "leave a property out")
	d.want("PUT", "/api/v1/connections/a%20b", `{}`, 400, "letters, digits")
	d.store.Users = map[string][]string{"c": {"default"}}
	d.want("DELETE", "/api/v1/connections/c", "", 409, "producer default")
	d.store.Users = nil
	d.want("DELETE", "/api/v1/connections/c", "", 204)
	d.want("DELETE", "/api/v1/connections/c", "", 404)
	acts, err := d.store.Acts(t.Context(), 0, 10)
	if err != nil || len(acts) != 4 || acts[0].User != "admin" || !strings.HasPrefix(acts[0].Remote, "127.0.0.1:") || acts[3].Action != "connection deleted" ||
		!strings.Contains(string(acts[2].Detail), `"savedAlthoughFailed":[{"server":"bad:1"`) {
		t.Errorf("the audit has %+v, %v", acts, err)
	}
	d.want("GET", "/api/v1/kafka-properties", "", 200, `"name":"sasl.password"`, `"secret":true`)
	d.server.Close() // the last line is written
	if !strings.Contains(d.log.String(), "/api/v1/kafka-properties") || strings.Contains(d.log.String(), "planted") {
		t.Errorf("the log shows a secret: %s", d.log.String())
	}
}

func TestPropertiesAreCheckedByLine(t *testing.T) {
	d := newClusterDoor(t)
	d.want("POST", "/api/v1/connections/check", "bootstrap.servers=good:1\nacks=0\nsasl.password=planted-secret", 200,
		`{"line":2,"name":"acks","verdict":"refused","becomes":["acks"],"text":"It would break P3."}`, `"text":"It is (not shown)."`)
	d.want("POST", "/api/v1/connections/check", `{"properties": {"sasl.password": {"set": true}}}`, 200, "No value is saved")
	d.want("POST", "/api/v1/connections/check", strings.Repeat("# long\n", 200_000), 400, "1400000 bytes")
}

func TestConnectionsAreForTheAdministrator(t *testing.T) {
	d := newClusterDoor(t)
	for _, rt := range (&manage.Connections{}).Routes() {
		method, path, _ := strings.Cut(rt.Pattern, " ")
		r, err := http.NewRequest(method, d.url+strings.Replace(path, "{name}", "c", 1), nil)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != http.StatusUnauthorized {
			t.Errorf("%s without a password: %d", rt.Pattern, resp.StatusCode)
		}
	}
}

func TestAConnectionTestIsALinePerStep(t *testing.T) {
	d := newClusterDoor(t)
	d.want("POST", "/api/v1/connections/c/test", "", 404)
	d.want("PUT", "/api/v1/connections/c", plantedEdit+`}`, 201)
	lines := d.want("POST", "/api/v1/connections/c/test", `{"topic": "t"}`, 200, `"state":"running"`, `"state":"passed"`, `"tookMs":2`, "Topic t, prefix tx")
	for line := range strings.Lines(lines) {
		if !json.Valid([]byte(line)) || !strings.HasSuffix(line, "\n") {
			t.Errorf("the line %q is no JSON", line)
		}
	}
	d.want("POST", "/api/v1/connections/test", `{"name": "c", "properties": {"bootstrap.servers": "bad:1", "sasl.password": {"set": true}}, "test": {"bytes": 5}}`, 200, `"state":"failed"`, `"needs":"authenticate"`)
	tried := d.client.Tried()
	if last := tried[len(tried)-1]; last["sasl.password"] != "planted-secret" {
		t.Errorf("the edited connection was tested with %v", last)
	}
	d.want("POST", "/api/v1/connections/test", `{"properties": {"bootstrap.servers": "good:1", "acks": "0"}}`, 422, "acks")
	d.want("POST", "/api/v1/connections/test", "", 422, "bootstrap.servers")
	d.want("POST", "/api/v1/connections/c/test", `{"stepTimeout": "soon"}`, 400, `10s`)
	d.want("POST", "/api/v1/connections/c/test", `{"bytes": 2000000000}`, 400, "1000000000")
}

// TestAConnectionTestIsStreamedAndCancelled checks that lines arrive while the test runs,
// and that the test ends when its reader leaves.
func TestAConnectionTestIsStreamedAndCancelled(t *testing.T) {
	d := newClusterDoor(t)
	d.want("PUT", "/api/v1/connections/c", plantedEdit+`}`, 201)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	resp := d.request(ctx, "POST", "/api/v1/connections/c/test", `{"topic": "slow"}`, "application/json")
	defer resp.Body.Close()
	lines := bufio.NewScanner(resp.Body)
	for range 2 {
		if !lines.Scan() {
			t.Fatal(lines.Err())
		}
	}
	select {
	case <-d.client.Cancelled:
		t.Fatal("the test had ended when its first lines came")
	default:
	}
	cancel()
	select {
	case <-d.client.Cancelled:
	case <-time.After(10 * time.Second):
		t.Error("the test goes on after its reader went")
	}
}
