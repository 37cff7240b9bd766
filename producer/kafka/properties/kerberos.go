package properties

import (
	"cmp"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"urncast/producer/kafka/properties/jaas"
	"urncast/producer/kafka/properties/kerberos"
	"urncast/producer/kafka/properties/table"
)

const (
	serviceDefault = "kafka"
	krb5File       = "java.security.krb5.conf"
	krb5Realm      = "java.security.krb5.realm"
	krb5KDC        = "java.security.krb5.kdc"
)

// kerberosOptions are the options of Java's Krb5LoginModule. The sentence is why an option has no
// effect; it is empty for those that count.
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

// kerberos resolves a login by Kerberos: the principal, its keys and its realm.
func (l *login) kerberos() {
	k := &Kerberos{Service: serviceDefault}
	if l.module == nil {
		l.module = &jaas.Module{Options: map[string]string{}}
		if l.values["sasl.kerberos.keytab"] != "" {
			l.module.Options["useKeyTab"] = "true"
		}
	} else {
		l.options(kerberosOptions)
		l.becomes(jaasProperty, "urncast")
	}
	if !l.module.IsOn("isInitiator", "true") {
		l.refuse(jaasProperty, "The option isInitiator=false is for a server: remove it.")
	}
	k.Service = cmp.Or(l.either("serviceName", "sasl.kerberos.service.name"), serviceDefault)
	if principal := l.either("principal", "sasl.kerberos.principal"); principal != "" {
		var err error
		if k.Principal, k.Realm, err = kerberos.SplitPrincipal(principal); err != nil {
			l.refuse(l.placeOf("principal", "sasl.kerberos.principal"), "%s", sentence(err))
			return
		}
	}
	if !l.keys(k) || !l.realms(k) {
		return
	}
	l.out.Kerberos = k
}

// either returns the value of an option or of a property; it refuses two that differ.
func (l *login) either(option, property string) string {
	o, p := l.module.Options[option], l.values[property]
	if o != "" && p != "" && o != p {
		l.refuse(property, "The option %s of sasl.jaas.config says otherwise: keep one of them.", option)
	}
	return cmp.Or(o, p)
}

// placeOf returns the property that a value returned by either is written in.
func (l *login) placeOf(option, property string) string {
	if l.module.Options[option] != "" {
		return jaasProperty
	}
	return property
}

