package plan

import (
	"urncast/registry"
	"urncast/sdmx"
)

// merge merges the submitted structure into the stored one (sdmx.Merge), and adds a notice
// for each part that was not taken.
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
	for _, r := range sdmx.Merge(stored, submitted, e.result.Mode != registry.ModeAppend) {
		e.notice("%s", at(r.Path, r.Text))
	}
	e.described = describe(e.urn, stored)
}

// checkInside refuses an entry for each rule that its content breaks by itself (rules.Check).
// The content is the one to be stored, after a merge.
func (e *entry) checkInside() {
	for _, f := range e.faults {
		e.refuse(registry.ReasonInvalid, nil, "%s", at(f.Path, f.Text))
	}
}

// at puts a path inside the structure before a sentence about it.
func at(path, text string) string {
	if path == "" {
		return text
	}
	return path + ": " + text
}
