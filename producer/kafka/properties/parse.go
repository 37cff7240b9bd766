package properties

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"urncast/producer/connection"
	"urncast/producer/kafka/properties/table"
)

// A client.properties has a few thousand bytes and some dozens of properties.
const (
	textMax       = 1 << 20
	propertiesMax = 1000
)

// Parse reads a client.properties as java.util.Properties does: lines that end in
// a backslash go on, a name ends at "=", ":" or white space, # and ! begin
// comments. There is a finding for each line that is no property, or is not read as it is written.
// No finding has a value.
func Parse(text string) (map[string]string, []connection.Finding) {
	out, _, findings := parse(text)
	return out, findings
}

// Lines returns the line of a text on which each property begins, to show Check's findings beside
// it.
func Lines(text string) map[string]int {
	_, lines, _ := parse(text)
	return lines
}

func parse(text string) (map[string]string, map[string]int, []connection.Finding) {
	out, lines := map[string]string{}, map[string]int{}
	if len(text) > textMax {
		return out, lines, []connection.Finding{{Line: 1, Verdict: connection.Refused,
			Text: fmt.Sprintf("The text has %d bytes, more than the %d that are read: paste the client's "+
				"properties only.", len(text), textMax)}}
	}
	var findings []connection.Finding
	text = strings.TrimPrefix(text, "\ufeff")
	for _, l := range wholeModules(logicalLines(text)) {
		say := func(name string, v connection.Verdict, format string, a ...any) {
			findings = append(findings, connection.Finding{Line: l.number, Name: name, Verdict: v, Text: fmt.Sprintf(format, a...)})
		}
		if l.last != 0 {
			say(jaasProperty, connection.Translated, "The login module goes on up to line %d, and was read as one value. In a file, Java wants a backslash at the end of each of its lines but the last.", l.last)
		}
		written := l.text
		if rest, prefix := unwrapped(written); prefix != "" {
			written = rest
			if name, _, _ := split(rest); name != "" && !table.IsSecret(name) || table.Rules[name] != nil {
				where := "in a shell"
				if strings.HasPrefix(prefix, "spring.") {
					where = "for Spring Boot"
				}
				say(name, connection.Translated, "The line begins with %q, as %s; it was read without.", prefix, where)
			}
		}
		name, value, how := split(written)
		name, bad := unescape(name)
		value, badValue := unescape(value)
		if bad || badValue {
			say(name, connection.Refused, "A \\u in this line is not followed by four hexadecimal digits: write "+
				"\\\\ for one backslash.")
			continue
		}
		switch {
		case name == "":
			say("", connection.Refused, "The line has no name before its %q: write it as name=value.", how)
			continue
		case how == "" || how == " " && value == "":
			if strings.ContainsAny(name, "[{<") || !strings.Contains(name, ".") && table.Rules[name] == nil {
				say("", connection.Refused, "The line is no property: write it as name=value.")
				continue
			}
		case how == ":" && table.Rules[name] != nil && len(value) > 1 && strings.IndexByte(`"'`, value[0]) >= 0 && value[len(value)-1] == value[0]:
			say(name, connection.Translated, "The line is written as in YAML; the quotation marks around the value "+
				"were left out.")
			value = value[1 : len(value)-1]
		}
		if len(out) == propertiesMax {
			say("", connection.Refused, "There are more than %d properties, and those from here on were not read: "+
				"paste the client's only.", propertiesMax)
			break
		}
		if first, twice := lines[name]; twice {
			if out[name] == value {
				say(name, connection.Translated, "It stands in line %d too, with the same value.", first)
			} else {
				say(name, connection.Refused, "It stands in line %d too, with another value, and Java would silently "+
					"take the last: keep one of them.", first)
			}
		}
		out[name], lines[name] = value, l.number
	}
	return out, lines, findings
}

// A logicalLine is the text of one property, which may be on several lines.
type logicalLine struct {
	number int
	text   string // continuation lines are joined; escapes are still in it
	last   int    // of the lines that wholeModules joined; 0 if it joined none
}

