package rules

import (
	"regexp"
	"strconv"
	"strings"

	"urncast/sdmx"
)

// dataTypes are the data types of text formats in 3.0 and 2.1 (DataType of the common schemas).
var dataTypes = setOf("String Alpha AlphaNumeric Numeric BigInteger Integer Long Short Decimal Float Double Boolean URI Count " +
	"InclusiveValueRange ExclusiveValueRange Incremental ObservationalTimePeriod StandardTimePeriod BasicTimePeriod GregorianTimePeriod " +
	"GregorianYear GregorianYearMonth GregorianDay ReportingTimePeriod ReportingYear ReportingSemester ReportingTrimester ReportingQuarter " +
	"ReportingMonth ReportingWeek ReportingDay DateTime TimeRange Month MonthDay Day Time Duration XHTML KeyValues IdentifiableReference " +
	"DataSetReference AttachmentConstraintReference GeospatialInformation")

// timeTypes are the data types of a time dimension (TimeDataType).
var timeTypes = setOf("ObservationalTimePeriod StandardTimePeriod BasicTimePeriod GregorianTimePeriod GregorianYear GregorianYearMonth GregorianDay " +
	"ReportingTimePeriod ReportingYear ReportingSemester ReportingTrimester ReportingQuarter ReportingMonth ReportingWeek ReportingDay DateTime TimeRange")

func setOf(words string) map[string]bool {
	out := map[string]bool{}
	for _, w := range strings.Fields(words) {
		out[w] = true
	}
	return out
}

// IsTimeType reports whether a time dimension may have a data type.
func IsTimeType(dataType string) bool { return timeTypes[dataType] }

var (
	decimalForm  = regexp.MustCompile(`^[+-]?(\d+(\.\d*)?|\.\d+)$`)
	countForm    = regexp.MustCompile(`^\+?\d+$`)
	durationForm = regexp.MustCompile(`^-?P(\d+Y)?(\d+M)?(\d+D)?(T(\d+H)?(\d+M)?(\d+(\.\d+)?S)?)?$`)
)

// representation checks a representation. A dimension has exactly one value.
func (c *checker) representation(path string, r *sdmx.Representation, dimension bool) {
	if r == nil {
		return
	}
	if r.MinOccurs != "" && !countForm.MatchString(r.MinOccurs) {
		c.add(path+".MinOccurs", "minOccurs is %q, and must be a whole number from 0.", sdmx.Clip(r.MinOccurs))
	}
	if r.MaxOccurs != "" && r.MaxOccurs != "unbounded" && !countForm.MatchString(r.MaxOccurs) {
		c.add(path+".MaxOccurs", "maxOccurs is %q, and must be a whole number or unbounded.", sdmx.Clip(r.MaxOccurs))
	}
	c.occurs(path+".MaxOccurs", r.MinOccurs, r.MaxOccurs)
	if dimension && (r.MinOccurs != "" && r.MinOccurs != "1" || r.MaxOccurs != "" && r.MaxOccurs != "1") {
		c.add(path, "A dimension has exactly one value in each key. Take minOccurs and maxOccurs away.")
	}
	if r.Format != nil {
		c.format(path+".Format", r.Format)
	}
}

// occurs checks that what must occur a number of times may occur as often.
func (c *checker) occurs(path, least, most string) {
	from, err := strconv.ParseUint(least, 10, 64)
	to, err2 := strconv.ParseUint(most, 10, 64)
	if err == nil && err2 == nil && from > to {
		c.add(path, "It occurs at least %d times (minOccurs), but at most %d times (maxOccurs). Exchange the two, or mend one.", from, to)
	}
}

// format checks the facets of a text format, which are stored as written.
func (c *checker) format(path string, f *sdmx.TextFormat) {
	if f.Type != "" && !dataTypes[f.Type] {
		c.add(path+".Type", "The data type %q is none of SDMX. Use one such as String, Integer, Double or ObservationalTimePeriod; upper and lower case count.", sdmx.Clip(f.Type))
	}
	for _, x := range []struct {
		name, value, want string
		form              *regexp.Regexp
	}{
		{"MinLength", f.MinLength, "a whole number", countForm},
		{"MaxLength", f.MaxLength, "a whole number", countForm},
		{"Decimals", f.Decimals, "a whole number", countForm},
		{"Interval", f.Interval, "a number", decimalForm},
		{"StartValue", f.StartValue, "a number", decimalForm},
		{"EndValue", f.EndValue, "a number", decimalForm},
		{"MinValue", f.MinValue, "a number", decimalForm},
		{"MaxValue", f.MaxValue, "a number", decimalForm},
	} {
		if x.value != "" && !x.form.MatchString(x.value) {
			c.add(path+"."+x.name, "%s is %q, and must be %s.", lowerFirst(x.name), sdmx.Clip(x.value), x.want)
		}
	}
	if v := f.TimeInterval; v != "" && (!durationForm.MatchString(v) || strings.HasSuffix(v, "P") || strings.HasSuffix(v, "T")) {
		c.add(path+".TimeInterval", "timeInterval is %q, and must be a duration such as P1M or PT1H30M.", sdmx.Clip(v))
	}
	c.period(path+".StartTime", f.StartTime)
	c.period(path+".EndTime", f.EndTime)
}

func lowerFirst(s string) string { return strings.ToLower(s[:1]) + s[1:] }
