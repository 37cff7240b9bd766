package feed

import (
	"context"
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"urncast/producer/control"
	"urncast/producer/notice"
	"urncast/producer/producertest"
	"urncast/registry"
	"urncast/sdmx"
)

// A loggedRegistry has a log of that many transactions; each changed as many structures as
// its number says.
type loggedRegistry struct {
	Registry
	last registry.Number
}

func (l *loggedRegistry) ID() string { return "8d5c4f7e-0000-4000-8000-000000000000" }

func (l *loggedRegistry) Housekeeping(context.Context) (registry.Housekeeping, error) {
	return registry.Housekeeping{}, nil
}

func (l *loggedRegistry) one(n registry.Number) registry.Transaction {
	t := registry.Transaction{Number: n, ID: fmt.Sprintf("8d5c4f7e-0000-4000-8000-%012d", n), Kind: registry.Replace, Structures: int(n), User: `<anna> & "bert"`,
		RecordedAt: time.Date(2026, 11, 1, 12, 0, int(n), 123456000, time.FixedZone("", 3600))}
	if n%2 == 0 {
		t.Kind, t.User = registry.Delete, ""
	}
	return t
}

func (l *loggedRegistry) Transactions(_ context.Context, after registry.Number, limit int) (out []registry.Transaction, _ error) {
	for n := after + 1; n <= l.last && len(out) < limit; n++ {
		out = append(out, l.one(n))
	}
	return out, nil
}

func (l *loggedRegistry) Latest(_ context.Context, before registry.Number, limit int) (out []registry.Transaction, _ error) {
	if before == 0 {
		before = l.last + 1
	}
	for n := min(before-1, l.last); n > 0 && len(out) < limit; n-- {
		out = append(out, l.one(n))
	}
	return out, nil
}

func (l *loggedRegistry) Heads(_ context.Context, from, to registry.Number, limit int) (map[registry.Number][]registry.Change, error) {
	out := map[registry.Number][]registry.Change{}
	for n := from; n <= to; n++ {
		for i := range min(int(n), limit) {
			u, err := sdmx.ParseURN(fmt.Sprintf("urn:sdmx:org.sdmx.infomodel.codelist.Codelist=A:CL_%d_%d(1.0)", n, i+1))
			if err != nil {
				return nil, err
			}
			out[n] = append(out[n], registry.Change{Number: n, Position: i + 1, Kind: l.one(n).Kind, URN: u})
		}
	}
	return out, nil
}

// A reachedAt is the address that an admin has set for the server.
type reachedAt string

func (a reachedAt) Show(context.Context) (notice.Shown, error) {
	return notice.Shown{Settings: notice.Settings{PublicURL: string(a)}}, nil
}

func feedServer(t *testing.T, last registry.Number) *httptest.Server {
	t.Helper()
	f := &Feed{Registry: &loggedRegistry{last: last}, Producers: &control.Producers{Directory: producertest.Directory{}}, Mailer: reachedAt("https://registry.example.org/urncast/")}
	s := httptest.NewServer(http.HandlerFunc(f.list))
	t.Cleanup(s.Close)
	return s
}

func fetch(t *testing.T, address, accept string, status int) (string, http.Header) {
	t.Helper()
	r, err := http.NewRequest("GET", address, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Accept", accept)
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != status {
		t.Fatalf("%s: %d, %v: %s", address, resp.StatusCode, err, b)
	}
	return string(b), resp.Header
}

// A node is an XML element.
type node struct {
	XMLName xml.Name
	Attrs   []xml.Attr `xml:",any,attr"`
	Text    string     `xml:",chardata"`
	Nodes   []node     `xml:",any"`
}

func (n *node) all(name string) (out []*node) {
	for i := range n.Nodes {
		if n.Nodes[i].XMLName.Local == name {
			out = append(out, &n.Nodes[i])
		}
	}
	return out
}

// one returns the text of a child that must stand exactly once.
func (n *node) one(t *testing.T, name string) string {
	t.Helper()
	found := n.all(name)
	if len(found) != 1 {
		t.Fatalf("<%s> has %d of <%s>, not one", n.XMLName.Local, len(found), name)
	}
	return strings.TrimSpace(found[0].Text)
}

func (n *node) attr(name string) string {
	for _, a := range n.Attrs {
		if a.Name.Local == name {
			return a.Value
		}
	}
	return ""
}

// link returns the address of the one link of a relation; empty if there is none.
func (n *node) link(t *testing.T, rel string) (href string) {
	t.Helper()
	for _, l := range n.all("link") {
		if l.attr("rel") != rel {
			continue
		}
		u, err := url.Parse(l.attr("href"))
		if err != nil || !u.IsAbs() || u.Host == "" || href != "" || l.attr("type") == "" {
			t.Fatalf("link rel=%s to %q is none of one absolute address (%v)", rel, l.attr("href"), err)
		}
		href = l.attr("href")
	}
	return href
}

// isIRI checks an id of RFC 4287, section 4.2.6: an absolute IRI.
func isIRI(t *testing.T, id string) {
	t.Helper()
	if u, err := url.Parse(id); err != nil || !u.IsAbs() {
		t.Errorf("the id %q is no absolute IRI: %v", id, err)
	}
}

// atomDate checks a date of RFC 4287, section 3.3.
func atomDate(t *testing.T, text string) time.Time {
	t.Helper()
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		t.Error(err)
	}
	return at
}

