package connection

import (
	"context"
	"time"
)

// A Connection says how to reach one Kafka cluster, in the words of the admin
// who wrote it.
type Connection struct {
	Name string
	// Properties are named as Java's producer or librdkafka names them. A value
	// that names a file is a path, or "upload:" and the name of one of Files.
	// The values of secret properties are in the clear: a Connection never
	// leaves the process, and is never logged.
	Properties map[string]string
	// Files were uploaded with it: keytabs, stores, certificates, krb5.conf.
	Files map[string][]byte
	// Revision rises with each save; 0 for one that was never saved.
	Revision  int64
	ChangedAt time.Time
	ChangedBy string
	// Fixed says that the process was started with it, so that it cannot be
	// changed while it runs.
	Fixed bool
}

// UploadPrefix begins the value of a property that names an uploaded file.
const UploadPrefix = "upload:"

// A Verdict says what becomes of a property that an admin wrote.
type Verdict string

// The verdicts.
const (
	Taken         Verdict = "taken"          // as it is written
	Translated    Verdict = "translated"     // under another name, or in another form
	WithoutEffect Verdict = "without-effect" // this client does without it; Text says why
	Refused       Verdict = "refused"        // Text says why, and what to write instead
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

// Tried says whether one bootstrap server can be used.
type Tried struct {
	Server string        `json:"server"`
	OK     bool          `json:"ok"`
	Took   time.Duration `json:"-"`
	Text   string        `json:"text"`           // what was found, or what failed
	Cure   string        `json:"cure,omitempty"` // what to do
}

// An Ending is a certificate or a key on which a connection rests, and which is to be
// renewed in time.
type Ending struct {
	Where string // the property that it came with
	What  string // the subject of a certificate, the principal of a key
	// At is when a certificate ends. A keytab does not say when a key does: At is zero,
	// Made when it was made, and Version its number.
	At      time.Time
	Made    time.Time
	Version int
}

// A Client knows the client library of Kafka.
type Client interface {
	// Properties describes every property, by group and importance.
	Properties() []PropertyInfo
	// Secret says whether the value of a property is never shown.
	Secret(name string) bool
	// Parse reads a client.properties as Java does; the findings name lines that
	// are no property.
	Parse(text string) (map[string]string, []Finding)
	// Lines gives the line of such a text on which each property begins.
	Lines(text string) map[string]int
	// Check says what becomes of each property; nothing is connected to.
	Check(c *Connection) []Finding
	// Endings lists certificates and keys, which end; nothing is connected to. A
	// connection that cannot be used has none.
	Endings(c *Connection) []Ending
	// Try connects to each bootstrap server, in parallel: resolve, connect, TLS,
	// authenticate.
	Try(ctx context.Context, c *Connection) []Tried
	// Test runs the steps of a test and reports each as it begins and ends.
	Test(ctx context.Context, c *Connection, t Test, report func(Step)) error
}
