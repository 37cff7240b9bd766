package sdmx

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
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
	if r.Version.Wildcard() || r.Loose() {
		return URN{}, fmt.Errorf("URN %q: it holds a wildcard, which only references may", Clip(s))
	}
	return r.URN, nil
}

// String returns the full URN.
func (u URN) String() string {
	return string(u.append(make([]byte, 0, 96), u.Class.Package(), u.Class.String()))
}

// Spell returns the full URN as version v of SDMX writes it.
func (u URN) Spell(v Generation) string {
	return string(u.append(make([]byte, 0, 96), u.Class.Package(), u.Class.Spell(v)))
}

// Spellings returns the full URN as each version of SDMX writes it, with String first.
func (u URN) Spellings() []string {
	names := u.Class.Spellings()
	for i, name := range names {
		names[i] = string(u.append(make([]byte, 0, 96), u.Class.Package(), name))
	}
	return names
}

func (u URN) append(b []byte, pkg, class string) []byte {
	b = append(b, urnPrefix...)
	b = append(b, pkg...)
	b = append(b, '.')
	b = append(b, class...)
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

// CheckFreeID returns an error unless a text can be the id of a value in a value list, which may
// have any characters but control characters.
func CheckFreeID(id string) error {
	if id == "" {
		return fmt.Errorf("id is empty")
	}
	if len(id) > IDLengthMax {
		return fmt.Errorf("id %q has %d bytes, more than the limit of %d", Clip(id), len(id), IDLengthMax)
	}
	if !utf8.ValidString(id) || strings.ContainsFunc(id, unicode.IsControl) {
		return fmt.Errorf("id %q has a control character, or bytes that are no text", Clip(id))
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
