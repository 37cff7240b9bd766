package feed

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"urncast/producer/control"
	"urncast/producer/notice"
	"urncast/registry"
	"urncast/web/answer"
	"urncast/web/guard"
	"urncast/web/rest/wire"
)

// A Feed serves the log of structure transactions.
type Feed struct {
	Registry  Registry
	Producers *control.Producers
	// Mailer keeps the address of this server that an admin has set, and Guard knows
	// whether a request came by HTTPS: the links of a feed are absolute.
	Mailer interface {
		Show(context.Context) (notice.Shown, error)
	}
	Guard *guard.Guard
}

// A Registry has the log of transactions; *plan.Registry implements it.
type Registry interface {
	// ID is the registry's UUID.
	ID() string
	Transactions(ctx context.Context, after registry.Number, limit int) ([]registry.Transaction, error)
	Latest(ctx context.Context, before registry.Number, limit int) ([]registry.Transaction, error)
	Transaction(context.Context, registry.Number) (registry.Transaction, []registry.Change, error)
	Heads(ctx context.Context, from, to registry.Number, limit int) (map[registry.Number][]registry.Change, error)
	ContentRemoved(ctx context.Context, n registry.Number, changes []registry.Change) (string, error)
	Housekeeping(context.Context) (registry.Housekeeping, error)
}

// Routes are for all who may read the registry.
func (f *Feed) Routes() []guard.Route {
	return []guard.Route{
		{Pattern: "GET /api/v1/transactions", Level: guard.Read, Handle: f.list},
		{Pattern: "GET /api/v1/transactions/{number}", Level: guard.Read, Handle: f.one},
	}
}

const (
	pageMax = 1000
	// feedShown is how many entries an Atom or RSS feed has by default, and feedMax how
	// many at most: each entry lists what was changed.
	feedShown = 50
	feedMax   = 200
)

// A feedAsk is what a request asks of the feed.
type feedAsk struct {
	format        string // json, atom or rss
	after, before registry.Number
	limit         int
	newest        bool // newest first, below before; else oldest first, above after
	query         url.Values
}

// feedAsked reads a request: format, or the header Accept; after or before a number;
// limit. JSON starts with the oldest unless before is given, Atom and RSS with the newest
// unless after is given.
func feedAsked(r *http.Request) (a feedAsk, err error) {
	a.query = r.URL.Query()
	a.format = a.query.Get("format")
	accept := r.Header.Get("Accept")
	switch {
	case a.format == "" && strings.Contains(accept, "atom"):
		a.format = "atom"
	case a.format == "" && strings.Contains(accept, "rss"):
		a.format = "rss"
	case a.format == "":
		a.format = "json"
	case a.format != "json" && a.format != "atom" && a.format != "rss":
		return a, fmt.Errorf("format=%q is none of the feed: json, atom or rss.", a.format)
	}
	most := pageMax
	if a.limit = pageMax; a.format != "json" {
		a.limit, most = feedShown, feedMax
		a.query.Set("format", a.format) // for next, where it came by Accept
	}
	for name, set := range map[string]func(n int64){"after": func(n int64) { a.after = registry.Number(n) }, "before": func(n int64) { a.before = registry.Number(n) },
		"limit": func(n int64) { a.limit = int(max(min(n, int64(most)), 1)) }} {
		if text := a.query.Get(name); text != "" {
			n, err := strconv.ParseInt(text, 10, 64)
			if err != nil || n < 0 {
				return a, fmt.Errorf("%s=%q is no number from 0 on.", name, text)
			}
			set(n)
		}
	}
	after, before := a.query.Get("after") != "", a.query.Get("before") != ""
	if after && before {
		return a, errors.New("after and before cannot be said together: after gives the oldest first, before the newest.")
	}
	a.newest = before || a.format != "json" && !after
	return a, nil
}

// next is the address of the page that follows transaction last, with the request's other
// parameters.
func (a *feedAsk) next(last registry.Number) string {
	name := "after"
	if a.newest {
		name = "before"
	}
	a.query.Set(name, strconv.FormatInt(int64(last), 10))
	return "/api/v1/transactions?" + a.query.Encode()
}

// list serves GET /api/v1/transactions: JSON, Atom (RFC 4287) or RSS 2.0.
func (f *Feed) list(w http.ResponseWriter, r *http.Request) {
	ask, err := feedAsked(r)
	if err != nil {
		answer.WriteError(w, r, http.StatusBadRequest, "%s", err)
		return
	}
	var txns []registry.Transaction
	if ask.newest {
		txns, err = f.Registry.Latest(r.Context(), ask.before, ask.limit)
	} else {
		txns, err = f.Registry.Transactions(r.Context(), ask.after, ask.limit)
	}
	if err != nil {
		answer.WriteError(w, r, http.StatusInternalServerError, "The log could not be read: %s", err)
		return
	}
	page := TransactionList{Transactions: make([]Transaction, 0, len(txns))}
	if page.Horizon, err = f.horizon(w, r); err != nil {
		answer.WriteError(w, r, http.StatusInternalServerError, "The state of housekeeping could not be read: %s", err)
		return
	}
	if n := len(txns); n == ask.limit && !(ask.newest && txns[n-1].Number == 1) {
		page.Next = ask.next(txns[n-1].Number)
	}
	w.Header().Set("Cache-Control", "no-store")
	if ask.format != "json" {
		f.writeFeed(w, r, ask.format, txns, page.Next)
		return
	}
	statuses, err := f.statuses(r, txns)
	if err != nil {
		answer.WriteError(w, r, http.StatusInternalServerError, "The producers' records could not be read: %s", err)
		return
	}
	for _, t := range txns {
		page.Transactions = append(page.Transactions, transactionOf(t, statuses[t.Number]))
	}
	wire.WriteJSON(w, http.StatusOK, page)
}

// horizon returns the horizon, and puts it into a header for every format.
func (f *Feed) horizon(w http.ResponseWriter, r *http.Request) (registry.Number, error) {
	h, err := f.Registry.Housekeeping(r.Context())
	wire.SetHorizon(w, h.Horizon)
	return h.Horizon, err
}

// statuses returns what became of each transaction for each producer.
func (f *Feed) statuses(r *http.Request, txns []registry.Transaction) (map[registry.Number][]Publication, error) {
	if len(txns) == 0 {
		return nil, nil
	}
	out := map[registry.Number][]Publication{}
	first, last := txns[0].Number, txns[len(txns)-1].Number
	first, last = min(first, last), max(first, last)
	err := f.Producers.Each(r.Context(), func(name string, a *control.Producer) error {
		became, err := a.TransactionStatus(r.Context(), first, last)
		for n, b := range became {
			out[n] = append(out[n], publicationOf(name, &b))
		}
		return err
	})
	return out, err
}

// one serves GET /api/v1/transactions/{number}.
func (f *Feed) one(w http.ResponseWriter, r *http.Request) {
	n, err := strconv.ParseInt(r.PathValue("number"), 10, 64)
	if err != nil {
		answer.WriteError(w, r, http.StatusNotFound, "%q is no transaction number.", r.PathValue("number"))
		return
	}
	t, changes, err := f.Registry.Transaction(r.Context(), registry.Number(n))
	if errors.Is(err, registry.ErrNotFound) {
		answer.WriteError(w, r, http.StatusNotFound, "There is no transaction %d.", n)
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
		answer.WriteError(w, r, http.StatusInternalServerError, "The log could not be read: %s", err)
		return
	}
	out := transactionOf(t, statuses[t.Number])
	out.ContentRemoved, out.Changes = removed, changesOf(changes)
	wire.WriteJSON(w, http.StatusOK, out)
}
