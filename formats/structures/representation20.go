package structures

import (
	"regexp"
	"strings"

	"urncast/sdmx"
)

// reduced20 returns what SDMX-JSON 2.0 can express of the representation of a concept or
// component, and phrases for what it cannot (Loss.What). class is that of the concept or
// component.
func reduced20(r *sdmx.Representation, class sdmx.Class) (*sdmx.Representation, []string) {
	isTime := class == sdmx.ClassTimeDimension
	if r == nil && !isTime {
		return nil, nil
	}
	said := sdmx.Representation{}
	if r != nil {
		said = *r
	}
	x := reduction{}
	if said.Format != nil {
		f := *said.Format
		x.format = &f
	}
	enumerated := !said.Enumeration.IsZero()
	switch {
	case isTime:
		x.time20(enumerated)
		said.Enumeration = sdmx.Ref{}
	case x.format == nil:
	case enumerated:
		x.codes()
		x.sentinels()
	default:
		x.text20(class)
	}
	if x.format != nil {
		x.numbers()
	}
	x.occurs(&said, class)
	if x.format == nil && said.Enumeration.IsZero() {
		if said.MinOccurs == "" && said.MaxOccurs == "" {
			return nil, x.lost
		}
		x.format = &sdmx.TextFormat{}
		x.lost = append(x.lost, "minOccurs and maxOccurs alone: an empty format stands beside them")
	}
	said.Format = x.format
	return &said, x.lost
}

func (x *reduction) sentinels() {
	if len(x.format.Sentinels) > 0 {
		x.format.Sentinels = nil
		x.lost = append(x.lost, "sentinel values of enumerations")
	}
}

// text20 reduces the format of values that are not enumerated. That of a dimension has less
// than others.
func (x *reduction) text20(class sdmx.Class) {
	f := x.format
	simple := class == sdmx.ClassDimension
	x.lengths()
	if f.Type != "" && !componentTypes21[f.Type] && f.Type != "GeospatialInformation" && (simple || f.Type != "XHTML") {
		x.lost = append(x.lost, "the data type "+f.Type+": String stands in its place")
		f.Type = "String"
	}
	if simple {
		x.multilingual()
		x.without(&f.Interval, strings.Contains(f.Interval, "."), "an interval of a dimension that is no whole number")
	}
}

// time20 reduces the format of the time dimension, which has only a type, a start, an end and
// sentinel values.
func (x *reduction) time20(enumerated bool) {
	var sentinels []sdmx.SentinelValue
	if x.format != nil {
		sentinels, x.format.Sentinels = x.format.Sentinels, nil
	}
	x.time(enumerated)
	x.format.Sentinels = sentinels
}

// numbers mends or removes numbers and durations that JSON or the schema does not take.
func (x *reduction) numbers() {
	f := x.format
	for _, facet := range []*string{&f.Interval, &f.StartValue, &f.EndValue, &f.MinLength, &f.MaxLength, &f.MinValue, &f.MaxValue, &f.Decimals} {
		x.number(facet)
	}
	x.without(&f.TimeInterval, strings.HasPrefix(f.TimeInterval, "-"), "a negative timeInterval")
}

// numeralForm is the form of decimal numbers in JSON.
var numeralForm = regexp.MustCompile(`^-?(0|[1-9]\d*)(\.\d+)?$`)

func (x *reduction) number(p *string) {
	if *p == "" || numeralForm.MatchString(*p) {
		return
	}
	if *p = numeral(*p); !numeralForm.MatchString(*p) {
		*p = ""
	}
	x.lost = append(x.lost, "the form of numbers such as +1, 01 or .5, which JSON does not have: they are written as 1 or 0.5")
}

// numeral returns a decimal number in the form of JSON.
func numeral(s string) string {
	s = strings.TrimPrefix(s, "+")
	digits, negative := strings.CutPrefix(s, "-")
	whole, fraction, _ := strings.Cut(digits, ".")
	if whole = strings.TrimLeft(whole, "0"); whole == "" {
		whole = "0"
	}
	if fraction != "" {
		whole += "." + fraction
	}
	if negative {
		return "-" + whole
	}
	return whole
}

// occurs reduces minOccurs and maxOccurs, which dimensions do not have.
func (x *reduction) occurs(r *sdmx.Representation, class sdmx.Class) {
	x.number(&r.MinOccurs)
	if r.MaxOccurs != unbounded {
		x.number(&r.MaxOccurs)
	}
	x.without(&r.MaxOccurs, r.MaxOccurs == "0", "a maxOccurs of 0")
	if class == sdmx.ClassMetadataAttribute {
		x.without(&r.MinOccurs, true, "minOccurs and maxOccurs of representations of metadata attributes")
		x.without(&r.MaxOccurs, true, "minOccurs and maxOccurs of representations of metadata attributes")
	}
	if class == sdmx.ClassDimension || class == sdmx.ClassTimeDimension {
		x.without(&r.MinOccurs, true, "minOccurs and maxOccurs of dimensions")
		x.without(&r.MaxOccurs, true, "minOccurs and maxOccurs of dimensions")
	}
}

// unbounded is the value of maxOccurs that is no number.
const unbounded = "unbounded"
