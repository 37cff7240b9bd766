package registry

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
)

// Revision names these settings: others have another, and the same again the same. It
// holds them, so that whoever brings it back can be told what was changed since. It is
// fit for a form and, in quotes, for an entity tag (RFC 9110, section 8.8.3).
func (s Settings) Revision() string {
	b, err := json.Marshal(s)
	if err != nil {
		panic(err) // the types are ours
	}
	return base64.RawURLEncoding.EncodeToString(b)
}

// ErrNoRevision says that a text is no revision of settings.
var ErrNoRevision = errors.New("this names no settings that there were")

// SettingsOf gives the settings that a revision names, or ErrNoRevision.
func SettingsOf(revision string) (s Settings, err error) {
	b, err := base64.RawURLEncoding.DecodeString(revision)
	if err == nil {
		err = json.Unmarshal(b, &s)
	}
	if err != nil || s.Revision() != revision {
		return Settings{}, ErrNoRevision
	}
	return s, nil
}

// A SettingsChangedError says that settings are not those any more that a change was made
// on: somebody else saved in between.
type SettingsChangedError struct{ Read, Now Settings }

// Error implements error.
func (e *SettingsChangedError) Error() string {
	text := "The settings were changed since they were read, so nothing was saved."
	for _, change := range e.Changes() {
		text += " " + change
	}
	return text
}

// Changes says in sentences what was changed in between.
func (e *SettingsChangedError) Changes() (out []string) {
	rule := func(what string, was, is bool, yes, no string) {
		word := map[bool]string{true: yes, false: no}
		if was != is {
			out = append(out, fmt.Sprintf("%s %s now; before: %s.", what, word[is], word[was]))
		}
	}
	rule("References to structures that are not here are", e.Read.AllowDangling, e.Now.AllowDangling, "allowed", "refused")
	rule("Agencies", e.Read.RequireAgencies, e.Now.RequireAgencies, "must be registered", "need not be registered")
	if e.Read.Keep != e.Now.Keep {
		out = append(out, fmt.Sprintf("Housekeeping keeps %s now; before: %s.", e.Now.Keep, e.Read.Keep))
	}
	return out
}

// SaveSettings changes the settings, for submissions that come, and says whether they were
// others before. Read is what the change was made on, nil if that does not matter; the
// error is a *SettingsChangedError where they are others by now.
func (r *Registry) SaveSettings(ctx context.Context, s Settings, read *Settings, by Actor) (changed bool, err error) {
	if err := s.Keep.check(); err != nil {
		return false, err
	}
	var stale *SettingsChangedError
	err = r.store.SaveSettings(ctx, s, func(was Settings) *Act {
		if read != nil && was != *read {
			stale = &SettingsChangedError{Read: *read, Now: was}
			return nil
		}
		if changed = was != s; !changed {
			return nil
		}
		a := by.Did(ActSettingsSaved, "registry", Altered{Before: was, After: s})
		return &a
	})
	if err == nil && stale != nil {
		return false, stale
	}
	return changed, err
}
