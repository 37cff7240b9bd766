package properties

import (
	"cmp"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"urncast/producer/connection"
)

const (
	serviceDefault = "kafka"
	krb5File       = "java.security.krb5.conf"
	krb5Realm      = "java.security.krb5.realm"
	krb5KDC        = "java.security.krb5.kdc"
	jaasProperty   = "sasl.jaas.config"
)

// kerberosOptions are those of Java's Krb5LoginModule; a sentence says why one
// has no effect.
var kerberosOptions = map[string]string{
	"useKeyTab": "", "keyTab": "", "principal": "", "useTicketCache": "", "ticketCache": "", "serviceName": "", "isInitiator": "",
	"storeKey":          "Keys are kept in memory while they are needed.",
	"doNotPrompt":       "Nobody is ever asked for a password.",
	"refreshKrb5Config": "Krb5.conf is read anew whenever it changes.",
	"renewTGT":          "A ticket is renewed, or fetched anew with the keytab, before it ends.",
	"useFirstPass":      "Nobody is ever asked for a password.", "tryFirstPass": "Nobody is ever asked for " +
		"a password.",
	"storePass": "Nobody is ever asked for a password.", "clearPass": "Nobody is ever asked for a password.",
	"debug": "The connection test shows the login step by step.",
}

// kerberos finds out who logs in, with which keys, and where.
func (r *resolver) kerberos(m *loginModule) {
	k := &Kerberos{Service: serviceDefault}
	if m == nil {
		m = &loginModule{options: map[string]string{}}
		if r.values["sasl.kerberos.keytab"] != "" {
			m.options["useKeyTab"] = "true"
		}
	} else {
		r.options(m, kerberosOptions)
		r.becomes(jaasProperty, "urncast")
	}
	if !on(m, "isInitiator", "true") {
		r.refuse(jaasProperty, "The option isInitiator=false is for a server: remove it.")
	}
	k.Service = cmp.Or(r.either(m, "serviceName", "sasl.kerberos.service.name"), serviceDefault)
	if principal := r.either(m, "principal", "sasl.kerberos.principal"); principal != "" {
		var err error
		if k.Principal, k.Realm, err = splitPrincipal(principal); err != nil {
			r.refuse(r.placeOf(m, "principal", "sasl.kerberos.principal"), "%s", sentence(err))
			return
		}
	}
	if !r.keys(m, k) || !r.realms(m, k) {
		return
	}
	r.out.Kerberos = k
}

// on reads an option that is true or false.
func on(m *loginModule, option, standard string) bool {
	return strings.EqualFold(cmp.Or(m.options[option], standard), "true")
}

// either takes a value from the module or from a property, which must agree.
func (r *resolver) either(m *loginModule, option, property string) string {
	o, p := m.options[option], r.values[property]
	if o != "" && p != "" && o != p {
		r.refuse(property, "The option %s of sasl.jaas.config says otherwise: keep one of them.", option)
	}
	return cmp.Or(o, p)
}

// placeOf is the property that a value of either came with.
func (r *resolver) placeOf(m *loginModule, option, property string) string {
	if m.options[option] != "" {
		return jaasProperty
	}
	return property
}

// splitPrincipal reads name/instance@REALM. A backslash before a sign makes it a
// part of the name.
func splitPrincipal(s string) (name, realm string, err error) {
	at := -1
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case '@':
			if at >= 0 {
				return "", "", errors.New("the principal has two @: write it as name@REALM")
			}
			at = i
		}
	}
	name = s
	if at >= 0 {
		name, realm = s[:at], s[at+1:]
		if realm == "" {
			return "", "", errors.New("the principal has no realm after its @: write it as name@REALM")
		}
	}
	switch {
	case name == "" || strings.HasPrefix(name, "/") || strings.HasSuffix(name, "/"):
		return "", "", errors.New("the principal has no name: write it as name@REALM or name/host@REALM")
	case strings.ContainsAny(s, " \t\r\n\x00"):
		return "", "", errors.New("the principal has a blank in it: write it as name@REALM")
	case strings.Contains(name, "_HOST"):
		return "", "", errors.New("the principal holds _HOST, which Kafka's clients do not fill in: write the name " +
			"of the host")
	case strings.Contains(s, "${"):
		return "", "", errors.New("the principal holds a place for a value that nobody filled in: write it as " +
			"name@REALM")
	}
	return name, realm, nil
}