// keys resolves the keytab and the ticket cache, and reports whether there is one that can be used.
func (l *login) keys(k *Kerberos) bool {
	keytab := l.either("keyTab", "sasl.kerberos.keytab")
	useKeytab, useCache := l.module.IsOn("useKeyTab", "false"), l.module.IsOn("useTicketCache", "false")
	switch {
	case keytab != "" && !useKeytab && l.module.Options["keyTab"] != "" && !useCache:
		l.refuse(jaasProperty, "It names a keyTab that is not used: add useKeyTab=true.")
		return false
	case useKeytab && keytab == "":
		l.refuse(jaasProperty, "The option useKeyTab needs a keytab: add keyTab=\"…\" with a path, or upload: and "+
			"the name of an uploaded file.")
		return false
	case useKeytab && k.Principal == "":
		l.refuse(jaasProperty, "The option principal is missing: add principal=\"name@REALM\".")
		return false
	case !useKeytab && !useCache:
		if l.has(jaasProperty) {
			l.refuse(jaasProperty,
				"Without keytab and ticket cache Java would ask for a password, and nobody is there: add "+
					"useKeyTab=true, keyTab and principal, or useTicketCache=true.")
		} else {
			l.refuse(jaasProperty,
				"Kerberos needs to know who logs in: write "+
					"sasl.jaas.config=com.sun.security.auth.module.Krb5LoginModule required useKeyTab=true "+
					"keyTab=\"…\" principal=\"name@REALM\"; or sasl.kerberos.keytab and sasl.kerberos.principal.")
		}
		return false
	}
	if useCache {
		path, err := kerberos.CachePath(l.module.Options["ticketCache"])
		if err != nil {
			l.refuse(jaasProperty, "%s", sentence(err))
			return false
		}
		if _, err := os.Stat(path); err == nil || !useKeytab { // beside a keytab the cache need not exist
			if err != nil {
				l.refuse(jaasProperty,
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
	place := l.placeOf("keyTab", "sasl.kerberos.keytab")
	keytab = strings.TrimPrefix(strings.TrimPrefix(keytab, "FILE:"), "WRFILE:")
	data, err := l.file("sasl.kerberos.keytab", keytab)
	if err != nil {
		l.refuse(place, "The keytab cannot be used: %s", sentence(err))
		return false
	}
	if _, err := kerberos.ReadKeytab(data); err != nil {
		l.refuse(place, "%s", sentence(err))
		return false
	}
	k.Keytab, k.KeytabPath = data, keytab
	return true
}

// realms resolves krb5.conf and the properties in its place, and reports whether the principal's
// realm is known.
func (l *login) realms(k *Kerberos) bool {
	conf, place, ok := l.krb5()
	if !ok {
		return false
	}
	if realm := l.values[krb5Realm]; realm != "" || l.values[krb5KDC] != "" {
		hosts := kerberos.KDCs(l.values[krb5KDC])
		switch {
		case realm == "":
			l.refuse(krb5KDC, "It goes with the name of the realm: write java.security.krb5.realm too.")
			return false
		case len(hosts) == 0:
			l.refuse(krb5Realm, "It goes with the realm's KDCs: write java.security.krb5.kdc too.")
			return false
		case !kerberos.IsName(realm):
			l.refuse(krb5Realm, "%s is no name of a realm: it is like EXAMPLE.ORG.", table.Quote(krb5Realm, realm))
			return false
		}
		for _, h := range hosts {
			if !kerberos.IsAddress(h) {
				l.refuse(krb5KDC, "%s is no host: write the KDCs' names, separated by colons.", table.Quote(krb5KDC, h))
				return false
			}
		}
		conf.SetDefault(realm, hosts)
	}
	realm := cmp.Or(k.Realm, conf.DefaultRealm())
	if realm == "" {
		l.refuse(jaasProperty, "The principal has no realm, and %s no default_realm: write it as name@REALM.", place)
		return false
	}
	if !conf.HasKDC(realm) {
		conf.LookUp(realm)
		name := cmp.Or(onlyIf(krb5File, l.has(krb5File)), onlyIf("sasl.kerberos.principal", l.has("sasl.kerberos.principal")), jaasProperty)
		l.note(name, "The KDCs of realm %s are not in %s, so they are looked for in DNS.", realm, place)
	}
	k.Config = conf.String()
	return l.hasKey(k, realm)
}

// hasKey reports whether the keytab, if there is one, has a key of the principal, and
// refuses the principal otherwise.
func (l *login) hasKey(k *Kerberos, realm string) bool {
	if k.Keytab == nil {
		return true
	}
	read, err := kerberos.ReadKeytab(k.Keytab)
	if err != nil {
		return true // it was refused when the connection's login was read
	}
	principals, who := kerberos.Principals(read), strings.ReplaceAll(k.Principal, `\`, "")+"@"+realm
	if len(principals) == 0 || slices.Contains(principals, who) {
		return true
	}
	shown := principals[:min(len(principals), 5)]
	l.refuse(l.placeOf("principal", "sasl.kerberos.principal"), "The keytab has no key of %s, but of %s: write one of "+
		"these as the principal, or name another keytab.", quotedName(who), strings.Join(shown, ", "))
	return false
}

// quotedName returns a principal as a sentence shows it. A text that is no name of a principal may
// have a password in it, and is not shown.
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

// krb5 reads the krb5.conf that is named, or the system's, and returns what to call it in a sentence.
func (l *login) krb5() (*kerberos.Config, string, bool) {
	named, place := l.values[krb5File], "krb5.conf"
	if named == "" {
		if l.values[krb5Realm] != "" && l.values[krb5KDC] != "" {
			return &kerberos.Config{}, "the properties", true // as Java: the two fields are enough
		}
		for _, p := range append(filepath.SplitList(os.Getenv("KRB5_CONFIG")), "/etc/krb5.conf") {
			if _, err := os.Stat(p); err == nil {
				named, place = p, p
				break
			}
		}
		if named == "" {
			return &kerberos.Config{}, "krb5.conf (there is none)", true
		}
	}
	data, err := l.file(krb5File, named)
	if err == nil {
		var conf *kerberos.Config
		if conf, err = kerberos.ReadConfig(string(data), l.included); err == nil {
			for _, n := range conf.Notes {
				l.note(krb5File, "%s", n)
			}
			return conf, place, true
		}
	}
	l.refuse(krb5File, "%s", sentence(err))
	return nil, place, false
}

// included reads a file, or all files of a folder, that a krb5.conf names.
func (l *login) included(path string, folder bool) (texts []string, err error) {
	if !folder {
		data, err := readFile(path)
		if err != nil {
			return nil, err
		}
		l.watch(path)
		return []string{string(data)}, nil
	}
	entries, err := os.ReadDir(path)
	if err != nil {
		return nil, nil // packages name folders that are made later
	}
	l.watch(path)
	for _, e := range entries {
		if !kerberos.IsIncluded(e.Name()) {
			continue
		}
		full := filepath.Join(path, e.Name())
		data, err := readFile(full)
		if err != nil {
			return nil, err
		}
		l.watch(full)
		texts = append(texts, string(data))
	}
	return texts, nil
}
