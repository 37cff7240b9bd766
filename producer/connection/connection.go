package connection

import (
	"context"
	"time"
)

// A Connection says how to reach one Kafka cluster, in the words of the admin
// who wrote it.
type Connection struct {
	Name string
	// Properties have the names of the Java producer's properties or of librdkafka's. A
	// value that names a file is a path, or "upload:" and the name of one of Files. Secret
	// values are in the clear: a Connection must never leave the process or be logged.
	Properties map[string]string
	// Files are the uploaded files by name: keytabs, stores, certificates, krb5.conf.
	Files map[string][]byte
	// Revision rises with each save; 0 for a connection that was never saved.
	Revision  int64
	ChangedAt time.Time
	ChangedBy string
	// Fixed reports that the process was started with this connection, so that it cannot
	// be changed while the process runs.
	Fixed bool
}

// UploadPrefix begins the value of a property that names an uploaded file.
const UploadPrefix = "upload:"

// A Verdict says whether the client takes a property that an admin wrote.
type Verdict string

// The verdicts.
const (
	Taken         Verdict = "taken"          // used as it is written
	Translated    Verdict = "translated"     // used under another name, or in another form
	WithoutEffect Verdict = "without-effect" // not needed by this client; Text says why
	Refused       Verdict = "refused"        // cannot be used; Text says why, and what to write instead
)

// A Finding is the verdict on one property.
type Finding struct {
	Line    int     `json:"line,omitempty"` // of a pasted text, 1-based
	Name    string  `json:"name"`           // as it was written
	Verdict Verdict `json:"verdict"`
	// Becomes lists the properties of librdkafka, or the parts of urncast, that
	// act on it.
	Becomes []string `json:"becomes,omitempty"`
	Text    string   `json:"text,omitempty"` // one sentence; empty if there is nothing to say
}

// A PropertyInfo describes one property that a connection may have.
type PropertyInfo struct {
	Name       string   `json:"name"`             // librdkafka's, or Java's where librdkafka has none
	Java       []string `json:"java,omitempty"`   // the names by which the Java producer knows it
	Meaning    string   `json:"meaning"`          // librdkafka's own words, or ours
	Type       string   `json:"type"`             // boolean, integer, float, string, enum, list, password
	Range      string   `json:"range,omitempty"`  // as librdkafka prints it: "0 .. 900000", or the words of an enum
	Default    string   `json:"default"`          // in effect here: librdkafka's, or ours where Ours says so
	Ours       bool     `json:"ours,omitempty"`   // Default is urncast's and not librdkafka's
	Importance string   `json:"importance"`       // high, medium or low
	Group      string   `json:"group"`            // of the page: "Servers", "Security", "Limits", …
	Secret     bool     `json:"secret,omitempty"` // written and never shown
	Refused    string   `json:"refused,omitempty"`
}

// Tried is the result of connecting to one bootstrap server.
type Tried struct {
	Server string        `json:"server"`
	OK     bool          `json:"ok"`
	Took   time.Duration `json:"-"`
	Text   string        `json:"text"`           // what was found, or what failed
	Cure   string        `json:"cure,omitempty"` // what to do
}

// An Ending is a certificate or a key of a connection that must be renewed before it
// expires.
type Ending struct {
	Where string // the property that it came with
	What  string // the subject of a certificate, the principal of a key
	// At is when a certificate expires. It is zero for a key of a keytab, which has no
	// expiry: Made is then when the key was made, and Version its number.
	At      time.Time
	Made    time.Time
	Version int
}

// A Client checks and tests connections with the Kafka client library.
type Client interface {
	// Properties describes every property, by group and importance.
	Properties() []PropertyInfo
	// Secret says whether the value of a property is never shown.
	Secret(name string) bool
	// Parse reads a client.properties as Java does; the findings name lines that
	// are no property.
	Parse(text string) (map[string]string, []Finding)
	// Lines returns the line of a client.properties on which each property begins.
	Lines(text string) map[string]int
	// Check returns the verdict on each property, without connecting to a server.
	Check(c *Connection) []Finding
	// Endings lists the certificates and keys that expire, without connecting to a
	// server; none for a connection that cannot be used.
	Endings(c *Connection) []Ending
	// Try connects to each bootstrap server, in parallel: it resolves the name, connects,
	// negotiates TLS and authenticates.
	Try(ctx context.Context, c *Connection) []Tried
	// Test runs the steps of a test and reports each as it begins and ends.
	Test(ctx context.Context, c *Connection, t Test, report func(Step)) error
}
