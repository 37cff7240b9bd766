package gateway

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jcmturner/gokrb5/v8/iana/errorcode"
	"github.com/jcmturner/gokrb5/v8/krberror"
	"github.com/jcmturner/gokrb5/v8/messages"
	"github.com/jcmturner/gokrb5/v8/types"

	"urncast/integration/rig"
	"urncast/producer/kafka/properties"
)

// start starts a gateway whose broker is never connected to.
func start(t *testing.T, k properties.Kerberos) *Failure {
	t.Helper()
	if k.Service == "" {
		k.Service = "kafka"
	}
	g, err := Start(t.Context(), Options{Bootstrap: []string{"localhost:1"}, Kerberos: &k})
	if err == nil {
		g.Close()
		return nil
	}
	var f *Failure
	if !errors.As(err, &f) {
		t.Fatalf("%v is no Failure", err)
	}
	return f
}

func read(t *testing.T, file string) []byte {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// A mistake is one in the settings, and what is said of it.
type mistake struct {
	name       string
	change     func(k *properties.Kerberos)
	stage      Stage
	transitory bool
	says       []string
}

// kdcMistakes are those that the KDC finds; conf gives krb5.conf with another KDC.
func kdcMistakes(t *testing.T, kdc *rig.KDC, keys map[string][]byte) []mistake {
	conf := func(address string) string {
		return strings.Replace(string(read(t, kdc.Config)), kdc.Address, address, 1)
	}
	return []mistake{
		{"unknown principal", func(k *properties.Kerberos) {
			k.Principal = "nobody"
			k.Keytab = renamed(t, kdc, "nobody")
		}, StageKDC, false, []string{"nobody@EXAMPLE.TEST", kdc.Address, "does not know the principal", "spelling"}},
		{"changed key", func(k *properties.Kerberos) { k.Principal, k.Keytab = "old", keys["old"] }, StageKDC, false,
			[]string{"old@EXAMPLE.TEST", "refuses the key", "keytab anew"}},
		{"changed key, pre-authentication", func(k *properties.Kerberos) {
			kdc.Admin("modprinc +requires_preauth old")
			k.Principal, k.Keytab = "old", keys["old"]
		}, StageKDC, false, []string{"old@EXAMPLE.TEST", "refuses the key", "KDC_ERR_PREAUTH_FAILED"}},
		{"locked", func(k *properties.Kerberos) { k.Principal, k.Keytab = "locked", keys["locked"] }, StageKDC, false,
			[]string{"locked@EXAMPLE.TEST", "does not let", "Unlock"}},
		{"KDC away", func(k *properties.Kerberos) { k.Config = conf("127.0.0.1:1") }, StageKDC, true,
			[]string{"127.0.0.1:1", "cannot be reached", "connection refused"}},
		{"KDC's name unknown", func(k *properties.Kerberos) { k.Config = conf("kdc.invalid:88") }, StageKDC, true,
			[]string{"kdc.invalid:88", "cannot be resolved", "DNS"}},
		{"another realm", func(k *properties.Kerberos) {
			k.Realm = "ELSEWHERE.TEST"
			k.Keytab = renamed(t, kdc, "alice@ELSEWHERE.TEST")
		}, StageKDC, false, []string{"No KDC of realm ELSEWHERE.TEST", "[realms]"}},
		{"unknown service", func(k *properties.Kerberos) { k.Service = "kafak" }, StageService, false, []string{"kafak/localhost", "advertised.listeners"}},
	}
}

// sourceMistakes are those in what is logged in with; expired is a ticket cache.
func sourceMistakes(t *testing.T, keys map[string][]byte, expired string) []mistake {
	return []mistake{
		{"keytab of another", func(k *properties.Kerberos) { k.Keytab = keys["bob"] }, StageConfiguration, false,
			[]string{"no key of alice@EXAMPLE.TEST", "bob@EXAMPLE.TEST"}},
		{"no keytab", func(k *properties.Kerberos) { k.Keytab, k.KeytabPath = nil, "/nowhere/alice.keytab" }, StageConfiguration, false,
			[]string{"/nowhere/alice.keytab", "cannot be read"}},
		{"damaged keytab", func(k *properties.Kerberos) { k.Keytab = []byte("\x05\x02\x00\x00\x00\x7fnot a keytab") }, StageConfiguration, false,
			[]string{"keytab", "cannot be read"}},
		{"no realm", func(k *properties.Kerberos) { k.Realm, k.Config = "", "" }, StageConfiguration, false, []string{"no realm", "alice@REALM"}},
		{"no cache", func(k *properties.Kerberos) { k.Keytab, k.Cache = nil, "/nowhere/krb5cc" }, StageConfiguration, true, []string{"/nowhere/krb5cc", "kinit"}},
		{"expired cache", func(k *properties.Kerberos) { k.Keytab, k.Cache = nil, expired }, StageKDC, true, []string{"alice@EXAMPLE.TEST", expired, "ended at", "kinit"}},
		{"another's cache", func(k *properties.Kerberos) { k.Keytab, k.Cache, k.Principal = nil, expired, "bob" }, StageConfiguration, true,
			[]string{"alice@EXAMPLE.TEST", "bob"}},
		{"damaged cache", func(k *properties.Kerberos) {
			k.Keytab, k.Cache = nil, filepath.Join(t.TempDir(), "cc")
			if err := os.WriteFile(k.Cache, []byte("\x05\x04\x00\x0cnot a cache"), 0o600); err != nil {
				t.Fatal(err)
			}
		}, StageConfiguration, true, []string{"cannot be read", "kinit"}},
		{"broken krb5.conf", func(k *properties.Kerberos) { k.Config = "[libdefaults]\nforwardable = perhaps\n" }, StageConfiguration, false, []string{"krb5.conf", "perhaps"}},
	}
}

// Each usual mistake is answered by a real KDC, and told in words that name who,
// where and what to do.
func TestWords(t *testing.T) {
	kdc := rig.StartKDC(t)
	for _, name := range []string{"alice", "bob", "locked", "old", rig.BrokerPrincipal} {
		kdc.AddPrincipal(name, "")
	}
	keys := map[string][]byte{}
	for _, name := range []string{"alice", "bob", "locked", "old"} {
		keys[name] = read(t, kdc.Keytab(name))
	}
	kdc.Admin("modprinc +requires_preauth alice")
	kdc.ChangeKey("old")
	kdc.Admin("modprinc -allow_tix locked")
	conf := string(read(t, kdc.Config))
	good := properties.Kerberos{Principal: "alice", Realm: rig.Realm, Keytab: keys["alice"], Config: conf}
	if f := start(t, good); f != nil {
		t.Fatalf("what is right fails: %v", f)
	}
	expired := kdc.Login(kdc.Keytab("alice"), "alice", "-l", "1s")
	time.Sleep(2 * time.Second)
	for _, c := range append(kdcMistakes(t, kdc, keys), sourceMistakes(t, keys, expired)...) {
		t.Run(c.name, func(t *testing.T) {
			k := good
			c.change(&k)
			began := time.Now()
			f := start(t, k)
			if f == nil {
				t.Fatal("it works")
			}
			t.Log(f)
			if f.Stage != c.stage || f.Transitory != c.transitory || f.Cure == "" {
				t.Errorf("stage %s, transitory %v, cure %q; want %s, %v", f.Stage, f.Transitory, f.Cure, c.stage, c.transitory)
			}
			if strings.Contains(f.Error(), "\x05") || strings.Contains(f.Error(), "not a") {
				t.Errorf("%q quotes what may be secret", f)
			}
			for _, want := range c.says {
				if !strings.Contains(f.Error(), want) {
					t.Errorf("%q does not say %q", f, want)
				}
			}
			if took := time.Since(began); took > 3*time.Second {
				t.Errorf("it took %s to say so", took)
			}
		})
	}
}

// What this KDC cannot be made to say is told as well.
func TestWordsOfOtherErrors(t *testing.T) {
	n := names{principal: "alice@" + rig.Realm, realm: rig.Realm, kdc: "kdc:88", service: "kafka/one", source: "keytab x"}
	for code, want := range map[int32]string{
		errorcode.KRB_AP_ERR_SKEW:         "clocks",
		errorcode.KDC_ERR_ETYPE_NOSUPP:    "encryption type",
		errorcode.KDC_ERR_WRONG_REALM:     "does not serve the realm",
		errorcode.KDC_ERR_POLICY:          "policy",
		errorcode.KRB_AP_ERR_TKT_EXPIRED:  "has expired",
		errorcode.KRB_ERR_GENERIC:         "could not log in",
		errorcode.KDC_ERR_KEY_EXPIRED:     "has expired",
		errorcode.KDC_ERR_CLIENT_NOTYET:   "not valid yet",
		errorcode.KDC_ERR_SVC_UNAVAILABLE: "could not log in",
	} {
		cause := krberror.Errorf(messages.NewKRBError(types.NewPrincipalName(1, "krbtgt"), rig.Realm, code, "of the KDC"), krberror.KDCError, "AS Exchange Error")
		f := explain(cause, StageKDC, n, "")
		if !strings.Contains(f.Text, want) || f.Cure == "" || strings.ContainsAny(f.Text+f.Cure, "{}") {
			t.Errorf("error %d is told as %q", code, f)
		}
	}
}

// renamed gives a keytab of a principal that the KDC does not know any more.
func renamed(t *testing.T, kdc *rig.KDC, name string) []byte {
	t.Helper()
	kdc.AddPrincipal(name, "")
	b := read(t, kdc.Keytab(name))
	kdc.Admin("delprinc -force " + name)
	return b
}
