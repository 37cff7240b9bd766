package sdmx

import "fmt"

// An Artefact is what every maintainable carries.
type Artefact struct {
	Nameable
	Agency  string  `c:"10"`
	Version Version `c:"11"`
	// ValidFrom and ValidTo are kept as written: a dateTime, a date or a period.
	ValidFrom string `c:"12,text"`
	ValidTo   string `c:"13,text"`
	// Final is isFinal of 2.x: the artefact may not change any more. Whether a
	// semantic version is stable is Version's to say; Immutable asks both.
	Final bool `c:"14,text"`
	// External says that this is a stub: the full artefact is kept elsewhere,
	// at StructureURL (a file) or ServiceURL (a service).
	External     bool   `c:"15,text"`
	ServiceURL   string `c:"16,text"`
	StructureURL string `c:"17,text"`
}

// A Maintainable is an artefact that an agency maintains and that is submitted,
// stored, published and deleted as a whole.
type Maintainable interface {
	// Class is the maintainable class, constant for a type.
	Class() Class
	// Common is the part that all maintainables share; changes to it are
	// changes to the artefact.
	Common() *Artefact
}

// Common implements Maintainable.
func (a *Artefact) Common() *Artefact { return a }

// New makes an empty artefact of a class; the error says that this program
// cannot hold the class.
func New(c Class) (Maintainable, error) {
	switch c {
	case ClassAgencyScheme:
		return &AgencyScheme{}, nil
	case ClassCodelist:
		return &Codelist{}, nil
	case ClassConceptScheme:
		return &ConceptScheme{}, nil
	case ClassCategoryScheme:
		return &CategoryScheme{}, nil
	case ClassCategorisation:
		return &Categorisation{}, nil
	case ClassDataStructure:
		return &DataStructure{}, nil
	case ClassDataflow:
		return &Dataflow{}, nil
	}
	return nil, fmt.Errorf("structures of type %s are not supported yet", c)
}

// URNOf is the name of an artefact.
func URNOf(m Maintainable) URN {
	a := m.Common()
	return URN{m.Class(), a.Agency, a.ID, a.Version}
}

// Immutable reports whether the artefact's structure may not change any more: it
// is final (2.1) or its version is stable (3.0). Names, descriptions,
// annotations, links, validity and the addresses of external stubs still may
// (StructuralDigest leaves them out).
func Immutable(m Maintainable) bool {
	a := m.Common()
	return a.Final || a.Version.Stable()
}

// Complete puts in what an artefact leaves unsaid, and what means nothing into
// one fixed form, so that equal artefacts have equal digests: the default
// version, the default language, languages in order. Readers call it once for
// each artefact that they have read; it then checks that the artefact can be named. The
// rules of what is inside it are Check's.
func Complete(m Maintainable) error {
	a := m.Common()
	if a.Version == "" {
		a.Version = VersionDefault
	}
	if err := CheckAgency(a.Agency); err != nil {
		return fmt.Errorf("%s %q: %w", m.Class(), clip(a.ID), err)
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
