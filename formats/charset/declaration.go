package charset

import (
	"bytes"
	"fmt"
	"strings"

	"urncast/formats/scan"
)

// declarationMax bounds an XML declaration, in bytes of UTF-8.
const declarationMax = 1024

// declaration reads the XML declaration at the beginning of a message, if there is one (XML
// 1.0, productions 23 to 26, 32, 80 and 81). It returns the encoding in it, if any, and its
// length in bytes.
func declaration(head []byte) (encoding string, length int, err error) {
	if len(head) < 6 || string(head[:5]) != "<?xml" || !isBlank(head[5]) && head[5] != '?' {
		return "", 0, nil
	}
	d := declarationText{b: head, at: 5}
	parts := []string{"version", "encoding", "standalone"}
	for next := 0; ; {
		blank := d.blank()
		if bytes.HasPrefix(d.b[d.at:], []byte("?>")) {
			if next == 0 {
				return "", 0, d.fail("the XML declaration says no version; write version=\"1.0\"")
			}
			return encoding, d.at + 2, nil
		}
		if !blank {
			return "", 0, d.fail("blank space or %q is expected in the XML declaration", "?>")
		}
		start := d.at
		name := d.word()
		i := 0
		for i < len(parts) && parts[i] != name {
			i++
		}
		if i == len(parts) || i < next || next == 0 && i > 0 {
			d.at = start
			return "", 0, d.fail("the XML declaration has version, then encoding, then standalone, each at most once; %q is not expected here", name)
		}
		next = i + 1
		value, err := d.value(name)
		if err != nil {
			return "", 0, err
		}
		if i == 1 {
			encoding = value
		}
	}
}

func isBlank(c byte) bool { return c == ' ' || c == '\t' || c == '\n' || c == '\r' }

// A declarationText is a declaration that is being read, up to at.
type declarationText struct {
	b  []byte
	at int
}

func (d *declarationText) blank() bool {
	from := d.at
	for d.at < len(d.b) && isBlank(d.b[d.at]) {
		d.at++
	}
	return d.at > from
}

func (d *declarationText) word() string {
	from := d.at
	for d.at < len(d.b) && d.b[d.at] >= 'a' && d.b[d.at] <= 'z' {
		d.at++
	}
	return string(d.b[from:d.at])
}

// value takes an equals sign and a quoted value, and checks it.
func (d *declarationText) value(name string) (string, error) {
	d.blank()
	if d.at >= len(d.b) || d.b[d.at] != '=' {
		return "", d.fail("%q is expected after %s", '=', name)
	}
	d.at++
	d.blank()
	if d.at >= len(d.b) || d.b[d.at] != '"' && d.b[d.at] != '\'' {
		return "", d.fail("the value of %s is not quoted", name)
	}
	end := bytes.IndexByte(d.b[d.at+1:], d.b[d.at])
	if end < 0 {
		return "", d.fail("the value of %s does not end", name)
	}
	value := string(d.b[d.at+1 : d.at+1+end])
	if !validDeclared(name, value) {
		return "", d.fail("%q is no %s of an XML declaration (XML 1.0, sections 2.8, 2.9 and 4.3.3)", shorten(value), name)
	}
	d.at += end + 2
	return value, nil
}

func validDeclared(name, value string) bool {
	all := func(s, more string) bool {
		return s != "" && strings.Trim(s, "0123456789"+more) == ""
	}
	const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
	switch name {
	case "version":
		return strings.HasPrefix(value, "1.") && all(value[2:], "")
	case "encoding":
		return value != "" && strings.IndexByte(letters, value[0]) >= 0 && all(value, letters+"._-")
	}
	return value == "yes" || value == "no"
}

func (d *declarationText) fail(format string, args ...any) error {
	text := fmt.Sprintf(format, args...)
	if d.at >= declarationMax {
		text = fmt.Sprintf("the XML declaration is longer than %d bytes, the limit", declarationMax)
	}
	before := strings.ReplaceAll(string(d.b[:d.at]), "\r\n", "\n")
	before = strings.ReplaceAll(before, "\r", "\n")
	return &scan.SyntaxError{Line: 1 + strings.Count(before, "\n"), Column: len(before) - strings.LastIndexByte(before, '\n'), Text: text}
}
