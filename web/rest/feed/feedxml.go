package feed

import (
	"cmp"
	"encoding/xml"
	"fmt"
	"html"
	"net/http"
	"strconv"
	"strings"
	"time"

	"urncast/registry"
	"urncast/web/answer"
)

// entryChanges is how many structures a feed's entry names; further ones are only counted.
const entryChanges = 50

// A feedEntry is one transaction, in the form that Atom and RSS share.
type feedEntry struct {
	id, title, page, data, user, kind string
	at                                time.Time
	content                           string // HTML
}

// writeFeed answers with transactions as a feed. Next is the path of the following page.
func (f *Feed) writeFeed(w http.ResponseWriter, r *http.Request, format string, txns []registry.Transaction, next string) {
	base := f.base(r)
	entries := make([]feedEntry, len(txns))
	if len(txns) > 0 {
		first, last := txns[0].Number, txns[len(txns)-1].Number
		changes, err := f.Registry.Heads(r.Context(), min(first, last), max(first, last), entryChanges)
		if err != nil {
			answer.WriteError(w, r, http.StatusInternalServerError, "What transactions changed could not be read: %s", err)
			return
		}
		for i := range txns {
			entries[i] = entryOf(base, &txns[i], changes[txns[i].Number])
		}
	}
	links := feedLinks{self: base + r.URL.RequestURI(), page: base + "/transactions"}
	if next != "" {
		links.next = base + next
	}
	if format == "rss" {
		writeXML(w, mediaRSS, rssOf(&links, entries))
		return
	}
	writeXML(w, mediaAtom, atomOf(f.Registry.ID(), &links, entries))
}

// base is the address of this server as readers know it, without a slash at the end: the
// one that an admin has set, else the one that the request was sent to.
func (f *Feed) base(r *http.Request) string {
	m, err := f.Mailer.Show(r.Context())
	if err == nil && m.Settings.PublicURL != "" {
		return strings.TrimSuffix(m.Settings.PublicURL, "/")
	}
	scheme := "http"
	if f.Guard.Private(r) {
		scheme = "https"
	}
	return scheme + "://" + r.Host
}

const (
	mediaAtom = "application/atom+xml"
	mediaRSS  = "application/rss+xml"
	feedTitle = "Structure transactions"
)

// feedLinks are the absolute addresses of a feed, of the page that shows the same, and of
// the feed's next page; next is empty at the end.
type feedLinks struct{ self, page, next string }

func entryOf(base string, t *registry.Transaction, changes []registry.Change) feedEntry {
	number := strconv.FormatInt(int64(t.Number), 10)
	noun := "structures"
	if t.Structures == 1 {
		noun = "structure"
	}
	e := feedEntry{id: "urn:uuid:" + t.ID, page: base + "/transactions/" + number, data: base + "/api/v1/transactions/" + number,
		title: fmt.Sprintf("Transaction %s: %s of %d %s", number, t.Kind, t.Structures, noun),
		user:  cmp.Or(strings.TrimSpace(t.User), "unknown"), kind: t.Kind.String(), at: t.RecordedAt.UTC()}
	var b strings.Builder
	b.WriteString("<ul>")
	for i := range changes {
		fmt.Fprintf(&b, "<li>%s <code>%s</code></li>", changes[i].Kind, html.EscapeString(changes[i].URN.String()))
	}
	b.WriteString("</ul>")
	if more := t.Structures - len(changes); more > 0 {
		fmt.Fprintf(&b, `<p>And %d more: <a href="%s">all of them</a>.</p>`, more, html.EscapeString(e.page))
	}
	e.content = b.String()
	return e
}

type atomFeed struct {
	XMLName   xml.Name    `xml:"http://www.w3.org/2005/Atom feed"`
	ID        string      `xml:"id"`
	Title     string      `xml:"title"`
	Updated   string      `xml:"updated"`
	Generator string      `xml:"generator"`
	Links     []atomLink  `xml:"link"`
	Entries   []atomEntry `xml:"entry"`
}

