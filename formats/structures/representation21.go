package structures

import (
	"reflect"
	"strings"

	"urncast/formats/codec"
	"urncast/sdmx"
	"urncast/sdmx/rules"
)

// codeTypes21 are the data types of the format of an enumeration in 2.1 (CodeDataType).
var codeTypes21 = map[string]bool{}

// componentTypes21 are the data types of a component in 2.1 (SimpleDataType). A concept or
// metadata attribute may also have type XHTML.
var componentTypes21 = map[string]bool{}

func init() {
	for _, t := range strings.Fields("String Alpha AlphaNumeric Numeric BigInteger Integer Long Short Boolean URI Count InclusiveValueRange " +
		"ExclusiveValueRange Incremental ObservationalTimePeriod StandardTimePeriod BasicTimePeriod GregorianTimePeriod GregorianYear " +
		"GregorianYearMonth GregorianDay ReportingTimePeriod ReportingYear ReportingSemester ReportingTrimester ReportingQuarter " +
		"ReportingMonth ReportingWeek ReportingDay Month MonthDay Day Duration") {
		codeTypes21[t], componentTypes21[t] = true, true
	}
	for _, t := range []string{"Decimal", "Float", "Double", "DateTime", "TimeRange", "Time"} {
		componentTypes21[t] = true
	}
}

// representationFor returns what a dialect can express of the representation of a concept or
// component of a class, and phrases for what it cannot.
func representationFor(d codec.Dialect, r *sdmx.Representation, class sdmx.Class) (*sdmx.Representation, []string) {
	if d == codec.JSON20 {
		return reduced20(r, class)
	}
	return representation21(r, class)
}

// representation21 returns what SDMX-ML 2.1 can express of the representation of a concept or
// component (SDMXStructureBase.xsd, SDMXStructureDataStructure.xsd), and phrases for what it
// cannot (Loss.What). If the schema requires a value that is missing, its default is used.
// class is that of the concept or component.
func representation21(r *sdmx.Representation, class sdmx.Class) (*sdmx.Representation, []string) {
	var lost []string
	said := sdmx.Representation{}
	if r != nil {
		said.Enumeration = r.Enumeration
		if r.MinOccurs != "" || r.MaxOccurs != "" {
			lost = append(lost, "minOccurs and maxOccurs of representations")
		}
		if r.Format != nil {
			f := *r.Format
			if len(f.Sentinels) > 0 {
				f.Sentinels = nil
				lost = append(lost, "sentinel values")
			}
			said.Format = &f
		}
	}
	x := reduction{format: said.Format, lost: lost}
	enumerated := !said.Enumeration.IsZero()
	switch {
	case targetTypes[class] != "":
		x.target(&said, class)
	case class == sdmx.ClassTimeDimension:
		x.time(enumerated)
	case class == sdmx.ClassReportingYearStartDay:
		x.yearStart(enumerated)
	case x.format == nil:
	case class == sdmx.ClassMeasureDimension && enumerated:
		x.drop("the format of a measure dimension's values")
	case enumerated:
		x.codes()
	default:
		x.text(class == sdmx.ClassConcept || class == sdmx.ClassMetadataAttribute)
	}
	said.Format = x.format
	if class == sdmx.ClassTimeDimension || class == sdmx.ClassReportingYearStartDay {
		said.Enumeration = sdmx.Ref{}
	}
	if said.Format == nil && said.Enumeration.IsZero() {
		return nil, x.lost
	}
	return &said, x.lost
}

// A reduction removes from a text format what 2.1 cannot express.
type reduction struct {
	format *sdmx.TextFormat
	lost   []string
}

func (x *reduction) drop(what string) { x.format, x.lost = nil, append(x.lost, what) }

// without empties a facet if it is set and when is true.
func (x *reduction) without(facet *string, when bool, what string) {
	if *facet != "" && when {
		*facet = ""
		x.lost = append(x.lost, what)
	}
}

