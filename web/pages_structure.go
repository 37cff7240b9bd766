package web

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"

	"urncast/formats"
	"urncast/registry"
	"urncast/sdmx"
	"urncast/web/console/page"
	"urncast/web/console/record"
	"urncast/web/console/structures"
	"urncast/web/console/ui"
)

const (
	historyShown    = 20
	refsListed      = 100 // of each group
	historyCompared = 8
)

// structureOf reads the structure that a path names.
func structureOf(r *http.Request) (sdmx.URN, bool) {
	class, ok := sdmx.ClassByREST(r.PathValue("type"))
	if !ok {
		return sdmx.URN{}, false
	}
	u, err := sdmx.ParseURN("urn:sdmx:org.sdmx.infomodel." + class.Package() + "." + class.String() + "=" + r.PathValue("agency") + ":" + r.PathValue("id") + "(" + r.PathValue("version") + ")")
	return u, err == nil
}

func (s *server) noStructure(w http.ResponseWriter, r *http.Request) {
	s.kit.DrawError(w, r, http.StatusNotFound, "/structures", "There is no such structure",
		"Neither the registry nor its log has "+r.PathValue("agency")+":"+r.PathValue("id")+"("+r.PathValue("version")+") of type "+r.PathValue("type")+".")
}

// structurePage draws one structure.
func (s *server) structurePage(w http.ResponseWriter, r *http.Request) {
	u, ok := structureOf(r)
	if !ok {
		s.noStructure(w, r)
		return
	}
	v, err := s.structure(r.Context(), u, r.URL.Query())
	switch {
	case errors.Is(err, registry.ErrNotFound):
		s.noStructure(w, r)
	case err != nil:
		s.kit.DrawTrouble(w, r, "/structures", err)
	default:
		v.MayChange = s.guard.Serves(r, "/structures/{type}/{agency}/{id}/{version}/delete")
		if v.MayChange && v.Current && v.Items != nil && u.Class == sdmx.ClassAgencyScheme {
			v.Items.Renames = u.Agency
		}
		s.kit.Draw(w, r, http.StatusOK, structures.StructurePage(s.kit.Frame(r, ui.ClassWord(u.Class, 1)+" "+u.ID, "/structures"), v))
	}
}

// structure gathers the page.
func (s *server) structure(ctx context.Context, u sdmx.URN, q url.Values) (*structures.Structure, error) {
	v := &structures.Structure{URN: u, Name: u.ID}
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
		v.Formats = append(v.Formats, f.Name)
	}
	if before := page.Natural(q, "before"); before > 0 {
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
		v.Results = &structures.Structures{Filter: f, Chosen: u}
		if err := s.fillStructures(ctx, v.Results, resultsShown); err != nil {
			return nil, err
		}
	}
	if v.Removed || shown.Document == 0 {
		v.Removed = true
		return v, s.fillReferring(ctx, v)
	}
	content, err := s.items.get(ctx, s, u.Class, shown.Document, shown.Bytes)
	if err != nil {
		return nil, err
	}
	fillContent(v, content, q)
	return v, s.fillReferring(ctx, v)
}

// shown finds the revision to show: what is current, what was after a transaction, or
// the last content that there was.
func (s *server) shown(ctx context.Context, u sdmx.URN, as string) (registry.Revision, []registry.Revision, error) {
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

// fillHistory compares the first few revisions with what was before them.
func (s *server) fillHistory(ctx context.Context, v *structures.Structure, revisions []registry.Revision) error {
	pairs := make([]registry.Pair, min(len(revisions), historyCompared))
	for i := range pairs {
		pairs[i] = revisions[i].Pair
	}
	sums, err := s.record.Sums(ctx, pairs)
	if err != nil {
		return err
	}
	for i := range revisions {
		h := structures.Revision{Changed: record.Changed{Pair: revisions[i].Pair}, By: revisions[i].Transaction}
		if i < len(sums) {
			h.Sum = sums[i]
		}
		v.History = append(v.History, h)
	}
	return nil
}

func (s *server) fillVersions(ctx context.Context, v *structures.Structure) error {
	var err error
	v.Versions, err = s.Registry.Versions(ctx, v.URN)
	slices.SortFunc(v.Versions, func(a, b sdmx.URN) int { return b.Compare(a) })
	return err
}

// fillPublished says whether what is shown went out.
func (s *server) fillPublished(ctx context.Context, v *structures.Structure) error {
	producers, err := s.kit.ListProducers(ctx)
	if err != nil {
		return err
	}
	v.Sent, err = s.record.SentOn(ctx, producers, v.Shown.Number)
	return err
}

// fillContent takes from the content what the page shows.
func fillContent(v *structures.Structure, c *content, q url.Values) {
	v.Names, v.Text = c.names, c.texts
	v.Final, v.Stable = c.final, c.version.Stable()
	if name := c.names.In("en"); name != "" {
		v.Name = name
	}
	v.Refs.Out, v.Refs.OutCount = groupRefs(c.refs)
	if !c.holdsItems {
		return
	}
	v.Items = &structures.Items{Class: v.URN.Class, Total: len(c.rows), Filter: page.Word(q, "items"), Nests: c.tree, Tree: c.tree && q.Get("view") != "table",
		Path: ui.StructurePath(v.URN), Keep: url.Values{}}
	if v.Items.Tree && v.Items.Filter == "" { // what is looked for is looked for everywhere
		v.Items.Branch = page.Word(q, "branch")
	}
	for _, name := range []string{"q", "type", "agency", "versions", "after", "as"} {
		if s := page.Word(q, name); s != "" {
			v.Items.Keep.Set(name, s)
		}
	}
	c.window(v.Items, page.Natural(q, "from"))
}

// fillReferring lists who refers to the structure now.
func (s *server) fillReferring(ctx context.Context, v *structures.Structure) error {
	urns, err := s.Registry.Referring(ctx, v.URN)
	if err != nil {
		return err
	}
	v.Refs.In, v.Refs.InCount = groupRefs(urns)
	for _, groups := range [][]structures.RefGroup{v.Refs.In, v.Refs.Out} {
		for i := range groups {
			v.Refs.Capped = v.Refs.Capped || groups[i].Count > len(groups[i].URNs)
		}
	}
	return nil
}

// groupRefs puts structures into groups by class, the largest first.
func groupRefs(urns []sdmx.URN) ([]structures.RefGroup, int) {
	at := map[sdmx.Class]int{}
	var groups []structures.RefGroup
	for _, u := range urns {
		i, ok := at[u.Class]
		if !ok {
			i = len(groups)
			at[u.Class] = i
			groups = append(groups, structures.RefGroup{Class: u.Class})
		}
		g := &groups[i]
		if g.Count++; g.Count <= refsListed {
			g.URNs = append(g.URNs, u)
		}
	}
	slices.SortStableFunc(groups, func(a, b structures.RefGroup) int { return b.Count - a.Count })
	return groups, len(urns)
}
