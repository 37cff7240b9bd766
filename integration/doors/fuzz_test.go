package doors

import (
	"maps"
	"math/rand/v2"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// visits are the requests for pages that need particular values in their address; other pages are
// requested with known values.
var visits = []request{
	{pattern: "GET /connections/{name}/delete", places: []string{"spare"}},
	{pattern: "GET /producers/{name}/fix", places: []string{"pub"}, query: "topic=t&finding=cleanup-policy"},
	{pattern: "GET /topics/{topic}", query: "producer=started&from=0"},
	{pattern: "GET /topics/{topic}/{offset}", query: "producer=started"},
	{pattern: "GET /live/topics/{topic}", query: "producer=started&from=0"},
}

// unseen are the forms that the administrator set by flags does not see, because he is in no table
// of accounts.
var unseen = []request{
	{pattern: "POST /setup", form: url.Values{"code": {"x"}, "name": {"first"}, "password": {"a sentence that is long"}}},
	{pattern: "POST /logout"},
	{pattern: "POST /access/sessions/{id}/end"},
	{pattern: "POST /theme", form: url.Values{"keys": {"off"}}},
}

// seeds returns the requests that people make: each page, and each button of each form.
func (h *site) seeds(tb testing.TB) (all []request) {
	visit := func(q request) {
		all = append(all, q)
		method, to := h.address(q.pattern, q.places)
		to.RawQuery = q.query
		began := time.Now()
		w := h.ask(tb, method, to, "", "", patience(q.pattern))
		if w.Code >= 500 && !leftEarly(q.pattern, began) {
			tb.Errorf("GET %s: %d %s", to, w.Code, w.Body)
		}
		all = append(all, h.forms(tb, w.Body.String())...)
	}
	for _, q := range visits {
		visit(q)
	}
	for _, pattern := range h.routes {
		switch {
		case !strings.HasPrefix(pattern, "GET ") || slices.ContainsFunc(visits, func(q request) bool { return q.pattern == pattern }):
		case pattern == "GET /producers/{name}/{command}":
			for _, command := range []string{"start", "suspend", "resume", "skip", "baseline", "publish", "delete", "mail", "remove-route"} {
				visit(request{pattern: pattern, places: []string{"started", command}, query: "topic=s"})
			}
		default:
			visit(request{pattern: pattern, query: "topic=s&format=sdmx-ml-2.1&id=L9&q=a&from=1&to=2"})
		}
	}
	all = append(all, unseen...)
	for _, pattern := range h.routes {
		if !slices.ContainsFunc(all, func(q request) bool { return q.pattern == pattern }) {
			tb.Errorf("no page has a form that leads to %s: add its page to visits, or the form to unseen", pattern)
		}
	}
	return all
}

// patience is how long a request may take; it ends the streams of events.
func patience(pattern string) time.Duration {
	if live(pattern) {
		return 20 * time.Millisecond
	}
	return 20 * time.Second
}

// leftEarly reports whether a request for a stream was cancelled at its deadline, perhaps before
// its answer began.
func leftEarly(pattern string, began time.Time) bool {
	return live(pattern) && time.Since(began) >= patience(pattern)
}

func live(pattern string) bool { return strings.HasPrefix(pattern, "GET /live/") }

// checkRequest makes a request with arbitrary content, and fails the test if the server is at
// fault.
func (h *site) checkRequest(tb testing.TB, pattern string, places []string, query, body, contentType string) {
	tb.Helper()
	method, to := h.address(pattern, places)
	to.RawQuery = query
	began := time.Now()
	w := h.ask(tb, method, to, body, contentType, patience(pattern))
	if leftEarly(pattern, began) {
		return // the request was cancelled before the answer began
	}
	if w.Code >= 500 {
		page := w.Body.String()
		tb.Errorf("%s %q with the query %q and the %s %q: %d %s", method, to.EscapedPath(), query, contentType, body, w.Code, page[max(0, strings.Index(page, "<main")):])
	}
}

// The path, query and form of a request may have any content: no answer is a server error, and
// there is no panic. What one request changes, the next one meets.
func FuzzPages(f *testing.F) {
	h := build(f)
	for _, q := range h.seeds(f) {
		body, contentType := q.body()
		f.Add(uint8(slices.Index(h.routes, q.pattern)), strings.Join(q.places, "/"), q.query, body, strings.HasPrefix(contentType, "multipart"))
	}
	f.Fuzz(func(t *testing.T, route uint8, places, query, body string, parts bool) {
		contentType := "application/x-www-form-urlencoded"
		if parts {
			contentType = "multipart/form-data; boundary=" + boundary
		}
		var all []string
		if places != "" {
			all = strings.Split(places, "/")
		}
		h.checkRequest(t, h.routes[int(route)%len(h.routes)], all, query, body, contentType)
	})
}

// oddValues are values that people and programs enter into fields that expect something else.
var oddValues = []string{"", " ", "\x00", "a\x00b", "\xff\xfe", "0", "-1", "1", "1.5", "99999999999999999999", "9223372036854775807", "-9223372036854775808", "2147483648", "1e9",
	"NaN", "true", "yes", "null", "*", "%", "%s%d%n", "%2F", "..", "../..", "/", "//", `\`, "?", "#", "&", "=", ";", "'", `"`, "'; --", "<script>", "{{.}}", "${x}",
	"a\r\nb", "\n", "\t", "é", "İ", "ß", "\u202e", "\ufeff", "日本語", "😀", "e\u0301", "A:B", "A.B.C", "A:L1(1.0)", "urn:sdmx:org.sdmx.infomodel.codelist.Codelist=A:L1(1.0)",
	"urn:sdmx:", "1.0.0-draft", "1.0+", "*:*(*)", "2026-02-30", "9999-99-99", "1h", "-1h", "9999999h", "a@b", "a@b, c@d", "http://x", "javascript:x", "L1", "started", "main", "default",
	"s", "anna", "admin", "codelist", "ALL", "REPLACE", "FAILED", "fusion-json", "baseline", "idle", "continue", "count", "act", "save", "test", "bootstrap.servers=x\nacks=0",
	"[", "(", "[a-z", "(?i", strings.Repeat("a", 300), strings.Repeat("é", 2000), strings.Repeat("9", 400), strings.Repeat("a/", 500)}

// queryNames are the names of the query parameters that pages read.
var queryNames = []string{"q", "of", "by", "agency", "type", "version", "from", "to", "before", "after", "below", "above", "show", "done", "draft", "view", "topic", "producer", "transaction",
	"id", "format", "items", "item", "action", "user", "subject", "next", "language", "lang", "asOf", "limit", "do", "how", "name", "at", "n", "branch", "structure", "all"}

// Each form and each address of each page is sent with values that it does not expect. URNCAST_SEED
// repeats a run.
func TestPagesTakeAnything(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	if text := os.Getenv("URNCAST_SEED"); text != "" {
		var err error
		if seed, err = strconv.ParseUint(text, 10, 64); err != nil {
			t.Fatalf("URNCAST_SEED: %v", err)
		}
	}
	t.Logf("URNCAST_SEED=%d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	any := func(all []string) string { return all[random.IntN(len(all))] }
	h := build(t)
	seeds := h.seeds(t)
	rounds := 3
	if n, err := strconv.Atoi(os.Getenv("URNCAST_ROUNDS")); err == nil {
		rounds = n
	}
	requests := 0
	for range rounds {
		for _, q := range seeds {
			form := maps.Clone(q.form)
			for range random.IntN(3) {
				if names := slices.Sorted(maps.Keys(form)); len(names) > 0 {
					form[any(names)] = []string{any(oddValues), any(oddValues)}[:1+random.IntN(2)]
				}
			}
			query, err := url.ParseQuery(q.query)
			if err != nil {
				t.Fatal(err)
			}
			for range random.IntN(3) {
				query.Set(any(queryNames), any(oddValues))
			}
			if form.Has("draft") && random.IntN(2) == 0 {
				form.Set("draft", h.draft)
			}
			places := slices.Clone(q.places)
			if strings.HasSuffix(q.pattern, " /submit/{id}") {
				places = []string{h.upload}
			}
			if random.IntN(3) == 0 {
				for range strings.Count(q.pattern, "{") {
					places = append(places, any(oddValues))
				}
				random.Shuffle(len(places), func(i, j int) { places[i], places[j] = places[j], places[i] })
			}
			body, contentType := (&request{form: form, parts: q.parts}).body()
			if strings.HasPrefix(q.pattern, http.MethodGet) {
				body = ""
			}
			h.checkRequest(t, q.pattern, places, query.Encode(), body, contentType)
			requests++
		}
	}
	t.Logf("%d requests, from %d forms and pages", requests, len(seeds))
}
