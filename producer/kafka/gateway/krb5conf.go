package gateway

import (
	"regexp"

	"github.com/jcmturner/gokrb5/v8/config"
)

// enctypes are the encryption types that gokrb5 implements and a broker should have, the preferred
// ones first: AES with SHA-1 and SHA-2, then RC4 for old directories.
var enctypes = []int32{18, 17, 20, 19, 23}

// readConfig reads a krb5.conf that package kerberos wrote for gokrb5, and sets the defaults in which
// gokrb5 differs from MIT's library and Java.
func readConfig(text string) (*config.Config, error) {
	c, err := config.NewFromString(text)
	if err != nil {
		return nil, err
	}
	says := func(key string) bool { return regexp.MustCompile(`(?m)^\s*` + key + `\s*=`).MatchString(text) }
	// DNS is asked where no KDC is written down.
	if !says("dns_lookup_kdc") {
		c.LibDefaults.DNSLookupKDC = true
	}
	// TCP only, unless the file asks for UDP: tickets with group lists are too
	// long for UDP, and a KDC that is away would cost twice the time.
	if !says("udp_preference_limit") {
		c.LibDefaults.UDPPreferenceLimit = 1
	}
	permitted := enctypes
	if says("permitted_enctypes") && len(c.LibDefaults.PermittedEnctypeIDs) > 0 {
		permitted = c.LibDefaults.PermittedEnctypeIDs
	}
	if !says("default_tkt_enctypes") || len(c.LibDefaults.DefaultTktEnctypeIDs) == 0 {
		c.LibDefaults.DefaultTktEnctypeIDs = permitted
	}
	if !says("default_tgs_enctypes") || len(c.LibDefaults.DefaultTGSEnctypeIDs) == 0 {
		c.LibDefaults.DefaultTGSEnctypeIDs = permitted
	}
	return c, nil
}
