// Package kerberos reads what a login by Kerberos rests on: krb5.conf, keytabs, and the
// names of principals, ticket caches and KDCs.
package kerberos

import (
	"errors"
	"fmt"
	"net"
	"regexp"
	"slices"
	"strings"
)

// A Config is a krb5.conf, as far as gokrb5 needs it. String writes it in the form that gokrb5
// reads: in the original, it fails on values, nested groups and includes that MIT's and
// Java's libraries take.
type Config struct {
	defaults [][2]string // of [libdefaults]
	realms   []*realm
	domains  [][2]string // of [domain_realm]
	// Notes are sentences about what was left out.
	Notes []string
	files int // read so far
}

// A realm has the entries of a group of [realms]: its servers.
type realm struct {
	name    string
	entries [][2]string
}

// What a krb5.conf may have, with all that it includes.
const (
	filesMax       = 100
	depthMax       = 10
	configBytesMax = 8 << 20 // of each file
)

const kdcPort = "88"

// ReadConfig reads a krb5.conf. include returns the texts of a file, or of a folder, that it
// includes. Errors have the numbers of lines and never their text: the path that was written
// may be that of a secret file.
func ReadConfig(text string, include func(path string, folder bool) ([]string, error)) (*Config, error) {
	c := &Config{}
	section := ""
	if err := c.read(text, &section, include, 0); err != nil {
		return nil, err
	}
	if section == "" {
		return nil, errors.New("it is no krb5.conf: there is no section such as [libdefaults] or [realms] in it")
	}
	return c, nil
}

// read adds a text to c. section is the one that the text begins in, and then the one that it
// ends in.
func (c *Config) read(text string, section *string, include func(string, bool) ([]string, error), depth int) error {
	c.files++
	if depth > depthMax || c.files > filesMax {
		return fmt.Errorf("krb5.conf includes more than %d files, or in a circle", filesMax)
	}
	if len(text) > configBytesMax {
		return fmt.Errorf("krb5.conf has %d bytes, more than the %d that are read", len(text), configBytesMax)
	}
	var group *realm
	nested, number := 0, 0
	for line := range strings.Lines(text) {
		number++
		line = strings.TrimSpace(strings.TrimPrefix(line, "\ufeff"))
		if line == "" || line[0] == '#' || line[0] == ';' {
			continue
		}
		word, rest, _ := strings.Cut(line, " ")
		switch {
		case word == "include" || word == "includedir":
			texts, err := include(strings.TrimSpace(rest), word == "includedir")
			if err != nil {
				return fmt.Errorf("line %d of krb5.conf includes another file: %w", number, err)
			}
			for _, t := range texts {
				inner := *section // an included text begins sections of its own
				if err := c.read(t, &inner, include, depth+1); err != nil {
					return err
				}
				if *section == "" {
					*section = "included"
				}
			}
			continue
		case word == "module":
			continue
		case line[0] == '[':
			name, _, ok := strings.Cut(line[1:], "]")
			if !ok {
				return fmt.Errorf("line %d of krb5.conf begins a section, and \"]\" is missing", number)
			}
			if nested > 0 {
				return fmt.Errorf("line %d of krb5.conf begins a section before \"}\" ends the group above", number)
			}
			*section = strings.ToLower(strings.TrimSpace(name))
			continue
		}
		for _, part := range parts(line) {
			if err := c.line(part, *section, &group, &nested); err != nil {
				return fmt.Errorf("line %d of krb5.conf: %w", number, err)
			}
		}
	}
	if nested > 0 {
		return errors.New("krb5.conf ends before \"}\" ends a group")
	}
	return nil
}

// begins matches the beginning of a group, and what follows on its line.
var begins = regexp.MustCompile(`^([^={}]+=\s*\{)(.*)$`)

// parts splits a line after the brace that begins a group and before the one that ends it;
// a whole group may be on one line.
func parts(line string) []string {
	if m := begins.FindStringSubmatch(line); m != nil {
		return append([]string{m[1]}, parts(strings.TrimSpace(m[2]))...)
	}
	bare := strings.TrimSpace(strings.TrimSuffix(line, "*"))
	switch {
	case line == "":
		return nil
	case bare == "}":
		return []string{"}"}
	case strings.HasSuffix(bare, "}") && !strings.Contains(bare, "{"):
		return append(parts(strings.TrimSpace(strings.TrimSuffix(bare, "}"))), "}")
	}
	return []string{line}
}

// IsName reports whether gokrb5 can read s as the name of a realm or host: ASCII, without
// blanks and signs.
func IsName(s string) bool {
	return s != "" && !strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r >= 0x7f || strings.ContainsRune("=[]{}#;\"'\\", r) })
}

