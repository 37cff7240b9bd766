package properties

import (
	"errors"
	"fmt"
	"net"
	"regexp"
	"slices"
	"strings"
)

// A krb5Conf holds what gokrb5 reads of a krb5.conf. It is written anew for it,
// for gokrb5 fails on values, nested groups and includes that MIT's and Java's
// libraries take.
type krb5Conf struct {
	defaults [][2]string // of [libdefaults]
	realms   []*krb5Group
	domains  [][2]string // of [domain_realm]
	notes    []string
	files    int
}

// A krb5Group is one realm with its servers.
type krb5Group struct {
	name    string
	entries [][2]string
}

const (
	krb5FilesMax = 100
	krb5DepthMax = 10
	kdcPort      = "88"
)

// readKrb5 reads a krb5.conf. include gives the texts that it includes. Errors
// name lines and never show them: the path may be that of another file.
func readKrb5(text string, include func(path string, folder bool) ([]string, error)) (*krb5Conf, error) {
	c := &krb5Conf{}
	section := ""
	if err := c.read(text, &section, include, 0); err != nil {
		return nil, err
	}
	if section == "" {
		return nil, errors.New("it is no krb5.conf: there is no section such as [libdefaults] or [realms] in it")
	}
	return c, nil
}

func (c *krb5Conf) read(text string, section *string, include func(string, bool) ([]string, error), depth int) error {
	c.files++
	if depth > krb5DepthMax || c.files > krb5FilesMax {
		return fmt.Errorf("krb5.conf includes more than %d files, or in a circle", krb5FilesMax)
	}
	if len(text) > fileMax {
		return fmt.Errorf("krb5.conf has %d bytes, more than the %d that are read", len(text), fileMax)
	}
	var group *krb5Group
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

var begins = regexp.MustCompile(`^([^={}]+=\s*\{)(.*)$`)

// parts breaks a line after the brace that begins a group and before the one that
// ends it, which may share one line.
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

// plainWord says whether a name can stand in what gokrb5 reads: ASCII, without
// blanks and signs.
func plainWord(s string) bool {
	return s != "" && !strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r >= 0x7f || strings.ContainsRune("=[]{}#;\"'\\", r) })
}

// line takes one entry, or the beginning or end of a group.
func (c *krb5Conf) line(line, section string, group **krb5Group, nested *int) error {
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
	case section == "domain_realm" && *nested == 0 && plainWord(key) && plainWord(value):
		c.domains = append(c.domains, [2]string{strings.ToLower(key), value})
	case *group != nil && *nested == 1:
		c.server(*group, strings.ToLower(key), value)
	}
	return nil
}

// realm is the group of a name; the same name may begin several.
func (c *krb5Conf) realm(name string) *krb5Group {
	name = strings.Trim(name, `"`)
	for _, g := range c.realms {
		if g.name == name {
			return g
		}
	}
	g := &krb5Group{name: name}
	if !plainWord(name) {
		return g // no name that could be asked for
	}
	c.realms = append(c.realms, g)
	return g
}

// server takes the address of a KDC or of another server of a realm.
func (c *krb5Conf) server(g *krb5Group, key, value string) {
	switch key {
	case "primary_kdc":
		key = "master_kdc"
	case "kdc", "master_kdc", "admin_server", "kpasswd_server":
	case "default_domain":
		if plainWord(value) {
			g.entries = append(g.entries, [2]string{key, value})
		}
		return
	default:
		return
	}
	for _, v := range strings.FieldsFunc(value, func(r rune) bool { return r == ' ' || r == ',' || r == '\t' }) {
		v = strings.TrimSuffix(v, "*")
		if strings.HasPrefix(v, "https://") || strings.HasPrefix(v, "http://") {
			c.notes = append(c.notes, "A KDC behind a web server ("+key+" = https://…) is not used: name one that "+
				"is reached directly.")
			continue
		}
		if rest, ok := strings.CutPrefix(v, "tcp/"); ok { // gokrb5 takes no protocol, but can begin with TCP
			v = rest
			c.setDefault("udp_preference_limit", "1")
		}
		v = strings.TrimPrefix(v, "udp/")
		address := kdcAddress(v)
		switch {
		case !krb5Address.MatchString(address):
			continue
		case key == "kdc" || key == "master_kdc":
			v = address
		}
		g.entries = append(g.entries, [2]string{key, v})
	}
}

var krb5Address = regexp.MustCompile(`^(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+):\d{1,5}$`)

// kdcAddress adds the port that gokrb5 does not add to every kind of address.
func kdcAddress(v string) string {
	if host, port, err := net.SplitHostPort(v); err == nil {
		return net.JoinHostPort(host, port)
	}
	return net.JoinHostPort(strings.Trim(v, "[]"), kdcPort)
}

// set makes a realm with these KDCs the default one.
func (c *krb5Conf) set(realm string, hosts []string) {
	c.defaults = slices.DeleteFunc(c.defaults, func(e [2]string) bool { return e[0] == "default_realm" })
	c.setDefault("default_realm", realm)
	g := c.realm(realm)
	g.entries = slices.DeleteFunc(g.entries, func(e [2]string) bool { return e[0] == "kdc" })
	for _, h := range hosts {
		g.entries = append(g.entries, [2]string{"kdc", h})
	}
}

func (c *krb5Conf) defaultRealm() string {
	for _, e := range c.defaults {
		if e[0] == "default_realm" {
			return e[1]
		}
	}
	return ""
}

// knows says whether a realm has a KDC here.
func (c *krb5Conf) knows(realm string) bool {
	for _, g := range c.realms {
		if g.name == realm {
			return slices.ContainsFunc(g.entries, func(e [2]string) bool { return e[0] == "kdc" })
		}
	}
	return false
}

// lookUp has the KDCs of a realm looked for in DNS, which MIT's and Java's
// libraries do without being told.
func (c *krb5Conf) lookUp(realm string) {
	c.defaults = slices.DeleteFunc(c.defaults, func(e [2]string) bool { return e[0] == "dns_lookup_kdc" })
	c.setDefault("dns_lookup_kdc", "true")
	if c.defaultRealm() == "" {
		c.setDefault("default_realm", realm)
	}
}

// String is the krb5.conf for gokrb5.
func (c *krb5Conf) String() string {
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
