package rest

import (
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"urncast/producer"
	"urncast/registry"
)

// A Feed serves the log of structure transactions.
type Feed struct {
	Registry  Registry
	Producers *producer.Producers // nil where there are none
}

const pageMax = 1000

// List serves GET /api/v1/transactions: JSON, Atom or RSS, by Accept or format=.
func (f *Feed) List(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	after, limit := int64(0), pageMax
	for name, set := range map[string]func(n int64){"after": func(n int64) { after = n }, "limit": func(n int64) { limit = int(min(n, pageMax)) }} {
		if text := q.Get(name); text != "" {
			n, err := strconv.ParseInt(text, 10, 64)
			if err != nil || n < 0 {
				WriteError(w, r, http.StatusBadRequest, "%s=%q is no transaction number.", name, text)
				return
			}
			set(n)
		}
	}
	txns, err := f.Registry.Transactions(r.Context(), registry.Number(after), max(limit, 1))
	if err != nil {
		WriteError(w, r, http.StatusInternalServerError, "The log could not be read: %s", err)
		return
	}
	page := TransactionList{Transactions: make([]Transaction, 0, len(txns))}
	if page.Horizon, err = f.horizon(w, r); err != nil {
		WriteError(w, r, http.StatusInternalServerError, "The state of housekeeping could not be read: %s", err)
		return
	}
	statuses, err := f.statuses(r, txns)
	if err != nil {
		WriteError(w, r, http.StatusInternalServerError, "The producers' records could not be read: %s", err)
		return
	}
	for _, t := range txns {
		page.Transactions = append(page.Transactions, transactionOf(t, statuses[t.Number]))
	}
	if n := len(txns); n == max(limit, 1) {
		page.Next = fmt.Sprintf("/api/v1/transactions?after=%d", txns[n-1].Number)
	}
	w.Header().Set("Cache-Control", "no-store")
	switch accept := r.Header.Get("Accept"); {
	case q.Get("format") == "atom" || q.Get("format") == "" && strings.Contains(accept, "atom"):
		writeXML(w, "application/atom+xml", atomOf(&page))
	case q.Get("format") == "rss" || q.Get("format") == "" && strings.Contains(accept, "rss"):
		writeXML(w, "application/rss+xml", rssOf(&page))
	default:
		writeJSON(w, http.StatusOK, page)
	}
}

// horizon gives the horizon, and says it in a header for every format.
func (f *Feed) horizon(w http.ResponseWriter, r *http.Request) (registry.Number, error) {
	h, err := f.Registry.Housekeeping(r.Context())
	if h.Horizon > 0 {
		w.Header().Set(HeaderHorizon, strconv.FormatInt(int64(h.Horizon), 10))
	}
	return h.Horizon, err
}

// statuses gives what became of each transaction for each producer.
func (f *Feed) statuses(r *http.Request, txns []registry.Transaction) (map[registry.Number][]Publication, error) {
	if f.Producers == nil || len(txns) == 0 {
		return nil, nil
	}
	out := map[registry.Number][]Publication{}
	err := f.Producers.Each(r.Context(), func(name string, a *producer.Admin) error {
		became, err := a.TransactionStatus(r.Context(), txns[0].Number, txns[len(txns)-1].Number)
		for n, b := range became {
			out[n] = append(out[n], publicationOf(name, &b))
		}
		return err
	})
	return out, err
}

// One serves GET /api/v1/transactions/{number}.
func (f *Feed) One(w http.ResponseWriter, r *http.Request) {
	n, err := strconv.ParseInt(r.PathValue("number"), 10, 64)
	if err != nil {
		WriteError(w, r, http.StatusNotFound, "%q is no transaction number.", r.PathValue("number"))
		return
	}
	t, changes, err := f.Registry.Transaction(r.Context(), registry.Number(n))
	if errors.Is(err, registry.ErrNotFound) {
		WriteError(w, r, http.StatusNotFound, "There is no transaction %d.", n)
		return
	}
	var statuses map[registry.Number][]Publication
	var removed string
	if err == nil {
		removed, err = f.Registry.ContentRemoved(r.Context(), t.Number, changes)
	}
	if err == nil {
		statuses, err = f.statuses(r, []registry.Transaction{t})
	}
	if err != nil {
		WriteError(w, r, http.StatusInternalServerError, "The log could not be read: %s", err)
		return
	}
	out := transactionOf(t, statuses[t.Number])
	out.ContentRemoved, out.Changes = removed, changesOf(changes)
	writeJSON(w, http.StatusOK, out)
}