// keys takes the keytab or the ticket cache.
func (r *resolver) keys(m *loginModule, k *Kerberos) bool {
	keytab := r.either(m, "keyTab", "sasl.kerberos.keytab")
	useKeytab, useCache := on(m, "useKeyTab", "false"), on(m, "useTicketCache", "false")
	switch {
	case keytab != "" && !useKeytab && m.options["keyTab"] != "" && !useCache:
		r.refuse(jaasProperty, "It names a keyTab that is not used: add useKeyTab=true.")
		return false
	case useKeytab && keytab == "":
		r.refuse(jaasProperty, "The option useKeyTab needs a keytab: add keyTab=\"…\" with a path, or upload: and "+
			"the name of an uploaded file.")
		return false
	case useKeytab && k.Principal == "":
		r.refuse(jaasProperty, "The option principal is missing: add principal=\"name@REALM\".")
		return false
	case !useKeytab && !useCache:
		if r.has(jaasProperty) {
			r.refuse(jaasProperty,
				"Without keytab and ticket cache Java would ask for a password, and nobody is there: add "+
					"useKeyTab=true, keyTab and principal, or useTicketCache=true.")
		} else {
			r.refuse(jaasProperty,
				"Kerberos needs to know who logs in: write "+
					"sasl.jaas.config=com.sun.security.auth.module.Krb5LoginModule required useKeyTab=true "+
					"keyTab=\"…\" principal=\"name@REALM\"; or sasl.kerberos.keytab and sasl.kerberos.principal.")
		}
		return false
	}
	if useCache {
		path, err := cachePath(m.options["ticketCache"])
		if err != nil {
			r.refuse(jaasProperty, "%s", sentence(err))
			return false
		}
		if _, err := os.Stat(path); err == nil || !useKeytab { // with a keytab it is a cache only
			if err != nil {
				r.refuse(jaasProperty,
					"The ticket cache %s cannot be read: %v; get a ticket with kinit as user %d, or "+
						"use a keytab.", path, reason(err), os.Getuid())
				return false
			}
			k.Cache = path
		}
	}
	if !useKeytab {
		return true
	}
	place := r.placeOf(m, "keyTab", "sasl.kerberos.keytab")
	keytab = strings.TrimPrefix(strings.TrimPrefix(keytab, "FILE:"), "WRFILE:")
	data, err := r.file("sasl.kerberos.keytab", keytab)
	if err != nil {
		r.refuse(place, "The keytab cannot be used: %s", sentence(err))
		return false
	}
	if _, err := ReadKeytab(data); err != nil {
		r.refuse(place, "%s", sentence(err))
		return false
	}
	k.Keytab, k.KeytabPath = data, keytab
	return true
}

// cachePath is the file of a ticket cache, Java's default if none is named.
func cachePath(named string) (string, error) {
	path := cmp.Or(named, os.Getenv("KRB5CCNAME"), fmt.Sprintf("/tmp/krb5cc_%d", os.Getuid()))
	if strings.HasPrefix(path, connection.UploadPrefix) {
		return "", errors.New("a ticket cache cannot be uploaded, for its tickets end: write its path, or " +
			"use a keytab")
	}
	if kind, rest, ok := strings.Cut(path, ":"); ok && len(kind) > 1 {
		if kind != "FILE" {
			return "", fmt.Errorf("a ticket cache of the kind %s is not read, only files are: use FILE: and a "+
				"path, or a keytab", strings.ToUpper(kind[:min(len(kind), 20)]))
		}
		path = rest
	}
	return filepath.Abs(path)
}

// realms gathers what is known of realms and their KDCs.
func (r *resolver) realms(m *loginModule, k *Kerberos) bool {
	conf, place, ok := r.krb5()
	if !ok {
		return false
	}
	if realm := r.values[krb5Realm]; realm != "" || r.values[krb5KDC] != "" {
		hosts := kdcList(r.values[krb5KDC])
		switch {
		case realm == "":
			r.refuse(krb5KDC, "It goes with the name of the realm: write java.security.krb5.realm too.")
			return false
		case len(hosts) == 0:
			r.refuse(krb5Realm, "It goes with the realm's KDCs: write java.security.krb5.kdc too.")
			return false
		case !plainWord(realm):
			r.refuse(krb5Realm, "%s is no name of a realm: it is like EXAMPLE.ORG.", quoted(krb5Realm, realm))
			return false
		}
		for _, h := range hosts {
			if !krb5Address.MatchString(h) {
				r.refuse(krb5KDC, "%s is no host: write the KDCs' names, separated by colons.", quoted(krb5KDC, h))
				return false
			}
		}
		conf.set(realm, hosts)
	}
	realm := cmp.Or(k.Realm, conf.defaultRealm())
	if realm == "" {
		r.refuse(jaasProperty, "The principal has no realm, and %s no default_realm: write it as name@REALM.", place)
		return false
	}
	if !conf.knows(realm) {
		conf.lookUp(realm)
		name := cmp.Or(onlyIf(krb5File, r.has(krb5File)), onlyIf("sasl.kerberos.principal", r.has("sasl.kerberos.principal")), jaasProperty)
		r.note(name, "The KDCs of realm %s are not in %s, so they are looked for in DNS.", realm, place)
	}
	k.Config = conf.String()
	return r.hasKey(m, k, realm)
}

