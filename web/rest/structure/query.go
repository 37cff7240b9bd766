package structure

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"urncast/formats"
	"urncast/registry"
	"urncast/sdmx"
	"urncast/web/answer"
	"urncast/web/guard"
	"urncast/web/rest/wire"
)

// A Finder answers structure queries; *plan.Registry implements it.
type Finder interface {
	Find(ctx context.Context, q registry.Query, order func(sdmx.Class) int, yield func(u sdmx.URN, body []byte) error) error
	Content(ctx context.Context, n registry.Number, order func(sdmx.Class) int, yield func(u sdmx.URN, body []byte) error) error
	Dangling(context.Context) ([]registry.Dangling, error)
}

// A Query serves GET of structures.
type Query struct {
	Registry Finder
	Sender   string
	Now      func() time.Time
}

// Routes are those that answer with structures, or with what structures lead to.
func (q *Query) Routes() []guard.Route {
	return append(q.registrationRoutes(), []guard.Route{
		{Pattern: "GET /sdmx/v2/structure/{type}", Level: guard.Read, Long: true, Handle: q.structures},
		{Pattern: "GET /sdmx/v2/structure/{type}/{agency}", Level: guard.Read, Long: true, Handle: q.structures},
		{Pattern: "GET /sdmx/v2/structure/{type}/{agency}/{id}", Level: guard.Read, Long: true, Handle: q.structures},
		{Pattern: "GET /sdmx/v2/structure/{type}/{agency}/{id}/{version}", Level: guard.Read, Long: true, Handle: q.structures},
		{Pattern: "GET /api/v1/transactions/{number}/structures", Level: guard.Read, Long: true, Handle: q.transaction},
		{Pattern: "GET /api/v1/dangling", Level: guard.Read, Handle: q.dangling},
	}...)
}

// classesOf finds the classes that a name in REST paths stands for.
func classesOf(name string) ([]sdmx.Class, error) {
	found := slices.DeleteFunc(slices.Clone(sdmx.ClassesByREST(strings.ToLower(name))), func(c sdmx.Class) bool { return !c.Modelled() })
	if len(found) > 0 {
		return found, nil
	}
	var names []string
	for _, c := range sdmx.Modelled() {
		names = append(names, c.REST())
	}
	return nil, fmt.Errorf("the structure type %q is not known; the types are %s", name, strings.Join(names, ", "))
}

// list splits an element of the path; nil stands for all.
func list(s string) []string {
	if s == "" || s == "*" || s == "all" {
		return nil
	}
	return strings.Split(s, ",")
}

// structures serves GET /sdmx/v2/structure/{type}/{agency}/{id}/{version}: the current
// structures, or with asOf= those after a transaction.
func (q *Query) structures(w http.ResponseWriter, r *http.Request) {
	in := registry.Query{Agencies: list(r.PathValue("agency")), IDs: list(r.PathValue("id")), Versions: r.PathValue("version")}
	for _, name := range list(r.PathValue("type")) {
		classes, err := classesOf(name)
		if err != nil {
			answer.WriteError(w, r, http.StatusNotFound, "%s", err)
			return
		}
		in.Classes = append(in.Classes, classes...)
	}
	if in.Classes == nil { // all structures, and what is none is asked for by its name
		in.Classes = slices.DeleteFunc(sdmx.Modelled(), sdmx.Class.Apart)
	}
	if text := r.URL.Query().Get("asOf"); text != "" {
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil || n < 1 {
			answer.WriteError(w, r, http.StatusBadRequest, "asOf=%q is no transaction number: it asks for what was current after a transaction, and the first is 1.", text)
			return
		}
		in.AsOf = registry.Number(n)
	}
	q.answer(w, r, fmt.Sprintf("No structure matches %s.", r.URL.Path), func(order func(sdmx.Class) int, yield func(sdmx.URN, []byte) error) error {
		return q.Registry.Find(r.Context(), in, order, yield)
	})
}

// transaction serves GET /api/v1/transactions/{number}/structures: the content
// that a transaction made current.
func (q *Query) transaction(w http.ResponseWriter, r *http.Request) {
	n, err := strconv.ParseInt(r.PathValue("number"), 10, 64)
	if err != nil || n < 1 {
		answer.WriteError(w, r, http.StatusNotFound, "%q is no transaction number.", r.PathValue("number"))
		return
	}
	q.answer(w, r, fmt.Sprintf("Transaction %d deletes, and holds no content. GET /api/v1/transactions/%d names what it deleted.", n, n),
		func(order func(sdmx.Class) int, yield func(sdmx.URN, []byte) error) error {
			return q.Registry.Content(r.Context(), registry.Number(n), order, yield)
		})
}

