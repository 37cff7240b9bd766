package probe

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"io"
	"net"
	"strings"
	"syscall"
	"time"
)

// Secure makes the TLS handshake; without TLS in the settings it does nothing.
func (p *Peer) Secure(ctx context.Context) error {
	if p.dialer.Settings.TLS == nil {
		return nil
	}
	var facts TLSFacts
	config := p.watched(&facts)
	raw := &firstBytes{Conn: p.conn}
	conn := tls.Client(raw, config)
	err := p.identifying(ctx, func() error {
		defer p.bounded(ctx)()
		return conn.HandshakeContext(ctx)
	})
	if err != nil {
		return p.tlsTrouble(ctx, err, raw.first, &facts)
	}
	found := factsOf(conn.ConnectionState())
	found.Asked, found.Sent, found.issuers, found.sentUntil = facts.Asked, facts.Sent, facts.issuers, facts.sentUntil
	p.conn, p.TLS = conn, &found
	if found.Asked && found.Version == tls.VersionName(tls.VersionTLS13) {
		// TLS 1.3 lets a client go on before its certificate is looked at: the
		// refusal comes with the first answer, and belongs to this step.
		return p.Greet(ctx)
	}
	return nil
}

// watched returns the configured TLS, which records in facts what the server asks for.
func (p *Peer) watched(facts *TLSFacts) *tls.Config {
	config := p.dialer.Settings.TLS.Clone()
	if config.ServerName == "" {
		config.ServerName = p.Host
	}
	if verify := config.VerifyConnection; verify != nil {
		config.VerifyConnection = func(s tls.ConnectionState) error {
			err := verify(s)
			if err != nil { // in the form that crypto/tls gives to its own refusals
				err = &tls.CertificateVerificationError{UnverifiedCertificates: s.PeerCertificates, Err: err}
			}
			return err
		}
	}
	given, own := config.GetClientCertificate, config.Certificates
	config.GetClientCertificate = func(info *tls.CertificateRequestInfo) (*tls.Certificate, error) {
		facts.Asked, facts.issuers = true, issuerNames(info.AcceptableCAs)
		chosen, err := &tls.Certificate{}, error(nil)
		if given != nil {
			chosen, err = given(info)
		} else if len(own) > 0 {
			// Whether its issuer is among the accepted or not: the server then says
			// what it dislikes, where sending nothing would look like having none.
			chosen = &own[0]
		}
		if err == nil && len(chosen.Certificate) > 0 {
			if leaf, err := x509.ParseCertificate(chosen.Certificate[0]); err == nil {
				facts.Sent, facts.sentUntil = leaf.Subject.String(), leaf.NotAfter
			}
		}
		return chosen, err
	}
	return config
}

// issuerNames reads the names of the issuers whose certificates are accepted.
func issuerNames(raw [][]byte) (names []string) {
	for _, der := range raw {
		var sequence pkix.RDNSequence
		if _, err := asn1.Unmarshal(der, &sequence); err == nil {
			names = append(names, sequence.String())
		}
	}
	return names
}

// tlsTrouble is the trouble of a handshake that failed.
func (p *Peer) tlsTrouble(ctx context.Context, err error, first []byte, facts *TLSFacts) error {
	var known *Trouble
	var bad *tls.CertificateVerificationError
	var header tls.RecordHeaderError
	switch {
	case errors.As(err, &known):
		return known
	case errors.Is(ctx.Err(), context.Canceled):
		return Met(Cancelled, err)
	case errors.As(err, &bad) && len(bad.UnverifiedCertificates) > 0:
		return p.certificateTrouble(bad)
	case errors.As(err, &header):
		if t := p.foreign(first); t != nil {
			return t
		}
	}
	if t := p.alertTrouble(err, facts); t != nil {
		return t
	}
	if broken(err) || isTimeout(err) {
		return p.unidentified(err)
	}
	return Met(TLSFails, err, "server", p.Server)
}

