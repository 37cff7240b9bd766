// Package table holds the properties that a connection may be written with: those of
// Java's producer and of librdkafka, and for each name the rule that says what becomes of it.
package table

import (
	_ "embed"
	"regexp"
	"strings"
)

// A property is a row of librdkafka's table.
type property struct {
	name       string
	use        string // "P" for producers, "C" for consumers, "*" for both
	values     string // "0 .. 900000", or the words of an enum
	standard   string // its default
	importance string
	kind       string // boolean, integer, float, string, enum, list, or call for a function of a program
	meaning    string
}

// A javaName is a property of Java's producer.
type javaName struct {
	name, kind, standard, importance string
}

// JavaVersion is the version of kafka-clients whose properties java.tsv lists.
const JavaVersion = "4.1.1"

// javaTable is made by generate/JavaNames.java.
//
//go:embed java.tsv
var javaTable string

var (
	byName     = index(librdkafka, func(p property) string { return p.name })
	javaNames  = readJava(javaTable)
	javaByName = index(javaNames, func(n javaName) string { return n.name })
)

// IsLibrdkafkas reports whether librdkafka has a property of this name.
func IsLibrdkafkas(name string) bool { return byName[name] != nil }

// IsJavas reports whether Java's producer has a property of this name.
func IsJavas(name string) bool { return javaByName[name] != nil }

// index returns a map from the name of each element to the element.
func index[T any](list []T, name func(T) string) map[string]*T {
	m := make(map[string]*T, len(list))
	for i := range list {
		m[name(list[i])] = &list[i]
	}
	return m
}

func readJava(text string) []javaName {
	var out []javaName
	for line := range strings.Lines(text) {
		f := strings.Split(strings.TrimRight(line, "\n"), "\t")
		out = append(out, javaName{f[0], f[1], f[2], f[3]})
	}
	return out
}

var aliasFor = regexp.MustCompile("^Alias for `([^`]+)`")

// alias returns the property that p is another name of, by librdkafka's table; empty if it
// is none.
func (p *property) alias() string {
	if m := aliasFor.FindStringSubmatch(p.meaning); m != nil {
		return m[1]
	}
	return ""
}