// line reads one entry, or the beginning or the end of a group. group is the realm that the
// line is in, nil in other sections; nested counts the groups that have begun and not ended.
func (c *Config) line(line, section string, group **realm, nested *int) error {
	if line == "}" {
		if *nested == 0 {
			return errors.New("\"}\" ends a group that did not begin")
		}
		if *nested--; *nested == 0 {
			*group = nil
		}
		return nil
	}
	key, value, ok := strings.Cut(line, "=")
	key, value = strings.TrimSpace(key), strings.TrimSpace(value)
	if !ok {
		if section == "libdefaults" || section == "realms" || section == "domain_realm" {
			return errors.New("an entry as name = value is expected")
		}
		return nil
	}
	if value == "{" {
		if *nested++; *nested == 1 && section == "realms" {
			*group = c.realm(key)
		}
		return nil
	}
	if i := strings.IndexAny(value, "#;"); i >= 0 {
		value = strings.TrimSpace(value[:i])
	}
	value = strings.Trim(value, `"`)
	switch {
	case value == "":
	case section == "libdefaults" && *nested == 0:
		c.setDefault(strings.ToLower(key), value)
	case section == "domain_realm" && *nested == 0 && IsName(key) && IsName(value):
		c.domains = append(c.domains, [2]string{strings.ToLower(key), value})
	case *group != nil && *nested == 1:
		c.server(*group, strings.ToLower(key), value)
	}
	return nil
}

// realm returns the realm of a name; several groups may have one name.
func (c *Config) realm(name string) *realm {
	name = strings.Trim(name, `"`)
	for _, g := range c.realms {
		if g.name == name {
			return g
		}
	}
	g := &realm{name: name}
	if !IsName(name) {
		return g // gokrb5 could not read the name, so the realm is left out
	}
	c.realms = append(c.realms, g)
	return g
}

// server adds the address of a KDC, or of another server, to a realm.
func (c *Config) server(g *realm, key, value string) {
	switch key {
	case "primary_kdc":
		key = "master_kdc"
	case "kdc", "master_kdc", "admin_server", "kpasswd_server":
	case "default_domain":
		if IsName(value) {
			g.entries = append(g.entries, [2]string{key, value})
		}
		return
	default:
		return
	}
	for _, v := range strings.FieldsFunc(value, func(r rune) bool { return r == ' ' || r == ',' || r == '\t' }) {
		v = strings.TrimSuffix(v, "*")
		if strings.HasPrefix(v, "https://") || strings.HasPrefix(v, "http://") {
			c.Notes = append(c.Notes, "A KDC behind a web server ("+key+" = https://…) is not used: name one that "+
				"is reached directly.")
			continue
		}
		if rest, ok := strings.CutPrefix(v, "tcp/"); ok { // gokrb5 takes no protocol, but can begin with TCP
			v = rest
			c.setDefault("udp_preference_limit", "1")
		}
		v = strings.TrimPrefix(v, "udp/")
		full := kdcAddress(v)
		switch {
		case !IsAddress(full):
			continue
		case key == "kdc" || key == "master_kdc":
			v = full
		}
		g.entries = append(g.entries, [2]string{key, v})
	}
}

var address = regexp.MustCompile(`^(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+):\d{1,5}$`)

// IsAddress reports whether s is a host and a port.
func IsAddress(s string) bool { return address.MatchString(s) }

// kdcAddress returns the address of a KDC with its port, 88 if none is written. gokrb5 adds
// the port to some kinds of addresses only.
func kdcAddress(v string) string {
	if host, port, err := net.SplitHostPort(v); err == nil {
		return net.JoinHostPort(host, port)
	}
	return net.JoinHostPort(strings.Trim(v, "[]"), kdcPort)
}

// SetDefault makes a realm the default one, and hosts its KDCs.
func (c *Config) SetDefault(realm string, hosts []string) {
	c.defaults = slices.DeleteFunc(c.defaults, func(e [2]string) bool { return e[0] == "default_realm" })
	c.setDefault("default_realm", realm)
	g := c.realm(realm)
	g.entries = slices.DeleteFunc(g.entries, func(e [2]string) bool { return e[0] == "kdc" })
	for _, h := range hosts {
		g.entries = append(g.entries, [2]string{"kdc", h})
	}
}

// DefaultRealm returns the default realm; empty if there is none.
func (c *Config) DefaultRealm() string {
	for _, e := range c.defaults {
		if e[0] == "default_realm" {
			return e[1]
		}
	}
	return ""
}

// HasKDC reports whether c has a KDC of a realm.
func (c *Config) HasKDC(realm string) bool {
	for _, g := range c.realms {
		if g.name == realm {
			return slices.ContainsFunc(g.entries, func(e [2]string) bool { return e[0] == "kdc" })
		}
	}
	return false
}

// LookUp has gokrb5 find the KDCs of a realm in DNS, which MIT's and Java's libraries do
// without being told.
func (c *Config) LookUp(realm string) {
	c.defaults = slices.DeleteFunc(c.defaults, func(e [2]string) bool { return e[0] == "dns_lookup_kdc" })
	c.setDefault("dns_lookup_kdc", "true")
	if c.DefaultRealm() == "" {
		c.setDefault("default_realm", realm)
	}
}

// String writes the krb5.conf that gokrb5 reads.
func (c *Config) String() string {
	var b strings.Builder
	b.WriteString("[libdefaults]\n")
	for _, e := range c.defaults {
		fmt.Fprintf(&b, "  %s = %s\n", e[0], e[1])
	}
	b.WriteString("[realms]\n")
	for _, g := range c.realms {
		fmt.Fprintf(&b, "  %s = {\n", g.name)
		for _, e := range g.entries {
			fmt.Fprintf(&b, "    %s = %s\n", e[0], e[1])
		}
		b.WriteString("  }\n")
	}
	b.WriteString("[domain_realm]\n")
	for _, e := range c.domains {
		fmt.Fprintf(&b, "  %s = %s\n", e[0], e[1])
	}
	return b.String()
}
