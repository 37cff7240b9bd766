package certificate

import (
	"bytes"
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
	"sync"
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

// safeBuffer is a log that may be read while it is written.
type safeBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

// Write implements io.Writer.
func (s *safeBuffer) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(b)
}

// String returns what was written so far.
func (s *safeBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

// A reloading is a running server whose certificate lies in a folder behind a link.
type reloading struct {
	t       *testing.T
	root    string
	log     *safeBuffer
	address string
	metrics *prometheus.Registry
}

func newReloading(t *testing.T, subject string, end time.Time) *reloading {
	t.Helper()
	r := &reloading{t: t, root: t.TempDir(), log: &safeBuffer{}, metrics: prometheus.NewRegistry()}
	r.link("one", subject, end)
	c, err := Open(filepath.Join(r.root, "data", "tls.crt"), filepath.Join(r.root, "data", "tls.key"), slog.New(slog.NewTextHandler(r.log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	c.every = 10 * time.Millisecond
	go c.Run(t.Context())
	r.metrics.MustRegister(c)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: http.NotFoundHandler()}
	go server.Serve(tls.NewListener(l, c.Config()))
	t.Cleanup(func() { server.Close() })
	r.address = l.Addr().String()
	return r
}

// link makes a folder with a new pair, and leads the link there.
func (r *reloading) link(name, subject string, end time.Time) {
	r.t.Helper()
	if err := os.Mkdir(filepath.Join(r.root, name), 0o700); err != nil {
		r.t.Fatal(err)
	}
	cert, key := selfSigned(r.t, subject, end)
	write(r.t, filepath.Join(r.root, name), map[string][]byte{"tls.crt": cert, "tls.key": key})
	fresh := filepath.Join(r.root, "data.new")
	if err := os.Symlink(name, fresh); err != nil {
		r.t.Fatal(err)
	}
	if err := os.Rename(fresh, filepath.Join(r.root, "data")); err != nil {
		r.t.Fatal(err)
	}
}

func (r *reloading) served() string {
	r.t.Helper()
	conn, err := tls.Dial("tcp", r.address, &tls.Config{InsecureSkipVerify: true}) // whose it is, is what is asked
	if err != nil {
		r.t.Fatal(err)
	}
	defer conn.Close()
	return conn.ConnectionState().PeerCertificates[0].Subject.CommonName
}

func (r *reloading) within(what string, so func() bool) {
	r.t.Helper()
	for until := time.Now().Add(10 * time.Second); !so(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(until) {
			r.t.Fatalf("%s: not within 10 s; the log: %s", what, r.log)
		}
	}
}

func (r *reloading) becomes(subject string) {
	r.t.Helper()
	r.within(subject+" is served", func() bool { return r.served() == subject })
}

func (r *reloading) tells(text string) {
	r.t.Helper()
	r.within("the log tells of "+text, func() bool { return strings.Contains(r.log.String(), text) })
}

func (r *reloading) gauge(name string) float64 {
	r.t.Helper()
	families, err := r.metrics.Gather()
	if err != nil {
		r.t.Fatal(err)
	}
	for _, f := range families {
		if f.GetName() == name {
			return f.GetMetric()[0].GetGauge().GetValue()
		}
	}
	r.t.Fatalf("there is no %s", name)
	return 0
}

// The certificate of a running server is the one that its files hold: moved over, or by
// the symbolic link of a folder, as Kubernetes does. What cannot be used leaves the old
// one in place, and is told once.
func TestCertificateIsReloaded(t *testing.T) {
	end := time.Now().Add(24 * time.Hour).Truncate(time.Second)
	r := newReloading(t, "first", end)
	r.becomes("first")
	r.link("two", "second", end.Add(time.Hour))
	r.becomes("second")
	if at := r.gauge("urncast_http_certificate_expiry_timestamp_seconds"); at != float64(end.Add(time.Hour).Unix()) {
		t.Errorf("it ends at %f", at)
	}
	cert, key := selfSigned(t, "third", end)
	write(t, filepath.Join(r.root, "two"), map[string][]byte{"tls.crt": cert})
	r.tells("private key does not match public key")
	if r.served() != "second" || r.gauge("urncast_http_certificate_files_unusable") != 1 || !strings.Contains(r.log.String(), "level=ERROR") {
		t.Errorf("%s is served; the log: %s", r.served(), r.log)
	}
	write(t, filepath.Join(r.root, "two"), map[string][]byte{"tls.key": key})
	r.becomes("third")
	r.link("three", "ended", time.Now().Add(-time.Hour))
	r.tells("it expired at")
	if err := os.Remove(filepath.Join(r.root, "data")); err != nil {
		t.Fatal(err)
	}
	r.tells("no such file")
	time.Sleep(100 * time.Millisecond)
	if n := strings.Count(r.log.String(), "cannot be used"); r.served() != "third" || n != 3 {
		t.Errorf("%s is served, and %d faults are told, want 3: %s", r.served(), n, r.log)
	}
	r.link("four", "fourth", end)
	r.becomes("fourth")
	if r.gauge("urncast_http_certificate_files_unusable") != 0 {
		t.Error("the files are still said to be unusable")
	}
}

// A certificate that ends within two weeks is warned of at the start and once a day, and is an
// error once it has ended.
func TestTheEndIsToldAhead(t *testing.T) {
	folder, end, log := t.TempDir(), time.Now().Add(10*24*time.Hour), &safeBuffer{}
	cert, key := selfSigned(t, "soon", end)
	write(t, folder, map[string][]byte{"tls.crt": cert, "tls.key": key})
	c, err := Open(filepath.Join(folder, "tls.crt"), filepath.Join(folder, "tls.key"), slog.New(slog.NewTextHandler(log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	for hours := range 9 * 24 {
		c.warn(time.Now().Add(time.Duration(hours) * time.Hour))
	}
	if n := strings.Count(log.String(), "ends soon"); n != 9 {
		t.Errorf("it was told %d times in nine days: %s", n, log)
	}
	if c.warn(end.Add(time.Hour)); !strings.Contains(log.String(), "has expired") {
		t.Errorf("the end was not told: %s", log)
	}
}
