package registry

import (
	"context"
	"errors"

	"urncast/sdmx"
)

// merge brings what is stored into what was submitted, where the mode says so.
func (s *submission) merge(ctx context.Context, e *entry) error {
	switch {
	case s.Mode == ModeAppend && !e.scheme:
		e.change.Digest = e.before.Digest // what is there stays
		return nil
	case e.partial && s.Mode == ModeFullReplace:
		e.refuse(ReasonPartial, nil, "%s is marked as partial, and a full replace would lose the items that it leaves out; submit it whole, or with merge.", e.urn)
		return nil
	case e.partial: // sdmx-rest 2.x: a partial scheme is an update of what is stored
	case s.Mode == ModeReplace || s.Mode == ModeFullReplace || !e.scheme:
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
	scheme, whole := submitted.(sdmx.ItemScheme), stored.(sdmx.ItemScheme) // both are of one class
	if err := whole.MergeItems(scheme, s.Mode != ModeAppend); err != nil {
		return err
	}
	if s.Mode != ModeAppend {
		mergeTexts(whole.Common(), scheme.Common())
	}
	e.describe(whole)
	return nil
}

// mergeTexts takes names, descriptions and annotations that were submitted.
func mergeTexts(into, from *sdmx.Artefact) {
	for _, t := range from.Names {
		into.Names.Set(t.Lang, t.Value)
	}
	for _, t := range from.Descriptions {
		into.Descriptions.Set(t.Lang, t.Value)
	}
	if len(from.Annotations) > 0 {
		into.Annotations = from.Annotations
	}
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
