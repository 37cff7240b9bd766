package registry

import "urncast/sdmx"

// merge brings what was submitted into what is stored.
func (p *planner) merge(e *entry) {
	stored := p.read(e.before)
	if stored == nil {
		return
	}
	submitted, err := sdmx.ParseCanonical(e.urn.Class, e.change.Body)
	if err != nil {
		p.fail(err)
		return
	}
	scheme, whole := submitted.(sdmx.ItemScheme), stored.(sdmx.ItemScheme) // both are of one class
	if err := whole.MergeItems(scheme, p.Mode != ModeAppend); err != nil {
		p.fail(err)
		return
	}
	if p.Mode != ModeAppend {
		mergeTexts(whole.Common(), scheme.Common())
	}
	e.described = describe(e.urn, whole)
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
