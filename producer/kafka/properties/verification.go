package properties

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"urncast/producer/connection"
	"urncast/producer/kafka/properties/table"
)

// verification resolves how the brokers' certificates are verified.
func (r *resolver) verification() {
	const chain, name, lists = "enable.ssl.certificate.verification", "ssl.endpoint.identification.algorithm", "ssl.crl.location"
	verify, named := true, true
	if r.has(chain) {
		if v, ok := r.checked(chain, r.values[chain]); ok {
			r.out.Client[chain] = v
			if verify = v == "true"; !verify {
				r.note(chain, "The brokers' certificates are not verified: whoever is in between can read and "+
					"change everything.")
			}
		}
	}
	if r.has(name) {
		switch strings.ToLower(r.values[name]) {
		case "https":
			r.out.Client[name] = "https"
		case "", "none":
			named = false
			r.out.Client[name] = "none"
			if r.values[name] == "" {
				r.becomes(name, name)
			}
			r.note(name, "The brokers' host names are not compared with their certificates.")
		default:
			r.refuse(name, "%s is none of its values: https, or empty for no "+
				"comparison.", table.Quote(name, r.values[name]))
		}
	}
	var revoked []*x509.RevocationList
	if r.has(lists) {
		revoked = r.revocations(lists)
	}
	config := r.out.TLS
	roots := config.RootCAs
	if !verify || !named {
		config.InsecureSkipVerify = true // what remains to be verified is verified below
	}
	if verify && (!named || len(revoked) > 0) {
		config.VerifyConnection = func(s tls.ConnectionState) error { return verifyChain(s, roots, named, revoked) }
	}
}

// verifyChain verifies a chain, unless crypto/tls has verified it, and looks for its certificates in
// lists of revoked ones.
func verifyChain(s tls.ConnectionState, roots *x509.CertPool, verified bool, revoked []*x509.RevocationList) error {
	if len(s.PeerCertificates) == 0 {
		return errors.New("the broker sent no certificate")
	}
	if !verified {
		between := x509.NewCertPool()
		for _, c := range s.PeerCertificates[1:] {
			between.AddCert(c)
		}
		if _, err := s.PeerCertificates[0].Verify(x509.VerifyOptions{Roots: roots, Intermediates: between}); err != nil {
			return err
		}
	}
	for _, c := range s.PeerCertificates {
		for _, l := range revoked {
			if string(l.RawIssuer) != string(c.RawIssuer) {
				continue
			}
			for _, e := range l.RevokedCertificateEntries {
				if e.SerialNumber.Cmp(c.SerialNumber) == 0 {
					return fmt.Errorf("the certificate of %s was "+
						"revoked on %s", c.Subject, e.RevocationTime.Format("2 January 2006"))
				}
			}
		}
	}
	return nil
}

// revocations reads lists of revoked certificates. They cannot be uploaded: librdkafka takes a path
// only.
func (r *resolver) revocations(name string) []*x509.RevocationList {
	if strings.HasPrefix(r.values[name], connection.UploadPrefix) {
		r.refuse(name, "librdkafka reads it by path only: put the file onto the machine that urncast runs on, and "+
			"write its path.")
		return nil
	}
	data, err := r.file(name, r.values[name])
	if err != nil {
		r.refuse(name, "%s", sentence(err))
		return nil
	}
	var out []*x509.RevocationList
	for block, rest := pem.Decode(data); block != nil; block, rest = pem.Decode(rest) {
		list, err := x509.ParseRevocationList(block.Bytes)
		if err != nil {
			r.refuse(name, "The file holds something else than lists of revoked certificates in PEM.")
			return nil
		}
		out = append(out, list)
	}
	if len(out) == 0 {
		r.refuse(name, "The file holds no list of revoked certificates in PEM.")
		return nil
	}
	r.out.Client[name] = r.values[name]
	return out
}

