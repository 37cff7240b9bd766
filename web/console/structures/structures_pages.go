package structures

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"urncast/registry"
	"urncast/registry/access"
	"urncast/sdmx"
	"urncast/web/console/page"
	"urncast/web/console/ui"
)

const (
	structuresShown = 50
	resultsShown    = 25 // beside a structure
)

// structuresPage draws the search.
func (s *Pages) structuresPage(w http.ResponseWriter, r *http.Request) {
	v := &Structures{Filter: structureFilter(r.URL.Query())}
	if err := s.fillStructures(r.Context(), v, structuresShown); err != nil {
		s.DrawTrouble(w, r, "/structures", err)
		return
	}
	v.MayRename = mayRenameAgency(access.From(r.Context()), v.Filter.Agency)
	s.Draw(w, r, http.StatusOK, StructuresPage(s.Frame(r, "Structures", "/structures"), v))
}

// mayRenameAgency reports whether the console offers a principal to rename an agency: the
// principal must maintain the agency and the scheme that holds it, which changes with it.
func mayRenameAgency(p access.Principal, agency string) bool {
	scheme, _ := sdmx.AgencySchemeOf(agency)
	return p.Maintains(agency) && p.Maintains(scheme.Agency)
}

// structureFilter reads a search from the query of an address.
func structureFilter(q url.Values) StructureFilter {
	f := StructureFilter{Text: page.Word(q, "q"), Agency: page.Word(q, "agency"), After: page.Word(q, "after"), AllVersions: q.Get("versions") == "all"}
	if c, ok := sdmx.ClassByREST(q.Get("type")); ok {
		f.Type = c.REST()
	}
	return f
}

// fillStructures searches, and puts up to limit structures into the view.
func (s *Pages) fillStructures(ctx context.Context, v *Structures, limit int) error {
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

// find redirects from the find box: a number to its transaction, a URN or
// AGENCY:ID(VERSION) to its structure, and anything else to the search.
func (s *Pages) find(w http.ResponseWriter, r *http.Request) {
	text := page.Word(r.URL.Query(), "q")
	to := "/structures?" + url.Values{"q": {text}}.Encode()
	if n, err := strconv.ParseInt(text, 10, 64); err == nil && n > 0 {
		to = ui.TransactionPath(registry.Number(n))
	} else if u, ok := s.named(r.Context(), text); ok {
		to = ui.StructurePath(u)
	}
	http.Redirect(w, r, to, http.StatusSeeOther)
}

// named returns the structure that a text names in full. AGENCY:ID(VERSION) names no
// class, so exactly one structure must have it.
func (s *Pages) named(ctx context.Context, text string) (sdmx.URN, bool) {
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
