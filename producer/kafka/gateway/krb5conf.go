package gateway

import (
	"fmt"
	"net"
	"slices"
	"strings"

	"github.com/jcmturner/gokrb5/v8/config"
)

// defaults are the keys of [libdefaults] that matter to a client which only logs
// in. The others are left out, for gokrb5 stumbles over values that it does not
// know (dns_canonicalize_hostname = fallback) even where it does nothing with them.
var defaults = []string{
	"allow_weak_crypto", "canonicalize", "clockskew", "default_realm", "default_tgs_enctypes", "default_tkt_enctypes",
	"dns_lookup_kdc", "forwardable", "noaddresses", "permitted_enctypes", "proxiable", "renew_lifetime",
	"ticket_lifetime", "udp_preference_limit",
}

// enctypes are the encryption types that gokrb5 masters and a broker should have,
// the preferred first: AES with SHA-1 and SHA-2, then RC4 for old directories.
var enctypes = []int32{18, 17, 20, 19, 23}

// readConfig reads a krb5.conf as MIT and Java read it, as far as it matters to a
// client. Its sections are read here, for gokrb5 takes neither transports in a
// kdc's value nor subsections that it does not know.
func readConfig(text string) (*config.Config, error) {
	p := confParser{realms: map[string][]string{}, domains: config.DomainRealm{}, set: map[string]string{}}
	for i, line := range strings.Split(text, "\n") {
		if err := p.line(line); err != nil {
			return nil, fmt.Errorf("line %d: %w", i+1, err)
		}
	}
	var lib strings.Builder
	lib.WriteString("[libdefaults]\n")
	for key, value := range p.set {
		fmt.Fprintf(&lib, "%s = %s\n", key, value)
	}
	c, err := config.NewFromString(lib.String())
	if err != nil {
		return nil, err
	}
	for name, kdcs := range p.realms {
		c.Realms = append(c.Realms, config.Realm{Realm: name, KDC: kdcs})
	}
	c.DomainRealm = p.domains
	// As MIT does it: DNS is asked where no KDC is written down.
	if p.set["dns_lookup_kdc"] == "" {
		c.LibDefaults.DNSLookupKDC = true
	}
	// TCP only, unless the file asks for UDP: tickets with group lists are too
	// long for UDP, and a KDC that is away would cost twice the time.
	if p.set["udp_preference_limit"] == "" {
		c.LibDefaults.UDPPreferenceLimit = 1
	}
	permitted := enctypes
	if p.set["permitted_enctypes"] != "" && len(c.LibDefaults.PermittedEnctypeIDs) > 0 {
		permitted = c.LibDefaults.PermittedEnctypeIDs
	}
	if p.set["default_tkt_enctypes"] == "" || len(c.LibDefaults.DefaultTktEnctypeIDs) == 0 {
		c.LibDefaults.DefaultTktEnctypeIDs = permitted
	}
	if p.set["default_tgs_enctypes"] == "" || len(c.LibDefaults.DefaultTGSEnctypeIDs) == 0 {
		c.LibDefaults.DefaultTGSEnctypeIDs = permitted
	}
	return c, nil
}

// A confParser reads a krb5.conf line by line.
type confParser struct {
	section string
	names   []string // of the open braces
	realms  map[string][]string
	domains config.DomainRealm
	set     map[string]string
}

func (p *confParser) line(line string) error {
	line = strings.TrimSpace(line)
	for _, comment := range []string{" #", "\t#", " ;", "\t;"} {
		line, _, _ = strings.Cut(line, comment)
	}
	line = strings.TrimSpace(line)
	switch {
	case line == "" || line[0] == '#' || line[0] == ';':
		return nil
	case line[0] == '[':
		name, _, ok := strings.Cut(line[1:], "]")
		if !ok {
			return fmt.Errorf("%q begins a section and lacks its ]", line)
		}
		p.section, p.names = strings.ToLower(strings.TrimSpace(name)), nil
		return nil
	case strings.HasPrefix(line, "}"):
		if len(p.names) == 0 {
			return fmt.Errorf("a } that closes nothing")
		}
		p.names = p.names[:len(p.names)-1]
		return nil
	}
	key, value, ok := strings.Cut(line, "=")
	if !ok {
		return nil // include, includedir and module lines
	}
	key, value = strings.TrimSuffix(strings.TrimSpace(key), "*"), strings.Trim(strings.TrimSpace(value), `"`)
	if strings.HasPrefix(value, "{") {
		p.names = append(p.names, key)
		if p.section == "realms" && len(p.names) == 1 && p.realms[key] == nil {
			p.realms[key] = []string{}
		}
		return nil
	}
	p.value(key, value)
	return nil
}

// value takes one setting, where it matters.
func (p *confParser) value(key, value string) {
	switch {
	case p.section == "libdefaults" && len(p.names) == 0:
		key = strings.ToLower(key)
		if value = onOff(value); value != "" && slices.Contains(defaults, key) && p.set[key] == "" {
			p.set[key] = value
		}
	case p.section == "realms" && len(p.names) == 1 && strings.EqualFold(key, "kdc"):
		if kdc := kdcAddress(value); kdc != "" {
			p.realms[p.names[0]] = append(p.realms[p.names[0]], kdc)
		}
	case p.section == "domain_realm" && len(p.names) == 0:
		p.domains[strings.ToLower(key)] = value
	}
}

// onOff turns MIT's other words for true and false into those that gokrb5 reads.
func onOff(value string) string {
	switch strings.ToLower(value) {
	case "on":
		return "true"
	case "off", "nil":
		return "false"
	}
	return value
}

// kdcAddress gives host:port of a kdc's value, empty for one that is asked over
// HTTPS, which gokrb5 does not do.
func kdcAddress(value string) string {
	value = strings.TrimSuffix(value, "*")
	if strings.HasPrefix(value, "https://") {
		return ""
	}
	for _, transport := range []string{"tcp/", "udp/"} {
		value = strings.TrimPrefix(value, transport)
	}
	if ip := net.ParseIP(value); ip != nil && ip.To4() == nil {
		return net.JoinHostPort(value, "88")
	}
	if _, _, err := net.SplitHostPort(value); err != nil && value != "" {
		return strings.TrimSpace(value) + ":88"
	}
	return value
}
