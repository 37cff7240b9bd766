package sdmx

import (
	"regexp"
	"strconv"
	"strings"
	"time"
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
	periodForm   = regexp.MustCompile(`^\d{4}-(A1|S[12]|T[123]|Q[1-4]|M(0[1-9]|1[0-2])|W(0[1-9]|[1-4]\d|5[0-3])|D(00[1-9]|0[1-9]\d|[12]\d\d|3[0-5]\d|36[0-6]))$`)
	zoneForm     = regexp.MustCompile(`(Z|[+-](0\d|1[0-3]):[0-5]\d|[+-]14:00)$`)
)

// representation checks a representation. A dimension has exactly one value.
func (c *checker) representation(path string, r *Representation, dimension bool) {
	if r == nil {
		return
	}
	if r.MinOccurs != "" && !countForm.MatchString(r.MinOccurs) {
		c.add(path+".MinOccurs", "minOccurs is %q, and must be a whole number from 0.", clip(r.MinOccurs))
	}
	if r.MaxOccurs != "" && r.MaxOccurs != "unbounded" && !countForm.MatchString(r.MaxOccurs) {
		c.add(path+".MaxOccurs", "maxOccurs is %q, and must be a whole number or unbounded.", clip(r.MaxOccurs))
	}
	if dimension && (r.MinOccurs != "" && r.MinOccurs != "1" || r.MaxOccurs != "" && r.MaxOccurs != "1") {
		c.add(path, "A dimension has exactly one value in each key. Take minOccurs and maxOccurs away.")
	}
	if r.Format != nil {
		c.format(path+".Format", r.Format)
	}
}

// format checks the facets of a text format, which are stored as written.
func (c *checker) format(path string, f *TextFormat) {
	if f.Type != "" && !dataTypes[f.Type] {
		c.add(path+".Type", "The data type %q is none of SDMX. Use one such as String, Integer, Double or ObservationalTimePeriod; upper and lower case count.", clip(f.Type))
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
			c.add(path+"."+x.name, "%s is %q, and must be %s.", lowerFirst(x.name), clip(x.value), x.want)
		}
	}
	if v := f.TimeInterval; v != "" && (!durationForm.MatchString(v) || strings.HasSuffix(v, "P") || strings.HasSuffix(v, "T")) {
		c.add(path+".TimeInterval", "timeInterval is %q, and must be a duration such as P1M or PT1H30M.", clip(v))
	}
	c.period(path+".StartTime", f.StartTime)
	c.period(path+".EndTime", f.EndTime)
}

func lowerFirst(s string) string { return strings.ToLower(s[:1]) + s[1:] }

// IsTimePeriod reports whether a text is a valid standard time period (StandardTimePeriodType
// of SDMX 2.1 and 3.0): a point in time, a date, a month, a year, or a reporting period such as
// 2026-Q1; each with or without a time zone.
func IsTimePeriod(s string) bool {
	if IsDateTime(s) {
		return true
	}
	if z := zoneForm.FindStringIndex(s); z != nil && z[0] >= len("2006") {
		if plain := s[:z[0]]; isDay(plain) || periodForm.MatchString(plain) || isCalendar(plain) {
			return true
		}
	}
	return isDay(s) || isCalendar(s) || periodForm.MatchString(s)
}

// IsDate reports whether a text is a valid day (xs:date), with or without a time zone.
func IsDate(s string) bool {
	if z := zoneForm.FindStringIndex(s); z != nil && z[0] == len(time.DateOnly) {
		s = s[:z[0]]
	}
	return isDay(s)
}

func isDay(s string) bool { _, err := time.Parse(time.DateOnly, s); return err == nil }

func isCalendar(s string) bool {
	if _, err := time.Parse("2006-01", s); err == nil {
		return true
	}
	_, err := strconv.ParseUint(s, 10, 16)
	return err == nil && len(s) == 4
}

// IsDateTime reports whether a text is a valid point in time (xs:dateTime), with or without a
// time zone.
func IsDateTime(s string) bool {
	day, clock, ok := strings.Cut(s, "T")
	if !ok || !isDay(day) {
		return false
	}
	if z := zoneForm.FindStringIndex(clock); z != nil {
		clock = clock[:z[0]]
	}
	whole, fraction, dotted := strings.Cut(clock, ".")
	if dotted && !isDigits(fraction) {
		return false
	}
	_, err := time.Parse(time.TimeOnly, whole)
	return err == nil && len(whole) == len(time.TimeOnly) || whole == "24:00:00" && strings.Trim(fraction, "0") == ""
}
