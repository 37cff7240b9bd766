package properties

import (
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"urncast/producer/connection"
)

// Go's TLS believes the same brokers as librdkafka: by chain and name, by chain
// only, or all of them.
func TestVerification(t *testing.T) {
	ca, foreign := newPair(t, "Test CA"), newPair(t, "Foreign CA")
	files := map[string][]byte{"ca.pem": ca.certPEM()}
	right, misnamed, strange := newPair(t, "broker.example.org", ca), newPair(t, "other.example.org", ca), newPair(t, "broker.example.org", foreign)
	for _, row := range []struct {
		name                     string
		pairs                    []string
		right, misnamed, strange bool
	}{
		{"by default", nil, true, false, false},
		{"https", []string{"ssl.endpoint.identification.algorithm", "HTTPS"}, true, false, false},
		{"names not compared, in Java's way", []string{"ssl.endpoint.identification.algorithm", ""}, true, true, false},
		{"names not compared", []string{"ssl.endpoint.identification.algorithm", "none"}, true, true, false},
		{"nothing verified", []string{"enable.ssl.certificate.verification", "false"}, true, true, true},
	} {
		r, _ := taken(t, ssl(files, append([]string{"ssl.truststore.location", "upload:ca.pem"}, row.pairs...)...))
		for _, server := range []struct {
			name     string
			pair     *pair
			believed bool
		}{{"right", right, row.right}, {"misnamed", misnamed, row.misnamed}, {"strange", strange, row.strange}} {
			if err := checkTLS(t, r, server.pair, ca, false); (err == nil) != server.believed {
				t.Errorf("%s: a %s broker: %v", row.name, server.name, err)
			}
		}
	}
	r, findings := taken(t, ssl(files, "ssl.truststore.location", "upload:ca.pem", "ssl.endpoint.identification.algorithm", ""))
	if f := finding(t, findings, "ssl.endpoint.identification.algorithm"); f.Verdict != connection.Translated || r.Client[f.Name] != "none" {
		t.Error(f, r.Client)
	}
}

func TestRevocation(t *testing.T) {
	ca := newPair(t, "Test CA")
	revoked, right := newPair(t, "broker.example.org", ca), newPair(t, "broker.example.org", ca)
	der, err := x509.CreateRevocationList(rand.Reader, &x509.RevocationList{Number: big.NewInt(1), ThisUpdate: time.Now(), NextUpdate: time.Now().Add(time.Hour),
		RevokedCertificateEntries: []x509.RevocationListEntry{{SerialNumber: revoked.cert.SerialNumber, RevocationTime: time.Now()}}}, ca.cert, ca.key)
	if err != nil {
		t.Fatal(err)
	}
	path := write(t, filepath.Join(t.TempDir(), "crl.pem"), pem.EncodeToMemory(&pem.Block{Type: "X509 CRL", Bytes: der}))
	r, _ := taken(t, ssl(map[string][]byte{"ca.pem": ca.certPEM()}, "ssl.ca.location", "upload:ca.pem", "ssl.crl.location", path))
	if r.Client["ssl.crl.location"] != path || !slices.Equal(r.Files, []string{path}) {
		t.Error(r.Client, r.Files)
	}
	if err := checkTLS(t, r, right, ca, false); err != nil {
		t.Error(err)
	}
	if err := checkTLS(t, r, revoked, ca, false); err == nil || !strings.Contains(err.Error(), "was revoked") {
		t.Error(err)
	}
}

// A certificate that has ended is said to, and watched like the others.
func TestEndedCertificate(t *testing.T) {
	ca := newPair(t, "Test CA")
	c := *ca.cert
	c.NotAfter = time.Now().Add(-time.Minute)
	der, err := x509.CreateCertificate(rand.Reader, &c, &c, &ca.key.PublicKey, ca.key)
	if err != nil {
		t.Fatal(err)
	}
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	r, findings := taken(t, ssl(nil, "ssl.truststore.certificates", string(text)))
	if f := finding(t, findings, "ssl.truststore.certificates"); !strings.Contains(f.Text, "CN=Test CA ended on ") {
		t.Error(f)
	}
	if len(r.Certificates) != 1 || time.Until(r.Certificates[0].NotAfter) > 0 {
		t.Error(r.Certificates)
	}
}

func TestVersionsAndSuites(t *testing.T) {
	r, findings := taken(t, ssl(nil, "ssl.enabled.protocols", "TLSv1.3", "ssl.protocol", "TLSv1.3", "ssl.cipher.suites",
		"TLS_AES_256_GCM_SHA384,TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384, TLS_RSA_WITH_AES_128_CBC_SHA,TLS_KRB5_WITH_DES_CBC_SHA"))
	if r.TLS.MinVersion != tls.VersionTLS13 {
		t.Error(r.TLS.MinVersion)
	}
	if got := r.Client["ssl.cipher.suites"]; got != "ECDHE-RSA-AES256-GCM-SHA384:AES128-SHA" {
		t.Error(got)
	}
	f := finding(t, findings, "ssl.cipher.suites")
	if f.Verdict != connection.Translated || !strings.Contains(f.Text, "lacks TLS_KRB5_WITH_DES_CBC_SHA") || !strings.Contains(f.Text, "TLS 1.3") {
		t.Error(f)
	}
	if !slices.Contains(r.TLS.CipherSuites, tls.TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384) || len(r.TLS.CipherSuites) != 2 {
		t.Error(r.TLS.CipherSuites)
	}
	if f := finding(t, findings, "ssl.enabled.protocols"); f.Verdict != connection.WithoutEffect || !strings.Contains(f.Text, "at the brokers") {
		t.Error(f)
	}
	r, _ = taken(t, ssl(nil, "ssl.cipher.suites", "HIGH:!aNULL"))
	if r.Client["ssl.cipher.suites"] != "HIGH:!aNULL" || r.TLS.CipherSuites != nil {
		t.Error(r.Client, r.TLS.CipherSuites)
	}
	r, _ = taken(t, ssl(nil, "ssl.cipher.suites", "TLS_AES_128_GCM_SHA256"))
	if r.Client["ssl.cipher.suites"] != "" {
		t.Error(r.Client)
	}
}

// Our names of suites are OpenSSL's own.
func TestNamesOfSuites(t *testing.T) {
	out, err := exec.Command("openssl", "ciphers", "-stdname", "ALL:@SECLEVEL=0").Output()
	if err != nil {
		if os.Getenv("CI") != "" {
			t.Fatalf("the program openssl is needed: %v", err)
		}
		t.Skip("the program openssl is not there: the names of suites are not compared with its own")
	}
	theirs := map[string]string{}
	for line := range strings.Lines(string(out)) {
		if f := strings.Fields(line); len(f) > 2 {
			theirs[f[0]] = f[2]
		}
	}
	compared := 0
	for name, want := range theirs {
		if got := openSSL(name); got != "" {
			compared++
			if got != want {
				t.Errorf("%s is OpenSSL's %s, not %s", name, want, got)
			}
		}
	}
	if compared < 20 {
		t.Errorf("only %d of OpenSSL's %d suites have a name", compared, len(theirs))
	}
}
