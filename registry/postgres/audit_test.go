package postgres_test

import (
	"slices"
	"testing"

	"urncast/registry"
	"urncast/registry/access"
)

// What a submission writes, its line of the audit is written with: what is refused, tried
// or changes nothing has none, and neither have settings that are saved as they were.
func TestChangesAreAuditedWithThem(t *testing.T) {
	r, store := open(t)
	lines := func() (out []string) {
		t.Helper()
		acts, err := store.Access().Acts(t.Context(), access.Query{Ascending: true, Limit: 100})
		if err != nil {
			t.Fatal(err)
		}
		for _, a := range acts {
			out = append(out, a.User+" from "+a.Remote+": "+a.Action+", "+a.Subject)
		}
		return out
	}
	send := func(mode registry.Mode, dry bool, id string) {
		t.Helper()
		s := submission(mode, codelist(id, "1.0", "X"))
		s.User, s.Remote, s.DryRun = "anna", "10.0.0.7 by token ci", dry
		if _, err := r.Submit(t.Context(), s); err != nil {
			t.Fatal(err)
		}
	}
	save := func(want bool, s registry.Settings) {
		t.Helper()
		if changed, err := r.SaveSettings(t.Context(), s, nil, registry.Actor{User: "root", Remote: "10.0.0.8"}); err != nil || changed != want {
			t.Errorf("saving %+v changed %v, %v", s, changed, err)
		}
	}
	send(registry.ModeReplace, true, "A")
	send(registry.ModeReplace, false, "A")
	send(registry.ModeReplace, false, "A")
	send(registry.ModeDelete, false, "NOT_THERE")
	save(true, registry.Settings{AllowDangling: true})
	save(false, registry.Settings{AllowDangling: true})
	send(registry.ModeDelete, false, "A")
	want := []string{
		"anna from 10.0.0.7 by token ci: structures changed, transaction 1",
		"root from 10.0.0.8: settings saved, registry",
		"anna from 10.0.0.7 by token ci: structures changed, transaction 2",
	}
	if got := lines(); !slices.Equal(got, want) {
		t.Errorf("the audit says %q, want %q", got, want)
	}
}
