package gateway

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// distributed is a file as distributions and admins write it.
const distributed = "# a file as distributions ship it\r\n" + `
includedir /etc/krb5.conf.d/
module /usr/lib/x.so:residual

[logging]
  default = FILE:/var/log/krb5libs.log

[libdefaults]
  default_realm = EXAMPLE.TEST   # ours
  dns_canonicalize_hostname = fallback
  qualify_shortname = ""
  default_ccache_name = KEYRING:persistent:%{uid}
  spake_preauth_groups = edwards25519
  pkinit_anchors = FILE:/etc/pki/tls/certs/ca-bundle.crt
  ticket_lifetime = 24h
  renew_lifetime = 7d
  forwardable = on
  EXAMPLE.TEST = {
    kdc = 10.0.0.1
  }

[realms]
  EXAMPLE.TEST = {
    kdc = kdc1.example.test
    kdc = tcp/kdc2.example.test:1088
    kdc = https://kdc3.example.test/KdcProxy
    kdc = 2001:db8::1
    kdc = [2001:db8::2]:1088
    admin_server = kdc1.example.test
    auth_to_local = RULE:[1:$1@$0](.*@EXAMPLE.TEST)s/@.*//
    auth_to_local_names = {
      root = nobody
      kdc = no.kdc.at.all
    }
    v4_realm = EXAMPLE
  }
  OTHER.TEST = {
    kdc = "kdc.other.test"
  }

[domain_realm]
  .example.test = EXAMPLE.TEST
  Example.Test = EXAMPLE.TEST

[realms]
  EXAMPLE.TEST = {
    kdc = kdc4.example.test:88
  }
`

// What MIT and Java take from a krb5.conf is taken, whatever else stands in it.
func TestReadConfig(t *testing.T) {
	c, err := readConfig(distributed)
	if err != nil {
		t.Fatal(err)
	}
	got := map[string][]string{}
	for _, r := range c.Realms {
		got[r.Realm] = r.KDC
	}
	want := map[string][]string{
		"EXAMPLE.TEST": {"kdc1.example.test:88", "kdc2.example.test:1088", "[2001:db8::1]:88", "[2001:db8::2]:1088", "kdc4.example.test:88"},
		"OTHER.TEST":   {"kdc.other.test:88"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("KDCs (want, got): %s", diff)
	}
	if c.ResolveRealm("broker.example.test") != "EXAMPLE.TEST" || c.ResolveRealm("example.test") != "EXAMPLE.TEST" {
		t.Errorf("the domains are %v", c.DomainRealm)
	}
	l := c.LibDefaults
	if l.DefaultRealm != "EXAMPLE.TEST" || !l.Forwardable || l.TicketLifetime.Hours() != 24 || l.RenewLifetime.Hours() != 7*24 {
		t.Errorf("the defaults are %+v", l)
	}
	if !l.DNSLookupKDC || l.UDPPreferenceLimit != 1 {
		t.Errorf("DNS %v, UDP up to %d; want DNS and TCP", l.DNSLookupKDC, l.UDPPreferenceLimit)
	}
	if diff := cmp.Diff(enctypes, l.DefaultTktEnctypeIDs); diff != "" {
		t.Errorf("encryption types (want, got): %s", diff)
	}
}

// Encryption types that the file permits are the only ones.
func TestReadConfigEnctypes(t *testing.T) {
	c, err := readConfig("[libdefaults]\npermitted_enctypes = aes128-cts-hmac-sha1-96\ndns_lookup_kdc = false\n")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]int32{17}, c.LibDefaults.DefaultTktEnctypeIDs); diff != "" || c.LibDefaults.DNSLookupKDC {
		t.Errorf("DNS %v, encryption types (want, got): %s", c.LibDefaults.DNSLookupKDC, diff)
	}
}

func TestReadConfigRefuses(t *testing.T) {
	for _, text := range []string{"[libdefaults", "[realms]\n}\n", "[libdefaults]\nforwardable = perhaps\n"} {
		if _, err := readConfig(text); err == nil {
			t.Errorf("%q was taken", text)
		}
	}
}
