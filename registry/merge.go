package registry

import "urncast/sdmx"

// merge brings what was submitted into what is stored, and tells what was not taken.
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
	for _, r := range sdmx.Merge(stored, submitted, p.Mode != ModeAppend) {
		e.notice("%s", at(r.Path, r.Text))
	}
	e.described = describe(e.urn, stored)
}

// checkInside refuses what breaks the rules inside one structure, with every reason:
// what is to be kept counts, however it came about.
func (e *entry) checkInside() {
	for _, f := range e.faults {
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
