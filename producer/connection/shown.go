package connection

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"regexp"
	"strings"
	"time"

	"urncast/internal/secret"
)

// A File describes an uploaded file in the API. Its content can be written and never read;
// in an edit, a File without content keeps the saved one.
type File struct {
	Size   int
	SHA256 string // empty if the content cannot be read for want of a key
	At     time.Time
	// Content is nil except in an edit that uploads.
	Content []byte
}

// fileJSON is a File in JSON.
type fileJSON struct {
	Size    int       `json:"size"`
	SHA256  string    `json:"sha256,omitempty"`
	At      time.Time `json:"at,omitzero"`
	Content *[]byte   `json:"content,omitempty"`
}

// MarshalJSON implements json.Marshaler.
func (f File) MarshalJSON() ([]byte, error) {
	return json.Marshal(fileJSON{Size: f.Size, SHA256: f.SHA256, At: f.At})
}

// UnmarshalJSON implements json.Unmarshaler.
func (f *File) UnmarshalJSON(b []byte) error {
	var in fileJSON
	if err := json.Unmarshal(b, &in); err != nil {
		return errors.New(`a file is {"content": base64} to upload it, or what was shown of it to keep it`)
	}
	*f = File{Size: in.Size, SHA256: in.SHA256, At: in.At}
	if in.Content != nil {
		f.Content = append([]byte{}, *in.Content...) // not nil, even if it is empty
	}
	return nil
}

// Shown is a connection without the values of its secrets: it says only that they are set.
type Shown struct {
	Name       string                     `json:"name"`
	Properties map[string]secret.Property `json:"properties"`
	Files      map[string]File            `json:"files"`
	Revision   int64                      `json:"revision"`
	ChangedAt  time.Time                  `json:"changedAt,omitzero"`
	ChangedBy  string                     `json:"changedBy,omitempty"`
	Fixed      bool                       `json:"fixed,omitempty"`
	UsedBy     []string                   `json:"usedBy,omitempty"` // names of producers
	// Locked says why the secrets cannot be read, such as that the key is missing.
	Locked string `json:"locked,omitempty"`
	// LastTest is nil if the connection was never tested as it was saved.
	LastTest *Tested `json:"lastTest,omitempty"`
}

// Format writes only name and revision, whatever the verb, because the values of a
// Connection are in the clear.
func (c Connection) Format(f fmt.State, _ rune) {
	fmt.Fprintf(f, "connection %s, revision %d", c.Name, c.Revision)
}

// LogValue implements slog.LogValuer.
func (c Connection) LogValue() slog.Value { return slog.StringValue(fmt.Sprint(c)) }

// MarshalJSON implements json.Marshaler, so that a log in JSON shows no secrets either.
func (c Connection) MarshalJSON() ([]byte, error) { return json.Marshal(fmt.Sprint(c)) }

// jaasSecrets finds the secrets inside the value of sasl.jaas.config and its like.
var jaasSecrets = regexp.MustCompile(`(?i)(?:password|secret|passphrase|token)\w*\s*=\s*` +
	`(?:"([^"]*)"|'([^']*)'|([^\s;,"']+))`)

// redactor returns a replacer that cuts a connection's secret values out of texts. It is
// for texts of the client library or a server; texts of this program have no secrets.
func redactor(c *Connection, isSecret func(string) bool) *strings.Replacer {
	var values []string
	for name, value := range c.Properties {
		if !isSecret(name) {
			continue
		}
		values = append(values, value)
		for _, m := range jaasSecrets.FindAllStringSubmatch(value, -1) {
			values = append(values, m[1]+m[2]+m[3])
		}
	}
	return secret.Redactor(values...)
}

// Format writes only the name, because the values may be secret.
func (e Edit) Format(f fmt.State, _ rune) { io.WriteString(f, "an edit of connection "+e.Name) }
