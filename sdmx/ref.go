package sdmx

import (
	"fmt"
	"strings"
)

// A Ref is a reference to a maintainable or to an item or component inside one. Its version may
// have one '+' (Version.Resolve). In a loose reference (Loose), "*" stands for any agency, id,
// version or item. The zero Ref refers to nothing. Refs are comparable with ==.
//
// A reference to an item does not say of which class the maintainable is, if items of the class
// stand in several: Class is then the first of these (Class.Owners), and who looks up what the
// reference leads to must look for all (Class.Relatives). The one exception are codes and levels whose
// path begins with a hierarchy of another id than its hierarchical codelist (Meant).
type Ref struct {
	URN              // the maintainable
	ItemClass Class  // class of the item; ClassUnknown for a reference to the maintainable
	Item      string // id, or path of ids with dots, inside the maintainable
}

// RefTo returns a reference to a maintainable as a whole.
func RefTo(u URN) Ref { return Ref{URN: u} }

// RefToItem returns a reference to an item of class c, in a maintainable of the first of the
// classes that contain such items; the zero Ref if c is no class of items.
func RefToItem(c Class, agency, id string, v Version, item string) Ref {
	owners := c.Owners()
	if len(owners) == 0 {
		return Ref{}
	}
	return Ref{URN: URN{owners[0], agency, id, v}, ItemClass: c, Item: item}
}

// IsZero reports whether the reference refers to nothing.
func (r Ref) IsZero() bool { return r == Ref{} }

// anything is what stands in a loose reference for every agency, id, version or item.
const anything = "*"

// Loose reports whether "*" stands for a part of the reference, which then names a set and is
// not resolved. Only some places may have loose references: the targets of a Metadataflow and of
// a MetadataProvisionAgreement (SDMX 3.0).
func (r Ref) Loose() bool {
	return r.Agency == anything || r.ID == anything || r.Version == anything || strings.Contains("."+r.Item+".", ".*.")
}

// Target returns the class of what the reference names: of the item, or of the maintainable.
func (r Ref) Target() Class {
	if r.Item != "" {
		return r.ItemClass
	}
	return r.Class
}

// String returns the full URN that r refers to; "" for the zero Ref.
func (r Ref) String() string {
	if r.IsZero() {
		return ""
	}
	return string(r.Append(make([]byte, 0, 112)))
}

// Append appends the URN that r refers to.
func (r Ref) Append(b []byte) []byte { return r.append(b, r.Target().String()) }

// Spell returns the full URN that r refers to, as version v of SDMX writes it; "" for the zero
// Ref.
func (r Ref) Spell(v Generation) string {
	switch {
	case r.IsZero():
		return ""
	case r.Item != "" && r.ItemClass.Maintainable(): // a Hierarchy inside a hierarchical codelist
		return r.String()
	}
	return string(r.append(make([]byte, 0, 112), r.Target().Spell(v)))
}

func (r Ref) append(b []byte, class string) []byte {
	b = r.URN.append(b, r.Target().Package(), class)
	if r.Item != "" {
		b = append(append(b, '.'), r.Item...)
	}
	return b
}

