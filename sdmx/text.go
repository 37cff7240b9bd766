package sdmx

import (
	"fmt"
	"slices"
	"strings"
)

// LanguageDefault is the language of a text without xml:lang (its default in the SDMX schemas).
const LanguageDefault = "en"

// A Text is a string in one language; Lang is a BCP 47 tag.
type Text struct {
	Lang  string `c:"1"`
	Value string `c:"2"`
}

// CheckLanguage checks the form of a language tag against xs:language, the type of xml:lang:
// parts of up to eight letters or, after the first part, digits, joined by hyphens.
func CheckLanguage(tag string) error {
	part, first := 0, true // length of the part, and whether it is the first; a regexp would make readers 10% slower
	for i := range len(tag) {
		c := tag[i]
		switch letter := c|0x20 >= 'a' && c|0x20 <= 'z'; {
		case c == '-' && part > 0:
			part, first = 0, false
		case (letter || !first && c >= '0' && c <= '9') && part < 8:
			part++
		default:
			return notLanguage(tag)
		}
	}
	if part == 0 {
		return notLanguage(tag)
	}
	return nil
}

func notLanguage(tag string) error {
	return fmt.Errorf("%q is no language (such as en or fr-CA)", Clip(tag))
}

// Texts is a text in several languages, at most once in each.
type Texts []Text

// In returns the text in the first of the given languages that t has, or else the first text,
// or "".
func (t Texts) In(langs ...string) string {
	for _, l := range langs {
		for i := range t {
			if strings.EqualFold(t[i].Lang, l) {
				return t[i].Value
			}
		}
	}
	if len(t) > 0 {
		return t[0].Value
	}
	return ""
}

// Set sets the text in a language.
func (t *Texts) Set(lang, value string) {
	for i := range *t {
		if (*t)[i].Lang == lang {
			(*t)[i].Value = value
			return
		}
	}
	*t = append(*t, Text{lang, value})
}

// sort sorts texts by language, since their order has no meaning.
func (t Texts) sort() {
	if len(t) > 1 {
		slices.SortStableFunc(t, func(a, b Text) int { return strings.Compare(a.Lang, b.Lang) })
	}
}

// An Annotation is additional information about an object, of a type that its users agree on.
type Annotation struct {
	ID    string `c:"1"`
	Title string `c:"2"`
	Type  string `c:"3"`
	URLs  Texts  `c:"4"` // 3.0 allows one per language; Lang is "" if none was stated
	Text  Texts  `c:"5"`
	Value string `c:"6"`
}

// A Link points from an object to something outside the structure (3.0).
type Link struct {
	Rel      string `c:"1"`
	URL      string `c:"2"`
	URN      string `c:"3"`
	Type     string `c:"4"`
	Titles   Texts  `c:"5"`
	HrefLang string `c:"6"` // language of what is at URL
	URI      string `c:"7"` // SDMX-JSON has it beside URL
}

// Nameable is the common part of identifiable objects with a name.
type Nameable struct {
	ID           string       `c:"1"`
	Names        Texts        `c:"2,text"`
	Descriptions Texts        `c:"3,text"`
	Annotations  []Annotation `c:"4,text"`
	Links        []Link       `c:"5,text"`
	URI          string       `c:"6,text"`
}

// nameable gives generic code access to the common part of an item.
func (n *Nameable) nameable() *Nameable { return n }

// An OptBool is a truth value that may be unstated, for properties whose default is not the
// same in 2.1 and 3.0, or must not be written if it was not read.
type OptBool uint8

// The values of OptBool.
const (
	Unstated OptBool = iota
	False
	True
)

// Bool returns b as a stated OptBool.
func Bool(b bool) OptBool {
	if b {
		return True
	}
	return False
}

// Or returns the value, or def if it is unstated.
func (o OptBool) Or(def bool) bool {
	if o == Unstated {
		return def
	}
	return o == True
}
