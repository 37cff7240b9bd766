package client

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"time"

	"urncast/producer/connection"

	"urncast/internal/commandline"
	"urncast/producer/kafka/properties"
)

// ConnectionPath returns the address of a connection.
func ConnectionPath(name string) string { return "/api/v1/connections/" + url.PathEscape(name) }

// CheckConnectionName refuses a property in place of the name: it may hold a secret, which must not
// get into an address and so into logs.
func CheckConnectionName(name string) error {
	if strings.ContainsAny(name, "=/ ") {
		return errors.New("the first argument is the name of the connection, before any name=value")
	}
	return nil
}

// A ConnectionEdit is a change of a connection. The tags are the flags and arguments of the verbs.
type ConnectionEdit struct {
	Values []string          `arg:"" optional:"" help:"Properties: name=value. name=@FILE reads the value from a file, name=- from standard input, which keeps it out of the process list."`
	File   string            `short:"f" type:"existingfile" help:"A client.properties, which replaces all properties. Uploaded files stay."`
	Unset  []string          `help:"Properties or uploaded files to remove."`
	Upload map[string]string `help:"Files to upload: NAME=FILE. A property names one as upload:NAME." placeholder:"NAME=FILE"`
}

// A ConnectionBody is the body of a request that saves or tests a connection. Shown values go back
// as they came, which keeps the secrets.
type ConnectionBody struct {
	Name       string         `json:"name"`
	Text       string         `json:"text,omitempty"`
	Properties map[string]any `json:"properties"`
	Files      map[string]any `json:"files"`
	Revision   int64          `json:"revision"`
	Test       any            `json:"test,omitempty"`
}

// IsZero reports whether c changes nothing.
func (c *ConnectionEdit) IsZero() bool {
	return len(c.Values)+len(c.Unset)+len(c.Upload) == 0 && c.File == ""
}

// Apply returns the saved connection with the change. in is standard input, for a value "-".
func (c *ConnectionEdit) Apply(name string, saved *connection.Shown, in io.Reader) (*ConnectionBody, error) {
	e := &ConnectionBody{Name: name, Properties: map[string]any{}, Files: map[string]any{}, Revision: saved.Revision}
	for name, f := range saved.Files {
		e.Files[name] = f
	}
	if c.File == "" {
		for name, p := range saved.Properties {
			e.Properties[name] = p
		}
	} else {
		text, err := commandline.ReadProperties(c.File)
		if err != nil {
			return nil, err
		}
		e.Text = text
	}
	for _, name := range c.Unset {
		_, property := e.Properties[name]
		_, file := e.Files[name]
		if !property && !file {
			return nil, Refusef("there is no property and no file %s to unset", name)
		}
		delete(e.Properties, name)
		delete(e.Files, name)
	}
	for i, word := range c.Values {
		name, value, ok := strings.Cut(word, "=")
		if !ok || name == "" {
			return nil, fmt.Errorf("value %d is not name=value", i+1) // the value is not repeated: it may be a secret
		}
		if properties.Secret(name) {
			commandline.WarnOfVisible(name, value)
		}
		var err error
		if value, err = commandline.Value(value, in); err != nil {
			return nil, fmt.Errorf("the value of %s: %w", name, err)
		}
		e.Properties[name] = value
	}
	for name, path := range c.Upload {
		b, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		e.Files[name] = map[string]any{"content": append([]byte{}, b...)}
	}
	return e, nil
}

// ChangedBy returns where a connection comes from, in words.
func ChangedBy(s *connection.Shown) string {
	if s.Fixed {
		return "given when the process was started"
	}
	return fmt.Sprintf("revision %d, %s by %s", s.Revision, s.ChangedAt.Local().Format(time.DateTime), s.ChangedBy)
}

// LastTest says in words how a connection's last test went, when, and whose it was.
func LastTest(s *connection.Shown) string {
	t := s.LastTest
	if t == nil {
		return "never"
	}
	text := fmt.Sprintf("%s, %s by %s", t.Outcome, t.At.Local().Format(time.DateTime), t.By)
	if t.Outdated {
		text += ", changed since"
	}
	return text
}

// SavedConnection asks for a connection as it is shown. A connection that does not exist has
// revision 0.
func (c *Client) SavedConnection(ctx context.Context, name string) (*connection.Shown, error) {
	if err := CheckConnectionName(name); err != nil {
		return nil, err
	}
	s := &connection.Shown{Name: name}
	b, status, err := c.Do(ctx, http.MethodGet, ConnectionPath(name), nil, nil, http.StatusNotFound)
	if err != nil || status == http.StatusNotFound {
		return s, err
	}
	return s, json.Unmarshal(b, s)
}

// KnownFindings are the findings on a connection as it was saved, by the property's name. They were
// printed when it was.
type KnownFindings map[string]connection.Finding

// KnownFindings asks for the findings on a saved connection, less those on properties that an edit
// gives. A file gives all of them.
func (c *Client) KnownFindings(ctx context.Context, edit *ConnectionEdit, saved *connection.Shown) (KnownFindings, error) {
	if edit.File != "" || saved.Revision == 0 {
		return nil, nil
	}
	body, err := (&ConnectionEdit{}).Apply(saved.Name, saved, nil)
	if err != nil {
		return nil, err
	}
	var answer struct {
		Findings []connection.Finding `json:"findings"`
	}
	if _, err := c.Post(ctx, "/api/v1/connections/check", body, &answer); err != nil {
		return nil, err
	}
	known := KnownFindings{}
	for _, f := range answer.Findings {
		if !slices.ContainsFunc(edit.Values, func(word string) bool { return strings.HasPrefix(word, f.Name+"=") }) {
			known[f.Name] = f
		}
	}
	return known, nil
}

// Without leaves out the findings that are known. What refuses the connection stays.
func (k KnownFindings) Without(findings []connection.Finding) []connection.Finding {
	return slices.DeleteFunc(findings, func(f connection.Finding) bool {
		was, ok := k[f.Name]
		return ok && f.Verdict != connection.Refused && f.Verdict == was.Verdict && f.Text == was.Text && slices.Equal(f.Becomes, was.Becomes)
	})
}