func logicalLines(text string) []logicalLine {
	var out []logicalLine
	text = strings.ReplaceAll(strings.ReplaceAll(text, "\r\n", "\n"), "\r", "\n")
	var open *logicalLine
	number := 0
	for line := range strings.SplitSeq(text, "\n") {
		number++
		line = strings.TrimLeft(line, " \t\f")
		if open == nil || open.text == "" {
			if line == "" || line[0] == '#' || line[0] == '!' {
				open = nil
				continue
			}
			open = &logicalLine{number: number}
		}
		slashes := len(line) - len(strings.TrimRight(line, `\`))
		if slashes%2 == 1 {
			open.text += line[:len(line)-1]
			continue
		}
		open.text += line
		out = append(out, *open)
		open = nil
	}
	if open != nil {
		out = append(out, *open)
	}
	return out
}

// jaasLinesMax is the most lines of a login module without backslashes.
const jaasLinesMax = 30

// wholeModules joins the lines of a login module that was pasted without backslashes at
// their ends, as it stands in a field of FMR's form or in a JAAS file.
func wholeModules(lines []logicalLine) (out []logicalLine) {
	for len(lines) > 0 {
		l, n := lines[0], moduleLines(lines)
		for _, more := range lines[1:n] {
			l.text, l.last = l.text+" "+more.text, more.number
		}
		out, lines = append(out, l), lines[n:]
	}
	return out
}

// moduleLines counts the lines from a sasl.jaas.config up to its semicolon; 1 if the
// first line is another property, or if the next property comes before a semicolon.
func moduleLines(lines []logicalLine) int {
	whole := func(s string) bool { return strings.HasSuffix(strings.TrimRight(s, " \t\f"), ";") }
	rest, _ := unwrapped(lines[0].text)
	if name, _, _ := split(rest); name != jaasProperty || whole(rest) {
		return 1
	}
	for i, l := range lines[1:min(len(lines), jaasLinesMax)] {
		rest, _ := unwrapped(l.text)
		if name, _, _ := split(rest); table.Rules[name] != nil {
			return 1
		}
		if whole(l.text) {
			return i + 2
		}
	}
	return 1
}

// unwrapped removes a prefix that is no part of a client.properties: export, set, -D, a list's dash,
// or Spring Boot's prefixes.
func unwrapped(line string) (rest, prefix string) {
	for _, p := range []string{"export ", "set ", "- "} {
		if rest, ok := strings.CutPrefix(line, p); ok && strings.ContainsAny(rest, "=:") {
			return strings.TrimLeft(rest, " \t"), strings.TrimSpace(p)
		}
	}
	if rest, ok := strings.CutPrefix(line, "-D"); ok && strings.Contains(rest, "=") {
		return rest, "-D"
	}
	return unsprung(line)
}

// springPrefixes are Spring Boot's prefixes of a producer's properties. A longer one comes before a
// shorter one that it begins with.
var springPrefixes = []string{"spring.kafka.producer.properties.", "spring.kafka.properties.", "spring.kafka.producer.", "spring.kafka."}

// springNames are the names that Spring Boot spells in its own way.
var springNames = map[string]string{
	"bootstrap-servers": "bootstrap.servers", "client-id": "client.id", "batch-size": "batch.size", "buffer-memory": "buffer.memory",
	"compression-type": "compression.type", "key-serializer": "key.serializer", "value-serializer": "value.serializer",
	"ssl.trust-store-location": "ssl.truststore.location", "ssl.trust-store-password": "ssl.truststore.password", "ssl.trust-store-type": "ssl.truststore.type",
	"ssl.trust-store-certificates": "ssl.truststore.certificates", "ssl.key-store-location": "ssl.keystore.location",
	"ssl.key-store-password": "ssl.keystore.password", "ssl.key-store-type": "ssl.keystore.type", "ssl.key-store-key": "ssl.keystore.key",
	"ssl.key-store-certificate-chain": "ssl.keystore.certificate.chain", "ssl.key-password": "ssl.key.password", "ssl.protocol": "ssl.protocol",
}

// unsprung removes Spring Boot's prefix.
func unsprung(line string) (rest, prefix string) {
	name, _, _ := split(line)
	for _, p := range springPrefixes {
		// A name with dots may stand in brackets.
		bare, ok := strings.CutPrefix(strings.Replace(name, "properties[", "properties.[", 1), p)
		if !ok {
			continue
		}
		bare = strings.Trim(bare, `[]"'`)
		if own, ok := springNames[bare]; ok {
			bare = own
		}
		if table.Rules[bare] != nil {
			return bare + line[len(name):], p
		}
	}
	return line, ""
}

// split splits a line into name and value, both with their escapes; how is the sign between them.
func split(line string) (name, value, how string) {
	end := len(line)
	for i := 0; i < len(line); i++ {
		if line[i] == '\\' {
			i++
			continue
		}
		if strings.IndexByte("=: \t\f", line[i]) >= 0 {
			end = i
			break
		}
	}
	rest := strings.TrimLeft(line[end:], " \t\f")
	if rest != "" && (rest[0] == '=' || rest[0] == ':') {
		return line[:end], strings.TrimLeft(rest[1:], " \t\f"), rest[:1]
	}
	if end < len(line) {
		how = " "
	}
	return line[:end], rest, how
}

// unescape replaces escapes by their characters; bad reports a \u without four digits.
func unescape(s string) (out string, bad bool) {
	if !strings.Contains(s, `\`) {
		return s, false
	}
	var b strings.Builder
	var high rune // the first half of a surrogate pair
	for i := 0; i < len(s); i++ {
		if s[i] != '\\' || i+1 == len(s) {
			if s[i] != '\\' {
				b.WriteByte(s[i])
			}
			continue
		}
		i++
		switch s[i] {
		case 't':
			b.WriteByte('\t')
		case 'n':
			b.WriteByte('\n')
		case 'r':
			b.WriteByte('\r')
		case 'f':
			b.WriteByte('\f')
		case 'u':
			if i+5 > len(s) {
				return "", true
			}
			n, err := strconv.ParseUint(s[i+1:i+5], 16, 16)
			if err != nil {
				return "", true
			}
			i += 4
			r := rune(n)
			switch {
			case high != 0 && utf16.IsSurrogate(r):
				b.WriteRune(utf16.DecodeRune(high, r))
				high = 0
			case utf16.IsSurrogate(r) && r < 0xdc00:
				high = r
			case utf16.IsSurrogate(r):
				b.WriteRune(utf8.RuneError)
			default:
				b.WriteRune(r)
			}
		default:
			b.WriteByte(s[i])
		}
	}
	return b.String(), false
}
