// Package stores reads certificates and private keys: Java's key and trust stores (JKS and
// PKCS#12) and PEM.
package stores

import (
	"bytes"
	"crypto"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"slices"
	"strings"

	keystore "github.com/pavlo-v-chernykh/keystore-go/v4"
	"github.com/youmark/pkcs8"
	"software.sslmate.com/src/go-pkcs12"
)

// Material is what a store or a PEM text holds.
type Material struct {
	Trusted []*x509.Certificate
	Chain   []*x509.Certificate // the certificate of Key, then its issuers
	Key     crypto.PrivateKey
	Note    string // a sentence about how the store was read; empty if there is nothing to say
}

// ReadTrust reads a store of trusted certificates. Its kind is told by its first bytes, as
// Java does where it is told JKS and finds PKCS#12.
func ReadTrust(data []byte, password string) (*Material, error) {
	switch {
	case isPEM(data):
		certs, err := Certificates(data)
		return &Material{Trusted: certs}, err
	case isJKS(data):
		return trustJKS(data, password)
	case isDER(data):
		return trustPKCS12(data, password)
	}
	return nil, wrongKind(data)
}

// ReadKey reads a store that holds one key with its certificates.
func ReadKey(data []byte, password, keyPassword string) (*Material, error) {
	switch {
	case isPEM(data):
		return ReadPair(data, data, keyPassword)
	case isJKS(data):
		return keyJKS(data, password, keyPassword)
	case isDER(data):
		return keyPKCS12(data, password)
	}
	return nil, wrongKind(data)
}

func isPEM(data []byte) bool { return bytes.Contains(data, []byte("-----BEGIN ")) }
func isJKS(data []byte) bool { return bytes.HasPrefix(data, []byte{0xfe, 0xed, 0xfe, 0xed}) }
func isDER(data []byte) bool { return bytes.HasPrefix(data, []byte{0x30}) }

// Kind returns PEM or PKCS12 if data begins as such a store does, and JKS otherwise.
func Kind(data []byte) string {
	switch {
	case isPEM(data):
		return "PEM"
	case isDER(data):
		return "PKCS12"
	}
	return "JKS"
}

// wrongKind is the error for data that is none of the kinds.
func wrongKind(data []byte) error {
	switch {
	case len(data) == 0:
		return errors.New("the store is empty")
	case bytes.HasPrefix(data, []byte{0xce, 0xce, 0xce, 0xce}):
		return errors.New("the store is of the type JCEKS, which is not read here: convert it with keytool " +
			"-importkeystore -deststoretype PKCS12")
	}
	return errors.New("the store is none of JKS, PKCS12 and PEM by what it holds")
}

func trustJKS(data []byte, password string) (*Material, error) {
	store, note, err := openJKS(data, password)
	if err != nil {
		return nil, err
	}
	m := &Material{Note: note}
	for _, alias := range store.Aliases() {
		var raw []byte
		if e, err := store.GetTrustedCertificateEntry(alias); err == nil {
			raw = e.Certificate.Content
		} else if chain, err := store.GetPrivateKeyEntryCertificateChain(alias); err == nil && len(chain) > 0 {
			raw = chain[0].Content // Java trusts our own certificate too
		}
		cert, err := x509.ParseCertificate(raw)
		if err != nil {
			return nil, fmt.Errorf("a certificate in the store cannot be read: %w", err)
		}
		m.Trusted = append(m.Trusted, cert)
	}
	return m, someIn(m.Trusted)
}

// openJKS opens a store. Without a password its checksum is not verified, as in Java; the
// note says so.
func openJKS(data []byte, password string) (keystore.KeyStore, string, error) {
	store := keystore.New(keystore.WithOrderedAliases(), keystore.WithCaseExactAliases())
	err := store.Load(bytes.NewReader(data), []byte(password))
	switch {
	case err == nil:
		return store, "", nil
	case !strings.Contains(err.Error(), "invalid digest"):
		return store, "", errors.New("the JKS store is damaged or cut off")
	case password == "":
		return store, "Without a password the store is not checked for changes.", nil
	}
	return store, "", errors.New("the password of the store is wrong, or the store was changed")
}