// certificateTrouble is the trouble of a server whose certificate is not accepted.
func (p *Peer) certificateTrouble(bad *tls.CertificateVerificationError) error {
	leaf := bad.UnverifiedCertificates[0]
	day := func(t time.Time) string { return t.UTC().Format("2006-01-02 15:04 MST") }
	values := []string{"server", p.Server, "host", p.Host, "subject", leaf.Subject.String(), "issuer",
		issuerOf(bad.UnverifiedCertificates),
		"after", day(leaf.NotAfter), "before", day(leaf.NotBefore), "now", day(time.Now()), "names", strings.Join(namesOf(leaf), ", ")}
	var foreign x509.UnknownAuthorityError
	var name x509.HostnameError
	var invalid x509.CertificateInvalidError
	switch {
	case errors.As(bad.Err, &name):
		return Met(CertificateName, bad.Err, values...)
	case errors.As(bad.Err, &invalid) && invalid.Reason == x509.Expired:
		if invalid.Cert != nil && invalid.Cert != leaf {
			values = append([]string{"subject", invalid.Cert.Subject.String(), "after", day(invalid.Cert.NotAfter),
				"before", day(invalid.Cert.NotBefore)}, values...)
			leaf = invalid.Cert
		}
		if time.Now().Before(leaf.NotBefore) {
			return Met(CertificateFuture, bad.Err, values...)
		}
		return Met(CertificateExpired, bad.Err, values...)
	case errors.As(bad.Err, &foreign):
		return Met(CertificateForeign, bad.Err, values...)
	}
	return Met(CertificateInvalid, bad.Err, values...)
}

// issuerOf returns the issuer that would have to be trusted, that of the last certificate.
func issuerOf(chain []*x509.Certificate) string {
	last := chain[len(chain)-1]
	if len(chain) == 1 && last.Subject.String() == last.Issuer.String() {
		return "itself"
	}
	return last.Issuer.String()
}

// namesOf lists the hosts that a certificate is for.
func namesOf(c *x509.Certificate) []string {
	names := append([]string{}, c.DNSNames...)
	for _, ip := range c.IPAddresses {
		names = append(names, ip.String())
	}
	if len(names) == 0 {
		names = append(names, "no host at all (it has no subjectAltName)")
	}
	return names
}

// alertTrouble is the trouble of a server that ended the handshake, or the first read after it, with
// an alert; nil if the error is no alert.
func (p *Peer) alertTrouble(err error, facts *TLSFacts) error {
	var op *net.OpError
	if !errors.As(err, &op) || op.Op != "remote error" {
		var alert tls.AlertError
		if !errors.As(err, &alert) {
			return nil
		}
	}
	values := []string{"server", p.Server, "host", p.Host, "subject", facts.Sent, "issuers",
		strings.Join(facts.issuers, "; "),
		"after", facts.sentUntil.UTC().Format("2006-01-02")}
	if len(facts.issuers) == 0 {
		values[7] = "it does not say which"
	}
	text := err.Error()
	is := func(parts ...string) bool {
		for _, part := range parts {
			if strings.Contains(text, part) {
				return true
			}
		}
		return false
	}
	switch {
	case is("protocol version"):
		return Met(TLSVersion, err, values...)
	case is("unrecognized name"):
		return Met(TLSName, err, values...)
	case facts.Asked && facts.Sent == "":
		return Met(ClientCertMissing, err, values...)
	case facts.Asked && is("certificate"): // bad, expired, unknown, revoked, unknown authority
		return Met(ClientCertRefused, err, values...)
	case is("handshake failure", "insufficient security"):
		return Met(TLSCipher, err, values...)
	}
	return Met(TLSFails, err, values...)
}

// broken reports whether err means that the other side ended the connection.
func broken(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err,
		syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE)
}

func isTimeout(err error) bool {
	var timeout net.Error
	return errors.As(err, &timeout) && timeout.Timeout()
}

// firstBytes is a connection that keeps the first bytes that are read from it: they tell protocols
// apart.
type firstBytes struct {
	net.Conn
	first []byte
}

// Read implements io.Reader.
func (f *firstBytes) Read(b []byte) (int, error) {
	n, err := f.Conn.Read(b)
	if len(f.first) < firstMax {
		f.first = append(f.first, b[:min(n, firstMax-len(f.first))]...)
	}
	return n, err
}

// firstMax is how many bytes of a foreign protocol are looked at and shown.
const firstMax = 32