// dangling serves GET /api/v1/dangling.
func (q *Query) dangling(w http.ResponseWriter, r *http.Request) {
	list, err := q.Registry.Dangling(r.Context())
	if err != nil {
		answer.WriteError(w, r, http.StatusInternalServerError, "The references could not be read: %s", err)
		return
	}
	wire.WriteJSON(w, http.StatusOK, danglingOf(list))
}

// negotiated finds the formats that the client accepts, the best first; none if the answer
// has been written.
func negotiated(w http.ResponseWriter, r *http.Request) []*formats.Format {
	if name := r.URL.Query().Get("format"); name != "" {
		f, err := formats.ByName(name)
		if err != nil {
			answer.WriteError(w, r, http.StatusNotAcceptable, "%s", err)
			return nil
		}
		return []*formats.Format{f}
	}
	accept := strings.Join(r.Header.Values("Accept"), ",")
	taken := formats.Negotiate(accept)
	if len(taken) == 0 {
		answer.WriteError(w, r, http.StatusNotAcceptable, "None of the media types in %q is written here. Written are %s.", accept, mediaTypes())
	}
	return taken
}

func mediaTypes() string {
	var types []string
	for _, f := range formats.All() {
		types = append(types, f.MediaType)
	}
	return strings.Join(types, " and ")
}

// A find yields what a query selects, in the order that a format requires.
type find func(order func(sdmx.Class) int, yield func(u sdmx.URN, body []byte) error) error

// answer writes the message in the best format that the client accepts and that can
// express any of the structures; 406 if none can. Structures that the format leaves out
// are listed at the end of the message.
func (q *Query) answer(w http.ResponseWriter, r *http.Request, none string, found find) {
	taken := negotiated(w, r)
	if len(taken) == 0 {
		return
	}
	w.Header().Add("Vary", "Accept")
	var why []string
	for _, f := range taken {
		left, done := q.write(w, r, f, none, found)
		if done {
			return
		}
		for _, x := range left.First[:min(len(left.First), leftOutShown)] {
			why = append(why, x.String())
		}
		if n := left.Count - leftOutShown; n > 0 {
			why = append(why, fmt.Sprintf("and %d more", n))
		}
	}
	answer.WriteError(w, r, http.StatusNotAcceptable, "What was found cannot be written in the formats that you accept; written here are %s. %s.", mediaTypes(), strings.Join(why, "; "))
}

// leftOutShown is how many structures a refusal names.
const leftOutShown = 5

// write streams the message; not done, and nothing written, if the format can express none
// of the structures. Nothing is sent before the first structure is found, so that an empty
// answer can be 404; a later error ends the connection, for the client must not take half
// a message for a whole one.
func (q *Query) write(w http.ResponseWriter, r *http.Request, f *formats.Format, none string, found find) (left formats.Remarks, done bool) {
	now := q.Now().UTC().Truncate(time.Second)
	out := formats.NewWriter(w, f, formats.Header{ID: messageID(now), Prepared: now, Sender: q.Sender})
	some, lost := false, formats.Remarks{}
	err := found(f.Order, func(u sdmx.URN, body []byte) error {
		m, err := sdmx.ParseCanonical(u.Class, body)
		if err != nil {
			return fmt.Errorf("%s: %w", u, err)
		}
		remarks, fatal := formats.LossRemarks(f, m)
		if fatal {
			left.Join(remarks)
			return nil
		}
		if why, refused := out.Refuses(u); refused {
			left.Add(why)
			return nil
		}
		lost.Join(remarks)
		if !some {
			w.Header().Set("Content-Type", f.Media(u.Class))
			some = true
		}
		return out.Write(m)
	})
	switch {
	case err != nil && some:
		panic(http.ErrAbortHandler)
	case err != nil:
		writeFindError(w, r, err)
	case !some && left.Count > 0:
		return left, false
	case !some:
		answer.WriteError(w, r, http.StatusNotFound, "%s", none)
	default:
		out.Note(left, lost)
		_ = out.Close() // fails only if the reader has left
	}
	return left, true
}

func writeFindError(w http.ResponseWriter, r *http.Request, err error) {
	var invalid *registry.InvalidError
	var gone *registry.GoneError
	switch {
	case errors.As(err, &gone):
		wire.WriteGone(w, r, gone)
	case errors.As(err, &invalid):
		answer.WriteError(w, r, http.StatusBadRequest, "%s", invalid)
	case errors.Is(err, registry.ErrNotFound):
		answer.WriteError(w, r, http.StatusNotFound, "There is nothing at %s.", r.URL.Path)
	default:
		answer.WriteError(w, r, http.StatusInternalServerError, "The structures could not be read: %s", err)
	}
}
