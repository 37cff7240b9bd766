package properties

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	keystore "github.com/pavlo-v-chernykh/keystore-go/v4"
	"github.com/youmark/pkcs8"
	"software.sslmate.com/src/go-pkcs12"

	"urncast/producer/connection"
	"urncast/producer/kafka/properties/stores"
)

// A pair is a certificate and its key.
type pair struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

// newPair makes a certificate; it is its own issuer if none is given.
func newPair(t *testing.T, name string, issuer ...*pair) *pair {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	serial, err := rand.Int(rand.Reader, big.NewInt(1<<62))
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{SerialNumber: serial, Subject: pkix.Name{CommonName: name}, NotBefore: time.Now().Add(-time.Hour),
		NotAfter: time.Now().Add(time.Hour), DNSNames: []string{name}, IsCA: len(issuer) == 0, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign | x509.KeyUsageCRLSign}
	parent, signer := c, key
	if len(issuer) > 0 {
		parent, signer = issuer[0].cert, issuer[0].key
	}
	der, err := x509.CreateCertificate(rand.Reader, c, parent, &key.PublicKey, signer)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return &pair{cert, key}
}

func (p *pair) certPEM() []byte { return []byte(stores.PEM([]*x509.Certificate{p.cert})) }

func (p *pair) keyDER(t *testing.T) []byte {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(p.key)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

func (p *pair) keyPEM(t *testing.T) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: p.keyDER(t)})
}

func (p *pair) encryptedKey(t *testing.T, password string) []byte {
	t.Helper()
	der, err := pkcs8.MarshalPrivateKey(p.key, []byte(password), nil)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "ENCRYPTED PRIVATE KEY", Bytes: der})
}

// jks makes a store with a trusted certificate and a key, each if it is given.
func jks(t *testing.T, trusted, own *pair, password, keyPassword string, chain ...*pair) []byte {
	t.Helper()
	s := keystore.New()
	if trusted != nil {
		if err := s.SetTrustedCertificateEntry("ca", keystore.TrustedCertificateEntry{CreationTime: time.Now(),
			Certificate: keystore.Certificate{Type: "X509", Content: trusted.cert.Raw}}); err != nil {
			t.Fatal(err)
		}
	}
	if own != nil {
		e := keystore.PrivateKeyEntry{CreationTime: time.Now(), PrivateKey: own.keyDER(t)}
		for _, p := range append([]*pair{own}, chain...) {
			e.CertificateChain = append(e.CertificateChain, keystore.Certificate{Type: "X509", Content: p.cert.Raw})
		}
		if err := s.SetPrivateKeyEntry("own", e, []byte(keyPassword)); err != nil {
			t.Fatal(err)
		}
	}
	var b bytes.Buffer
	if err := s.Store(&b, []byte(password)); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// ssl is a connection with TLS and some uploads.
func ssl(files map[string][]byte, pairs ...string) *connection.Connection {
	c := with(append([]string{"security.protocol", "SSL"}, pairs...)...)
	c.Files = files
	return c
}

// checkTLS says whether a server with a certificate of the CA would be believed,
// and would believe us, as Go's TLS has it.
func checkTLS(t *testing.T, r *Resolved, server, ca *pair, mutual bool) error {
	t.Helper()
	roots := x509.NewCertPool()
	roots.AddCert(ca.cert)
	config := &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{server.cert.Raw}, PrivateKey: server.key}}, ClientCAs: roots}
	if mutual {
		config.ClientAuth = tls.RequireAndVerifyClientCert
	}
	listener, err := tls.Listen("tcp", "127.0.0.1:0", config)
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	served := make(chan error, 1)
	go func() {
		conn, err := listener.Accept()
		if err == nil {
			defer conn.Close()
			conn.SetDeadline(time.Now().Add(10 * time.Second))
			err = conn.(*tls.Conn).Handshake()
		}
		served <- err
	}()
	mine := r.TLS.Clone()
	mine.ServerName = "broker.example.org"
	conn, err := tls.DialWithDialer(&net.Dialer{Timeout: 10 * time.Second}, "tcp", listener.Addr().String(), mine)
	if err != nil {
		<-served
		return err
	}
	defer conn.Close()
	return <-served
}

