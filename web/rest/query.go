package rest

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"urncast/formats"
	"urncast/registry"
	"urncast/sdmx"
)

// A Finder answers structure queries.
type Finder interface {
	Find(ctx context.Context, q registry.Query, order func(sdmx.Class) int, yield func(u sdmx.URN, body []byte) error) error
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

// Structures serves GET /sdmx/v2/structure/{type}/{agency}/{id}/{version}.
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
	accept := r.Header.Get("Accept")
	if name := r.URL.Query().Get("format"); name != "" {
		f, err := formats.ByName(name)
		if err != nil {
			WriteError(w, r, http.StatusNotAcceptable, "%s", err)
			return
		}
		accept = f.MediaType
	}
	f := formats.Negotiate(accept)
	if f == nil {
		WriteError(w, r, http.StatusNotAcceptable, "None of the media types in %q is written here. Written are %s.", accept, mediaTypes())
		return
	}
	q.write(w, r, f, in)
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
func (q *Query) write(w http.ResponseWriter, r *http.Request, f *formats.Format, in registry.Query) {
	now := q.Now().UTC().Truncate(time.Second)
	out := formats.NewWriter(w, f, formats.Header{ID: messageID(now), Prepared: now, Sender: q.Sender})
	some, inexpressible := false, error(nil)
	w.Header().Add("Vary", "Accept")
	err := q.Registry.Find(r.Context(), in, f.Order, func(u sdmx.URN, body []byte) error {
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
	switch {
	case errors.As(err, &invalid):
		WriteError(w, r, http.StatusBadRequest, "%s", invalid)
	case err != nil && !some:
		WriteError(w, r, http.StatusInternalServerError, "The structures could not be read: %s", err)
	case !some && inexpressible != nil:
		WriteError(w, r, http.StatusNotAcceptable, "What was found cannot be written in this format: %s", inexpressible)
	case !some:
		WriteError(w, r, http.StatusNotFound, "No structure matches %s.", r.URL.Path)
	case err != nil:
		panic(http.ErrAbortHandler)
	default:
		_ = out.Close() // the reader has gone; nobody is left to tell
	}
}
