package registry_test

import (
	"strings"
	"testing"

	"urncast/registry"
)

// A revision encodes every setting, and any other text is refused.
func TestSettingsRevision(t *testing.T) {
	all := []registry.Settings{{}, {AllowDangling: true}, {RequireAgencies: true}, {Keep: registry.Keep{Transactions: 1}}, {Keep: registry.Keep{Days: 1}}}
	seen := map[string]bool{}
	for _, s := range all {
		back, err := registry.SettingsOf(s.Revision())
		if err != nil || back != s || seen[s.Revision()] || strings.ContainsAny(s.Revision(), "\"\\ ,") {
			t.Errorf("%+v has revision %q, which is %+v, %v", s, s.Revision(), back, err)
		}
		seen[s.Revision()] = true
		if n := len((&registry.SettingsChangedError{Now: s}).Changes()); (n > 0) != (s != registry.Settings{}) {
			t.Errorf("a change to %+v is told in %d sentences", s, n)
		}
	}
	for _, text := range []string{"", "1", "e30", "!", registry.Settings{}.Revision() + "A"} {
		if s, err := registry.SettingsOf(text); err == nil {
			t.Errorf("%q is taken for %+v", text, s)
		}
	}
}
