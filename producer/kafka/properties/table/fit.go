package table

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// Quote returns a value as a sentence shows it: in quotation marks, shortened, and the words
// "the value" in place of a secret.
func Quote(name, value string) string {
	if IsSecret(name) {
		return "the value"
	}
	if r := []rune(value); len(r) > 60 {
		value = string(r[:60]) + "…"
	}
	return strconv.Quote(value)
}

// Fit checks a value by librdkafka's table, and returns it as librdkafka takes it. A number
// that only Java takes is brought into librdkafka's range, and the note says so.
func Fit(name, value string) (taken, note string, err error) {
	p := byName[name]
	if p == nil {
		return value, "", nil
	}
	switch p.kind {
	case "boolean":
		switch strings.ToLower(value) {
		case "true", "t", "1":
			return "true", "", nil
		case "false", "f", "0":
			return "false", "", nil
		}
		return "", "", fmt.Errorf("%s is neither true nor false", Quote(name, value))
	case "integer":
		return fitNumber(p, value)
	case "enum":
		for w := range strings.SplitSeq(p.values, ", ") {
			if strings.EqualFold(w, value) {
				return w, "", nil
			}
		}
		return "", "", fmt.Errorf("%s is none of its values: %s", Quote(name, value), p.values)
	case "list":
		words := strings.Split(p.values, ", ")
		for w := range strings.SplitSeq(value, ",") {
			if !slices.Contains(words, strings.TrimPrefix(strings.TrimSpace(w), "-")) {
				return "", "", fmt.Errorf("%s is none of its values: %s", Quote(name, w), p.values)
			}
		}
	}
	if i := strings.IndexFunc(value, unicode.IsControl); i >= 0 && p.kind == "string" && !strings.HasSuffix(name, ".pem") {
		return "", "", fmt.Errorf("the value has a line break or another control character at position %d: write "+
			"it on one line", i+1)
	}
	return value, "", nil
}

func fitNumber(p *property, value string) (taken, note string, err error) {
	low, high := bounds(p)
	n, err := strconv.ParseInt(value, 10, 64)
	switch {
	case err != nil:
		return "", "", fmt.Errorf("%s is no whole number: write one from %d to %d", Quote(p.name, value), low, high)
	case n >= low && n <= high:
		return strconv.FormatInt(n, 10), "", nil
	case javaByName[p.name] == nil || n < 0:
		return "", "", fmt.Errorf("%d is out of range: write a number from %d to %d", n, low, high)
	}
	m := min(max(n, low), high)
	return strconv.FormatInt(m, 10), fmt.Sprintf("librdkafka takes %d to %d, so %d is used.", low, high, m), nil
}

// bounds returns the range of an integer property, which the table has as "0 .. 900000".
func bounds(p *property) (low, high int64) {
	a, b, _ := strings.Cut(p.values, " .. ")
	low, _ = strconv.ParseInt(a, 10, 64) // TestEveryNameIsDescribed proves that the table has numbers
	high, _ = strconv.ParseInt(b, 10, 64)
	return low, high
}
