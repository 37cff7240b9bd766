package manage

import (
	"context"
	"net/http/httptest"
	"strings"
	"testing"

	"urncast/registry"
)

// A contested registry has its settings saved by somebody else just before the first save.
type contested struct {
	now   registry.Settings
	other *registry.Settings
}

func (c *contested) Settings(context.Context) (registry.Settings, error) { return c.now, nil }

func (c *contested) SaveSettings(_ context.Context, s registry.Settings, read *registry.Settings, _ registry.Actor) (bool, error) {
	if c.other != nil {
		c.now, c.other = *c.other, nil
	}
	if read != nil && *read != c.now {
		return false, &registry.SettingsChangedError{Read: *read, Now: c.now}
	}
	c.now = s
	return true, nil
}

// TestWhatIsNotSaidOfSettingsStays checks that a save without If-Match keeps fields it
// leaves out, also if somebody else changes them at that moment, and that If-Match
// prevents such a save.
func TestWhatIsNotSaidOfSettingsStays(t *testing.T) {
	for _, match := range []bool{false, true} {
		c := &contested{other: &registry.Settings{Keep: registry.Keep{Days: 730}}}
		r := httptest.NewRequest("PUT", "/api/v1/settings", strings.NewReader(`{"allowDangling": true, "requireAgencies": false}`))
		want, status := registry.Settings{AllowDangling: true, Keep: registry.Keep{Days: 730}}, 200
		if match {
			r.Header.Set("If-Match", `"`+c.now.Revision()+`"`)
			want, status = *c.other, 412
		}
		w := httptest.NewRecorder()
		(&Rules{Registry: c}).put(w, r)
		if w.Code != status || c.now != want {
			t.Errorf("If-Match %v: %d, and the settings are %+v, want %+v: %s", match, w.Code, c.now, want, w.Body)
		}
	}
}
