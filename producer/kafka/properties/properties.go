// Package properties turns what an admin writes about a connection, by the names
// of Java's producer or of librdkafka, into what librdkafka takes. It reads files
// and connects to nothing.
package properties

import (
	"crypto/tls"
	"time"

	"urncast/producer/connection"
	"urncast/producer/kafka/properties/table"
)

// Resolved is a connection made ready for the client.
type Resolved struct {
	// Client are librdkafka's properties; certificates and keys stand in them as
	// text, so that nothing is written to a disk. With Kerberos they say nothing
	// of security: the way to the brokers is the gateway's then.
	Client map[string]string
	// Bootstrap are the servers, as host:port.
	Bootstrap []string
	// Mechanism is the SASL mechanism in capitals, empty without SASL. What Amazon's Java
	// classes call AWS_MSK_IAM is OAUTHBEARER, with IAM set.
	Mechanism string
	// RequestBytes is Java's max.request.size: the bound of one message with its
	// key, headers and framing, before compression. 0 sets none.
	RequestBytes int
	// TLS is the same security for Go's own TLS; nil without. The server's name is
	// the caller's to set.
	TLS *tls.Config
	// Kerberos is set for the mechanism GSSAPI, which librdkafka does not do here.
	Kerberos *Kerberos
	// IAM is set where the tokens of OAUTHBEARER are signed with AWS credentials.
	IAM *IAM
	// Certificates are those that were read, to watch their expiry.
	Certificates []Certificate
	// Files are the paths that were read, to watch for changes.
	Files []string
}

// Kerberos says who logs in, and where.
type Kerberos struct {
	Service   string // "kafka", unless the properties say otherwise
	Principal string // without the realm
	Realm     string // the default realm of Config if empty
	// Keytab holds the keys; KeytabPath says where it came from. Without one the
	// ticket cache is used.
	Keytab     []byte
	KeytabPath string
	Cache      string // path of a ticket cache; empty if there is none
	Config     string // the text of krb5.conf
}

// A Certificate is one that the connection rests on.
type Certificate struct {
	Where    string // the property that it came with
	Subject  string
	NotAfter time.Time
}

// Resolve makes a connection ready. The findings have one entry for each property,
// and one for each that is missing; if one of them is refused the error says so,
// and Resolved is of no use.
func Resolve(c *connection.Connection) (*Resolved, []connection.Finding, error) {
	r := newResolver(c)
	r.read()
	r.servers()
	r.limits()
	r.compression()
	protocol := r.protocol()
	r.tls(protocol.tls)
	r.sasl(protocol)
	return r.finish()
}

// Check says what becomes of each property, without connecting.
func Check(c *connection.Connection) []connection.Finding {
	_, findings, _ := Resolve(c) // the findings hold what the error says
	return findings
}

// Compresses reports whether records are compressed before they are sent.
func (r *Resolved) Compresses() bool {
	for _, name := range []string{"compression.type", "compression.codec"} {
		if c := r.Client[name]; c != "" && c != "none" {
			return true
		}
	}
	return false
}

// Properties describes every property of a producer's connection, ordered by group and
// importance.
func Properties() []connection.PropertyInfo { return table.Properties() }

// Secret reports whether the value of a property must never be shown.
func Secret(name string) bool { return table.IsSecret(name) }