// checkAtom checks what RFC 4287 says in sections 4.1.1 and 4.1.2 of a feed and its entries.
func checkAtom(t *testing.T, f *node) {
	t.Helper()
	const atom = "http://www.w3.org/2005/Atom"
	if f.XMLName.Local != "feed" || f.XMLName.Space != atom {
		t.Fatalf("the root is %v", f.XMLName)
	}
	ids := map[string]bool{f.one(t, "id"): true}
	isIRI(t, f.one(t, "id"))
	newest := atomDate(t, f.one(t, "updated"))
	if f.one(t, "title") == "" || f.link(t, "self") == "" || f.link(t, "alternate") == "" {
		t.Error("the feed lacks a title or a link")
	}
	for i, e := range f.all("entry") {
		id, at := e.one(t, "id"), atomDate(t, e.one(t, "updated"))
		isIRI(t, id)
		if ids[id] || at.After(newest) || i == 0 && !at.Equal(newest) {
			t.Errorf("entry %s is there twice, or newer than its feed", id)
		}
		ids[id] = true
		if e.one(t, "title") == "" || e.link(t, "alternate") == "" || len(e.all("author")) != 1 || e.all("author")[0].one(t, "name") == "" {
			t.Errorf("entry %s lacks a title, a link or an author", id)
		}
		if e.all("category")[0].attr("term") == "" || e.all("content")[0].attr("type") != "html" {
			t.Errorf("entry %s has no category or no content of HTML", id)
		}
		var inside node // escaped content must be well formed itself
		if err := strictly("<div>"+e.one(t, "content")+"</div>", &inside); err != nil {
			t.Errorf("the content of %s: %v", id, err)
		}
	}
}

func strictly(text string, into *node) error {
	d := xml.NewDecoder(strings.NewReader(text))
	if err := d.Decode(into); err != nil {
		return err
	}
	if _, err := d.Token(); err != io.EOF {
		return fmt.Errorf("something stands behind the root: %v", err)
	}
	return nil
}

// TestAtomFeed checks that from the advertised feed, link by link, a reader sees every
// transaction once, newest first, with what it changed, and that each page keeps limit and
// format.
func TestAtomFeed(t *testing.T) {
	s := feedServer(t, 120)
	address, seen, pages := s.URL+"/api/v1/transactions?limit=50", []string(nil), 0
	for ; address != ""; pages++ {
		body, header := fetch(t, address, map[bool]string{true: mediaAtom, false: "*/*"}[pages == 0], 200)
		if got := header.Get("Content-Type"); got != mediaAtom+"; charset=utf-8" {
			t.Errorf("it is %s", got)
		}
		var f node
		if err := strictly(body, &f); err != nil {
			t.Fatal(err)
		}
		checkAtom(t, &f)
		if want := strings.Replace(address, s.URL, "https://registry.example.org/urncast", 1); f.link(t, "self") != want {
			t.Errorf("it calls itself %s, not %s", f.link(t, "self"), want)
		}
		for _, e := range f.all("entry") {
			_, number, _ := strings.Cut(e.link(t, "alternate"), "/transactions/")
			seen = append(seen, number)
			var n int
			if _, err := fmt.Sscan(number, &n); err != nil {
				t.Fatal(err)
			}
			content, named := e.one(t, "content"), min(n, entryChanges)
			action := map[bool]string{true: "delete", false: "replace"}[n%2 == 0]
			if got := strings.Count(content, "<li>"+action+" <code>urn:sdmx:org.sdmx.infomodel.codelist.Codelist=A:CL_"+number+"_"); got != named {
				t.Errorf("transaction %d names %d structures, want %d: %s", n, got, named, content)
			}
			if more := fmt.Sprintf("And %d more: <a href=\"https://registry.example.org/urncast/transactions/%d\">", n-named, n); strings.Contains(content, "And ") != (n > named) || n > named && !strings.Contains(content, more) {
				t.Errorf("transaction %d counts its rest wrong: %s", n, content)
			}
		}
		next := f.link(t, "next")
		if address = strings.Replace(next, "https://registry.example.org/urncast", s.URL, 1); next != "" && !strings.Contains(next, "limit=50") {
			t.Errorf("next is %s", next)
		}
	}
	var want []string
	for n := 120; n > 0; n-- {
		want = append(want, fmt.Sprint(n))
	}
	if !slices.Equal(seen, want) || pages != 3 {
		t.Errorf("%d pages show %v", pages, seen)
	}
	var empty node
	body, _ := fetch(t, feedServer(t, 0).URL+"?format=atom", "", 200)
	if err := strictly(body, &empty); err != nil {
		t.Fatal(err)
	}
	checkAtom(t, &empty)
}