// Trust and key stores of each kind, by upload, end in the same PEM for librdkafka
// and in a configuration for Go's TLS with which a handshake works.
func TestStores(t *testing.T) {
	ca := newPair(t, "Test CA")
	own, server := newPair(t, "client.example.org", ca), newPair(t, "broker.example.org", ca)
	modern, err := pkcs12.Modern.Encode(own.key, own.cert, []*x509.Certificate{ca.cert}, "store-pw")
	if err != nil {
		t.Fatal(err)
	}
	trust, err := pkcs12.Modern.EncodeTrustStore([]*x509.Certificate{ca.cert}, "trust-pw")
	if err != nil {
		t.Fatal(err)
	}
	files := map[string][]byte{
		"trust.jks": jks(t, ca, nil, "trust-pw", ""), "key.jks": jks(t, nil, own, "store-pw", "key-pw", ca), "same.jks": jks(t, nil, own, "store-pw", "store-pw", ca),
		"trust.p12": trust, "key.p12": modern, "ca.pem": ca.certPEM(), "own.pem": append(own.certPEM(), ca.certPEM()...), "key.pem": own.keyPEM(t),
		"encrypted.pem": own.encryptedKey(t, "key-pw"), "both.pem": append(own.encryptedKey(t, "key-pw"), append(own.certPEM(), ca.certPEM()...)...),
	}
	for name, properties := range map[string][]string{
		"JKS": {"ssl.truststore.location", "upload:trust.jks", "ssl.truststore.password", "trust-pw",
			"ssl.keystore.location", "upload:key.jks", "ssl.keystore.password", "store-pw", "ssl.key.password", "key-pw"},
		"JKS without the trust store's password": {"ssl.truststore.location", "upload:trust.jks", "ssl.keystore.location", "upload:same.jks", "ssl.keystore.password", "store-pw"},
		"PKCS12, written as JKS": {"ssl.truststore.location", "upload:trust.p12", "ssl.truststore.password", "trust-pw", "ssl.truststore.type", "JKS",
			"ssl.keystore.location", "upload:key.p12", "ssl.keystore.password", "store-pw"},
		"PEM stores": {"ssl.truststore.location", "upload:ca.pem", "ssl.truststore.type", "PEM",
			"ssl.keystore.location", "upload:both.pem", "ssl.keystore.type", "PEM", "ssl.key.password", "key-pw"},
		"PEM inline, on one line": {"ssl.truststore.certificates", strings.ReplaceAll(string(ca.certPEM()), "\n", " "), "ssl.truststore.type", "PEM",
			"ssl.keystore.certificate.chain", strings.ReplaceAll(string(files["own.pem"]), "\n", `\n`), "ssl.keystore.key", string(files["encrypted.pem"]), "ssl.key.password", "key-pw"},
		"librdkafka's names":  {"ssl.ca.location", "upload:ca.pem", "ssl.certificate.location", "upload:own.pem", "ssl.key.location", "upload:key.pem"},
		"librdkafka's inline": {"ssl.ca.pem", string(ca.certPEM()), "ssl.certificate.pem", string(files["own.pem"]), "ssl.key.pem", string(files["key.pem"])},
		"the virtual machine's": {"javax.net.ssl.trustStore", "upload:trust.jks", "javax.net.ssl.trustStorePassword", "trust-pw",
			"javax.net.ssl.keyStore", "upload:key.p12", "javax.net.ssl.keyStorePassword", "store-pw"},
	} {
		t.Run(name, func(t *testing.T) {
			r, findings := taken(t, ssl(files, properties...))
			for _, f := range findings {
				if f.Verdict == connection.WithoutEffect && f.Name != "ssl.truststore.type" {
					t.Error(f)
				}
			}
			if r.Client["ssl.ca.pem"] != string(ca.certPEM()) || r.Client["ssl.certificate.pem"] != string(files["own.pem"]) || r.Client["ssl.key.pem"] != string(files["key.pem"]) {
				t.Errorf("%q", r.Client)
			}
			for name := range r.Client {
				if strings.HasSuffix(name, "location") || strings.HasSuffix(name, "password") {
					t.Errorf("%s is handed on", name)
				}
			}
			if len(r.Certificates) != 3 || r.Certificates[0].Subject != "CN=Test CA" || !r.Certificates[0].NotAfter.Equal(ca.cert.NotAfter) {
				t.Error(r.Certificates)
			}
			if err := checkTLS(t, r, server, ca, true); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestStoreRefusals(t *testing.T) {
	ca := newPair(t, "Test CA")
	own, other := newPair(t, "client.example.org", ca), newPair(t, "other.example.org", ca)
	p12, err := pkcs12.Modern.Encode(own.key, own.cert, nil, "store-pw")
	if err != nil {
		t.Fatal(err)
	}
	old := []byte("-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n\nAAAA\n-----END RSA PRIVATE KEY-----\n")
	files := map[string][]byte{"key.jks": jks(t, nil, own, "store-pw", "key-pw"), "trust.jks": jks(t, ca, nil, "trust-pw", ""), "key.p12": p12,
		"jceks": {0xce, 0xce, 0xce, 0xce}, "empty": {}, "noise": []byte("noise"), "own.pem": own.certPEM(), "other.pem": other.keyPEM(t), "old.pem": old,
		"encrypted.pem": own.encryptedKey(t, "key-pw"), "cut.jks": jks(t, ca, nil, "trust-pw", "")[:40]}
	for _, row := range []struct {
		pairs       []string
		name, words string
	}{
		{[]string{"ssl.truststore.location", "upload:trust.jks", "ssl.truststore.password", "planted"}, "ssl.truststore.location", "password of the store is wrong"},
		{[]string{"ssl.truststore.location", "upload:cut.jks", "ssl.truststore.password", "trust-pw"}, "ssl.truststore.location", "damaged"},
		{[]string{"ssl.truststore.location", "upload:missing"}, "ssl.truststore.location", "there are cut.jks, empty"},
		{[]string{"ssl.truststore.location", "/nowhere/trust.jks"}, "ssl.truststore.location", "no such file"},
		{[]string{"ssl.truststore.location", "/dev/zero"}, "ssl.truststore.location", "no regular file"},
		{[]string{"ssl.truststore.location", t.TempDir()}, "ssl.truststore.location", "folder"},
		{[]string{"ssl.truststore.location", "upload:jceks"}, "ssl.truststore.location", "-deststoretype PKCS12"},
		{[]string{"ssl.truststore.location", "upload:empty"}, "ssl.truststore.location", "empty"},
		{[]string{"ssl.truststore.location", "upload:noise"}, "ssl.truststore.location", "none of JKS, PKCS12 and PEM"},
		{[]string{"ssl.truststore.location", "upload:trust.jks", "ssl.truststore.type", "BKS"}, "ssl.truststore.type", "PKCS12 or PEM"},
		{[]string{"ssl.truststore.location", "upload:trust.jks", "ssl.ca.location", "upload:own.pem"}, "ssl.ca.location", "keep one"},
		{[]string{"ssl.keystore.location", "upload:key.jks", "ssl.keystore.password", "store-pw"}, "ssl.keystore.location", "ssl.key.password"},
		{[]string{"ssl.keystore.location", "upload:key.jks"}, "ssl.keystore.location", "ssl.keystore.password"},
		{[]string{"ssl.keystore.location", "upload:trust.jks", "ssl.keystore.password", "trust-pw"}, "ssl.keystore.location", "no key"},
		{[]string{"ssl.keystore.location", "upload:key.p12"}, "ssl.keystore.location", "ssl.keystore.password"},
		{[]string{"ssl.keystore.location", "upload:key.p12", "ssl.keystore.password", "planted"}, "ssl.keystore.location", "wrong"},
		{[]string{"ssl.certificate.location", "upload:own.pem"}, "ssl.certificate.location", "key that belongs to this certificate is missing"},
		{[]string{"ssl.key.location", "upload:other.pem"}, "ssl.key.location", "certificate that belongs to the key is missing"},
		{[]string{"ssl.certificate.location", "upload:own.pem", "ssl.key.location", "upload:other.pem"}, "ssl.key.location", "do not belong together"},
		{[]string{"ssl.certificate.location", "upload:own.pem", "ssl.key.location", "upload:encrypted.pem"}, "ssl.key.location", "ssl.key.password"},
		{[]string{"ssl.certificate.location", "upload:own.pem", "ssl.key.location", "upload:old.pem"}, "ssl.key.location", "openssl pkcs8 -topk8"},
		{[]string{"ssl.truststore.certificates", "no PEM"}, "ssl.truststore.certificates", "none of"},
		{[]string{"ssl.protocol", "SSLv3"}, "ssl.protocol", "TLSv1.2"},
		{[]string{"ssl.enabled.protocols", "TLSv1,TLSv1.1"}, "ssl.enabled.protocols", "TLSv1.2,TLSv1.3"},
		{[]string{"ssl.endpoint.identification.algorithm", "ldaps"}, "ssl.endpoint.identification.algorithm", "https"},
		{[]string{"ssl.cipher.suites", "TLS_RSA_WITH_RC4_128_MD5"}, "ssl.cipher.suites", "none of these"},
		{[]string{"ssl.crl.location", "upload:own.pem"}, "ssl.crl.location", "by path only"},
	} {
		refused(t, ssl(files, row.pairs...), row.name, row.words)
	}
}

// Stores of Java's own keytool are read.
func TestKeytool(t *testing.T) {
	if _, err := exec.LookPath("keytool"); err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal("keytool of a Java runtime is needed")
		}
		t.Skip("keytool is not installed: Java's own stores are not tried")
	}
	for _, kind := range []string{"JKS", "PKCS12"} {
		dir := t.TempDir()
		key, trust, cert := filepath.Join(dir, "key"), filepath.Join(dir, "trust"), filepath.Join(dir, "cert.pem")
		for _, args := range [][]string{
			{"-genkeypair", "-keyalg", "EC", "-alias", "broker", "-dname", "CN=broker.example.org", "-ext", "san=dns:broker.example.org",
				"-keystore", key, "-storetype", kind, "-storepass", "store-pw", "-keypass", "store-pw"},
			{"-exportcert", "-rfc", "-alias", "broker", "-keystore", key, "-storepass", "store-pw", "-file", cert},
			{"-importcert", "-noprompt", "-alias", "ca", "-file", cert, "-keystore", trust, "-storetype", kind, "-storepass", "trust-pw"},
		} {
			if out, err := exec.Command("keytool", args...).CombinedOutput(); err != nil {
				t.Fatalf("keytool %v: %v\n%s", args[0], err, out)
			}
		}
		r, _ := taken(t, ssl(nil, "ssl.truststore.location", trust, "ssl.truststore.password", "trust-pw",
			"ssl.keystore.location", key, "ssl.keystore.password", "store-pw"))
		if len(r.Files) != 2 || len(r.Certificates) != 2 || r.Certificates[1].Subject != "CN=broker.example.org" {
			t.Errorf("%s: %v, %v", kind, r.Files, r.Certificates)
		}
		server := &pair{cert: r.TLS.Certificates[0].Leaf, key: r.TLS.Certificates[0].PrivateKey.(*ecdsa.PrivateKey)}
		if err := checkTLS(t, r, server, server, false); err != nil {
			t.Errorf("%s: %v", kind, err)
		}
		// A key store may serve as trust store, as in Java.
		if _, err := stores.ReadTrust(must(t, key), "store-pw"); err != nil {
			t.Errorf("%s: %v", kind, err)
		}
	}
}

func must(t *testing.T, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}
