package registry

import (
	"strings"

	"urncast/sdmx"
)

// Answers are what was found at one moment. They keep the work in proportion to what is
// looked for: many references lead to the same, and lists that extend others reach one
// list on many ways.
type answers struct {
	targets map[wanted]target
	codes   map[place]code
	// circular says that an answer about codes was given before it was known, because
	// lists extend each other.
	circular bool
}

// A wanted is what a reference names, for a kind of referrer (sdmx.Version.Referrer).
type wanted struct {
	urn sdmx.URN // its version may be a wildcard
	by  sdmx.Version
}

// A target is where a reference leads.
type target struct {
	urn   sdmx.URN
	found bool
}

// A place is a code that is looked for in a list, and a code what is found there.
type (
	place struct {
		list sdmx.URN
		code string
	}
	code struct {
		parent string
		found  bool
		open   bool // it is being looked for
	}
)

func newAnswers() *answers {
	return &answers{targets: map[wanted]target{}, codes: map[place]code{}}
}

func (a *answers) forget() {
	clear(a.targets)
	clear(a.codes)
}

// forgetMissing forgets which codes were not found, and gives the number of those that were.
func (a *answers) forgetMissing() (found int) {
	for p, c := range a.codes {
		if !c.found {
			delete(a.codes, p)
		}
	}
	return len(a.codes)
}

// hasCode says whether a code is in a list or in those that it extends. Where lists extend
// each other, what was found on one way may be what was missing on another: then it is
// looked for again, until nothing more is found.
func (v *view) hasCode(list sdmx.URN, id string, at moment) bool {
	known := v.known[at]
	for before := -1; ; {
		known.circular = false
		there := v.code(list, id, at).found
		if !known.circular {
			return there
		}
		found := known.forgetMissing()
		if there || found == before {
			return there
		}
		before = found
	}
}

// code finds a code in a list or in those that it extends, with its parent.
func (v *view) code(list sdmx.URN, id string, at moment) code {
	known, here := v.known[at], place{list, id}
	if c, asked := known.codes[here]; asked {
		known.circular = known.circular || c.open
		return c
	}
	known.codes[here] = code{open: true}
	c := v.lookUp(list, id, at)
	known.codes[here] = c
	return c
}

func (v *view) lookUp(list sdmx.URN, id string, at moment) code {
	in := v.inside(list, at)
	if in == nil {
		return code{found: true}
	}
	if parent, found := in.items[item{path: id}]; found || in.external {
		return code{parent: parent, found: true}
	}
	for i := range in.extensions {
		x := &in.extensions[i]
		original, ok := strings.CutPrefix(id, x.Prefix)
		if !ok {
			continue
		}
		t, there := v.target(list.Version, x.Codelist, at)
		if !there {
			continue
		}
		if c := v.code(t, original, at); c.found && v.selected(x, t, original, at) {
			if c.parent != "" {
				c.parent = x.Prefix + c.parent
			}
			return c
		}
	}
	return code{}
}

// selected says whether an extension takes a code: what its selection names, with the
// codes below where that cascades; or everything else (SDMX 3.0, CodelistExtension).
func (v *view) selected(x *sdmx.CodelistExtension, list sdmx.URN, id string, at moment) bool {
	if len(x.Selection) == 0 {
		return true
	}
	named := func(id string, root bool) bool {
		for _, s := range x.Selection {
			if root && s.Cascade == "excluderoot" || !root && s.Cascade != "true" && s.Cascade != "excluderoot" {
				continue
			}
			if matches(s.Value, id) {
				return true
			}
		}
		return false
	}
	hit := named(id, true)
	seen := map[string]bool{id: true}
	for up := id; !hit; {
		c := v.code(list, up, at)
		if !c.found || c.parent == "" || seen[c.parent] {
			break
		}
		seen[c.parent] = true
		up, hit = c.parent, named(c.parent, false)
	}
	return hit != x.Exclusive
}
