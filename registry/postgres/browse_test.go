package postgres_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"urncast/registry"
	"urncast/registry/plan"
	"urncast/sdmx"
)

func must(t *testing.T, r *plan.Registry, s registry.Submission) *registry.Outcome {
	t.Helper()
	o, err := r.Submit(context.Background(), s)
	if err != nil || o.Refused() {
		t.Fatalf("submitting: %v %+v", err, o)
	}
	return o
}

// The log can be filtered by everything that the console offers.
func TestLog(t *testing.T) {
	r, _ := open(t)
	ctx := t.Context()
	one := submission(registry.ModeReplace, codelist("ONE", "1.0", "A"), codelist("TWO", "1.0", "A"))
	one.User = "ada"
	must(t, r, one)
	must(t, r, submission(registry.ModeReplace, codelist("TWO", "1.0", "A", "B")))
	must(t, r, submission(registry.ModeDelete, codelist("ONE", "1.0")))
	for name, c := range map[string]struct {
		q    registry.LogQuery
		want []registry.Number
	}{
		"all":           {registry.LogQuery{}, []registry.Number{3, 2, 1}},
		"a page":        {registry.LogQuery{Before: 3}, []registry.Number{2, 1}},
		"above":         {registry.LogQuery{Above: 2}, []registry.Number{3}},
		"some":          {registry.LogQuery{Only: []registry.Number{1, 3}}, []registry.Number{3, 1}},
		"none":          {registry.LogQuery{Only: []registry.Number{}}, nil},
		"deletes":       {registry.LogQuery{Kind: registry.Delete}, []registry.Number{3}},
		"by":            {registry.LogQuery{User: "ada"}, []registry.Number{1}},
		"of an id":      {registry.LogQuery{Of: "one"}, []registry.Number{3, 1}},
		"of a URN":      {registry.LogQuery{Of: "urn:sdmx:org.sdmx.infomodel.codelist.Codelist=A:TWO(1.0)"}, []registry.Number{2, 1}},
		"of a name":     {registry.LogQuery{Of: "A:TWO(1.0)"}, []registry.Number{2, 1}},
		"of an agency":  {registry.LogQuery{Of: "A"}, []registry.Number{3, 2, 1}},
		"since":         {registry.LogQuery{Since: time.Now().Add(-time.Hour)}, []registry.Number{3, 2, 1}},
		"since an hour": {registry.LogQuery{Since: time.Now().Add(time.Hour)}, nil},
	} {
		c.q.Limit = 10
		found, err := r.Log(ctx, c.q)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		var got []registry.Number
		for _, f := range found {
			got = append(got, f.Number)
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
	firsts, err := r.Firsts(ctx, 1, 3)
	if err != nil || len(firsts) != 3 || firsts[2].ID != "TWO" {
		t.Errorf("firsts %v %v", firsts, err)
	}
	volume, err := r.Volume(ctx, time.Now().Add(-time.Hour), 2*time.Hour)
	if err != nil || volume[0].Transactions != 3 || volume[0].Bytes == 0 {
		t.Errorf("volume %v %v", volume, err)
	}
}

// Each change in the history of a structure comes with the content that it replaced.
func TestHistory(t *testing.T) {
	r, _ := open(t)
	ctx := t.Context()
	list := codelist("L", "1.0", "A")
	must(t, r, submission(registry.ModeReplace, list))
	must(t, r, submission(registry.ModeReplace, codelist("L", "1.0", "A", "B")))
	must(t, r, submission(registry.ModeDelete, codelist("L", "1.0")))
	h, err := r.History(ctx, sdmx.URNOf(list), 0, 10)
	if err != nil || len(h) != 3 {
		t.Fatalf("%d revisions, %v", len(h), err)
	}
	if h[0].Kind != registry.Delete || h[0].BeforeDocument != h[1].Document || h[1].BeforeDocument != h[2].Document || h[2].BeforeDocument != 0 {
		t.Errorf("they do not follow each other: %+v", h)
	}
	if h[1].Transaction.Number != 2 || h[1].Until != 3 {
		t.Errorf("revision 2: %+v", h[1])
	}
	m, bytes, err := r.Document(ctx, sdmx.ClassCodelist, h[1].Document)
	if err != nil || bytes != h[1].Bytes || len(sdmx.ItemIDs(m)) != 2 {
		t.Errorf("document of %d bytes, %v, %v", bytes, m, err)
	}
	older, err := r.History(ctx, sdmx.URNOf(list), 2, 1)
	if err != nil || len(older) != 1 || older[0].Number != 1 {
		t.Errorf("older: %+v %v", older, err)
	}
	if none, err := r.History(ctx, sdmx.URN{Class: sdmx.ClassCodelist, Agency: "A", ID: "NO", Version: "1.0"}, 0, 1); err != nil || len(none) != 0 {
		t.Errorf("of nothing: %v %v", none, err)
	}
	transitions, err := r.Transitions(ctx, 2, 1, 10)
	if err != nil || len(transitions) != 1 || transitions[0].BeforeDocument != h[2].Document {
		t.Errorf("transitions %+v %v", transitions, err)
	}
}

func notFoundIfNone(t *testing.T, r *plan.Registry, q registry.SearchQuery) string {
	t.Helper()
	q.Limit = 100
	f, err := r.Search(t.Context(), q)
	if err != nil || f.Behind != 0 {
		t.Fatalf("searching: %v, %d behind", err, f.Behind)
	}
	var out []string
	for _, l := range f.Labels {
		out = append(out, l.URN.ID+" "+string(l.URN.Version))
	}
	return strings.Join(out, ", ")
}

// The search follows the log: it finds names in any language, without regard to case and
// accents, only latest versions, and no deleted structures.
func TestSearch(t *testing.T) {
	r, _ := open(t)
	freq := codelist("CL_FREQ", "1.0", "A", "M")
	freq.Names = sdmx.Texts{{Lang: "en", Value: "Frequency"}, {Lang: "fr", Value: "Fréquence"}}
	must(t, r, submission(registry.ModeReplace, freq, codelist("CL_AREA", "1.9", "X"), codelist("CL_AREA", "1.10", "X")))
	for text, want := range map[string]string{
		"FREQUENCE": "CL_FREQ 1.0", "cl_ freq": "CL_FREQ 1.0", "nothing": "", "a:cl_freq(1.0)": "CL_FREQ 1.0", "area": "CL_AREA 1.10", "%": "", "_": "CL_AREA 1.10, CL_FREQ 1.0",
	} {
		if got := notFoundIfNone(t, r, registry.SearchQuery{Text: text}); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
	if got := notFoundIfNone(t, r, registry.SearchQuery{Text: "area", AllVersions: true}); got != "CL_AREA 1.10, CL_AREA 1.9" {
		t.Errorf("all versions: %q", got)
	}
	must(t, r, submission(registry.ModeDelete, codelist("CL_AREA", "1.10")))
	freq.Names = sdmx.Texts{{Lang: "en", Value: "Periodicity"}}
	must(t, r, submission(registry.ModeReplace, freq))
	if got := notFoundIfNone(t, r, registry.SearchQuery{Text: "area"}); got != "CL_AREA 1.9" {
		t.Errorf("after the delete of the latest: %q", got)
	}
	if got := notFoundIfNone(t, r, registry.SearchQuery{Text: "frequency"}); got != "" {
		t.Errorf("by a name that it had: %q", got)
	}
	f, err := r.Search(t.Context(), registry.SearchQuery{Text: "periodicity", Class: sdmx.ClassCodelist, Agency: "A", Limit: 1})
	if err != nil || len(f.Labels) != 1 || f.Labels[0].Items != 2 || f.Labels[0].Name != "Periodicity" || f.Counts[sdmx.ClassCodelist] != 1 {
		t.Errorf("%+v %v", f, err)
	}
	below, other := codelist("CL", "1.0"), codelist("CL", "1.0")
	below.Agency, other.Agency = "A.B", "C"
	must(t, r, submission(registry.ModeReplace, other, below))
	if notFoundIfNone(t, r, registry.SearchQuery{Agency: "C"}) != "CL 1.0" {
		t.Error("an agency's only structure is not found")
	}
	if agencies, err := r.Agencies(t.Context()); err != nil || !slices.Equal(agencies, []string{"A", "A.B", "C"}) {
		t.Errorf("agencies %v %v", agencies, err)
	}
}

// More structures than one batch are labelled, by any number of instances and at any time, and
// pages of the result are in order. While some are missing, the search says so, also within
// one transaction.
func TestSearchMany(t *testing.T) {
	r, store := open(t)
	var all []sdmx.Maintainable
	for i := range 1203 {
		all = append(all, codelist(fmt.Sprintf("L%05d", i), "1.0"))
	}
	must(t, r, submission(registry.ModeReplace, all...))
	if behind, err := r.MakeLabels(t.Context(), time.Nanosecond); behind != 1 || err != nil {
		t.Errorf("of one transaction %d are behind after a part of it, %v", behind, err)
	}
	var some int
	if err := store.Pool().QueryRow(t.Context(), `SELECT count(*) FROM labels`).Scan(&some); err != nil || some == 0 || some == len(all) {
		t.Errorf("%d structures are labelled by a part, %v", some, err)
	}
	var work sync.WaitGroup
	for range 3 {
		other := plan.New(store)
		work.Go(func() {
			if behind, err := other.MakeLabels(t.Context(), time.Minute); behind != 0 || err != nil {
				t.Errorf("%d transactions are behind, %v", behind, err)
			}
		})
	}
	work.Wait()
	n, after := 0, ""
	for {
		f, err := r.Search(t.Context(), registry.SearchQuery{After: after, Limit: 500})
		if err != nil {
			t.Fatal(err)
		}
		if len(f.Labels) == 0 {
			break
		}
		n += len(f.Labels)
		after = f.Labels[len(f.Labels)-1].URN.String()
	}
	if n != 1203 {
		t.Errorf("%d found", n)
	}
}
