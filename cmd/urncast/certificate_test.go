package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// selfSigned makes a certificate and its key, in PEM.
func selfSigned(t *testing.T, name string, ends time.Time) (cert, key []byte) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: name}, NotBefore: ends.Add(-48 * time.Hour), NotAfter: ends}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &private.PublicKey, private)
	if err != nil {
		t.Fatal(err)
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: pkcs8})
}

// write writes files into a folder, by new names that are then moved over the old ones.
func write(t *testing.T, folder string, files map[string][]byte) {
	t.Helper()
	for name, content := range files {
		fresh := filepath.Join(folder, name+".new")
		if err := os.WriteFile(fresh, content, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(fresh, filepath.Join(folder, name)); err != nil {
			t.Fatal(err)
		}
	}
}

// The certificate of a running server is the one that its files hold: written in place,
// moved over, or by the symbolic link of a folder, as Kubernetes does. What cannot be
// used leaves the old one in place, and is told once.
func TestCertificateIsReloaded(t *testing.T) {
	root, end := t.TempDir(), time.Now().Add(24*time.Hour).Truncate(time.Second)
	link := func(to string) {
		if err := os.Symlink(to, filepath.Join(root, "data.new")); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(filepath.Join(root, "data.new"), filepath.Join(root, "data")); err != nil {
			t.Fatal(err)
		}
	}
	folder := func(name, subject string, end time.Time) {
		if err := os.Mkdir(filepath.Join(root, name), 0o700); err != nil {
			t.Fatal(err)
		}
		cert, key := selfSigned(t, subject, end)
		write(t, filepath.Join(root, name), map[string][]byte{"tls.crt": cert, "tls.key": key})
	}
	folder("one", "first", end)
	link("one")
	log := &safeBuffer{}
	c, err := openCertificate(filepath.Join(root, "data", "tls.crt"), filepath.Join(root, "data", "tls.key"), slog.New(slog.NewTextHandler(log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	c.every = 10 * time.Millisecond
	go c.run(t.Context())
	metrics := prometheus.NewRegistry()
	metrics.MustRegister(c)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: http.NotFoundHandler()}
	go server.Serve(tls.NewListener(l, c.config()))
	defer server.Close()
	served := func() string {
		conn, err := tls.Dial("tcp", l.Addr().String(), &tls.Config{InsecureSkipVerify: true}) // whose it is, is asked for below
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		return conn.ConnectionState().PeerCertificates[0].Subject.CommonName
	}
	become := func(want string) {
		t.Helper()
		for until := time.Now().Add(10 * time.Second); served() != want; time.Sleep(10 * time.Millisecond) {
			if time.Now().After(until) {
				t.Fatalf("%s is served, want %s; the log: %s", served(), want, log)
			}
		}
	}
	told := func(what string) {
		t.Helper()
		for until := time.Now().Add(10 * time.Second); strings.Count(log.String(), what) == 0; time.Sleep(10 * time.Millisecond) {
			if time.Now().After(until) {
				t.Fatalf("no %q in %s", what, log)
			}
		}
	}
	gauge := func(name string) float64 {
		families, err := metrics.Gather()
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range families {
			if f.GetName() == name {
				return f.GetMetric()[0].GetGauge().GetValue()
			}
		}
		t.Fatalf("there is no %s", name)
		return 0
	}
	become("first")
	folder("two", "second", end.Add(time.Hour))
	link("two")
	become("second")
	if at := gauge("urncast_http_certificate_expiry_timestamp_seconds"); at != float64(end.Add(time.Hour).Unix()) {
		t.Errorf("it ends at %f", at)
	}
	cert, key := selfSigned(t, "third", end)
	write(t, filepath.Join(root, "two"), map[string][]byte{"tls.crt": cert})
	told("private key does not match public key")
	if served() != "second" || gauge("urncast_http_certificate_files_unusable") != 1 || !strings.Contains(log.String(), "level=ERROR") {
		t.Errorf("%s is served; the log: %s", served(), log)
	}
	write(t, filepath.Join(root, "two"), map[string][]byte{"tls.key": key})
	become("third")
	folder("three", "ended", time.Now().Add(-time.Hour))
	link("three")
	told("it ended at")
	if err := os.Remove(filepath.Join(root, "data")); err != nil {
		t.Fatal(err)
	}
	told("no such file")
	time.Sleep(100 * time.Millisecond)
	if n := strings.Count(log.String(), "cannot be used"); served() != "third" || n != 3 {
		t.Errorf("%s is served, and %d faults are told, want 3: %s", served(), n, log)
	}
	folder("four", "fourth", end)
	link("four")
	become("fourth")
	if gauge("urncast_http_certificate_files_unusable") != 0 {
		t.Error("the files are still said to be unusable")
	}
}
