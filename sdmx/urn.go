package sdmx

import (
	"fmt"
	"strings"
)

const urnPrefix = "urn:sdmx:org.sdmx.infomodel."

// URNLengthMax bounds what ParseURN and ParseRef look at, in bytes.
const URNLengthMax = 4096

// A URN names one version of one maintainable. It is also the key of every
// message about it, so a tombstone is a URN and nothing else. URNs compare
// with ==.
type URN struct {
	Class   Class
	Agency  string
	ID      string
	Version Version
}

// Clone is the same without the text that it was read from, of which a URN keeps all.
func (u URN) Clone() URN {
	return URN{u.Class, strings.Clone(u.Agency), strings.Clone(u.ID), Version(strings.Clone(string(u.Version)))}
}

// ParseURN is the only way in from text; everything behind it trusts the type.
// The form is that of SDMX 2.1 and 3.0:
// urn:sdmx:org.sdmx.infomodel.<package>.<Class>=<agency>:<id>(<version>).
func ParseURN(s string) (URN, error) {
	r, err := ParseRef(s)
	if err != nil {
		return URN{}, err
	}
	if r.Item != "" {
		return URN{}, fmt.Errorf("URN %q names %s inside %s: expected the URN of a maintainable", clip(s), r.ItemClass, r.URN)
	}
	if r.Version.Wildcard() {
		return URN{}, fmt.Errorf("URN %q: the version %s holds a wildcard, which only references may", clip(s), r.Version)
	}
	return r.URN, nil
}

// String is the URN in full.
func (u URN) String() string {
	return string(u.append(make([]byte, 0, 96), u.Class))
}

func (u URN) append(b []byte, c Class) []byte {
	b = append(b, urnPrefix...)
	b = append(b, c.Package()...)
	b = append(b, '.')
	b = append(b, c.String()...)
	b = append(b, '=')
	b = append(b, u.Agency...)
	b = append(b, ':')
	b = append(b, u.ID...)
	b = append(b, '(')
	b = append(b, u.Version...)
	return append(b, ')')
}

// Short is the URN as people write it: AGENCY:ID(VERSION).
func (u URN) Short() string { return u.Agency + ":" + u.ID + "(" + string(u.Version) + ")" }

// Compare orders URNs by class, agency, id and version.
func (u URN) Compare(v URN) int {
	if u.Class != v.Class {
		return int(u.Class) - int(v.Class)
	}
	if c := strings.Compare(u.Agency, v.Agency); c != 0 {
		return c
	}
	if c := strings.Compare(u.ID, v.ID); c != 0 {
		return c
	}
	return u.Version.Compare(v.Version)
}

// A Ref is a reference to a maintainable or to something inside one. Its
// version may hold one '+' (Version.Matches says what that resolves to). The
// zero Ref refers to nothing. Refs compare with ==.
type Ref struct {
	URN              // the maintainable
	ItemClass Class  // class of the item, ClassUnknown if the maintainable is meant
	Item      string // id, or path of ids with dots, inside the maintainable
}

// RefTo is the reference to a maintainable as a whole.
func RefTo(u URN) Ref { return Ref{URN: u} }

// RefToItem is the reference to an item of class c in the maintainable that
// holds such items.
func RefToItem(c Class, agency, id string, v Version, item string) Ref {
	return Ref{URN: URN{c.Owner(), agency, id, v}, ItemClass: c, Item: item}
}

// IsZero reports whether the reference refers to nothing.
func (r Ref) IsZero() bool { return r == Ref{} }

// String is the URN of what is referred to, in full.
func (r Ref) String() string {
	if r.IsZero() {
		return ""
	}
	return string(r.Append(make([]byte, 0, 112)))
}

// Append appends the URN of what is referred to.
func (r Ref) Append(b []byte) []byte {
	if r.Item == "" {
		return r.URN.append(b, r.URN.Class)
	}
	b = r.URN.append(b, r.ItemClass)
	b = append(b, '.')
	return append(b, r.Item...)
}

// ParseRef reads the URN of a maintainable, an item or a component. Class and
// package must agree with the information model, agency and id with the id
// patterns of SDMX 3.0 (common types); the error names the part that does not.
func ParseRef(s string) (Ref, error) {
	if len(s) > URNLengthMax {
		return Ref{}, fmt.Errorf("URN %q… has %d bytes, more than the limit of %d", clip(s), len(s), URNLengthMax)
	}
	rest, ok := strings.CutPrefix(s, urnPrefix)
	if !ok {
		return Ref{}, fmt.Errorf("%q is no SDMX URN: expected it to begin with %s", clip(s), urnPrefix)
	}
	className, rest, ok := strings.Cut(rest, "=")
	if !ok {
		return Ref{}, fmt.Errorf("URN %q: no '=' after the class", clip(s))
	}
	class, ok := classByPackageName[className]
	if !ok {
		return Ref{}, unknownClass(s, className)
	}
	agency, rest, ok := strings.Cut(rest, ":")
	if !ok {
		if class == ClassAgency && CheckAgency(agency) == nil {
			return agencyShortForm(agency), nil
		}
		return Ref{}, fmt.Errorf("URN %q: no ':' after the agency", clip(s))
	}
	id, rest, ok := strings.Cut(rest, "(")
	if !ok {
		return Ref{}, fmt.Errorf("URN %q: no '(' before the version", clip(s))
	}
	version, item, ok := strings.Cut(rest, ")")
	if !ok {
		return Ref{}, fmt.Errorf("URN %q: no ')' after the version", clip(s))
	}
	return buildRef(s, class, agency, id, version, item)
}