// ParseRef parses the URN of a maintainable, an item or a component, as SDMX 2.1 or 3.0 spells
// it. Class and package must be those of the information model; agency and ids must match the
// types of the common schema of SDMX 3.0. The error names the part that is wrong; it is an
// *UnknownClassError for a class that is not known.
func ParseRef(s string) (Ref, error) {
	if len(s) > URNLengthMax {
		return Ref{}, fmt.Errorf("URN %q… has %d bytes, more than the limit of %d", Clip(s), len(s), URNLengthMax)
	}
	rest, ok := strings.CutPrefix(s, urnPrefix)
	if !ok {
		return Ref{}, fmt.Errorf("%q is no SDMX URN: expected it to begin with %s", Clip(s), urnPrefix)
	}
	className, rest, ok := strings.Cut(rest, "=")
	if !ok {
		return Ref{}, fmt.Errorf("URN %q: no '=' after the class", Clip(s))
	}
	class, ok := classByPackageName[className]
	if !ok {
		_, name, _ := strings.Cut(className, ".")
		if class, ok = ClassByName(name); !ok || !classes[class].anyPackage {
			return Ref{}, unknownClass(s, className)
		}
	}
	agency, rest, ok := strings.Cut(rest, ":")
	if !ok {
		if class == ClassAgency && CheckAgency(agency) == nil {
			return agencyShortForm(agency), nil
		}
		return Ref{}, fmt.Errorf("URN %q: no ':' after the agency", Clip(s))
	}
	id, rest, ok := strings.Cut(rest, "(")
	if !ok {
		return Ref{}, fmt.Errorf("URN %q: no '(' before the version", Clip(s))
	}
	version, item, ok := strings.Cut(rest, ")")
	if !ok {
		return Ref{}, fmt.Errorf("URN %q: no ')' after the version", Clip(s))
	}
	r, err := buildRef(class, agency, id, version, item)
	if err != nil {
		return Ref{}, fmt.Errorf("URN %q: %w", Clip(s), err)
	}
	return r, nil
}

func buildRef(class Class, agency, id, version, item string) (Ref, error) {
	if agency != anything {
		if err := CheckAgency(agency); err != nil {
			return Ref{}, err
		}
	}
	if id != anything {
		if err := CheckID(id); err != nil {
			return Ref{}, err
		}
	}
	v := Version(version)
	if version != anything {
		var err error
		if v, err = ParseVersionRef(version); err != nil {
			return Ref{}, err
		}
	}
	whole := class.Maintainable() || class == ClassAvailabilityConstraint
	switch {
	case item == "" && whole:
		return Ref{URN: URN{class, agency, id, v}}, nil
	case item == "":
		return Ref{}, fmt.Errorf("class %s needs an item after the version, such as (%s).A", class, v)
	case item[0] != '.':
		return Ref{}, fmt.Errorf("expected '.' and an item after the version, found %q", Clip(item))
	case len(class.Owners()) == 0:
		return Ref{}, fmt.Errorf("class %s is maintainable, so nothing may follow the version", class)
	}
	if err := checkItemPath(class, item[1:]); err != nil {
		return Ref{}, fmt.Errorf("in the item path, %w", err)
	}
	return RefToItem(class, agency, id, v, item[1:]), nil
}

// checkItemPath checks the ids that lead to an item of a class.
func checkItemPath(class Class, path string) error {
	if classes[class].freeIDs {
		return CheckFreeID(path)
	}
	for part := range strings.SplitSeq(path, ".") {
		if err := CheckID(part); err != nil && part != anything {
			return err
		}
	}
	return nil
}

// agencyShortForm returns the reference for urn:…base.Agency=SDMX, an old form without scheme.
func agencyShortForm(agency string) Ref {
	scheme, id := AgencySchemeOf(agency)
	return Ref{URN: scheme, ItemClass: ClassAgency, Item: id}
}

func unknownClass(s, className string) error {
	_, name, ok := strings.Cut(className, ".")
	if !ok {
		name = className
	}
	if c, ok := ClassByName(name); ok {
		return fmt.Errorf("URN %q: class %s is in package %s, expected %s.%s", Clip(s), name, c.Package(), c.Package(), name)
	}
	return &UnknownClassError{Clip(name), fmt.Sprintf("URN %q: ", Clip(s))}
}

// An UnknownClassError is returned for a reference to a class that this program does not know:
// one of a newer version of SDMX, or a registry's own.
type UnknownClassError struct {
	Class string
	in    string // beginning of the message: the URN that names it
}

// Error implements error.
func (e *UnknownClassError) Error() string {
	return fmt.Sprintf("%s%q is no class of the SDMX information model that this version knows", e.in, e.Class)
}
