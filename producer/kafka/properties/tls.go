package properties

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"strings"
	"time"

	"urncast/producer/connection"
	"urncast/producer/kafka/properties/stores"
	"urncast/producer/kafka/properties/table"
)

// A protocol is what a security.protocol stands for.
type protocol struct {
	word      string // as librdkafka writes it
	tls, sasl bool
}

// protocol resolves security.protocol.
func (r *resolver) protocol() protocol {
	const name = "security.protocol"
	p := protocol{word: "plaintext"}
	if r.has(name) {
		v, ok := r.checked(name, r.values[name])
		if !ok {
			return protocol{word: v, tls: true, sasl: true} // all the rest is looked at
		}
		p.word = v
		r.out.Client[name] = v
	}
	p.tls, p.sasl = strings.HasSuffix(p.word, "ssl"), strings.HasPrefix(p.word, "sasl_")
	return p
}

// unused returns the sentence for properties of TLS, or of SASL, that the protocol does not use.
func (r *resolver) unused(what string) string {
	if r.has("security.protocol") {
		return fmt.Sprintf("security.protocol is %s, so "+
			"there is no %s.", strings.ToUpper(r.values["security.protocol"]), what)
	}
	return fmt.Sprintf("security.protocol is not written, so Java's default PLAINTEXT counts and "+
		"there is no %s.", what)
}

// tls resolves the properties of TLS: stores, certificates, keys and what else there is.
func (r *resolver) tls(used bool) {
	if !used {
		for _, name := range table.MadeIn(table.Security) {
			if name != "security.protocol" {
				r.idle(r.unused("TLS"), name)
			}
		}
		return
	}
	r.out.TLS = &tls.Config{MinVersion: tls.VersionTLS12}
	r.trust()
	r.own()
	r.ciphers()
	r.versions()
	for _, name := range []string{"ssl.curves.list", "ssl.sigalgs.list"} {
		if r.has(name) {
			r.out.Client[name] = r.values[name]
		}
	}
	r.verification()
}

// trust resolves the certificates that are trusted.
func (r *resolver) trust() {
	place := r.onlyOne("ssl.truststore.location", "ssl.truststore.certificates", "ssl.ca.location")
	if place != "ssl.truststore.location" {
		r.idle("There is no ssl.truststore.location that it would belong to.", "ssl.truststore.password")
		if place == "" {
			r.idle("There is no trust store, so the system's certificates are trusted.", "ssl.truststore.type")
		} else {
			r.idle("The certificates are PEM, in "+r.as(place)+".", "ssl.truststore.type")
		}
	}
	if place == "" || place == "ssl.ca.location" && r.values[place] == "probe" {
		r.idle("The system's certificates are trusted, as without it.", place)
		return
	}
	data, err := []byte(r.values[place]), error(nil)
	if strings.HasSuffix(place, ".location") || strings.HasPrefix(r.values[place], connection.UploadPrefix) {
		data, err = r.file(place, r.values[place])
	}
	if err != nil {
		r.refuse(place, "%s", sentence(err))
		return
	}
	m, err := stores.ReadTrust(stores.Unfold(data), r.values["ssl.truststore.password"])
	if err != nil {
		r.refuse(place, "%s", sentence(err))
		return
	}
	r.storeType("ssl.truststore.type", data)
	r.note(place, "%s", r.ended(place, m.Trusted)+m.Note)
	r.out.TLS.RootCAs = x509.NewCertPool()
	for _, c := range m.Trusted {
		r.out.TLS.RootCAs.AddCert(c)
	}
	r.out.Client["ssl.ca.pem"] = stores.PEM(m.Trusted)
}

// own resolves the client's certificate and key.
func (r *resolver) own() {
	place := r.onlyOne("ssl.keystore.location", "ssl.keystore.key", "ssl.key.location")
	certs := r.onlyOne("ssl.keystore.certificate.chain", "ssl.certificate.location")
	if place != "ssl.keystore.location" {
		r.idle("There is no ssl.keystore.location that it would "+
			"belong to.", "ssl.keystore.password", "ssl.keystore.type")
	}
	var m *stores.Material
	var err error
	switch {
	case place == "" && certs == "":
		r.idle("There is no key that it would belong to.", "ssl.key.password")
		return
	case place == "":
		r.refuse(certs, "The key that belongs to this certificate is missing: write ssl.keystore.key or "+
			"ssl.key.location.")
		return
	case place == "ssl.keystore.location":
		if certs != "" {
			r.refuse(certs, "The store in %s holds the certificate already: keep one of them.", r.as(place))
			return
		}
		var data []byte
		if data, err = r.file(place, r.values[place]); err == nil {
			r.storeType("ssl.keystore.type", data)
			m, err = stores.ReadKey(data, r.values["ssl.keystore.password"], r.values["ssl.key.password"])
		}
	default:
		m, err = r.pair(place, certs)
	}
	if err != nil {
		r.refuse(place, "%s", sentence(err))
		return
	}
	r.identity(place, m)
}

