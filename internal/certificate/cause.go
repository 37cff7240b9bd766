package certificate

import (
	"crypto/x509"
	"errors"
	"fmt"
	"time"
)

// Explain adds to the error of a connection that was given up because of the server's certificate
// which certificate that was, and what to do. trust says what to do with an authority's certificate,
// as in "put into FILE". Other errors are returned as they are.
func Explain(err error, trust string) error {
	var invalid x509.CertificateInvalidError
	var name x509.HostnameError
	var unknown x509.UnknownAuthorityError
	form := func(at time.Time) string { return at.UTC().Format("2006-01-02 15:04 UTC") }
	switch now := time.Now(); {
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired && now.Before(invalid.Cert.NotBefore):
		return fmt.Errorf("%w: the server's certificate (%s) is not valid before %s: this machine's clock, which shows %s, is wrong, or the server needs another certificate",
			err, invalid.Cert.Subject, form(invalid.Cert.NotBefore), form(now))
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired && invalid.Cert.IsCA:
		return fmt.Errorf("%w: the certificate of the authority %s ended on %s: the server needs a certificate of one that is valid; then %s that one's certificate",
			err, invalid.Cert.Subject, form(invalid.Cert.NotAfter), trust)
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return fmt.Errorf("%w: the server's certificate (%s) ended on %s: it must be renewed there; if it was, this machine's clock is wrong, which shows %s",
			err, invalid.Cert.Subject, form(invalid.Cert.NotAfter), form(now))
	case errors.As(err, &name):
		return fmt.Errorf("%w: ask the server by a name that its certificate has, or give it a certificate for this name", err)
	case errors.As(err, &unknown) && unknown.Cert != nil:
		return fmt.Errorf("%w: the server's certificate is of %s, which is not trusted here: %s that authority's certificate", err, unknown.Cert.Issuer, trust)
	}
	return err
}
