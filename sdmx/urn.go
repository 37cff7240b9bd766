package sdmx

import (
	"fmt"
	"strings"
)

const urnPrefix = "urn:sdmx:org.sdmx.infomodel."

// URNLengthMax is the length of the longest text that ParseURN and ParseRef accept, in bytes.
const URNLengthMax = 4096

// A URN identifies a version of a maintainable. It is also the key of every Kafka message about
// it, so that a tombstone consists of a URN only. URNs are comparable with ==.
type URN struct {
	Class   Class
	Agency  string
	ID      string
	Version Version
}

// Clone returns a copy that does not share memory with the text that u was parsed from.
func (u URN) Clone() URN {
	return URN{u.Class, strings.Clone(u.Agency), strings.Clone(u.ID), Version(strings.Clone(string(u.Version)))}
}

// ParseURN parses the URN of a maintainable, of the form that SDMX 2.1 and 3.0 define:
// urn:sdmx:org.sdmx.infomodel.<package>.<Class>=<agency>:<id>(<version>). Code that has a URN
// can rely on it being valid.
func ParseURN(s string) (URN, error) {
	r, err := ParseRef(s)
	if err != nil {
		return URN{}, err
	}
	if r.Item != "" {
		return URN{}, fmt.Errorf("URN %q names %s inside %s: expected the URN of a maintainable", Clip(s), r.ItemClass, r.URN)
	}
	if r.Version.Wildcard() {
		return URN{}, fmt.Errorf("URN %q: the version %s holds a wildcard, which only references may", Clip(s), r.Version)
	}
	return r.URN, nil
}

// String returns the full URN.
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

// Short returns the URN as people write it: AGENCY:ID(VERSION).
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

// A Ref is a reference to a maintainable or to an item or component inside one. Its version may
// have one '+' (Version.Resolve). The zero Ref refers to nothing. Refs are comparable with ==.
type Ref struct {
	URN              // the maintainable
	ItemClass Class  // class of the item; ClassUnknown for a reference to the maintainable
	Item      string // id, or path of ids with dots, inside the maintainable
}

// RefTo returns a reference to a maintainable as a whole.
func RefTo(u URN) Ref { return Ref{URN: u} }

// RefToItem returns a reference to an item of class c, in the maintainable of the class that
// contains such items.
func RefToItem(c Class, agency, id string, v Version, item string) Ref {
	return Ref{URN: URN{c.Owner(), agency, id, v}, ItemClass: c, Item: item}
}

// IsZero reports whether the reference refers to nothing.
func (r Ref) IsZero() bool { return r == Ref{} }

// String returns the full URN that r refers to; "" for the zero Ref.
func (r Ref) String() string {
	if r.IsZero() {
		return ""
	}
	return string(r.Append(make([]byte, 0, 112)))
}

// Append appends the URN that r refers to.
func (r Ref) Append(b []byte) []byte {
	if r.Item == "" {
		return r.URN.append(b, r.URN.Class)
	}
	b = r.URN.append(b, r.ItemClass)
	b = append(b, '.')
	return append(b, r.Item...)
}

// ParseRef parses the URN of a maintainable, an item or a component. Class and package must be
// those of the information model; agency and ids must match the types of the common schema of
// SDMX 3.0. The error names the part that is wrong; it is an *UnknownClassError for a class
// that is not known.
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
		return Ref{}, unknownClass(s, className)
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
	return buildRef(s, class, agency, id, version, item)
}

