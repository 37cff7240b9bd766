// Package jaas reads a login module and its options, as Java's clients take it in
// sasl.jaas.config. It shows nothing of what it reads, which may be a password.
package jaas

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// A Module is a login module of Java: a class and its options.
type Module struct {
	Class   string
	Options map[string]string
}

// Name is the class without its package.
func (m *Module) Name() string { return m.Class[strings.LastIndexByte(m.Class, '.')+1:] }

// IsOn reports whether an option is true; standard is its value if it is not written.
func (m *Module) IsOn(option, standard string) bool {
	return strings.EqualFold(cmp.Or(m.Options[option], standard), "true")
}

const (
	textMax    = 64 << 10
	optionsMax = 100
)

// flags are the words between the class and the options. They say what the failure of one
// module among several means, so any of them will do for one.
var flags = []string{"required", "requisite", "sufficient", "optional"}

// A placeError says what is wrong at a place of the value. It never shows what is written
// there, which may be a part of a password.
type placeError struct {
	line, column int
	text         string
}

func (e *placeError) Error() string {
	return fmt.Sprintf("line %d, column %d of the value: %s", e.line, e.column, e.text)
}

// Read reads one login module, as Kafka's Java clients take it. It may stand in a section of
// a JAAS file, as KafkaClient { … };.
func Read(text string) (*Module, error) {
	if len(text) > textMax {
		return nil, fmt.Errorf("the value has %d bytes, more than the %d that are read", len(text), textMax)
	}
	p := &parser{text: text, line: 1, column: 1}
	return p.value()
}

// A parser reads a text token by token.
type parser struct {
	text         string
	at           int
	line, column int
}

// A token is a word, a quoted text, or one of the signs = ; { }; the end of the
// text is of kind 0.
type token struct {
	kind         byte // 'w', 'q', '=', ';', '{', '}' or 0
	text         string
	line, column int
}

// what says in words what kind of token t is, without its text.
func (t token) what() string {
	switch t.kind {
	case 0:
		return "the value ends"
	case 'w':
		return "there is a word"
	case 'q':
		return "there is a quoted text"
	}
	return fmt.Sprintf("there is %q", string(t.kind))
}

func (t token) errorf(format string, a ...any) error {
	return &placeError{t.line, t.column, fmt.Sprintf(format, a...)}
}

// value reads the whole text: a module, or a section with one.
func (p *parser) value() (*Module, error) {
	first, err := p.next()
	if err != nil {
		return nil, err
	}
	if first.kind != 'w' {
		return nil, first.errorf("the class of a login module is expected, such as "+
			"org.apache.kafka.common.security.plain.PlainLoginModule, but %s", first.what())
	}
	second, err := p.next()
	if err != nil {
		return nil, err
	}
	section := second.kind == '{'
	if section {
		if first, err = p.next(); err != nil {
			return nil, err
		}
		if first.kind != 'w' {
			return nil, first.errorf("the class of a login module is expected after \"{\", but %s", first.what())
		}
		if second, err = p.next(); err != nil {
			return nil, err
		}
	}
	m, err := p.module(first, second)
	if err != nil {
		return nil, err
	}
	if err := p.end(section); err != nil {
		return nil, err
	}
	return m, nil
}

// end reads what may follow the module's semicolon: the end of the section and of the text.
func (p *parser) end(section bool) error {
	t, err := p.next()
	if err != nil {
		return err
	}
	if section {
		if t.kind == 'w' {
			return t.errorf("the section holds a second login module, and Kafka takes one: keep the one that is used")
		}
		if t.kind != '}' {
			return t.errorf("\"}\" is expected at the end of the section, but %s", t.what())
		}
		if t, err = p.next(); err != nil {
			return err
		}
		if t.kind == ';' {
			if t, err = p.next(); err != nil {
				return err
			}
		}
	}
	if t.kind != 0 {
		return t.errorf("the end is expected after \";\", but %s: Kafka takes one login module", t.what())
	}
	return nil
}

