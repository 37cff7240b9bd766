package structures

import (
	"context"
	"errors"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"

	"urncast/formats"
	"urncast/registry"
	"urncast/registry/access"
	"urncast/sdmx"
	"urncast/web/console/page"
	"urncast/web/console/record"
	"urncast/web/console/ui"
)

const (
	historyShown    = 20
	refsListed      = 100 // of each group
	historyCompared = 8
)

// structureOf returns the URN of the structure that the path of a request names.
func structureOf(r *http.Request) (sdmx.URN, bool) {
	class, ok := sdmx.ClassByREST(r.PathValue("type"))
	if !ok {
		return sdmx.URN{}, false
	}
	u, err := sdmx.ParseURN("urn:sdmx:org.sdmx.infomodel." + class.Package() + "." + class.String() + "=" + r.PathValue("agency") + ":" + r.PathValue("id") + "(" + r.PathValue("version") + ")")
	return u, err == nil
}

// noStructure answers a request for a structure that never existed.
func (s *Pages) noStructure(w http.ResponseWriter, r *http.Request) {
	s.DrawError(w, r, http.StatusNotFound, "/structures", "There is no such structure",
		"Neither the registry nor its log has "+r.PathValue("agency")+":"+r.PathValue("id")+"("+r.PathValue("version")+") of type "+r.PathValue("type")+".")
}

// structurePage draws one structure.
func (s *Pages) structurePage(w http.ResponseWriter, r *http.Request) {
	u, ok := structureOf(r)
	if !ok {
		s.noStructure(w, r)
		return
	}
	v, err := s.structure(r.Context(), u, r.URL.Query())
	switch {
	case errors.Is(err, registry.ErrNotFound):
		if other, ok := s.relative(r.Context(), u); ok {
			http.Redirect(w, r, ui.StructurePath(other), http.StatusSeeOther)
			return
		}
		s.noStructure(w, r)
	case err != nil:
		s.DrawTrouble(w, r, "/structures", err)
	default:
		who := access.From(r.Context())
		v.MayChange = who.Maintains(u.Agency)
		if v.Current && v.Items != nil && u.Class == sdmx.ClassAgencyScheme {
			v.Items.Renames = renames(who, u.Agency, v.Items.Rows)
		}
		s.Draw(w, r, http.StatusOK, StructurePage(s.Frame(r, ui.ClassWord(u.Class, 1)+" "+u.ID, "/structures"), v))
	}
}

// relative returns the structure that a reference to u leads to, if that is of another class
// (sdmx.Class.Relatives).
func (s *Pages) relative(ctx context.Context, u sdmx.URN) (sdmx.URN, bool) {
	for _, c := range u.Class.Relatives() {
		if c == u.Class {
			continue
		}
		other := u
		other.Class = c
		if found, err := s.Registry.History(ctx, other, 0, 1); err == nil && len(found) > 0 {
			return other, true
		}
	}
	return u, false
}

// renames returns the pages that rename the agencies of an agency scheme, by the ids of
// their items, as far as the principal may rename them.
func renames(who access.Principal, scheme string, rows []Item) map[string]string {
	pages := map[string]string{}
	for i := range rows {
		agency := rows[i].ID
		if scheme != "SDMX" {
			agency = scheme + "." + agency
		}
		if mayRenameAgency(who, agency) {
			pages[rows[i].ID] = AgencyPath(agency)
		}
	}
	return pages
}

// structure reads what the page of a structure shows.
func (s *Pages) structure(ctx context.Context, u sdmx.URN, q url.Values) (*Structure, error) {
	v := &Structure{URN: u, Name: u.ID}
	shown, revisions, err := s.shown(ctx, u, q.Get("as"))
	if err != nil {
		return nil, err
	}
	v.Shown, v.Removed = shown, shown.Removed
	v.Current = shown.Kind == registry.Replace && shown.Until == 0
	if !v.Current && q.Get("as") != "" {
		v.As = shown.Number
	}
	for _, f := range formats.All() {
		if f.Has(u.Class) {
			v.Formats = append(v.Formats, f.Name)
		}
	}
	if before := page.Number(q, "before"); before > 0 {
		if revisions, err = s.Registry.History(ctx, u, registry.Number(before), historyShown+1); err != nil {
			return nil, err
		}
	}
	if len(revisions) > historyShown {
		revisions = revisions[:historyShown]
		v.Older = ui.StructurePath(u) + "?before=" + ui.Number(revisions[historyShown-1].Number) + "#history"
	}
	if err := s.fillHistory(ctx, v, revisions); err != nil {
		return nil, err
	}
	if err := s.fillVersions(ctx, v); err != nil {
		return nil, err
	}
	if err := s.fillPublished(ctx, v); err != nil {
		return nil, err
	}
	if f := structureFilter(q); f.Any() {
		v.Results = &Structures{Filter: f, Chosen: u}
		if err := s.fillStructures(ctx, v.Results, resultsShown); err != nil {
			return nil, err
		}
	}
	if v.Removed || shown.Document == 0 {
		v.Removed = true
		return v, s.fillReferring(ctx, v)
	}
	content, err := s.contents.get(ctx, s, u.Class, shown.Document, shown.Bytes)
	if err != nil {
		return nil, err
	}
	fillContent(v, content, q)
	return v, s.fillReferring(ctx, v)
}

