package properties

import (
	"errors"
	"fmt"
	"net"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
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

// parts breaks a line after "{" and before "}", which may share one.
func parts(line string) []string {
	if !strings.ContainsAny(line, "{}") || strings.Contains(line, "RULE:") {
		return []string{line}
	}
	line = strings.ReplaceAll(strings.ReplaceAll(line, "{", "{\n"), "}", "\n}\n")
	var out []string
	for p := range strings.SplitSeq(line, "\n") {
		if p = strings.TrimSpace(p); p != "" && p != "*" {
			out = append(out, p)
		}
	}
	return out
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
	case value == "" || strings.ContainsFunc(key+value, func(r rune) bool { return r < ' ' || r == 0x7f }):
	case section == "libdefaults" && *nested == 0:
		c.setDefault(strings.ToLower(key), value)
	case section == "domain_realm" && *nested == 0 && !strings.ContainsAny(key+value, "=[]{} "):
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
	if name == "" || strings.ContainsAny(name, "=[]{}#; \t") {
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
		if !strings.ContainsAny(value, "=[]{} ") {
			g.entries = append(g.entries, [2]string{key, value})
		}
		return
	default:
		return
	}
	for _, v := range strings.FieldsFunc(value, func(r rune) bool { return r == ' ' || r == ',' || r == '\t' }) {
		v = strings.TrimSuffix(v, "*")
		if strings.HasPrefix(v, "https://") || strings.HasPrefix(v, "http://") {
			c.notes = append(c.notes, "A KDC behind a web server ("+key+" = https://…) is not used: name one that is reached directly.")
			continue
		}
		if rest, ok := strings.CutPrefix(v, "tcp/"); ok { // gokrb5 takes no protocol, but can begin with TCP
			v = rest
			c.setDefault("udp_preference_limit", "1")
		}
		v = strings.TrimPrefix(v, "udp/")
		if v == "" || strings.ContainsAny(v, "=/{}\\\"'") {
			continue
		}
		switch key {
		case "kdc", "master_kdc":
			v = kdcAddress(v)
		}
		g.entries = append(g.entries, [2]string{key, v})
	}
}

// kdcAddress adds the port that gokrb5 does not add to every kind of address.
func kdcAddress(v string) string {
	if host, port, err := net.SplitHostPort(v); err == nil {
		return net.JoinHostPort(host, port)
	}
	return net.JoinHostPort(strings.Trim(v, "[]"), kdcPort)
}

var (
	krb5Booleans  = []string{"allow_weak_crypto", "canonicalize", "dns_canonicalize_hostname", "dns_lookup_kdc", "dns_lookup_realm", "forwardable", "noaddresses", "proxiable", "rdns"}
	krb5Durations = []string{"clockskew", "ticket_lifetime", "renew_lifetime"}
	krb5Types     = []string{"default_tgs_enctypes", "default_tkt_enctypes", "permitted_enctypes"}
	hexOptions    = regexp.MustCompile(`^(0x)?[0-9a-fA-F]{8}$`)
)

// setDefault takes an entry of [libdefaults] in the form that gokrb5 takes; the
// first of a name counts, as in MIT's library. What it cannot take is left out.
func (c *krb5Conf) setDefault(key, value string) {
	if slices.ContainsFunc(c.defaults, func(e [2]string) bool { return e[0] == key }) {
		return
	}
	switch {
	case slices.Contains(krb5Booleans, key):
		switch strings.ToLower(value) {
		case "true", "t", "yes", "y", "on", "1":
			value = "true"
		case "false", "f", "no", "n", "off", "0", "nil":
			value = "false"
		default:
			return // dns_canonicalize_hostname = fallback is one
		}
	case slices.Contains(krb5Durations, key):
		d, ok := krb5Duration(value)
		if !ok {
			return
		}
		value = strconv.FormatInt(int64(d/time.Second), 10) + "s"
	case slices.Contains(krb5Types, key):
		list := strings.FieldsFunc(strings.ToLower(value), func(r rune) bool { return r == ' ' || r == ',' || r == '\t' })
		if slices.Contains(list, "default") || strings.ContainsAny(value, "+=[]{}") {
			return
		}
		list = slices.DeleteFunc(list, func(s string) bool { return strings.HasPrefix(s, "-") })
		if value = strings.Join(expanded(list), " "); value == "" {
			return
		}
	case key == "udp_preference_limit":
		if n, err := strconv.Atoi(value); err != nil || n < 0 {
			return
		} else if n > 32700 {
			value = "32700"
		}
	case key == "kdc_default_options":
		if !hexOptions.MatchString(value) {
			return
		}
	case key == "default_realm":
		if strings.ContainsAny(value, "=[]{} \t") {
			return
		}
	default:
		return
	}
	c.defaults = append(c.defaults, [2]string{key, value})
}

// expanded replaces the short words for families of encryption.
func expanded(list []string) []string {
	var out []string
	for _, w := range list {
		switch w {
		case "aes":
			out = append(out, "aes256-cts-hmac-sha1-96", "aes128-cts-hmac-sha1-96", "aes256-cts-hmac-sha384-192", "aes128-cts-hmac-sha256-128")
		case "rc4":
			out = append(out, "rc4-hmac")
		default:
			out = append(out, w)
		}
	}
	return out
}

var krb5Parts = regexp.MustCompile(`^(?:(\d{1,5})d)?(?:(\d{1,6})h)?(?:(\d{1,7})m)?(?:(\d{1,9})s?)?$`)

// krb5Duration reads 36000, 10h, 7d0h0m0s, 10:00 and 10:00:00; not above ten years.
func krb5Duration(s string) (time.Duration, bool) {
	s = strings.ReplaceAll(strings.ToLower(s), " ", "")
	units := []time.Duration{24 * time.Hour, time.Hour, time.Minute, time.Second}
	fields := krb5Parts.FindStringSubmatch(s)
	if f := strings.Split(s, ":"); len(f) == 2 || len(f) == 3 {
		fields = append([]string{s, ""}, f...)
		if len(f) == 2 {
			fields = append(fields, "")
		}
	}
	if fields == nil || s == "" {
		return 0, false
	}
	var d time.Duration
	for i, u := range units {
		if fields[i+1] == "" {
			continue
		}
		n, err := strconv.ParseUint(fields[i+1], 10, 32)
		if err != nil || len(fields[i+1]) > 9 {
			return 0, false
		}
		d += time.Duration(n) * u
	}
	return d, d > 0 && d < 10*365*24*time.Hour
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
