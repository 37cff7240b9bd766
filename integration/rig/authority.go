package rig

import (
	"cmp"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"
)

// StorePassword is the password of every PKCS#12 and JKS file and every encrypted key that the
// rig makes.
const StorePassword = "rig-store-password"

// An Authority is a certificate authority that only clients configured with File trust.
type Authority struct {
	// File is its own certificate (PEM), which clients configure as trusted.
	File string

	dir    string
	cert   *x509.Certificate
	key    *ecdsa.PrivateKey
	serial atomic.Int64
}

// A Certificate is a certificate that an Authority signed, with its private key.
type Certificate struct {
	Name  string // the subject's common name
	Chain string // file of the certificate and the authority's (PEM)
	Key   string // file of the private key (PKCS#8, PEM)
	Pair  string // file of key and chain, in this order, for Java's ssl.keystore.type=PEM

	dir string
}

// A Subject is the content of a certificate to issue.
type Subject struct {
	Name string
	// Hosts are DNS names and IP addresses; localhost and 127.0.0.1 if empty.
	Hosts []string
	// NotAfter is when it expires; after a day if zero.
	NotAfter time.Time
}

// NewAuthority makes a certificate authority, whose files are deleted with the test.
func NewAuthority(tb testing.TB) *Authority {
	tb.Helper()
	a := &Authority{dir: tb.TempDir()}
	a.File = filepath.Join(a.dir, "ca.pem")
	if err := a.create(); err != nil {
		tb.Fatalf("making a certificate authority: %v", err)
	}
	return a
}

func (a *Authority) create() (err error) {
	if a.key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader); err != nil {
		return err
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: "urncast rig CA " + filepath.Base(a.dir)},
		NotBefore: time.Now().AddDate(-1, 0, 0), NotAfter: time.Now().AddDate(1, 0, 0),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, a.key.Public(), a.key)
	if err != nil {
		return err
	}
	if a.cert, err = x509.ParseCertificate(der); err != nil {
		return err
	}
	return writePEM(a.File, &pem.Block{Type: "CERTIFICATE", Bytes: der})
}

// Issue makes a certificate that is valid for servers and clients.
func (a *Authority) Issue(tb testing.TB, s Subject) *Certificate {
	tb.Helper()
	dir := filepath.Join(a.dir, fmt.Sprint(a.serial.Add(1)))
	c := &Certificate{Name: s.Name, dir: dir, Chain: filepath.Join(dir, "chain.pem"), Key: filepath.Join(dir, "key.pem"), Pair: filepath.Join(dir, "pair.pem")}
	if err := a.issue(c, s); err != nil {
		tb.Fatalf("making a certificate for %s: %v", s.Name, err)
	}
	return c
}

func (a *Authority) issue(c *Certificate, s Subject) error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	notAfter := cmp.Or(s.NotAfter, time.Now().AddDate(0, 0, 1))
	template := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: s.Name},
		NotBefore: notAfter.AddDate(0, -1, 0), NotAfter: notAfter, KeyUsage: x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	hosts := s.Hosts
	if len(hosts) == 0 {
		hosts = []string{"localhost", "127.0.0.1"}
	}
	for _, h := range hosts {
		if ip := net.ParseIP(h); ip != nil {
			template.IPAddresses = append(template.IPAddresses, ip)
		} else {
			template.DNSNames = append(template.DNSNames, h)
		}
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.cert, key.Public(), a.key)
	if err != nil {
		return err
	}
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return err
	}
	if err := os.Mkdir(c.dir, 0o700); err != nil {
		return err
	}
	private := &pem.Block{Type: "PRIVATE KEY", Bytes: secret}
	chain := []*pem.Block{{Type: "CERTIFICATE", Bytes: der}, {Type: "CERTIFICATE", Bytes: a.cert.Raw}}
	if err := writePEM(c.Chain, chain...); err != nil {
		return err
	}
	if err := writePEM(c.Key, private); err != nil {
		return err
	}
	return writePEM(c.Pair, append([]*pem.Block{private}, chain...)...)
}

func writePEM(file string, blocks ...*pem.Block) error {
	var text []byte
	for _, b := range blocks {
		text = append(text, pem.EncodeToMemory(b)...)
	}
	return os.WriteFile(file, text, 0o600)
}

// TrustStore returns a file with the authority's certificate, made with Java's keytool: kind
// is "JKS" or "PKCS12".
func (a *Authority) TrustStore(tb testing.TB, kind string) string {
	tb.Helper()
	file := filepath.Join(a.dir, "trust."+kind)
	if _, err := os.Stat(file); err == nil {
		return file
	}
	tool(tb, "keytool", "-importcert", "-noprompt", "-alias", "rig", "-file", a.File,
		"-keystore", file, "-storetype", kind, "-storepass", StorePassword)
	return file
}

// KeyStore returns a file with certificate and key, made with Java's keytool: kind is "JKS" or
// "PKCS12". Store and key have the same password.
func (c *Certificate) KeyStore(tb testing.TB, kind string) string {
	tb.Helper()
	file := filepath.Join(c.dir, "store."+kind)
	if _, err := os.Stat(file); err == nil {
		return file
	}
	// keytool imports keys only from another store, not from a PEM file.
	plain := filepath.Join(c.dir, "openssl.p12")
	tool(tb, "openssl", "pkcs12", "-export", "-name", "rig", "-in", c.Chain, "-inkey", c.Key, "-out", plain, "-passout", "pass:"+StorePassword)
	tool(tb, "keytool", "-importkeystore", "-noprompt", "-srckeystore", plain, "-srcstoretype", "PKCS12", "-srcstorepass", StorePassword,
		"-destkeystore", file, "-deststoretype", kind, "-deststorepass", StorePassword)
	return file
}

// EncryptedKey returns a file with the private key, encrypted (PKCS#8, PEM).
func (c *Certificate) EncryptedKey(tb testing.TB) string {
	tb.Helper()
	file := filepath.Join(c.dir, "encrypted.pem")
	tool(tb, "openssl", "pkcs8", "-topk8", "-v2", "aes-256-cbc", "-in", c.Key, "-out", file, "-passout", "pass:"+StorePassword)
	return file
}

// tool runs an installed program until it ends.
func tool(tb testing.TB, name string, args ...string) {
	tb.Helper()
	if _, err := exec.LookPath(name); err != nil {
		Missing(tb, "the test's key stores need %s, which is not on the PATH (Debian: apt-get install default-jre-headless openssl)", name)
	}
	if out, err := exec.Command(name, args...).CombinedOutput(); err != nil {
		tb.Fatalf("%s %s: %v\n%s", name, args[0], err, out)
	}
}