func buildRef(s string, class Class, agency, id, version, item string) (Ref, error) {
	if err := CheckAgency(agency); err != nil {
		return Ref{}, fmt.Errorf("URN %q: %w", clip(s), err)
	}
	if err := CheckID(id); err != nil {
		return Ref{}, fmt.Errorf("URN %q: %w", clip(s), err)
	}
	v, err := ParseVersionRef(version)
	if err != nil {
		return Ref{}, fmt.Errorf("URN %q: %w", clip(s), err)
	}
	r := Ref{URN: URN{class.Owner(), agency, id, v}}
	if item == "" {
		if class.Owner() != class {
			return Ref{}, fmt.Errorf("URN %q: class %s needs an item after the version, such as (%s).A", clip(s), class, v)
		}
		return r, nil
	}
	if item[0] != '.' {
		return Ref{}, fmt.Errorf("URN %q: expected '.' and an item after the version, found %q", clip(s), clip(item))
	}
	if class.Owner() == class {
		return Ref{}, fmt.Errorf("URN %q: class %s is maintainable, so nothing may follow the version", clip(s), class)
	}
	for _, part := range strings.Split(item[1:], ".") {
		if err := CheckID(part); err != nil {
			return Ref{}, fmt.Errorf("URN %q: in the item path, %w", clip(s), err)
		}
	}
	r.ItemClass, r.Item = class, item[1:]
	return r, nil
}

// agencyShortForm reads urn:…base.Agency=SDMX, an old form without the scheme.
func agencyShortForm(agency string) Ref {
	scheme, id := AgencySchemeOf(agency)
	return Ref{URN: scheme, ItemClass: ClassAgency, Item: id}
}

func unknownClass(s, className string) error {
	_, name, ok := strings.Cut(className, ".")
	if !ok {
		name = className
	}
	if c, ok := classByName[name]; ok {
		return fmt.Errorf("URN %q: class %s is in package %s, expected %s.%s", clip(s), c, c.Package(), c.Package(), c)
	}
	return &UnknownClassError{clip(name), fmt.Sprintf("URN %q: ", clip(s))}
}

// An UnknownClassError is a reference to something of a class that is not one of
// the SDMX information model as this program knows it: of a newer version, or of a
// registry's own, such as FMR's PublicationTable.
type UnknownClassError struct {
	Class string
	in    string // what named it
}

// Error names the class.
func (e *UnknownClassError) Error() string {
	return fmt.Sprintf("%s%q is no class of the SDMX information model that this version knows", e.in, e.Class)
}

// clip shortens text for an error message.
func clip(s string) string {
	const max = 160
	if len(s) <= max {
		return s
	}
	return strings.ToValidUTF8(s[:max], "") + "…"
}

// IDLengthMax bounds ids, in bytes. The standard sets none; Kafka keys and
// index rows must.
const IDLengthMax = 255

// CheckID checks an id against IDType of SDMX 2.1 and 3.0: letters, digits,
// '_', '@', '$' and '-'.
func CheckID(id string) error {
	if id == "" {
		return fmt.Errorf("id is empty")
	}
	if len(id) > IDLengthMax {
		return fmt.Errorf("id %q has %d characters, more than the limit of %d", clip(id), len(id), IDLengthMax)
	}
	for i := range len(id) {
		if !isIDByte(id[i]) {
			return fmt.Errorf("id %q: character %d may not stand in an id (letters, digits, _ @ $ - may)", clip(id), i+1)
		}
	}
	return nil
}

func isIDByte(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' ||
		c == '_' || c == '@' || c == '$' || c == '-'
}

// CheckAgency checks the id of an agency: parts joined by dots
// (NestedNCNameIDType). Real agencies break the rule that a part begins with a
// letter (4D0 is one), so that is accepted.
func CheckAgency(agency string) error {
	if len(agency) > IDLengthMax {
		return fmt.Errorf("agency %q has %d characters, more than the limit of %d", clip(agency), len(agency), IDLengthMax)
	}
	for _, part := range strings.Split(agency, ".") {
		if err := CheckID(part); err != nil {
			return fmt.Errorf("agency %q: %w", clip(agency), err)
		}
	}
	return nil
}

// AgencySchemeOf says where an agency is an item: "BIS" is BIS in
// SDMX:AGENCIES(1.0), "BIS.CBS" is CBS in BIS:AGENCIES(1.0).
func AgencySchemeOf(agency string) (scheme URN, item string) {
	owner, item := "SDMX", agency
	if i := strings.LastIndexByte(agency, '.'); i >= 0 {
		owner, item = agency[:i], agency[i+1:]
	}
	return URN{ClassAgencyScheme, owner, AgencySchemeID, VersionDefault}, item
}
