package connection

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"urncast/internal/secret"
	"urncast/producer"
	"urncast/registry"
)

// Connections manages the connections to Kafka: Store keeps them, Client checks and tests
// them.
type Connections struct {
	Store  Store
	Client Client
	// Fixed is the connection that the process was started with, nil if there is none. It
	// hides a stored connection of the same name.
	Fixed *Connection
	// Route returns topic and prefix of a producer that uses a connection: the defaults of
	// a connection test that names none.
	Route func(ctx context.Context, connection string) (topic, prefix string)

	testing atomic.Int32
}

// tryLimit bounds the time for connecting to all servers, in parallel, before a save. It
// is a safety net: the client has its own timeouts.
const tryLimit = 20 * time.Second

// An Edit is a connection as an admin wants it.
type Edit struct {
	Name string
	// Text is a client.properties. Properties override its lines.
	Text       string
	Properties map[string]secret.Property
	Files      map[string]File
	Revision   int64 // of the connection that was edited; 0 for a new one
}

// Saved is the result of a save.
type Saved struct {
	Shown    Shown
	Findings []Finding
	Servers  []Tried
	// Changed is false if the edit equals what was saved before.
	Changed bool
}

// List returns all connections without their secrets: the fixed one, then the stored ones
// by name.
func (c *Connections) List(ctx context.Context) ([]Shown, error) {
	all, err := c.Store.Connections(ctx)
	if err != nil {
		return nil, err
	}
	var out []Shown
	if c.Fixed != nil {
		out = append(out, c.show(c.Fixed))
	}
	for i := range all {
		if !c.isFixed(all[i].Name) {
			out = append(out, all[i].shown())
		}
	}
	return out, c.addTests(ctx, out)
}

// Get returns one connection without its secrets, registry.ErrNotFound if there is none.
func (c *Connections) Get(ctx context.Context, name string) (Shown, error) {
	var out [1]Shown
	if c.isFixed(name) {
		out[0] = c.show(c.Fixed)
	} else {
		s, err := c.Store.Connection(ctx, name)
		if err != nil {
			return Shown{}, err
		}
		out[0] = s.shown()
	}
	return out[0], c.addTests(ctx, out[:])
}

// Current returns a connection with its secrets in the clear, as it is now, for a
// session. An empty name stands for another as in OrDefault. The errors are Faults.
func (c *Connections) Current(ctx context.Context, name string) (*Connection, error) {
	name = c.OrDefault(name)
	if c.isFixed(name) {
		return c.Fixed, nil
	}
	s, err := c.Store.Connection(ctx, name)
	switch {
	case errors.Is(err, registry.ErrNotFound):
		return nil, &producer.Fault{Kind: producer.Permanent, Text: "Connection " + name + " is not defined, so there is no way to Kafka yet",
			Cure: fmt.Sprintf("define it with \"urncast connection set %s bootstrap.servers=HOST:PORT\" or PUT /api/v1/connections/%[1]s, then start the producer", name)}
	case err != nil:
		return nil, &producer.Fault{Kind: producer.Transitory, Text: "The database did not give connection " + name, Err: err}
	case s.Key != nil:
		return nil, &producer.Fault{Kind: producer.Permanent, Text: "The secrets of connection " + name + " cannot be opened", Err: s.Key,
			Cure: "start urncast with the key that sealed them, or set the secrets anew, then start the producer"}
	}
	return s.connection(), nil
}

// OrDefault returns name, or if that is empty the name of the connection that the process
// was started with, or else producer.NameDefault.
func (c *Connections) OrDefault(name string) string {
	switch {
	case name != "":
		return name
	case c.Fixed != nil:
		return c.Fixed.Name
	}
	return producer.NameDefault
}

// Delete deletes a connection that no producer uses, if it is still at a revision; 0
// deletes any. A *ConflictError says that another revision was saved meanwhile.
func (c *Connections) Delete(ctx context.Context, name string, revision int64, by registry.Actor) error {
	if c.isFixed(name) {
		return &FixedError{name}
	}
	was, err := c.Store.Connection(ctx, name)
	if err != nil {
		return err
	}
	if revision != 0 && revision != was.Revision {
		return &ConflictError{Name: name, Base: revision, Now: was.Revision, By: was.ChangedBy, At: was.ChangedAt}
	}
	return c.Store.DeleteConnection(ctx, name, was.Revision, by.Did(ActDeleted, name, changes(was, &Stored{}, nil)))
}

// Properties describes every property that a connection may have.
func (c *Connections) Properties() []PropertyInfo { return c.Client.Properties() }

// Check returns the verdict on each property of an edit, without connecting to a server.
func (c *Connections) Check(ctx context.Context, e Edit) ([]Finding, error) {
	d, err := c.draft(ctx, e)
	if err != nil {
		return nil, err
	}
	return d.findings, nil
}

// Endings lists the certificates and keys of an edit that expire.
func (c *Connections) Endings(ctx context.Context, e Edit) ([]Ending, error) {
	d, err := c.draft(ctx, e)
	if err != nil {
		return nil, err
	}
	return c.Client.Endings(d.next), nil
}

