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

// A File is an uploaded file as it crosses the API. Its content goes in and never
// out; in an edit a File without content keeps what is saved.
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

// Shown is a connection as it may be seen: of secrets only that they are set.
type Shown struct {
	Name       string                     `json:"name"`
	Properties map[string]secret.Property `json:"properties"`
	Files      map[string]File            `json:"files"`
	Revision   int64                      `json:"revision"`
	ChangedAt  time.Time                  `json:"changedAt,omitzero"`
	ChangedBy  string                     `json:"changedBy,omitempty"`
	Fixed      bool                       `json:"fixed,omitempty"`
	UsedBy     []string                   `json:"usedBy,omitempty"` // names of producers
	// Locked says why its secrets cannot be read: the key is missing.
	Locked string `json:"locked,omitempty"`
}

// Format shows the name and the revision, whatever is asked for: the values of a
// Connection are in the clear.
func (c Connection) Format(f fmt.State, _ rune) {
	fmt.Fprintf(f, "connection %s, revision %d", c.Name, c.Revision)
}

// LogValue implements slog.LogValuer.
func (c Connection) LogValue() slog.Value { return slog.StringValue(fmt.Sprint(c)) }

// MarshalJSON implements json.Marshaler, for those who log JSON.
func (c Connection) MarshalJSON() ([]byte, error) { return json.Marshal(fmt.Sprint(c)) }

// jaasSecrets finds the secrets inside the value of sasl.jaas.config and its like.
var jaasSecrets = regexp.MustCompile(`(?i)(?:password|secret|passphrase|token)\w*\s*=\s*` +
	`(?:"([^"]*)"|'([^']*)'|([^\s;,"']+))`)

// redactor cuts a connection's secret values out of texts. Texts are made without
// them; this is for the words of others that are passed on, such as the client
// library's and a server's.
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

// Format says that an entry is not shown where it may be a secret.
func (e Edit) Format(f fmt.State, _ rune) { io.WriteString(f, "an edit of connection "+e.Name) }
