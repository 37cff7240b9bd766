// Package properties turns the properties of a connection, by their names in Java's producer or
// in librdkafka, into librdkafka's. It reads the files that they name and connects to nothing.
package properties

import (
	"crypto/tls"
	"strings"
	"time"

	"urncast/producer/connection"
	"urncast/producer/kafka/properties/table"
)

// Resolved is a connection made ready for the client.
type Resolved struct {
	// Client are librdkafka's properties. Certificates and keys are in them as text, so that
	// none is written to a disk. With Kerberos there are none of security, because the client
	// connects to the gateway.
	Client map[string]string
	// Bootstrap are the servers, as host:port.
	Bootstrap []string
	// Mechanism is the SASL mechanism in capitals, empty without SASL. What Amazon's Java
	// classes call AWS_MSK_IAM is OAUTHBEARER, with IAM set.
	Mechanism string
	// RequestBytes is Java's max.request.size: the bound of one message with its
	// key, headers and framing, before compression. 0 sets none.
	RequestBytes int
	// TLS has the same settings for Go's own TLS; nil without TLS. The caller sets the
	// server's name.
	TLS *tls.Config
	// Kerberos is set for the mechanism GSSAPI, which the gateway does in place of librdkafka.
	Kerberos *Kerberos
	// IAM is set where the tokens of OAUTHBEARER are signed with AWS credentials.
	IAM *IAM
	// Certificates are those that were read, to watch their expiry.
	Certificates []Certificate
	// Files are the paths that were read, to watch for changes.
	Files []string
}

// Kerberos is what a login by Kerberos needs.
type Kerberos struct {
	Service   string // "kafka", unless the properties say otherwise
	Principal string // without the realm
	Realm     string // the default realm of Config if empty
	// Keytab has the keys, and KeytabPath is where it was read. Without a keytab the ticket
	// cache is used.
	Keytab     []byte
	KeytabPath string
	Cache      string // path of a ticket cache; empty if there is none
	Config     string // the text of krb5.conf
}

// A Certificate is one that the connection uses.
type Certificate struct {
	Where    string // the property that has or names it
	Subject  string
	NotAfter time.Time
}

// Resolve makes a connection ready for the client. There is a finding for each property, and for
// each that is missing. If one of them is refused, Resolve returns an error that has all refusals.
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

// Check returns what becomes of each property, without connecting.
func Check(c *connection.Connection) []connection.Finding {
	_, findings, _ := Resolve(c) // the findings have the error's text
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

// CommandOptions returns the options with which a command of Kafka's own reaches the brokers. If they
// ask for more than an address, admin.properties stands for a file with the properties of a user who
// may do what the command does, whom nobody here knows.
func (r *Resolved) CommandOptions() string {
	options := "--bootstrap-server " + strings.Join(r.Bootstrap, ",")
	if r.TLS != nil || r.Mechanism != "" || r.Kerberos != nil {
		options += " --command-config admin.properties"
	}
	return options
}

// Properties describes every property of a producer's connection, ordered by group and
// importance.
func Properties() []connection.PropertyInfo { return table.Properties() }

// Secret reports whether the value of a property must never be shown.
func Secret(name string) bool { return table.IsSecret(name) }