func buildRef(s string, class Class, agency, id, version, item string) (Ref, error) {
	if err := CheckAgency(agency); err != nil {
		return Ref{}, fmt.Errorf("URN %q: %w", Clip(s), err)
	}
	if err := CheckID(id); err != nil {
		return Ref{}, fmt.Errorf("URN %q: %w", Clip(s), err)
	}
	v, err := ParseVersionRef(version)
	if err != nil {
		return Ref{}, fmt.Errorf("URN %q: %w", Clip(s), err)
	}
	r := Ref{URN: URN{class.Owner(), agency, id, v}}
	if item == "" {
		if class.Owner() != class {
			return Ref{}, fmt.Errorf("URN %q: class %s needs an item after the version, such as (%s).A", Clip(s), class, v)
		}
		return r, nil
	}
	if item[0] != '.' {
		return Ref{}, fmt.Errorf("URN %q: expected '.' and an item after the version, found %q", Clip(s), Clip(item))
	}
	if class.Owner() == class {
		return Ref{}, fmt.Errorf("URN %q: class %s is maintainable, so nothing may follow the version", Clip(s), class)
	}
	for _, part := range strings.Split(item[1:], ".") {
		if err := CheckID(part); err != nil {
			return Ref{}, fmt.Errorf("URN %q: in the item path, %w", Clip(s), err)
		}
	}
	r.ItemClass, r.Item = class, item[1:]
	return r, nil
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
	if c, ok := classByName[name]; ok {
		return fmt.Errorf("URN %q: class %s is in package %s, expected %s.%s", Clip(s), c, c.Package(), c.Package(), c)
	}
	return &UnknownClassError{Clip(name), fmt.Sprintf("URN %q: ", Clip(s))}
}

// An UnknownClassError is returned for a reference to a class that this program does not know:
// one of a newer version of SDMX, or a registry's own, such as PublicationTable of Fusion
// Metadata Registry.
type UnknownClassError struct {
	Class string
	in    string // beginning of the message: the URN that names it
}

// Error implements error.
func (e *UnknownClassError) Error() string {
	return fmt.Sprintf("%s%q is no class of the SDMX information model that this version knows", e.in, e.Class)
}

// Clip cuts a text that was sent to a length fit for an error message.
func Clip(s string) string {
	const max = 160
	if len(s) <= max {
		return s
	}
	return strings.ToValidUTF8(s[:max], "") + "…"
}

// IDLengthMax bounds ids, in bytes. The standard has no bound, but Kafka keys and PostgreSQL
// index rows need one.
const IDLengthMax = 255

// CheckID returns an error unless an id has IDType of SDMX 2.1 and 3.0: letters, digits, '_',
// '@', '$' and '-'.
func CheckID(id string) error {
	if id == "" {
		return fmt.Errorf("id is empty")
	}
	if len(id) > IDLengthMax {
		return fmt.Errorf("id %q has %d characters, more than the limit of %d", Clip(id), len(id), IDLengthMax)
	}
	for i := range len(id) {
		if !isIDByte(id[i]) {
			return fmt.Errorf("id %q: character %d may not stand in an id (letters, digits, _ @ $ - may)", Clip(id), i+1)
		}
	}
	return nil
}

func isIDByte(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' ||
		c == '_' || c == '@' || c == '$' || c == '-'
}

// CheckAgency returns an error unless an agency id consists of ids joined by dots
// (NestedNCNameIDType). A part may begin with a digit, against the schema, because ids of real
// agencies do, such as 4D0.
func CheckAgency(agency string) error {
	if len(agency) > IDLengthMax {
		return fmt.Errorf("agency %q has %d characters, more than the limit of %d", Clip(agency), len(agency), IDLengthMax)
	}
	for _, part := range strings.Split(agency, ".") {
		if err := CheckID(part); err != nil {
			return fmt.Errorf("agency %q: %w", Clip(agency), err)
		}
	}
	return nil
}

// AgencySchemeOf returns the agency scheme that lists an agency, and the agency's item id in
// it: "BIS" is BIS in SDMX:AGENCIES(1.0), "BIS.CBS" is CBS in BIS:AGENCIES(1.0).
func AgencySchemeOf(agency string) (scheme URN, item string) {
	owner, item := "SDMX", agency
	if i := strings.LastIndexByte(agency, '.'); i >= 0 {
		owner, item = agency[:i], agency[i+1:]
	}
	return URN{ClassAgencyScheme, owner, AgencySchemeID, VersionDefault}, item
}