type atomLink struct {
	Rel  string `xml:"rel,attr"`
	Type string `xml:"type,attr"`
	Href string `xml:"href,attr"`
}

type atomEntry struct {
	ID        string       `xml:"id"`
	Title     string       `xml:"title"`
	Published string       `xml:"published"`
	Updated   string       `xml:"updated"`
	Author    string       `xml:"author>name"`
	Links     []atomLink   `xml:"link"`
	Category  atomCategory `xml:"category"`
	Content   atomContent  `xml:"content"`
}

type atomCategory struct {
	Term string `xml:"term,attr"`
}

type atomContent struct {
	Type string `xml:"type,attr"`
	HTML string `xml:",chardata"`
}

// atomOf makes the Atom feed of a registry.
func atomOf(registryID string, to *feedLinks, entries []feedEntry) *atomFeed {
	f := &atomFeed{ID: "urn:uuid:" + registryID, Title: feedTitle, Generator: "urncast",
		Links: []atomLink{{"self", mediaAtom, to.self}, {"alternate", "text/html", to.page}}}
	if to.next != "" {
		f.Links = append(f.Links, atomLink{"next", mediaAtom, to.next})
	}
	newest := time.Unix(0, 0).UTC()
	for i := range entries {
		e := &entries[i]
		if e.at.After(newest) {
			newest = e.at
		}
		at := e.at.Format(time.RFC3339Nano)
		f.Entries = append(f.Entries, atomEntry{ID: e.id, Title: e.title, Published: at, Updated: at, Author: e.user,
			Links:    []atomLink{{"alternate", "text/html", e.page}, {"related", answer.MediaJSON, e.data}},
			Category: atomCategory{e.kind}, Content: atomContent{"html", e.content}})
	}
	f.Updated = newest.Format(time.RFC3339Nano)
	return f
}

type rssFeed struct {
	XMLName xml.Name   `xml:"rss"`
	Version string     `xml:"version,attr"`
	Atom    string     `xml:"xmlns:atom,attr"`
	DC      string     `xml:"xmlns:dc,attr"`
	Title   string     `xml:"channel>title"`
	Link    string     `xml:"channel>link"`
	About   string     `xml:"channel>description"`
	Links   []atomLink `xml:"channel>atom:link"`
	Items   []rssItem  `xml:"channel>item"`
}

type rssItem struct {
	Title    string  `xml:"title"`
	Link     string  `xml:"link"`
	About    string  `xml:"description"`
	Creator  string  `xml:"dc:creator"`
	Category string  `xml:"category"`
	GUID     rssGUID `xml:"guid"`
	Date     string  `xml:"pubDate"`
}

type rssGUID struct {
	Permanent bool   `xml:"isPermaLink,attr"` // whether the guid is an address
	ID        string `xml:",chardata"`
}

func rssOf(to *feedLinks, entries []feedEntry) *rssFeed {
	f := &rssFeed{Version: "2.0", Atom: "http://www.w3.org/2005/Atom", DC: "http://purl.org/dc/elements/1.1/", Title: feedTitle, Link: to.page,
		About: "What changed in this registry.", Links: []atomLink{{"self", mediaRSS, to.self}}}
	if to.next != "" {
		f.Links = append(f.Links, atomLink{"next", mediaRSS, to.next})
	}
	for i := range entries {
		e := &entries[i]
		f.Items = append(f.Items, rssItem{e.title, e.page, e.content, e.user, e.kind, rssGUID{ID: e.id}, e.at.Format(time.RFC1123Z)})
	}
	return f
}

func writeXML(w http.ResponseWriter, media string, v any) {
	b, err := xml.Marshal(v)
	if err != nil { // a defect: all types can be encoded
		panic(err)
	}
	w.Header().Set("Content-Type", media+"; charset=utf-8")
	_, _ = w.Write(append([]byte(xml.Header), b...)) // fails only if the reader has left
}