func keyJKS(data []byte, password, keyPassword string) (*Material, error) {
	if password == "" {
		return nil, errors.New("the store needs its password, ssl.keystore.password")
	}
	store, _, err := openJKS(data, password)
	if err != nil {
		return nil, err
	}
	if keyPassword == "" {
		keyPassword = password
	}
	m := &Material{}
	for _, alias := range store.Aliases() {
		if !store.IsPrivateKeyEntry(alias) {
			continue
		}
		if m.Key != nil {
			m.Note = "The store holds several keys; the first by alias is used."
			break
		}
		e, err := store.GetPrivateKeyEntry(alias, []byte(keyPassword))
		if err != nil {
			return nil, errors.New("the password of the key in the store is wrong: write it to ssl.key.password")
		}
		if m.Key, err = x509.ParsePKCS8PrivateKey(e.PrivateKey); err != nil {
			return nil, errors.New("the key in the store is of a kind that is not read here: RSA, EC and Ed25519 are")
		}
		for _, c := range e.CertificateChain {
			cert, err := x509.ParseCertificate(c.Content)
			if err != nil {
				return nil, fmt.Errorf("a certificate in the store cannot be read: %w", err)
			}
			m.Chain = append(m.Chain, cert)
		}
	}
	if m.Key == nil {
		return nil, errors.New("the store holds no key")
	}
	return m, nil
}

func trustPKCS12(data []byte, password string) (*Material, error) {
	certs, err := pkcs12.DecodeTrustStore(data, password)
	if err == nil {
		return &Material{Trusted: certs}, someIn(certs)
	}
	if wrong := pkcs12Password(err, password, "ssl.truststore.password"); wrong != nil {
		return nil, wrong
	}
	// A store with a key in it is no trust store by the book; Java takes it.
	_, own, others, second := pkcs12.DecodeChain(data, password)
	switch {
	case second == nil:
	case !strings.Contains(err.Error(), "not marked as trusted") && !strings.Contains(err.Error(), "only certificate bags"):
		return nil, errors.New("the PKCS12 store is damaged, or made in a way that is not read here: make it anew " +
			"with keytool -importcert")
	default:
		return nil, errors.New("the PKCS12 store holds no certificate that is marked as trusted: import the " +
			"certificates with keytool -importcert, or write them in PEM")
	}
	return &Material{Trusted: append([]*x509.Certificate{own}, others...), Note: "The store holds a key too; all " +
		"of its certificates are trusted."}, nil
}

func keyPKCS12(data []byte, password string) (*Material, error) {
	key, own, others, err := pkcs12.DecodeChain(data, password)
	if err != nil {
		if wrong := pkcs12Password(err, password, "ssl.keystore.password"); wrong != nil {
			return nil, wrong
		}
		switch {
		case strings.Contains(err.Error(), "exactly one key bag"):
			return nil, errors.New("the PKCS12 store holds several keys: make one with a single key, by keytool " +
				"-importkeystore -srcalias")
		case strings.Contains(err.Error(), "private key missing"):
			return nil, errors.New("the PKCS12 store holds no key")
		}
		return nil, errors.New("the PKCS12 store cannot be read: make it anew with keytool or openssl pkcs12 -export")
	}
	return &Material{Key: key, Chain: ordered(key, append([]*x509.Certificate{own}, others...))}, nil
}

// pkcs12Password returns the error for a password that does not open a store, and nil if
// something else is wrong. name is the property of the password.
func pkcs12Password(err error, password, name string) error {
	if !errors.Is(err, pkcs12.ErrIncorrectPassword) && !errors.Is(err, pkcs12.ErrDecryption) {
		return nil
	}
	if password == "" {
		return fmt.Errorf("the store needs its password, %s", name)
	}
	return errors.New("the password of the store is wrong")
}

// ordered returns the chain of a key: its certificate, and after each certificate its
// issuer. Other certificates are left out.
func ordered(key crypto.PrivateKey, certs []*x509.Certificate) []*x509.Certificate {
	at := slices.IndexFunc(certs, func(c *x509.Certificate) bool { return Belongs(key, c) })
	if at < 0 {
		return certs
	}
	chain := []*x509.Certificate{certs[at]}
	for range certs {
		last := chain[len(chain)-1]
		next := slices.IndexFunc(certs, func(c *x509.Certificate) bool {
			return bytes.Equal(c.RawSubject, last.RawIssuer) && !slices.ContainsFunc(chain, c.Equal)
		})
		if next < 0 {
			break
		}
		chain = append(chain, certs[next])
	}
	return chain
}

// Belongs reports whether a certificate is for a key.
func Belongs(key crypto.PrivateKey, c *x509.Certificate) bool {
	signer, ok := key.(crypto.Signer)
	if !ok {
		return false
	}
	public, ok := signer.Public().(interface{ Equal(crypto.PublicKey) bool })
	return ok && public.Equal(c.PublicKey)
}

// someIn returns an error if a store has no certificates.
func someIn(certs []*x509.Certificate) error {
	if len(certs) == 0 {
		return errors.New("the store holds no certificate")
	}
	return nil
}