// Dangling serves GET /api/v1/dangling.
func (f *Feed) Dangling(w http.ResponseWriter, r *http.Request) {
	list, err := f.Registry.Dangling(r.Context())
	if err != nil {
		WriteError(w, r, http.StatusInternalServerError, "The references could not be read: %s", err)
		return
	}
	writeJSON(w, http.StatusOK, danglingOf(list))
}

type atomFeed struct {
	XMLName xml.Name    `xml:"http://www.w3.org/2005/Atom feed"`
	ID      string      `xml:"id"`
	Title   string      `xml:"title"`
	Updated string      `xml:"updated"`
	Links   []atomLink  `xml:"link"`
	Entries []atomEntry `xml:"entry"`
}

type atomLink struct {
	Rel  string `xml:"rel,attr"`
	Href string `xml:"href,attr"`
}

type atomEntry struct {
	ID      string   `xml:"id"`
	Title   string   `xml:"title"`
	Updated string   `xml:"updated"`
	Author  string   `xml:"author>name"`
	Link    atomLink `xml:"link"`
	Summary string   `xml:"summary"`
}

func atomOf(page *TransactionList) *atomFeed {
	f := &atomFeed{ID: "urn:urncast:transactions", Title: "Structure transactions", Updated: time.Unix(0, 0).UTC().Format(time.RFC3339)}
	for i := range page.Transactions {
		t := &page.Transactions[i]
		f.Updated = t.RecordedAt.Format(time.RFC3339Nano)
		f.Entries = append(f.Entries, atomEntry{ID: "urn:uuid:" + t.ID, Title: t.title(), Updated: f.Updated, Author: t.User,
			Link: atomLink{"alternate", t.href()}, Summary: t.title()})
	}
	if page.Next != "" {
		f.Links = append(f.Links, atomLink{"next", page.Next + "&format=atom"})
	}
	return f
}

func (t *Transaction) title() string {
	return fmt.Sprintf("Transaction %d: %s of %d structures", t.Number, t.Kind, t.Structures)
}

func (t *Transaction) href() string { return fmt.Sprintf("/api/v1/transactions/%d", t.Number) }

type rssFeed struct {
	XMLName xml.Name  `xml:"rss"`
	Version string    `xml:"version,attr"`
	Title   string    `xml:"channel>title"`
	Link    string    `xml:"channel>link"`
	About   string    `xml:"channel>description"`
	Items   []rssItem `xml:"channel>item"`
}

type rssItem struct {
	Title string `xml:"title"`
	Link  string `xml:"link"`
	GUID  string `xml:"guid"`
	Date  string `xml:"pubDate"`
}

func rssOf(page *TransactionList) *rssFeed {
	f := &rssFeed{Version: "2.0", Title: "Structure transactions", Link: "/api/v1/transactions", About: "What changed in this registry, in order."}
	for i := range page.Transactions {
		t := &page.Transactions[i]
		f.Items = append(f.Items, rssItem{t.title(), t.href(), t.ID, t.RecordedAt.Format(time.RFC1123Z)})
	}
	return f
}

func writeXML(w http.ResponseWriter, media string, v any) {
	b, err := xml.Marshal(v)
	if err != nil { // the types are ours
		panic(err)
	}
	w.Header().Set("Content-Type", media+"; charset=utf-8")
	_, _ = w.Write(append([]byte(xml.Header), b...)) // the reader has gone; nobody is left to tell
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	b, err := json.Marshal(v)
	if err != nil { // the types are ours
		panic(err)
	}
	w.Header().Set("Content-Type", mediaJSON)
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write(append(b, '\n')) // the reader has gone; nobody is left to tell
}