// pair reads a key and a certificate from two properties, or from one that has both.
func (r *resolver) pair(place, certs string) (*stores.Material, error) {
	key, err := r.text(place)
	if err != nil {
		return nil, err
	}
	chain := key // one file may hold both
	if certs != "" {
		if chain, err = r.text(certs); err != nil {
			r.refuse(certs, "%s", sentence(err))
			return nil, fmt.Errorf("the certificate in %s cannot be read", r.as(certs))
		}
	} else if !bytes.Contains(key, []byte("CERTIFICATE-----")) {
		return nil, errors.New("the certificate that belongs to the key is missing: write " +
			"ssl.keystore.certificate.chain or ssl.certificate.location")
	}
	return stores.ReadPair(key, chain, r.values["ssl.key.password"])
}

// text returns the PEM text that a property has, or that is in the file that it names.
func (r *resolver) text(name string) ([]byte, error) {
	v := r.values[name]
	if strings.HasSuffix(name, ".location") || strings.HasPrefix(v, connection.UploadPrefix) {
		return r.file(name, v)
	}
	return stores.Unfold([]byte(v)), nil
}

// identity sets the client's certificate and key, if they belong together.
func (r *resolver) identity(place string, m *stores.Material) {
	if len(m.Chain) == 0 || !stores.Belongs(m.Key, m.Chain[0]) {
		r.refuse(place, "The key and the certificate do not belong together.")
		return
	}
	der, err := x509.MarshalPKCS8PrivateKey(m.Key)
	if err != nil {
		r.refuse(place, "The key is of a kind that is not taken here: RSA, EC and Ed25519 are.")
		return
	}
	r.note(place, "%s", r.ended(place, m.Chain)+m.Note)
	r.out.Client["ssl.key.pem"] = string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
	r.out.Client["ssl.certificate.pem"] = stores.PEM(m.Chain)
	own := tls.Certificate{PrivateKey: m.Key, Leaf: m.Chain[0]}
	for _, c := range m.Chain {
		own.Certificate = append(own.Certificate, c.Raw)
	}
	r.out.TLS.Certificates = []tls.Certificate{own}
}

// onlyOne returns the one of several properties that is written; it refuses a second one.
func (r *resolver) onlyOne(names ...string) string {
	found := ""
	for _, n := range names {
		switch {
		case !r.has(n):
		case found == "":
			found = n
		default:
			r.refuse(n, "%s is written too, for the same: keep one of them.", r.as(found))
		}
	}
	return found
}

// storeType checks the type that is written for a store.
func (r *resolver) storeType(name string, data []byte) {
	if !r.has(name) {
		return
	}
	held := stores.Kind(data)
	switch written := strings.ToUpper(r.values[name]); written {
	case "JKS", "PKCS12", "PEM", "P12", "PFX":
		if written != held && (written == "PEM" || held == "PEM") {
			r.note(name, "The file holds %s, and is read as that.", held)
		}
	default:
		r.refuse(name, "%s is no type that is read here: write JKS, PKCS12 or PEM.", table.Quote(name, r.values[name]))
	}
}

// ended adds certificates to those whose expiry is watched, and returns a sentence for each that has
// expired.
func (r *resolver) ended(place string, certs []*x509.Certificate) string {
	text := ""
	for _, c := range certs {
		subject := c.Subject.String()
		r.out.Certificates = append(r.out.Certificates, Certificate{Where: r.as(place), Subject: subject, NotAfter: c.NotAfter})
		if time.Now().After(c.NotAfter) {
			text += fmt.Sprintf("The certificate of %s "+
				"ended on %s. ", subject, c.NotAfter.UTC().Format("2 January 2006"))
		}
	}
	return text
}