// Certificates reads all certificates of a PEM text.
func Certificates(text []byte) ([]*x509.Certificate, error) {
	var out []*x509.Certificate
	for block, rest := pem.Decode(text); block != nil; block, rest = pem.Decode(rest) {
		if block.Type != "CERTIFICATE" && block.Type != "TRUSTED CERTIFICATE" && block.Type != "X509 CERTIFICATE" {
			continue
		}
		cert, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, fmt.Errorf("certificate %d of the PEM text cannot be read: %w", len(out)+1, err)
		}
		out = append(out, cert)
	}
	if len(out) == 0 {
		return nil, errors.New("there is no certificate in the PEM text: it begins with -----BEGIN CERTIFICATE-----")
	}
	return out, nil
}

// ReadPair reads a key and its certificates from PEM; both may be in one text.
func ReadPair(key, certs []byte, password string) (*Material, error) {
	private, err := PrivateKey(key, password)
	if err != nil {
		return nil, err
	}
	chain, err := Certificates(certs)
	if err != nil {
		return nil, err
	}
	return &Material{Key: private, Chain: ordered(private, chain)}, nil
}

// PrivateKey reads the first key of a PEM text.
func PrivateKey(text []byte, password string) (crypto.PrivateKey, error) {
	for block, rest := pem.Decode(text); block != nil; block, rest = pem.Decode(rest) {
		if !strings.HasSuffix(block.Type, "PRIVATE KEY") {
			continue
		}
		var key any
		var err error
		switch {
		case block.Headers["DEK-Info"] != "":
			return nil, errors.New("the key is encrypted in OpenSSL's old way: write it anew with openssl pkcs8 " +
				"-topk8 -v2 aes256")
		case block.Type == "ENCRYPTED PRIVATE KEY" && password == "":
			return nil, errors.New("the key is encrypted: write its password to ssl.key.password")
		case block.Type == "ENCRYPTED PRIVATE KEY":
			if key, _, err = pkcs8.ParsePrivateKey(block.Bytes, []byte(password)); err != nil {
				return nil, encrypted(err)
			}
		case block.Type == "RSA PRIVATE KEY":
			key, err = x509.ParsePKCS1PrivateKey(block.Bytes)
		case block.Type == "EC PRIVATE KEY":
			key, err = x509.ParseECPrivateKey(block.Bytes)
		default:
			key, err = x509.ParsePKCS8PrivateKey(block.Bytes)
		}
		if err != nil {
			return nil, errors.New("the key cannot be read: PKCS#8 in PEM is wanted, of the kind RSA, EC or Ed25519")
		}
		return key, nil
	}
	return nil, errors.New("there is no key in the PEM text: it begins with -----BEGIN PRIVATE KEY-----")
}

// encrypted returns the error for an encrypted key that cannot be read. The library's own
// errors are not for people.
func encrypted(err error) error {
	if s := err.Error(); strings.Contains(s, "PBES2") || strings.Contains(s, "PKCS #5") || strings.Contains(s, "unsupported") {
		return errors.New("the key is encrypted in a way that is not read here: write it anew with openssl pkcs8 " +
			"-topk8 -v2 aes256")
	}
	return errors.New("the password of the key is wrong")
}

// PEM writes certificates as one text.
func PEM(certs []*x509.Certificate) string {
	var b strings.Builder
	for _, c := range certs {
		b.Write(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw}))
	}
	return b.String()
}

// Unfold restores the lines of a PEM text that was written on one line of a
// client.properties, with blanks or a written-out \n between them.
func Unfold(text []byte) []byte {
	if !isPEM(text) {
		return text
	}
	s := strings.ReplaceAll(string(text), `\n`, "\n")
	var b strings.Builder
	for s != "" {
		begin := strings.Index(s, "-----BEGIN ")
		if begin < 0 {
			break
		}
		s = s[begin:]
		head := strings.Index(s[11:], "-----")
		end := strings.Index(s, "-----END ")
		if head < 0 || end < 0 || end < 11+head+5 {
			break
		}
		tail := strings.Index(s[end+9:], "-----")
		if tail < 0 {
			break
		}
		body := s[11+head+5 : end]
		if !strings.Contains(body, ":") { // headers need their lines as they are
			body = "\n" + strings.Join(strings.Fields(body), "\n") + "\n"
		}
		b.WriteString(s[:11+head+5] + body + s[end:end+9+tail+5] + "\n")
		s = s[end+9+tail+5:]
	}
	if b.Len() == 0 {
		return text
	}
	return []byte(b.String())
}
