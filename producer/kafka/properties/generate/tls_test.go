package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"strings"
	"testing"
	"time"

	ck "github.com/confluentinc/confluent-kafka-go/v2/kafka"

	"urncast/producer/connection"
	"urncast/producer/kafka/properties"
)

// A pair is a certificate with its key.
type pair struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

func issue(t *testing.T, name string, ca bool, by *pair) *pair {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: name}, NotBefore: time.Now().Add(-time.Hour),
		NotAfter: time.Now().Add(time.Hour), IsCA: ca, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature}
	if ca {
		c.KeyUsage |= x509.KeyUsageCertSign
	} else {
		c.IPAddresses = []net.IP{net.IPv4(127, 0, 0, 1)}
		c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth, x509.ExtKeyUsageServerAuth}
	}
	parent := &pair{c, key}
	if by != nil {
		parent = by
	}
	der, err := x509.CreateCertificate(rand.Reader, c, parent.cert, &key.PublicKey, parent.key)
	if err != nil {
		t.Fatal(err)
	}
	if c, err = x509.ParseCertificate(der); err != nil {
		t.Fatal(err)
	}
	return &pair{c, key}
}

func (p *pair) pem(t *testing.T) string {
	t.Helper()
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: p.cert.Raw}))
}

// librdkafka itself shows a chain of two certificates to a broker that trusts
// the root only, and trusts any of several roots, all from memory.
func TestClientUsesCertificates(t *testing.T) {
	root, other := issue(t, "root", true, nil), issue(t, "other root", true, nil)
	between := issue(t, "between", true, root)
	own, broker := issue(t, "client", false, between), issue(t, "broker", false, root)
	der, err := x509.MarshalPKCS8PrivateKey(own.key)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(root.cert)
	listener, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{ClientCAs: roots, ClientAuth: tls.RequireAndVerifyClientCert,
		Certificates: []tls.Certificate{{Certificate: [][]byte{broker.cert.Raw}, PrivateKey: broker.key}}})
	if err != nil {
		t.Fatal(err)
	}
	shown := make(chan any, 100)
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			conn.SetDeadline(time.Now().Add(5 * time.Second))
			if err := conn.(*tls.Conn).Handshake(); err != nil {
				shown <- err
			} else {
				shown <- conn.(*tls.Conn).ConnectionState().PeerCertificates
			}
			conn.Close()
		}
	}()
	defer listener.Close()

	r, _, err := properties.Resolve(&connection.Connection{Properties: map[string]string{
		"bootstrap.servers": listener.Addr().String(), "security.protocol": "SSL",
		"ssl.truststore.certificates":    other.pem(t) + root.pem(t),
		"ssl.keystore.certificate.chain": own.pem(t) + between.pem(t),
		"ssl.keystore.key":               string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})),
	}})
	if err != nil {
		t.Fatal(err)
	}
	m := ck.ConfigMap{"log_level": 0}
	for k, v := range r.Client {
		m[k] = v
	}
	admin, err := ck.NewAdminClient(&m)
	if err != nil {
		t.Fatal(err)
	}
	defer admin.Close()
	go admin.GetMetadata(nil, true, 3000) // it fails: what counts is what the broker sees
	select {
	case s := <-shown:
		if err, failed := s.(error); failed {
			t.Fatal(err)
		}
		var names []string
		for _, c := range s.([]*x509.Certificate) {
			names = append(names, c.Subject.CommonName)
		}
		if got := strings.Join(names, ", "); got != "client, between" {
			t.Errorf("the broker was shown %s", got)
		}
	case <-time.After(10 * time.Second):
		t.Fatal("nobody connected")
	}
}