// module reads the options up to the semicolon; the class and the flag are read already.
func (p *parser) module(class, flag token) (*Module, error) {
	if flag.kind != 'w' || !slices.Contains(flags, strings.ToLower(flag.text)) {
		return nil, flag.errorf("one of %s is expected after the class, but %s", strings.Join(flags, ", "), flag.what())
	}
	m := &Module{Class: class.text, Options: map[string]string{}}
	for {
		name, err := p.next()
		switch {
		case err != nil:
			return nil, err
		case name.kind == ';':
			return m, nil
		case name.kind == 0:
			return nil, name.errorf("\";\" is expected at the end, but the value ends")
		case name.kind != 'w' && name.kind != 'q':
			return nil, name.errorf("an option as name=value or \";\" is expected, but %s", name.what())
		case len(m.Options) == optionsMax:
			return nil, name.errorf("there are more than %d options", optionsMax)
		}
		sign, err := p.next()
		if err != nil {
			return nil, err
		}
		if sign.kind != '=' {
			return nil, sign.errorf("\"=\" is expected after the name of an option, but %s (a value with blanks or "+
				"signs needs quotation marks)", sign.what())
		}
		value, err := p.argument()
		if err != nil {
			return nil, err
		}
		if value.kind != 'w' && value.kind != 'q' {
			return nil, value.errorf("the value of an option is expected after \"=\", but %s (an empty "+
				"value is \"\")", value.what())
		}
		if before, twice := m.Options[name.text]; twice && before != value.text {
			return nil, name.errorf("the option stands there a second time, with another value")
		}
		m.Options[name.text] = value.text
	}
}

// skip passes blanks, comments, and backslashes at the end of lines, which are
// left over from a client.properties.
func (p *parser) skip() error {
	for p.at < len(p.text) {
		rest := p.text[p.at:]
		switch {
		case strings.IndexByte(" \t\r\n\f", rest[0]) >= 0:
			p.step(1)
		case strings.HasPrefix(rest, "\\\n"), strings.HasPrefix(rest, "\\\r\n"):
			p.step(2)
		case strings.HasPrefix(rest, "//"), rest[0] == '#':
			n := strings.IndexByte(rest, '\n')
			if n < 0 {
				n = len(rest)
			}
			p.step(n)
		case strings.HasPrefix(rest, "/*"):
			n := strings.Index(rest, "*/")
			if n < 0 {
				return token{line: p.line, column: p.column}.errorf("a comment begins here and does not end")
			}
			p.step(n + 2)
		default:
			return nil
		}
	}
	return nil
}

// step passes n bytes, and counts lines and columns.
func (p *parser) step(n int) {
	for _, c := range p.text[p.at : p.at+n] {
		p.column++
		if c == '\n' {
			p.line, p.column = p.line+1, 1
		}
	}
	p.at += n
}

// next reads a token; a word ends before a sign.
func (p *parser) next() (token, error) { return p.read(" \t\r\n\f=;{}\"'") }

// argument reads the value of an option. Without quotation marks it ends before a blank or
// a semicolon, so that a path or a Base64 text may have an = in it.
func (p *parser) argument() (token, error) { return p.read(" \t\r\n\f;\"'") }

// read reads a token; a word ends before one of the bytes in ends.
func (p *parser) read(ends string) (token, error) {
	if err := p.skip(); err != nil {
		return token{}, err
	}
	t := token{line: p.line, column: p.column}
	if p.at == len(p.text) {
		return t, nil
	}
	rest := p.text[p.at:]
	switch c := rest[0]; c {
	case '"', '\'':
		text, n, ok := quotation(rest)
		if !ok {
			return t, t.errorf("a quotation begins here and does not end on its line")
		}
		p.step(n)
		t.kind, t.text = 'q', text
		return t, nil
	case ';', '=', '{', '}':
		if strings.IndexByte(ends, c) >= 0 {
			p.step(1)
			t.kind = c
			return t, nil
		}
	}
	n := strings.IndexAny(rest, ends)
	if n < 0 {
		n = len(rest)
	}
	t.kind, t.text = 'w', rest[:n]
	p.step(n)
	return t, nil
}

// quotation reads the quoted text at the beginning of s, and returns it with the number of
// bytes read. The escapes are those of Java's StreamTokenizer.
func quotation(s string) (text string, n int, ok bool) {
	var b strings.Builder
	mark := s[0]
	for i := 1; i < len(s); i++ {
		switch c := s[i]; {
		case c == mark:
			return b.String(), i + 1, true
		case c == '\n' || c == '\r':
			return "", 0, false
		case c != '\\':
			b.WriteByte(c)
		case i+1 == len(s):
			return "", 0, false
		default:
			i++
			if octal := octalAt(s[i:]); octal > 0 {
				v := 0
				for _, d := range s[i : i+octal] {
					v = v*8 + int(d-'0')
				}
				b.WriteRune(rune(v))
				i += octal - 1
				continue
			}
			if at := strings.IndexByte("abfnrtv", s[i]); at >= 0 {
				b.WriteByte("\a\b\f\n\r\t\v"[at])
				continue
			}
			b.WriteByte(s[i])
		}
	}
	return "", 0, false
}

// octalAt counts the digits of the octal escape at the beginning of s: up to three, and two
// if three would be above 0377.
func octalAt(s string) int {
	n := 0
	for n < len(s) && n < 3 && s[n] >= '0' && s[n] <= '7' {
		n++
	}
	if n == 3 && s[0] > '3' {
		return 2
	}
	return n
}
