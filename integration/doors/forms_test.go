package doors

import (
	"bytes"
	"context"
	"fmt"
	"html"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"urncast/integration/rig"
	"urncast/producer"
	"urncast/producer/topicview"
)

// A fakeTopic is a topic with one message and one tombstone, for the pages that read a topic.
type fakeTopic struct{}

// OpenTopic implements topicview.Opener.
func (s *fakeTopic) OpenTopic(context.Context, string, string) (topicview.View, error) { return s, nil }

// Ends implements topicview.View.
func (s *fakeTopic) Ends(context.Context) (start, end int64, err error) { return 0, 3, nil }

// Read implements topicview.View.
func (s *fakeTopic) Read(_ context.Context, from, to int64, yield func(*topicview.Committed) error) error {
	for at := from; at < min(to, 2); at++ {
		c := &topicview.Committed{Offset: at, At: time.Unix(1_750_000_000, 0)}
		c.Key = []byte("urn:sdmx:org.sdmx.infomodel.codelist.Codelist=A:L1(1.0)")
		c.Headers = []producer.Header{{Key: producer.HeaderTransaction, Value: fmt.Append(nil, at+1)}, {Key: producer.HeaderPosition, Value: []byte("1")},
			{Key: producer.HeaderCount, Value: []byte("1")}}
		if at == 0 {
			c.Value = list("L1", "One")
		}
		if err := yield(c); err != nil {
			return err
		}
	}
	return nil
}

// Close implements topicview.View.
func (s *fakeTopic) Close() {}

// A request is what a browser sends to a page: the pattern of the route, the values for its
// wildcards, a query and a form.
type request struct {
	pattern string
	places  []string
	query   string
	form    url.Values
	parts   bool // the form is multipart
}

// body encodes the form.
func (q *request) body() (text, contentType string) {
	if !q.parts {
		return q.form.Encode(), "application/x-www-form-urlencoded"
	}
	var b bytes.Buffer
	m := multipart.NewWriter(&b)
	_ = m.SetBoundary(boundary) // the boundary is valid
	for name, values := range q.form {
		for _, v := range values {
			if name == "files" {
				w, _ := m.CreateFormFile(name, "a.json") // writing to a buffer cannot fail
				_, _ = w.Write([]byte(v))
				continue
			}
			_ = m.WriteField(name, v)
		}
	}
	_ = m.Close()
	return b.String(), "multipart/form-data; boundary=" + boundary
}

const boundary = "urncast-urncast-urncast"

// A site is a handler with all pages, called without a network so that a panic ends the test.
type site struct {
	handler http.Handler
	mux     *http.ServeMux // finds the pattern of a path
	routes  []string
	upload  string // files that wait to be submitted
	draft   string // unsaved edits of a connection
	token   string // the id of a token
}

// known holds, by wildcard, a value that exists.
var known = map[string]string{"type": "codelist", "agency": "A", "id": "L1", "version": "1.0", "number": "1", "topic": "s", "offset": "0", "account": "anna",
	"command": "start", "name": "started"}

func build(tb testing.TB) *site {
	s, _ := serveAll(tb)
	h := &site{handler: s.Config.Handler, mux: http.NewServeMux(), routes: rig.PageRoutes(tb)}
	for _, pattern := range h.routes {
		h.mux.Handle(pattern, http.NotFoundHandler())
	}
	for _, c := range []struct{ method, path, body string }{
		{"PUT", "/api/v1/settings", `{"allowDangling": true, "requireAgencies": false}`},
		{"PUT", "/api/v1/connections/main", `{"properties": {"bootstrap.servers": "good:9092"}}`},
		{"POST", "/api/v1/producers", `{"name": "pub", "connection": "main", "routes": [{"topic": "t", "format": "fusion-json"}]}`},
		{"PUT", "/api/v1/connections/spare", `{"properties": {"bootstrap.servers": "good:9092"}}`},
		{"POST", "/sdmx/v2/structure", string(list("L1", "One"))},
		{"POST", "/sdmx/v2/structure", string(list("L1", "Uno"))},
		{"PUT", "/api/v1/mail", `{"host": "mail.example.org", "sender": "u@example.org", "admins": ["all@example.org"]}`},
		{"POST", "/api/v1/accounts", `{"name": "anna", "role": "reader", "password": "a sentence that is long"}`},
		{"POST", "/api/v1/tokens", `{"name": "nightly", "account": "anna", "role": "reader"}`},
	} {
		w := h.ask(tb, c.method, &url.URL{Path: c.path}, c.body, "application/json", time.Minute)
		if w.Code >= 300 {
			tb.Fatalf("%s %s: %d %s", c.method, c.path, w.Code, w.Body)
		}
		if c.path == "/api/v1/tokens" {
			h.token = tokenID.FindStringSubmatch(w.Body.String())[1]
		}
	}
	body, contentType := (&request{form: url.Values{"files": {string(list("L2", "Two"))}}, parts: true}).body()
	w := h.ask(tb, "POST", &url.URL{Path: "/submit"}, body, contentType, time.Minute)
	if h.upload == "" {
		tb.Fatalf("files to submit: %d %s", w.Code, w.Body)
	}
	return h
}

