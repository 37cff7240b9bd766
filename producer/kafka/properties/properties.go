// Package properties turns what an admin writes about a connection, by the names
// of Java's producer or of librdkafka, into what librdkafka takes. It reads files
// and connects to nothing.
package properties

import (
	"crypto/tls"
	"errors"
	"fmt"
	"time"

	"urncast/producer"
)

// Resolved is a connection made ready for the client.
type Resolved struct {
	// Client are librdkafka's properties; certificates and keys stand in them as
	// text, so that nothing is written to a disk.
	Client map[string]string
	// Bootstrap are the servers, as host:port.
	Bootstrap []string
	// Mechanism is the SASL mechanism in capitals, empty without SASL.
	Mechanism string
	// RequestBytes is Java's max.request.size: the bound of one message with its
	// key, headers and framing, before compression. 0 sets none.
	RequestBytes int
	// TLS is the same security for Go's own TLS; nil without.
	TLS *tls.Config
	// Kerberos is set for the mechanism GSSAPI, which librdkafka does not do here.
	Kerberos *Kerberos
	// Certificates are those that were read, to watch their expiry.
	Certificates []Certificate
	// Files are the paths that were read, to watch for changes.
	Files []string
}

// Kerberos says who logs in, and where.
type Kerberos struct {
	Service   string // "kafka", unless sasl.kerberos.service.name says otherwise
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

// Resolve makes a connection ready. The findings have one entry for each property;
// if one of them is refused the error says so, and Resolved is of no use.
func Resolve(c *producer.Connection) (*Resolved, []producer.Finding, error) {
	r := &Resolved{Client: c.Properties}
	if r.Client["bootstrap.servers"] == "" {
		return nil, nil, errors.New("the property bootstrap.servers is missing: name at least one broker as host:port")
	}
	for name := range r.Client {
		if why, ok := fixed[name]; ok {
			return nil, nil, fmt.Errorf("the property %s cannot be set: %s", name, why)
		}
	}
	return r, nil, nil
}

// fixed are properties that what this program promises rests on, and why.
var fixed = map[string]string{
	"transactional.id":       "the program names them itself, so that recovery finds its own",
	"enable.idempotence":     "transactions need it",
	"acks":                   "a transaction is acknowledged by all replicas in sync",
	"isolation.level":        "reading back must see committed records only",
	"retry.backoff.ms":       "a late copy of a commit request must not reach the next transaction",
	"retry.backoff.max.ms":   "a late copy of a commit request must not reach the next transaction",
	"transaction.timeout.ms": "it is derived from the size of what is sent",
	"message.timeout.ms":     "it follows the transaction's timeout",
	"linger.ms":              "a transaction is sent when it is complete",
	"enable.partition.eof":   "reading back needs to see the end",
	"enable.auto.commit":     "reading back keeps no group offset",
	"group.id":               "reading back keeps no group offset",
	"auto.offset.reset":      "reading back begins at a known offset",
}
