package sdmx

import (
	"regexp"
	"strconv"
	"strings"
	"time"
)

var (
	periodForm = regexp.MustCompile(`^\d{4}-(A1|S[12]|T[123]|Q[1-4]|M(0[1-9]|1[0-2])|W(0[1-9]|[1-4]\d|5[0-3])|D(00[1-9]|0[1-9]\d|[12]\d\d|3[0-5]\d|36[0-6]))$`)
	zoneForm   = regexp.MustCompile(`(Z|[+-](0\d|1[0-3]):[0-5]\d|[+-]14:00)$`)
)

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
