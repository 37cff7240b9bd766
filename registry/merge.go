package registry

import (
	"context"
	"errors"

	"urncast/sdmx"
)

// merge brings what was submitted into what is stored, where the mode says so; what is
// not taken is told.
func (s *submission) merge(ctx context.Context, e *entry) error {
	switch {
	case e.partial && s.Mode == ModeFullReplace:
		e.refuse(ReasonPartial, nil, "%s is marked as partial, and a full replace would lose the items that it leaves out; submit it whole, or with merge.", e.urn)
		return nil
	case e.partial: // sdmx-rest 2.x: a partial scheme is an update of what is stored
	case s.Mode == ModeReplace || s.Mode == ModeFullReplace:
		return nil
	}
	submitted, err := sdmx.ParseCanonical(e.urn.Class, e.change.Body)
	if err != nil {
		return err
	}
	stored, err := s.world.read(ctx, *e.before)
	if err != nil {
		return err
	}
	e.mergeInto(stored, submitted, s.Mode)
	return nil
}

// mergeInto makes what was submitted and what is stored one, and describes that.
func (e *entry) mergeInto(stored, submitted sdmx.Maintainable, mode Mode) {
	for _, r := range sdmx.Merge(stored, submitted, mode != ModeAppend) {
		e.result.Notices = append(e.result.Notices, at(r.Path, r.Text))
	}
	e.describe(stored)
}

// invalid refuses what breaks the rules inside one structure, with every reason.
func (e *entry) invalid(faults []sdmx.Fault) {
	for _, f := range faults {
		e.refuse(ReasonInvalid, nil, "%s", at(f.Path, f.Text))
	}
}

// at puts the place inside the structure before a sentence about it.
func at(path, text string) string {
	if path == "" {
		return text
	}
	return path + ": " + text
}

// applyItems takes single items out of their schemes.
func (s *submission) applyItems(ctx context.Context) error {
	schemes, left := map[sdmx.URN]*entry{}, map[sdmx.URN]sdmx.Maintainable{}
	for _, item := range s.items {
		e := schemes[item.URN]
		if e == nil {
			e = &entry{urn: item.URN, result: &Result{URN: item.URN, Where: "deletion of items of " + item.URN.Short()}}
			schemes[item.URN] = e
			s.entries = append(s.entries, e)
			m, err := s.world.fetch(ctx, item.URN)
			if errors.Is(err, ErrNotFound) {
				e.refuse(ReasonMissing, nil, "%s is not in the registry.", item.URN)
				continue
			} else if err != nil {
				return err
			}
			left[item.URN] = m
		}
		m := left[item.URN]
		if scheme, ok := m.(sdmx.ItemScheme); m != nil && (!ok || !scheme.RemoveItem(item.Item)) {
			e.refuse(ReasonMissing, []string{item.String()}, "%s is not there, so it cannot be deleted.", item)
		}
	}
	for u, e := range schemes {
		if e.result.Verdict == Refused {
			continue
		}
		for _, st := range s.world.stored[KeyOf(u)] {
			if st.URN == u {
				e.before = &st
			}
		}
		e.describe(left[u])
		s.put(e, Updated)
	}
	return nil
}
