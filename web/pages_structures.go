package web

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"urncast/registry"
	"urncast/sdmx"
	"urncast/web/console/page"
	"urncast/web/console/structures"
	"urncast/web/console/ui"
)

const (
	structuresShown = 50
	resultsShown    = 25 // beside a structure
)

// structuresPage draws the search.
func (s *server) structuresPage(w http.ResponseWriter, r *http.Request) {
	v := &structures.Structures{Filter: structureFilter(r.URL.Query())}
	if err := s.fillStructures(r.Context(), v, structuresShown); err != nil {
		s.kit.DrawTrouble(w, r, "/structures", err)
		return
	}
	v.MayRename = s.guard.Serves(r, "/agencies/{agency}/rename")
	s.kit.Draw(w, r, http.StatusOK, structures.StructuresPage(s.kit.Frame(r, "Structures", "/structures"), v))
}

func structureFilter(q url.Values) structures.StructureFilter {
	f := structures.StructureFilter{Text: page.Word(q, "q"), Agency: page.Word(q, "agency"), After: page.Word(q, "after"), AllVersions: q.Get("versions") == "all"}
	if c, ok := sdmx.ClassByREST(q.Get("type")); ok {
		f.Type = c.REST()
	}
	return f
}

func (s *server) fillStructures(ctx context.Context, v *structures.Structures, limit int) error {
	counts, _, err := s.Registry.Counts(ctx)
	if err != nil {
		return err
	}
	for _, n := range counts {
		v.Total += n
		v.Types++
	}
	class, _ := sdmx.ClassByREST(v.Filter.Type)
	v.Found, err = s.Registry.Search(ctx, registry.SearchQuery{Text: v.Filter.Text, Class: class, Agency: v.Filter.Agency,
		AllVersions: v.Filter.AllVersions, After: v.Filter.After, Limit: limit + 1})
	if err != nil {
		return err
	}
	if v.More = len(v.Found.Labels) > limit; v.More {
		v.Found.Labels = v.Found.Labels[:limit]
	}
	v.AllAgencies, err = s.Registry.Agencies(ctx)
	v.Agencies = len(v.AllAgencies)
	return err
}

// find leads from the find box to what was asked for: a number to its transaction, a
// URN or AGENCY:ID(VERSION) to its structure, and anything else to the search.
func (s *server) find(w http.ResponseWriter, r *http.Request) {
	text := page.Word(r.URL.Query(), "q")
	to := "/structures?" + url.Values{"q": {text}}.Encode()
	if n, err := strconv.ParseInt(text, 10, 64); err == nil && n > 0 {
		to = ui.TransactionPath(registry.Number(n))
	} else if u, ok := s.named(r.Context(), text); ok {
		to = ui.StructurePath(u)
	}
	http.Redirect(w, r, to, http.StatusSeeOther)
}

// named finds the structure that a word names in full. AGENCY:ID(VERSION) says no
// class, so it must be of one structure alone.
func (s *server) named(ctx context.Context, text string) (sdmx.URN, bool) {
	if ref, err := sdmx.ParseRef(text); err == nil && !ref.Version.Wildcard() {
		return ref.URN, ref.URN.Class.Modelled()
	}
	if !strings.HasSuffix(text, ")") || !strings.Contains(text, ":") {
		return sdmx.URN{}, false
	}
	found, err := s.Registry.Search(ctx, registry.SearchQuery{Text: text, AllVersions: true, Limit: 20})
	if err != nil {
		return sdmx.URN{}, false // the search says what is wrong
	}
	var one sdmx.URN
	n := 0
	for i := range found.Labels {
		if u := found.Labels[i].URN; strings.EqualFold(u.Short(), text) {
			one = u
			n++
		}
	}
	return one, n == 1
}
