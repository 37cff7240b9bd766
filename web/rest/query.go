package rest

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"urncast/formats"
	"urncast/registry"
	"urncast/sdmx"
)

// A Finder answers structure queries.
type Finder interface {
	Find(ctx context.Context, q registry.Query, order func(sdmx.Class) int, yield func(u sdmx.URN, body []byte) error) error
	Content(ctx context.Context, n registry.Number, order func(sdmx.Class) int, yield func(u sdmx.URN, body []byte) error) error
}

// A Query serves GET of structures.
type Query struct {
	Registry Finder
	Sender   string
	Now      func() time.Time
}

// classOf finds a class by its name in REST paths.
func classOf(name string) (sdmx.Class, error) {
	if c, ok := sdmx.ClassByREST(strings.ToLower(name)); ok && c.Modelled() {
		return c, nil
	}
	var names []string
	for _, c := range sdmx.Modelled() {
		names = append(names, c.REST())
	}
	return sdmx.ClassUnknown, fmt.Errorf("the structure type %q is not known; the types are %s", name, strings.Join(names, ", "))
}

// list splits a path's element; empty for all.
func list(s string) []string {
	if s == "" || s == "*" || s == "all" {
		return nil
	}
	return strings.Split(s, ",")
}

// Structures serves GET /sdmx/v2/structure/{type}/{agency}/{id}/{version}: what is
// current, or with asOf= what was after a transaction.
func (q *Query) Structures(w http.ResponseWriter, r *http.Request) {
	in := registry.Query{Agencies: list(r.PathValue("agency")), IDs: list(r.PathValue("id")), Versions: r.PathValue("version")}
	for _, name := range list(r.PathValue("type")) {
		class, err := classOf(name)
		if err != nil {
			WriteError(w, r, http.StatusNotFound, "%s", err)
			return
		}
		in.Classes = append(in.Classes, class)
	}
	if text := r.URL.Query().Get("asOf"); text != "" {
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil || n < 1 {
			WriteError(w, r, http.StatusBadRequest, "asOf=%q is no transaction number: it asks for what was current after a transaction, and the first is 1.", text)
			return
		}
		in.AsOf = registry.Number(n)
	}
	if f := negotiated(w, r); f != nil {
		q.write(w, r, f, fmt.Sprintf("No structure matches %s.", r.URL.Path), func(yield func(sdmx.URN, []byte) error) error {
			return q.Registry.Find(r.Context(), in, f.Order, yield)
		})
	}
}

// Transaction serves GET /api/v1/transactions/{number}/structures: the content
// that a transaction made current.
func (q *Query) Transaction(w http.ResponseWriter, r *http.Request) {
	n, err := strconv.ParseInt(r.PathValue("number"), 10, 64)
	if err != nil || n < 1 {
		WriteError(w, r, http.StatusNotFound, "%q is no transaction number.", r.PathValue("number"))
		return
	}
	if f := negotiated(w, r); f != nil {
		q.write(w, r, f, fmt.Sprintf("Transaction %d deletes, and holds no content. GET /api/v1/transactions/%d names what it deleted.", n, n),
			func(yield func(sdmx.URN, []byte) error) error {
				return q.Registry.Content(r.Context(), registry.Number(n), f.Order, yield)
			})
	}
}

// negotiated finds the format that the client wants; nil if that is answered.
func negotiated(w http.ResponseWriter, r *http.Request) *formats.Format {
	accept := r.Header.Get("Accept")
	if name := r.URL.Query().Get("format"); name != "" {
		f, err := formats.ByName(name)
		if err != nil {
			WriteError(w, r, http.StatusNotAcceptable, "%s", err)
			return nil
		}
		accept = f.MediaType
	}
	f := formats.Negotiate(accept)
	if f == nil {
		WriteError(w, r, http.StatusNotAcceptable, "None of the media types in %q is written here. Written are %s.", accept, mediaTypes())
	}
	return f
}

func mediaTypes() string {
	var types []string
	for _, f := range formats.All() {
		types = append(types, f.MediaType)
	}
	return strings.Join(types, " and ")
}

// write streams the message. Nothing is sent before the first structure is
// there, so that an empty answer can be 404; an error after that ends the
// connection, for the client must not take half a message for a whole one.
func (q *Query) write(w http.ResponseWriter, r *http.Request, f *formats.Format, none string, find func(yield func(sdmx.URN, []byte) error) error) {
	now := q.Now().UTC().Truncate(time.Second)
	out := formats.NewWriter(w, f, formats.Header{ID: messageID(now), Prepared: now, Sender: q.Sender})
	some, inexpressible := false, error(nil)
	w.Header().Add("Vary", "Accept")
	err := find(func(u sdmx.URN, body []byte) error {
		m, err := sdmx.ParseCanonical(u.Class, body)
		if err != nil {
			return fmt.Errorf("%s: %w", u, err)
		}
		if why := formats.Expressible(f, m); why != nil {
			inexpressible = why
			return nil
		}
		if !some {
			w.Header().Set("Content-Type", f.MediaType)
			some = true
		}
		return out.Write(m)
	})
	var invalid *registry.InvalidError
	var gone *registry.GoneError
	switch {
	case errors.As(err, &gone) && !some:
		writeGone(w, r, gone)
	case errors.As(err, &invalid):
		WriteError(w, r, http.StatusBadRequest, "%s", invalid)
	case errors.Is(err, registry.ErrNotFound) && !some:
		WriteError(w, r, http.StatusNotFound, "There is nothing at %s.", r.URL.Path)
	case err != nil && !some:
		WriteError(w, r, http.StatusInternalServerError, "The structures could not be read: %s", err)
	case !some && inexpressible != nil:
		WriteError(w, r, http.StatusNotAcceptable, "What was found cannot be written in this format: %s", inexpressible)
	case !some:
		WriteError(w, r, http.StatusNotFound, "%s", none)
	case err != nil:
		panic(http.ErrAbortHandler)
	default:
		_ = out.Close() // the reader has gone; nobody is left to tell
	}
}