// lengths removes lengths and decimals of 0: the schemas of 2.1 and 3.0 require positive
// integers, but registries write 0 too.
func (x *reduction) lengths() {
	f := x.format
	zero := func(s string) bool { return strings.Trim(s, "+0") == "" }
	x.without(&f.MinLength, zero(f.MinLength), "a minLength or maxLength of 0")
	x.without(&f.MaxLength, zero(f.MaxLength), "a minLength or maxLength of 0")
	x.without(&f.Decimals, zero(f.Decimals), "decimals of 0")
}

func (x *reduction) multilingual() {
	if x.format.IsMultiLingual != sdmx.Unstated {
		x.format.IsMultiLingual = sdmx.Unstated
		x.lost = append(x.lost, "isMultiLingual of components and of enumerations")
	}
}

// text reduces the format of values that are not enumerated. That of a concept or metadata attribute
// (rich) has more than others.
func (x *reduction) text(rich bool) {
	f := x.format
	x.lengths()
	if f.Type != "" && !componentTypes21[f.Type] && !(rich && f.Type == "XHTML") {
		x.lost = append(x.lost, "the data type "+f.Type+": String stands in its place")
		f.Type = "String"
	}
	if !rich {
		x.multilingual()
	}
}

// codes reduces the format of an enumeration (EnumerationFormat).
func (x *reduction) codes() {
	f := x.format
	x.lengths()
	x.multilingual()
	x.without(&f.Type, !codeTypes21[f.Type], "the data type "+f.Type+" of an enumeration")
	x.without(&f.Decimals, true, "decimals of an enumeration")
	for _, facet := range []*string{&f.Interval, &f.StartValue, &f.EndValue, &f.MinValue, &f.MaxValue} {
		x.without(facet, strings.Contains(*facet, "."), "facets of an enumeration that are no whole numbers")
	}
}

// time reduces the format of the time dimension, which has only a type, a start and an end.
func (x *reduction) time(enumerated bool) {
	if enumerated { // rules.Check refuses it, but it may have been stored before
		x.drop("an enumeration of the time dimension")
	}
	f := x.format
	if f == nil {
		x.format = &sdmx.TextFormat{Type: "ObservationalTimePeriod"}
		x.lost = append(x.lost, "that the time dimension has no text format: ObservationalTimePeriod stands in its place")
		return
	}
	x.without(&f.Type, !rules.IsTimeType(f.Type), "a data type of the time dimension that is no time")
	kept := sdmx.TextFormat{Type: f.Type, StartTime: f.StartTime, EndTime: f.EndTime}
	x.multilingual()
	if !reflect.DeepEqual(*f, kept) {
		x.lost = append(x.lost, "facets of the time dimension other than its type, start and end")
	}
	x.format = &kept
}

// yearStart reduces the format of ReportingYearStartDay, which the schema fixes.
func (x *reduction) yearStart(enumerated bool) {
	fixed := sdmx.TextFormat{Type: "MonthDay"}
	if x.format == nil || enumerated || !reflect.DeepEqual(*x.format, fixed) {
		x.lost = append(x.lost, "another format of ReportingYearStartDay than MonthDay")
	}
	x.format = &fixed
}

// validity21 returns validFrom or validTo (end) as 2.1 has it, a point in time (xs:dateTime):
// a day becomes its first second, or as an end its last. A month, a year or a reporting period
// cannot be expressed. lost is a phrase for what is lost; empty if nothing is.
func validity21(s string, end bool) (value, lost string) {
	switch {
	case s == "" || sdmx.IsDateTime(s):
		return s, ""
	case sdmx.IsDate(s):
		day, zone := s[:len("2006-01-02")], s[len("2006-01-02"):]
		if end {
			return day + "T23:59:59" + zone, "that validFrom and validTo are days: they become points in time"
		}
		return day + "T00:00:00" + zone, "that validFrom and validTo are days: they become points in time"
	}
	return "", "validFrom and validTo that are neither points in time nor days"
}

// validity describes validFrom or validTo (end).
func validity(c *codec.C, xml, json string, p *string, end bool) {
	if c.Reading || c.Dialect != codec.ML21 {
		c.Millis(xml, json, p)
		return
	}
	value, _ := validity21(*p, end)
	c.Attr(xml, "", &value)
}