// Save checks an edit, connects to every server, and saves. With anyway it saves although
// servers failed, and the audit names them; a property that is Refused still refuses the
// edit.
func (c *Connections) Save(ctx context.Context, e Edit, anyway bool, by registry.Actor) (*Saved, error) {
	if c.isFixed(e.Name) {
		return nil, &FixedError{e.Name}
	}
	if err := checkName(e.Name); err != nil {
		return nil, err
	}
	d, err := c.draft(ctx, e)
	if err != nil {
		return nil, err
	}
	base := int64(0)
	if d.was != nil {
		base = d.was.Revision
	}
	switch {
	case base != e.Revision && d.was == nil:
		return nil, &ConflictError{Name: e.Name, Base: e.Revision}
	case base != e.Revision:
		return nil, &ConflictError{Name: e.Name, Base: e.Revision, Now: base, By: d.was.ChangedBy, At: d.was.ChangedAt}
	case slices.ContainsFunc(d.findings, func(f Finding) bool { return f.Verdict == Refused }):
		return nil, &RefusedError{Findings: d.findings}
	}
	s := &Saved{Findings: d.findings, Servers: c.try(ctx, d)}
	failed := failures(s.Servers)
	if (len(failed) > 0 || len(s.Servers) == 0) && !anyway {
		return nil, &RefusedError{Findings: d.findings, Servers: s.Servers}
	}
	if ctx.Err() != nil {
		return nil, ctx.Err() // the client has gone
	}
	next := d.stored()
	detail := changes(d.was, next, failed)
	if s.Changed = d.was == nil || detail.hasChanges(); s.Changed {
		if err := c.Store.SaveConnection(ctx, next, by.Did(ActSaved, e.Name, detail)); err != nil {
			return nil, err
		}
	}
	s.Shown, err = c.Get(ctx, e.Name)
	return s, err
}

// try connects to the servers of a draft, in parallel and within tryLimit.
func (c *Connections) try(ctx context.Context, d *draft) []Tried {
	ctx, cancel := context.WithTimeout(ctx, tryLimit)
	defer cancel()
	servers := c.Client.Try(ctx, d.next)
	for i := range servers {
		servers[i].Text, servers[i].Cure = d.redact.Replace(servers[i].Text), d.redact.Replace(servers[i].Cure)
	}
	return servers
}

func failures(servers []Tried) []Tried {
	return slices.DeleteFunc(slices.Clone(servers), func(t Tried) bool { return t.OK })
}

// Redactor returns a replacer that cuts a connection's secret values out of texts such as
// errors of the client library or a server, which may repeat them.
func (c *Connections) Redactor(of *Connection) *strings.Replacer {
	return redactor(of, c.Client.Secret)
}

func (c *Connections) isFixed(name string) bool { return c.Fixed != nil && c.Fixed.Name == name }

// show returns a connection without its secrets.
func (c *Connections) show(in *Connection) Shown { return split(in, c.Client.Secret).shown() }

// split separates the secret values of a connection from the rest, as a store keeps them.
func split(in *Connection, isSecret func(string) bool) *Stored {
	s := &Stored{
		Shown: Shown{Name: in.Name, Properties: map[string]secret.Property{}, Files: map[string]File{}, Revision: in.Revision,
			ChangedAt: in.ChangedAt, ChangedBy: in.ChangedBy, Fixed: in.Fixed},
		Secrets: map[string]string{}, Contents: in.Files,
	}
	for name, value := range in.Properties {
		if isSecret(name) {
			s.Properties[name], s.Secrets[name] = secret.Property{Set: true}, value
		} else {
			s.Properties[name] = secret.Property{Value: value}
		}
	}
	for name, content := range in.Files {
		s.Files[name] = File{Size: len(content)}
	}
	return s
}

// shown returns the connection without its secrets. It fills in sizes and checksums of
// files, which need the contents.
func (s *Stored) shown() Shown {
	for name, content := range s.Contents {
		f := s.Files[name]
		sum := sha256.Sum256(content)
		f.Size, f.SHA256 = len(content), hex.EncodeToString(sum[:])
		s.Files[name] = f
	}
	if s.Key != nil {
		s.Locked = "The secrets cannot be opened: " + s.Key.Error()
	}
	return s.Shown
}

// connection joins what split separated.
func (s *Stored) connection() *Connection {
	c := &Connection{Name: s.Name, Properties: map[string]string{}, Files: s.Contents,
		Revision: s.Revision, ChangedAt: s.ChangedAt, ChangedBy: s.ChangedBy}
	for name, p := range s.Properties {
		if c.Properties[name] = p.Value; p.Set {
			c.Properties[name] = s.Secrets[name]
		}
	}
	return c
}

const nameBytes = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-"

// checkName refuses names that would need escaping in addresses, metrics and logs.
func checkName(name string) error {
	if name == "" || name == producer.ReservedName || len(name) > 64 || strings.Trim(name, nameBytes) != "" || strings.Contains("._-", name[:1]) {
		return producer.BadEdit("The name %q is not one for a connection: up to 64 letters, digits, dots, underscores and hyphens, "+
			"a letter or digit first", name)
	}
	return nil
}