// TestRSSFeed checks the same of RSS 2.0: its links are addresses, its guids say that they
// are not.
func TestRSSFeed(t *testing.T) {
	s := feedServer(t, 60)
	body, header := fetch(t, s.URL+"/api/v1/transactions?format=rss", "", 200)
	var f node
	if err := strictly(body, &f); err != nil {
		t.Fatal(err)
	}
	channels := f.all("channel")
	if f.XMLName.Local != "rss" || f.attr("version") != "2.0" || len(channels) != 1 || header.Get("Content-Type") != mediaRSS+"; charset=utf-8" {
		t.Fatalf("it is %s", body)
	}
	c := channels[0]
	items := c.all("item")
	if c.one(t, "title") == "" || c.one(t, "description") == "" || len(items) != feedShown || c.link(t, "self") == "" || !strings.Contains(c.link(t, "next"), "before=11&format=rss") {
		t.Errorf("%d items, next is %q", len(items), c.link(t, "next"))
	}
	for i, item := range items {
		n := 60 - i
		at, err := time.Parse(time.RFC1123Z, item.one(t, "pubDate"))
		if err != nil || at.Unix() != time.Date(2026, 11, 1, 11, 0, n, 0, time.UTC).Unix() {
			t.Errorf("item %d is of %s, %v", n, item.one(t, "pubDate"), err)
		}
		if item.one(t, "link") != fmt.Sprintf("https://registry.example.org/urncast/transactions/%d", n) || item.all("guid")[0].attr("isPermaLink") != "false" ||
			!strings.Contains(item.one(t, "description"), fmt.Sprintf("CL_%d_1(1.0)", n)) {
			t.Errorf("item %d is %+v", n, item)
		}
	}
}

// TestFeedPages checks the order of JSON, with and without before, and that impossible
// queries are refused.
func TestFeedPages(t *testing.T) {
	s := feedServer(t, 7)
	for query, want := range map[string]string{
		"":                  `"number":1,`,
		"?limit=2":          `"next":"/api/v1/transactions?after=2\u0026limit=2"`,
		"?after=5&limit=2":  `"number":6,`,
		"?before=7&limit=3": `"next":"/api/v1/transactions?before=4\u0026limit=3"`,
		"?limit=0":          `"next":"/api/v1/transactions?after=1\u0026limit=0"`,
	} {
		if body, _ := fetch(t, s.URL+"/api/v1/transactions"+query, "", 200); !strings.Contains(body, want) {
			t.Errorf("%s gives %s", query, body)
		}
	}
	if body, _ := fetch(t, s.URL+"/?before=3&limit=2", "", 200); strings.Contains(body, "next") {
		t.Errorf("behind the first is nothing: %s", body)
	}
	for _, query := range []string{"?after=x", "?before=-1", "?limit=many", "?format=html", "?after=1&before=5"} {
		fetch(t, s.URL+"/"+query, "", 400)
	}
	body, _ := fetch(t, s.URL+"/?format=atom&after=3&limit=2", "", 200)
	if !strings.Contains(body, "after=5&amp;format=atom&amp;limit=2") || strings.Index(body, "Transaction 4:") > strings.Index(body, "Transaction 5:") {
		t.Errorf("with after, a feed begins with the oldest: %s", body)
	}
}
