package client

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"strings"
	"time"
)

// httpClient returns an HTTP client that trusts the system's authorities (or those of
// SSL_CERT_FILE and SSL_CERT_DIR) and those of the file ca, and takes the proxy that HTTP_PROXY,
// HTTPS_PROXY and NO_PROXY name.
func httpClient(ca string) (*http.Client, error) {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	if ca != "" {
		b, err := os.ReadFile(ca)
		if err != nil {
			return nil, fmt.Errorf("reading the certificates of --ca: %w", err)
		}
		pool, err := x509.SystemCertPool()
		if err != nil {
			pool = x509.NewCertPool() // the system has none
		}
		if !pool.AppendCertsFromPEM(b) {
			return nil, fmt.Errorf("the certificates of --ca: %s holds no certificate in PEM (-----BEGIN CERTIFICATE-----)", ca)
		}
		transport.TLSClientConfig = &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}
	}
	// A redirected POST would arrive as a GET, and change nothing.
	stay := func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &http.Client{Transport: transport, CheckRedirect: stay}, nil
}

// unreached returns the error of a request without an answer: the cause, where it is known, and
// what to do.
func (c *Client) unreached(r *http.Request, err error) error {
	var unknown x509.UnknownAuthorityError
	var name x509.HostnameError
	var invalid x509.CertificateInvalidError
	var record tls.RecordHeaderError
	var lookup *net.DNSError
	at := "the registry at " + c.URL
	if proxy, e := http.ProxyFromEnvironment(r); e == nil && proxy != nil {
		at += fmt.Sprintf(", over the proxy %s that HTTP_PROXY or HTTPS_PROXY names (NO_PROXY excepts hosts)", proxy.Redacted())
	}
	switch {
	case errors.As(err, &unknown):
		return fmt.Errorf("%s has a certificate of an authority that is not trusted here%s: give the authority's certificate with --ca or URNCAST_CA", at, issuer(unknown.Cert))
	case errors.As(err, &name):
		return fmt.Errorf("%s has a certificate for other names: %w; ask it by a name that the certificate has", at, name)
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired && time.Now().Before(invalid.Cert.NotBefore):
		return fmt.Errorf("%s has a certificate that is not valid before %s: one of the two clocks is wrong", at, invalid.Cert.NotBefore.UTC().Format(time.RFC3339))
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return fmt.Errorf("%s has a certificate that ended at %s, its own or an authority's (%s): it must be renewed there", at, invalid.Cert.NotAfter.UTC().Format(time.RFC3339), invalid.Cert.Subject)
	case errors.As(err, &invalid):
		return fmt.Errorf("%s has a certificate that cannot be used: %w", at, invalid)
	case errors.As(err, &record), strings.Contains(err.Error(), "server gave HTTP response to HTTPS client"):
		return fmt.Errorf("%s does not speak HTTPS on this port: write http:// if that is meant, or another port (--url, URNCAST_URL)", at)
	case strings.Contains(err.Error(), "malformed HTTP response"):
		return fmt.Errorf("%s does not speak HTTP on this port: write https:// if that is meant, or another port (--url, URNCAST_URL): %w", at, err)
	case errors.As(err, &lookup) && lookup.IsNotFound:
		return fmt.Errorf("%s: there is no host %s (--url or URNCAST_URL says where the registry is)", at, lookup.Name)
	}
	return fmt.Errorf("%s does not answer (--url or URNCAST_URL says where it is): %w", at, err)
}

func issuer(c *x509.Certificate) string {
	if c == nil {
		return ""
	}
	return " (" + c.Issuer.String() + ")"
}