// hasKey reports whether the keytab, if there is one, has a key of the principal, and
// refuses the principal otherwise.
func (r *resolver) hasKey(m *loginModule, k *Kerberos, realm string) bool {
	if k.Keytab == nil {
		return true
	}
	read, err := ReadKeytab(k.Keytab)
	if err != nil {
		return true // it was refused when the connection's login was read
	}
	principals, who := principalsOf(read), strings.ReplaceAll(k.Principal, `\`, "")+"@"+realm
	if len(principals) == 0 || slices.Contains(principals, who) {
		return true
	}
	shown := principals[:min(len(principals), 5)]
	r.refuse(r.placeOf(m, "principal", "sasl.kerberos.principal"), "The keytab has no key of %s, but of %s: write one of "+
		"these as the principal, or name another keytab.", quotedName(who), strings.Join(shown, ", "))
	return false
}

// quotedName shows a principal, unless it is no such name.
func quotedName(s string) string {
	if len(s) > 200 || strings.ContainsAny(s, "=;\"'") {
		return "the principal that is written"
	}
	return s
}

func onlyIf(s string, yes bool) string {
	if yes {
		return s
	}
	return ""
}

// krb5 reads the krb5.conf that is named, or the system's.
func (r *resolver) krb5() (*krb5Conf, string, bool) {
	named, place := r.values[krb5File], "krb5.conf"
	if named == "" {
		if r.values[krb5Realm] != "" && r.values[krb5KDC] != "" {
			return &krb5Conf{}, "the properties", true // as Java: the two fields are enough
		}
		for _, p := range append(filepath.SplitList(os.Getenv("KRB5_CONFIG")), "/etc/krb5.conf") {
			if _, err := os.Stat(p); err == nil {
				named, place = p, p
				break
			}
		}
		if named == "" {
			return &krb5Conf{}, "krb5.conf (there is none)", true
		}
	}
	data, err := r.file(krb5File, named)
	if err == nil {
		var conf *krb5Conf
		if conf, err = readKrb5(string(data), r.included); err == nil {
			for _, n := range conf.notes {
				r.note(krb5File, "%s", n)
			}
			return conf, place, true
		}
	}
	r.refuse(krb5File, "%s", sentence(err))
	return nil, place, false
}

// included reads a file, or all files of a folder, that a krb5.conf names.
func (r *resolver) included(path string, folder bool) (texts []string, err error) {
	if !folder {
		data, err := readFile(path)
		if err != nil {
			return nil, err
		}
		r.watch(path)
		return []string{string(data)}, nil
	}
	entries, err := os.ReadDir(path)
	if err != nil {
		return nil, nil // packages name folders that are made later
	}
	r.watch(path)
	for _, e := range entries {
		if !includedName(e.Name()) {
			continue
		}
		full := filepath.Join(path, e.Name())
		data, err := readFile(full)
		if err != nil {
			return nil, err
		}
		r.watch(full)
		texts = append(texts, string(data))
	}
	return texts, nil
}

// includedName says whether includedir takes a file: names of letters, digits,
// hyphens and underscores, or ending in .conf.
func includedName(name string) bool {
	if strings.HasSuffix(name, ".conf") && !strings.HasPrefix(name, ".") {
		return true
	}
	return !strings.ContainsFunc(name, func(c rune) bool {
		return !(c == '-' || c == '_' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z')
	})
}

// kdcList reads java.security.krb5.kdc: hosts separated by colons, as Java has
// it; a number between colons is the port of the host before it.
func kdcList(s string) []string {
	var out []string
	for _, field := range strings.FieldsFunc(s, func(c rune) bool { return c == ',' || c == ' ' || c == '\t' || c == '\n' }) {
		if strings.HasPrefix(field, "[") {
			out = append(out, kdcAddress(field))
			continue
		}
		for part := range strings.SplitSeq(field, ":") {
			switch {
			case part == "":
			case strings.Trim(part, "0123456789") == "" && len(out) > 0:
				host, _, _ := net.SplitHostPort(out[len(out)-1])
				out[len(out)-1] = net.JoinHostPort(host, part)
			default:
				out = append(out, kdcAddress(part))
			}
		}
	}
	return out
}
