package certificate

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
)

// The certificate because of which a server was not talked to is told by its name, and an
// authority's from the server's own: another person renews it.
func TestExplain(t *testing.T) {
	past, future := time.Now().Add(-time.Hour), time.Now().Add(time.Hour)
	cert := func(from, to time.Time, authority bool) *x509.Certificate {
		return &x509.Certificate{Subject: pkix.Name{CommonName: "db"}, Issuer: pkix.Name{CommonName: "Office CA"}, NotBefore: from, NotAfter: to, IsCA: authority, DNSNames: []string{"elsewhere.example"}}
	}
	expired := func(c *x509.Certificate) error { return x509.CertificateInvalidError{Cert: c, Reason: x509.Expired} }
	for _, row := range []struct {
		err  error
		says string
	}{
		{expired(cert(past.Add(-time.Hour), past, false)), "the server's certificate (CN=db) ended on " + past.UTC().Format("2006-01-02 15:04")},
		{expired(cert(past.Add(-time.Hour), past, true)), "the certificate of the authority CN=db ended on"},
		{expired(cert(future, future.Add(time.Hour), false)), "(CN=db) is not valid before " + future.UTC().Format("2006-01-02 15:04")},
		{x509.HostnameError{Certificate: cert(past, future, false), Host: "localhost"}, "not localhost: ask the server by a name"},
		{x509.UnknownAuthorityError{Cert: cert(past, future, false)}, "is of CN=Office CA, which is not trusted here: put into FILE that"},
	} {
		err := Explain(fmt.Errorf("connecting: %w", row.err), "put into FILE")
		if !strings.Contains(err.Error(), row.says) || !strings.HasPrefix(err.Error(), "connecting: ") {
			t.Errorf("%v, which does not say %q", err, row.says)
		}
	}
	if err := errors.New("refused"); Explain(err, "") != err {
		t.Error("another error is changed")
	}
}
