package registry

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
)

// Revision returns a text that identifies these settings, and encodes them, so that a later
// change on top of them can be compared with the settings of then (SettingsOf). It can be put
// into a form field and, in quotes, into an entity tag (RFC 9110, section 8.8.3).
func (s Settings) Revision() string {
	b, err := json.Marshal(s)
	if err != nil {
		panic(err) // Settings always marshals
	}
	return base64.RawURLEncoding.EncodeToString(b)
}

// ErrNoRevision is returned for a text that is not a revision of settings.
var ErrNoRevision = errors.New("this names no settings that there were")

// SettingsOf returns the settings that a revision identifies, or ErrNoRevision.
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

// A SettingsChangedError is returned if the settings were changed between reading (Read) and
// saving; Now are the current ones.
type SettingsChangedError struct{ Read, Now Settings }

// Error implements error.
func (e *SettingsChangedError) Error() string {
	text := "The settings were changed since they were read, so nothing was saved."
	for _, change := range e.Changes() {
		text += " " + change
	}
	return text
}

// Changes returns a sentence for each setting that was changed in between.
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

// SaveSettings saves settings, which apply to later submissions, and reports whether they
// differ from those before. read are the settings that the change is based on: the error is a
// *SettingsChangedError if these are not current any more; nil skips that check.
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
