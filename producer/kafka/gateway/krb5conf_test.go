package gateway

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// What krb5.conf leaves open is chosen as MIT's library chooses it, and TCP.
func TestReadConfig(t *testing.T) {
	for text, want := range map[string]struct {
		types []int32
		dns   bool
		udp   int
	}{
		"": {enctypes, true, 1},
		"[libdefaults]\npermitted_enctypes = aes128-cts-hmac-sha1-96\n dns_lookup_kdc=false\n": {[]int32{17}, false, 1},
		"[libdefaults]\ndefault_tkt_enctypes = aes256-cts\nudp_preference_limit = 1465\n":      {[]int32{18}, true, 1465},
	} {
		c, err := readConfig(text)
		if err != nil {
			t.Errorf("%q: %v", text, err)
			continue
		}
		l := c.LibDefaults
		if diff := cmp.Diff(want.types, l.DefaultTktEnctypeIDs); diff != "" || l.DNSLookupKDC != want.dns || l.UDPPreferenceLimit != want.udp {
			t.Errorf("%q: DNS %v, UDP up to %d, encryption types (want, got): %s", text, l.DNSLookupKDC, l.UDPPreferenceLimit, diff)
		}
	}
	if _, err := readConfig("[libdefaults]\nforwardable = perhaps\n"); err == nil {
		t.Error("a value that gokrb5 cannot read was taken")
	}
}