// shown returns the revision that a page shows, and the newest ones: the last revision there
// is, or the one after the transaction that as names.
func (s *Pages) shown(ctx context.Context, u sdmx.URN, as string) (registry.Revision, []registry.Revision, error) {
	revisions, err := s.Registry.History(ctx, u, 0, historyShown+1)
	if err != nil {
		return registry.Revision{}, nil, err
	}
	if len(revisions) == 0 {
		return registry.Revision{}, nil, registry.ErrNotFound
	}
	if n, err := strconv.ParseInt(as, 10, 64); err == nil && n > 0 {
		then, err := s.Registry.History(ctx, u, registry.Number(n)+1, 1)
		if err != nil {
			return registry.Revision{}, nil, err
		}
		if len(then) == 1 {
			return then[0], revisions, nil
		}
	}
	return revisions[0], revisions, nil
}

// fillHistory puts revisions into the page; the first historyCompared are compared with the
// revisions before them.
func (s *Pages) fillHistory(ctx context.Context, v *Structure, revisions []registry.Revision) error {
	transitions := make([]registry.Transition, min(len(revisions), historyCompared))
	for i := range transitions {
		transitions[i] = revisions[i].Transition
	}
	sums, err := s.Record.Sums(ctx, transitions)
	if err != nil {
		return err
	}
	for i := range revisions {
		h := Revision{Changed: record.Changed{Transition: revisions[i].Transition}, By: revisions[i].Transaction}
		if i < len(sums) {
			h.Sum = sums[i]
		}
		v.History = append(v.History, h)
	}
	return nil
}

// fillVersions puts all versions of the structure into the page, the newest first.
func (s *Pages) fillVersions(ctx context.Context, v *Structure) error {
	var err error
	v.Versions, err = s.Registry.Versions(ctx, v.URN)
	slices.SortFunc(v.Versions, func(a, b sdmx.URN) int { return b.Compare(a) })
	return err
}

// fillPublished puts into the page what became of the shown revision on each producer.
func (s *Pages) fillPublished(ctx context.Context, v *Structure) error {
	producers, err := s.Producers.List(ctx)
	if err != nil {
		return err
	}
	v.Sent, err = s.Record.SentOn(ctx, producers, v.Shown.Number)
	return err
}

// fillContent puts names, references and a window of the items into the page.
func fillContent(v *Structure, c *content, q url.Values) {
	v.Names, v.Text = c.names, c.texts
	v.Final, v.Stable = c.final, c.version.Stable()
	if name := c.names.In("en"); name != "" {
		v.Name = name
	}
	v.Refs.Out, v.Refs.OutCount = groupRefs(c.refs)
	path, common := ui.StructurePath(v.URN), keeping(q, "q", "type", "agency", "versions", "after", "as")
	rows := make([]string, len(c.tables))
	for i := range c.tables {
		rows[i] = (&Table{Number: i + 1}).from()
	}
	v.Tables = windowed(c.tables, path, joined(common, keeping(q, append([]string{"items", "branch", "view", "from"}, rows...)...)), q)
	if !c.holdsItems {
		return
	}
	v.Items = &Items{Class: v.URN.Class, Total: len(c.rows), Filter: page.Word(q, "items"), Nests: c.tree, Tree: c.tree && q.Get("view") != "table",
		Path: path, Keep: joined(common, keeping(q, rows...)), Components: c.components}
	if v.Items.Tree && v.Items.Filter == "" { // a filter searches the whole tree
		v.Items.Branch = page.Word(q, "branch")
	}
	c.window(v.Items, page.Number(q, "from"))
}

// keeping returns some of the parameters of a page.
func keeping(q url.Values, names ...string) url.Values {
	out := url.Values{}
	for _, name := range names {
		if s := page.Word(q, name); s != "" {
			out.Set(name, s)
		}
	}
	return out
}

// joined returns the parameters of both.
func joined(a, b url.Values) url.Values {
	out := kept(a)
	maps.Copy(out, b)
	return out
}

// fillReferring puts into the page which structures refer to this one now.
func (s *Pages) fillReferring(ctx context.Context, v *Structure) error {
	urns, err := s.Registry.Referring(ctx, v.URN)
	if err != nil {
		return err
	}
	v.Refs.In, v.Refs.InCount = groupRefs(urns)
	for _, groups := range [][]RefGroup{v.Refs.In, v.Refs.Out} {
		for i := range groups {
			v.Refs.Capped = v.Refs.Capped || groups[i].Count > len(groups[i].URNs)
		}
	}
	return nil
}

// groupRefs groups structures by class, the largest group first, and counts them.
func groupRefs(urns []sdmx.URN) ([]RefGroup, int) {
	at := map[sdmx.Class]int{}
	var groups []RefGroup
	for _, u := range urns {
		i, ok := at[u.Class]
		if !ok {
			i = len(groups)
			at[u.Class] = i
			groups = append(groups, RefGroup{Class: u.Class})
		}
		g := &groups[i]
		if g.Count++; g.Count <= refsListed {
			g.URNs = append(g.URNs, u)
		}
	}
	slices.SortStableFunc(groups, func(a, b RefGroup) int { return b.Count - a.Count })
	return groups, len(urns)
}
