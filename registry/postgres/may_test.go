package postgres_test

import (
	"slices"
	"strings"
	"testing"

	"urncast/registry"
	"urncast/sdmx"
)

// Whatever a maintainer submits, no structure of another agency is changed, and every one that
// would be is named: submitted, deleted by itself, by its items or by a full replace, and
// rewritten by a rename.
func TestAMaintainerChangesWhatHeHas(t *testing.T) {
	r, _ := open(t)
	mine, foreign := codelist("CL_MINE", "1.0", "a", "b"), codelist("CL_FOREIGN", "1.0", "a", "b")
	foreign.Agency = "B"
	scheme := concepts("CS_FOREIGN", mine, "X")
	scheme.Agency = "B"
	want(t, submit(t, r, registry.ModeReplace, mine, foreign, scheme), "1 created created created")
	may := func(agency string) bool { return agency == "A" }
	try := func(s registry.Submission, refused ...string) {
		t.Helper()
		s.May, s.User = may, "anna"
		o, err := r.Submit(t.Context(), s)
		if err != nil {
			t.Fatal(err)
		}
		forbidden(t, o, refused...)
	}
	changed, other := codelist("CL_MINE", "1.0", "a", "b", "c"), codelist("CL_FOREIGN", "1.0", "z")
	other.Agency = "B"
	try(submission(registry.ModeReplace, changed, other), "B:CL_FOREIGN(1.0)")
	try(submission(registry.ModeReplace, codelist("CL_MINE", "1.0", "a", "b"), foreign), "B:CL_FOREIGN(1.0)") // although nothing would change
	try(registry.Submission{Mode: registry.ModeDelete, Deletions: []sdmx.Ref{sdmx.RefTo(sdmx.URNOf(foreign))}}, "B:CL_FOREIGN(1.0)")
	item := sdmx.RefTo(sdmx.URNOf(foreign))
	item.Item = "a"
	try(registry.Submission{Mode: registry.ModeDelete, Deletions: []sdmx.Ref{item}}, "B:CL_FOREIGN(1.0)")
	whole := submission(registry.ModeFullReplace, changed)
	whole.WholeRegistry = true
	try(whole, "B:CL_FOREIGN(1.0)", "B:CS_FOREIGN(1.0)")
	dry := submission(registry.ModeReplace, other)
	dry.DryRun = true
	try(dry, "B:CL_FOREIGN(1.0)")

	o, err := r.Rename(t.Context(), registry.Rename{Structure: sdmx.URNOf(mine), NewID: "CL_OURS", Request: registry.Request{May: may}})
	if err != nil {
		t.Fatal(err)
	}
	forbidden(t, o, "B:CS_FOREIGN(1.0)")
	own := submission(registry.ModeReplace, changed)
	own.May = may
	if o, err = r.Submit(t.Context(), own); err != nil {
		t.Fatal(err)
	}
	want(t, o, "2 updated")
}

// forbidden checks that nothing was written, and that exactly the given structures were
// refused as forbidden.
func forbidden(t *testing.T, o *registry.Outcome, want ...string) {
	t.Helper()
	var got []string
	for _, r := range o.Results {
		for _, p := range r.Problems {
			if p.Reason == registry.ReasonForbidden && strings.Contains(p.Text, r.URN.String()+" is maintained by B") {
				got = append(got, r.URN.Short())
			}
		}
	}
	slices.Sort(got)
	if !slices.Equal(got, want) || len(o.Transactions) > 0 {
		t.Errorf("refused are %q, want %q; transactions %v; %+v", got, want, o.Transactions, o.Results)
	}
}