// ask makes a request as the administrator.
func (h *site) ask(tb testing.TB, method string, to *url.URL, body, contentType string, patience time.Duration) *httptest.ResponseRecorder {
	ctx, cancel := context.WithTimeout(tb.Context(), patience)
	defer cancel()
	r := httptest.NewRequest(method, "http://127.0.0.1/", strings.NewReader(body)).WithContext(ctx)
	r.URL.Path, r.URL.RawPath, r.URL.RawQuery = to.Path, to.RawPath, to.RawQuery
	r.RequestURI = r.URL.RequestURI()
	r.RemoteAddr = "127.0.0.1:1"
	r.SetBasicAuth("admin", password)
	r.Header.Set("Accept", "text/html")
	r.Header.Set("Content-Type", contentType)
	w := httptest.NewRecorder()
	h.handler.ServeHTTP(w, r)
	h.follow(w.Header().Get("Location"))
	return w
}

// follow remembers what an answer started, so that later requests can continue it.
func (h *site) follow(location string) {
	to, err := url.Parse(location)
	if err != nil || location == "" {
		return
	}
	if id, ok := strings.CutPrefix(to.Path, "/submit/"); ok {
		h.upload = id
	}
	if id := to.Query().Get("draft"); id != "" {
		h.draft = id
	}
}

var tokenID = regexp.MustCompile(`"id":"([^"]+)"`)

var brace = regexp.MustCompile(`\{([a-z]+)\}`)

// address fills the wildcards of a pattern with places, whatever their values; if there are too
// few, with known values.
func (h *site) address(pattern string, places []string) (method string, to *url.URL) {
	method, path, _ := strings.Cut(pattern, " ")
	path = strings.TrimSuffix(path, "{$}")
	i := -1
	raw := brace.ReplaceAllStringFunc(path, func(b string) string {
		if i++; i < len(places) {
			return url.PathEscape(places[i])
		}
		return url.PathEscape(h.place(path, strings.Trim(b, "{}")))
	})
	to = &url.URL{RawPath: raw}
	to.Path, _ = url.PathUnescape(raw) // it was escaped above
	return method, to
}

// place returns a value that exists for a wildcard.
func (h *site) place(path, name string) string {
	switch {
	case strings.HasPrefix(path, "/submit/"):
		return h.upload
	case strings.HasPrefix(path, "/connections/"):
		return "main"
	case strings.HasPrefix(path, "/access/") && name == "id":
		return h.token
	}
	return known[name]
}

var (
	formTag   = regexp.MustCompile(`(?s)<form([^>]*)>(.*?)</form>`)
	fieldTag  = regexp.MustCompile(`(?s)<(?:input|select|textarea|button)([^>]*)>`)
	attribute = regexp.MustCompile(`([a-z]+)="([^"]*)"`)
)

func attributes(tag string) map[string]string {
	m := map[string]string{}
	for _, a := range attribute.FindAllStringSubmatch(tag, -1) {
		m[a[1]] = html.UnescapeString(a[2])
	}
	return m
}

// forms returns a request for each button of each form on a page, with the fields as they are
// filled in.
func (h *site) forms(tb testing.TB, page string) (found []request) {
	for _, f := range formTag.FindAllStringSubmatch(page, -1) {
		form := attributes(f[1])
		fields, buttons := url.Values{}, []map[string]string{form}
		take := func(tag string) {
			a := attributes(tag)
			switch {
			case a["type"] == "file":
				fields["files"] = []string{string(list("L3", "Three"))}
			case a["type"] == "submit" || a["formaction"] != "" || a["name"] == "do":
				buttons = append(buttons, a)
			case a["name"] != "":
				fields[a["name"]] = []string{a["value"]}
			}
		}
		for _, tag := range fieldTag.FindAllStringSubmatch(f[2], -1) {
			take(tag[1])
		}
		for _, tag := range fieldTag.FindAllStringSubmatch(page, -1) {
			if id := form["id"]; id != "" && attributes(tag[1])["form"] == id {
				take(tag[1])
			}
		}
		for _, b := range buttons {
			found = append(found, h.pressed(tb, form, b, fields))
		}
	}
	return found
}

// pressed returns the request that a button makes.
func (h *site) pressed(tb testing.TB, form, button map[string]string, fields url.Values) request {
	action := button["formaction"]
	if action == "" {
		action = form["action"]
	}
	to, err := url.Parse(action)
	if err != nil {
		tb.Fatal(err)
	}
	q := request{query: to.RawQuery, form: url.Values{}, parts: strings.HasPrefix(form["enctype"], "multipart")}
	for name, values := range fields {
		q.form[name] = values
	}
	if button["name"] != "" {
		q.form.Set(button["name"], button["value"])
	}
	method := strings.ToUpper(form["method"])
	if method == "" {
		method = http.MethodGet
		q.query = q.form.Encode()
	}
	r := httptest.NewRequest(method, to.EscapedPath(), nil)
	_, q.pattern = h.mux.Handler(r)
	_, path, _ := strings.Cut(q.pattern, " ")
	for i, part := range strings.Split(path, "/") {
		if brace.MatchString(part) {
			place, _ := url.PathUnescape(strings.Split(to.EscapedPath(), "/")[i]) // the path was parsed
			q.places = append(q.places, place)
		}
	}
	return q
}