// versions checks the versions of TLS. librdkafka offers 1.2 and 1.3, and has no property for it.
func (r *resolver) versions() {
	known := map[string]uint16{"TLS": tls.VersionTLS12, "TLSV1.2": tls.VersionTLS12, "TLSV1.3": tls.VersionTLS13}
	const one, several = "ssl.protocol", "ssl.enabled.protocols"
	const offered = "TLS 1.2 and 1.3 are offered, and the newest that the broker has too is used."
	if r.has(one) {
		if known[strings.ToUpper(r.values[one])] == 0 {
			r.refuse(one, "%s is no version that is offered here: write TLSv1.2 "+
				"or TLSv1.3.", table.Quote(one, r.values[one]))
		} else {
			r.say(one, connection.WithoutEffect, offered)
		}
	}
	if !r.has(several) {
		return
	}
	newest, oldest := uint16(0), uint16(0)
	for w := range strings.SplitSeq(r.values[several], ",") {
		if v := known[strings.ToUpper(strings.TrimSpace(w))]; v != 0 {
			newest = max(newest, v)
			if oldest == 0 || v < oldest {
				oldest = v
			}
		}
	}
	switch {
	case newest == 0:
		r.refuse(several, "%s names no version that is offered here: write "+
			"TLSv1.2,TLSv1.3.", table.Quote(several, r.values[several]))
	case oldest == tls.VersionTLS13:
		r.out.TLS.MinVersion = oldest
		r.say(several, connection.WithoutEffect,
			"%s To forbid TLS 1.2 set ssl.enabled.protocols=TLSv1.3 at the brokers.", offered)
	default:
		r.say(several, connection.WithoutEffect, offered)
	}
}

// ciphers resolves ssl.cipher.suites: Java has the registered names, and OpenSSL its own.
func (r *resolver) ciphers() {
	const name = "ssl.cipher.suites"
	if !r.has(name) {
		return
	}
	var names, lost []string
	newest := false
	for _, w := range strings.FieldsFunc(r.values[name], func(c rune) bool { return c == ',' || c == ':' || c == ' ' || c == '\n' }) {
		switch {
		case !strings.HasPrefix(w, "TLS_") && !strings.HasPrefix(w, "SSL_"):
			names = append(names, w) // OpenSSL's own
		case !strings.Contains(w, "_WITH_"):
			newest = true // a suite of TLS 1.3
		default:
			if n := openSSL(w); n != "" {
				names = append(names, n)
			} else {
				lost = append(lost, w)
			}
		}
	}
	for _, s := range slices.Concat(tls.CipherSuites(), tls.InsecureCipherSuites()) {
		if slices.Contains(names, openSSL(s.Name)) {
			r.out.TLS.CipherSuites = append(r.out.TLS.CipherSuites, s.ID)
		}
	}
	switch {
	case len(names) == 0 && newest:
		r.say(name, connection.WithoutEffect, "All suites of TLS 1.3 are offered always.")
		return
	case len(names) == 0:
		r.refuse(name, "OpenSSL, which is built in, has none of these suites: remove the line, or name others.")
		return
	}
	joined := strings.Join(names, ":")
	r.out.Client[name] = joined
	if joined != r.values[name] {
		r.becomes(name, name)
		r.note(name, "OpenSSL writes %s.", joined)
	}
	if newest {
		r.note(name, "All suites of TLS 1.3 are offered always.")
	}
	if len(lost) > 0 {
		r.note(name, "OpenSSL, which is built in, lacks %s.", strings.Join(lost, ", "))
	}
}

var (
	suite   = regexp.MustCompile(`^(?:TLS|SSL)_(RSA|DHE_RSA|ECDHE_RSA|ECDHE_ECDSA|DHE_DSS)_WITH_(.+)$`)
	ciphers = map[string]string{
		"AES_128_GCM_SHA256": "AES128-GCM-SHA256", "AES_256_GCM_SHA384": "AES256-GCM-SHA384",
		"AES_128_CBC_SHA256": "AES128-SHA256", "AES_256_CBC_SHA256": "AES256-SHA256",
		"AES_256_CBC_SHA384": "AES256-SHA384", "AES_128_CBC_SHA": "AES128-SHA", "AES_256_CBC_SHA": "AES256-SHA",
		"CHACHA20_POLY1305_SHA256": "CHACHA20-POLY1305",
	}
)

// openSSL returns OpenSSL's name of a suite; empty if it does not have the suite.
func openSSL(name string) string {
	m := suite.FindStringSubmatch(name)
	if m == nil || ciphers[m[2]] == "" {
		return ""
	}
	if m[1] == "RSA" {
		return ciphers[m[2]]
	}
	return strings.ReplaceAll(m[1], "_", "-") + "-" + ciphers[m[2]]
}
