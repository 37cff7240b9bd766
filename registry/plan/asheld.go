package plan

import "urncast/sdmx"

// takeAsHeld takes a structure of SDMX 2.1 as that of 3.0 which is held in its place, if the two are
// one: a HierarchicalCodelist with one hierarchy, where the Hierarchy is held. So what a registry
// answers in SDMX-ML 2.1 can be sent back to it. One that cannot be a Hierarchy stays what it is, and
// checkRelatives refuses it.
func (p *planner) takeAsHeld(e *entry) {
	held := e.urn
	if held.Class = e.urn.Class.As(sdmx.V3); held == e.urn || p.named[held] || p.current(e.urn) != nil || p.current(held) == nil {
		return
	}
	if len(e.change.Body) > 0 {
		sent, err := sdmx.ParseCanonical(e.urn.Class, e.change.Body)
		if err != nil {
			p.fail(err)
			return
		}
		m := sdmx.As(sent, sdmx.V3)
		if m == nil {
			return
		}
		if sdmx.DigestOf(sdmx.AppendCanonical(nil, sdmx.As(m, sdmx.V2))) != e.change.Digest {
			e.notice("%s is held as %s, which has no name and id beside those of the whole, no aliases, and no codelists that no code is of: what was sent of these is left out.", e.urn, held)
		}
		e.described = describe(held, m)
	}
	p.named[held] = true
	e.urn, e.result.URN = held, held
}
