package sdmx

import "fmt"

// An Artefact is the common part of all maintainables.
type Artefact struct {
	Nameable
	Agency  string  `c:"10"`
	Version Version `c:"11"`
	// ValidFrom and ValidTo are stored as written: a dateTime, a date or a period.
	ValidFrom string `c:"12,text"`
	ValidTo   string `c:"13,text"`
	// Final is isFinal of 2.x: the artefact must not change any more. Immutable also takes
	// stable semantic versions into account.
	Final bool `c:"14,text"`
	// External is isExternalReference: the artefact is a stub, and the full one is at
	// StructureURL (a file) or ServiceURL (a service).
	External     bool   `c:"15,text"`
	ServiceURL   string `c:"16,text"`
	StructureURL string `c:"17,text"`
}

// A Maintainable is an artefact that an agency maintains and that is submitted,
// stored, published and deleted as a whole.
type Maintainable interface {
	// Class returns the maintainable class, which is constant for a type.
	Class() Class
	// Common returns the common part of the artefact, which may be changed through it.
	Common() *Artefact
	// eachItem implements EachItem; it does nothing in classes without items.
	eachItem(fn func(Item))
}

// Common implements Maintainable.
func (a *Artefact) Common() *Artefact { return a }

// New returns an empty artefact of a class. The error says that this program does not support
// the class.
func New(c Class) (Maintainable, error) {
	if c < classEnd && c.Modelled() {
		return classes[c].construct(), nil
	}
	return nil, fmt.Errorf("structures of type %s are not supported yet", c)
}

// As returns a structure as a version of SDMX has it, of the class Class.As: a Hierarchy of 3.0 is a
// HierarchicalCodelist with one hierarchy in V2. It is the structure itself if its class is the same
// there. It is nil if that version cannot have it as one structure: a HierarchicalCodelist with
// several hierarchies. The result shares parts with m.
func As(m Maintainable, v Generation) Maintainable {
	if x, ok := m.(interface{ as(Generation) Maintainable }); ok {
		return x.as(v)
	}
	return m
}

// URNOf returns the URN of an artefact.
func URNOf(m Maintainable) URN {
	a := m.Common()
	return URN{m.Class(), a.Agency, a.ID, a.Version}
}

// Immutable reports whether the structure of an artefact must not change any more, because the
// artefact is final (2.1) or its version is stable (3.0). Names, descriptions, annotations,
// links, validity and the addresses of stubs may still change (StructuralDigest).
func Immutable(m Maintainable) bool {
	a := m.Common()
	return a.Final || a.Version.Stable()
}

// Complete fills in the default version and sorts texts by language, so that equal artefacts
// have equal digests. It is called once for each artefact that was read. The error says that
// agency, id or version is not valid; the rules inside the artefact are those of Check.
func Complete(m Maintainable) error {
	a := m.Common()
	if a.Version == "" {
		a.Version = VersionDefault
	}
	if err := CheckAgency(a.Agency); err != nil {
		return fmt.Errorf("%s %q: %w", m.Class(), Clip(a.ID), err)
	}
	if err := CheckID(a.ID); err != nil {
		return fmt.Errorf("%s of agency %s: %w", m.Class(), a.Agency, err)
	}
	if _, err := ParseVersion(string(a.Version)); err != nil {
		return fmt.Errorf("%s %s:%s: %w", m.Class(), a.Agency, a.ID, err)
	}
	completeTexts(m)
	return nil
}
