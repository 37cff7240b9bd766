package client

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// signed makes a certificate of its own authority for names that ends when it is told.
func signed(t *testing.T, name string, from, to time.Time) (tls.Certificate, string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Some Authority"}, DNSNames: []string{name},
		NotBefore: from, NotAfter: to, IsCA: true, BasicConstraintsValid: true}
	der, err := x509.CreateCertificate(rand.Reader, c, c, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, file
}

// Why a registry is not reached is told by name, with what to do.
func TestWhyTheRegistryIsNotReached(t *testing.T) {
	now := time.Now()
	serve := func(name string, from, to time.Time) (url, ca string) {
		pair, file := signed(t, name, from, to)
		s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "{}") }))
		s.Config.ErrorLog = log.New(io.Discard, "", 0)
		s.TLS = &tls.Config{Certificates: []tls.Certificate{pair}}
		s.StartTLS()
		t.Cleanup(s.Close)
		return strings.Replace(s.URL, "127.0.0.1", "localhost", 1), file
	}
	notPEM := filepath.Join(t.TempDir(), "x")
	if err := os.WriteFile(notPEM, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	good, ca := serve("localhost", now.Add(-time.Hour), now.Add(time.Hour))
	foreign, foreignCA := serve("registry.example.org", now.Add(-time.Hour), now.Add(time.Hour))
	old, oldCA := serve("localhost", now.Add(-48*time.Hour), now.Add(-24*time.Hour))
	early, earlyCA := serve("localhost", now.Add(24*time.Hour), now.Add(48*time.Hour))
	plain := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "{}") }))
	defer plain.Close()
	moved := httptest.NewServer(http.RedirectHandler("https://elsewhere.example.org/", http.StatusMovedPermanently))
	defer moved.Close()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	nobody := l.Addr().String()
	l.Close()
	for _, row := range []struct {
		what, url, ca string
		says          []string
	}{
		{"its authority is given", good, ca, nil},
		{"an unknown authority", good, "", []string{"authority that is not trusted here (CN=Some Authority)", "--ca", "URNCAST_CA"}},
		{"another authority", good, foreignCA, []string{"authority that is not trusted"}},
		{"another name", foreign, foreignCA, []string{"certificate for other names", "registry.example.org", "localhost"}},
		{"expired", old, oldCA, []string{"certificate that ended at " + now.Add(-24*time.Hour).UTC().Format("2006-01-02")}},
		{"too early", early, earlyCA, []string{"not valid before", "clocks"}},
		{"HTTP on HTTPS's port", strings.Replace(good, "https", "http", 1), "", []string{"speaks HTTPS on this port", "https://"}},
		{"HTTPS on HTTP's port", strings.Replace(plain.URL, "http", "https", 1), "", []string{"does not speak HTTPS on this port", "http://"}},
		{"nobody", "http://" + nobody, "", []string{"does not answer", "--url", "refused"}},
		{"no such host", "http://no-such-host.invalid", "", []string{"no-such-host.invalid"}},
		{"no scheme", nobody, "", []string{"is not the address of a registry", "http://"}},
		{"sent on", moved.URL, "", []string{"redirects to https://elsewhere.example.org/"}},
		{"no file", good, "/no/such/file", []string{"--ca", "/no/such/file"}},
		{"no certificate", good, notPEM, []string{"--ca", "no certificate in PEM"}},
	} {
		c := Client{URL: row.url, CA: row.ca}
		_, err := c.Post(t.Context(), "/x", nil, nil)
		if (err == nil) != (row.says == nil) {
			t.Errorf("%s: %v", row.what, err)
		}
		for _, words := range row.says {
			if err == nil || !strings.Contains(err.Error(), words) {
				t.Errorf("%s: the error does not say %q: %v", row.what, words, err)
			}
		}
	}
}

// What takes a request and does not answer, such as a broker of Kafka, is waited for, and
// named: nobody looks at a verb that says nothing.
func TestAnAnswerThatIsWaitedForIsTold(t *testing.T) {
	slow := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		time.Sleep(300 * time.Millisecond)
		io.WriteString(w, "{}")
	}))
	defer slow.Close()
	c := Client{URL: slow.URL, patience: 20 * time.Millisecond}
	said, err := onStderr(t, func() error { _, err := c.Get(t.Context(), "/x", nil); return err })
	if err != nil || !strings.Contains(said, "waiting for the answer of "+slow.URL) {
		t.Errorf("%v: %s", err, said)
	}
	c.patience = time.Minute
	if said, err = onStderr(t, func() error { _, err := c.Get(t.Context(), "/x", nil); return err }); err != nil || said != "" {
		t.Errorf("%v: %s", err, said)
	}
}

// onStderr runs a function and returns what it writes to standard error.
func onStderr(t *testing.T, f func() error) (string, error) {
	t.Helper()
	file, err := os.Create(filepath.Join(t.TempDir(), "stderr"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	was := os.Stderr
	os.Stderr = file
	defer func() { os.Stderr = was }()
	result := f()
	b, err := os.ReadFile(file.Name())
	if err != nil {
		t.Fatal(err)
	}
	return string(b), result
}
