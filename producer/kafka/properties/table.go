package properties

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
	kind       string // boolean, integer, float, string, enum, list; call for what only a program can give
	meaning    string
}

// A javaName is a name that the Java producer knows.
type javaName struct {
	name, kind, standard, importance string
}

// javaVersion is that of kafka-clients, whose names java.tsv lists.
const javaVersion = "4.1.1"

// javaTable is made by generate/JavaNames.java.
//
//go:embed java.tsv
var javaTable string

var (
	byName     = index(librdkafka, func(p property) string { return p.name })
	javaNames  = readJava(javaTable)
	javaByName = index(javaNames, func(n javaName) string { return n.name })
)

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

// alias gives the name that librdkafka's table says a property is another word for.
func (p *property) alias() string {
	if m := aliasFor.FindStringSubmatch(p.meaning); m != nil {
		return m[1]
	}
	return ""
}
