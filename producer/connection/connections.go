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

// Connections are the connections to Kafka: kept in a store, judged and tried by
// the client.
type Connections struct {
	Store  Store
	Client Client
	// Fixed is the connection that the process was started with, nil if it takes a
	// stored one. It stands before a stored one of its name.
	Fixed *Connection
	// Route gives topic and prefix of a producer that takes a connection, for tests
	// that name none.
	Route func(ctx context.Context, connection string) (topic, prefix string)

	testing atomic.Int32
}

// tryLimit bounds the trial of all servers before a save, should the client not
// do it by itself; they are tried in parallel.
const tryLimit = 20 * time.Second

// An Edit is a connection as an admin wants it.
type Edit struct {
	Name string
	// Text is a client.properties; Properties go before its lines.
	Text       string
	Properties map[string]secret.Property
	Files      map[string]File
	Revision   int64 // what was edited; 0 for a new one
}

// Saved says what a save did.
type Saved struct {
	Shown    Shown
	Findings []Finding
	Servers  []Tried
	// Changed is false if nothing was to be changed.
	Changed bool
}

// List shows all connections, by name.
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
		if !c.fixed(all[i].Name) {
			out = append(out, all[i].shown())
		}
	}
	return out, nil
}

// Get shows one connection, registry.ErrNotFound if there is none.
func (c *Connections) Get(ctx context.Context, name string) (Shown, error) {
	if c.fixed(name) {
		return c.show(c.Fixed), nil
	}
	s, err := c.Store.Connection(ctx, name)
	if err != nil {
		return Shown{}, err
	}
	return s.shown(), nil
}

// Current gives a connection in the clear, as it stands now, for a session; an empty
// name is the one that the process was started with, or else the default one. Its
// errors are Faults.
func (c *Connections) Current(ctx context.Context, name string) (*Connection, error) {
	name = c.OrDefault(name)
	if c.fixed(name) {
		return c.Fixed, nil
	}
	s, err := c.Store.Connection(ctx, name)
	switch {
	case errors.Is(err, registry.ErrNotFound):
		return nil, &producer.Fault{Kind: producer.Permanent, Text: fmt.Sprintf(
			"Connection %s is not defined, so there is no way to Kafka yet: "+
				"define it with \"urncast connection set %s bootstrap.servers=HOST:PORT\" or PUT /api/v1/connections/%s, "+
				"then start the producer", name, name, name)}
	case err != nil:
		return nil, &producer.Fault{Kind: producer.Transitory, Text: "The database did not give connection " + name, Err: err}
	case s.Key != nil:
		return nil, &producer.Fault{Kind: producer.Permanent, Text: "The secrets of connection " + name + " cannot be opened", Err: s.Key}
	}
	return s.connection(), nil
}

// OrDefault is the name of the connection that an empty name stands for: the one that the
// process was started with, or else the default one. Other names stand for themselves.
func (c *Connections) OrDefault(name string) string {
	switch {
	case name != "":
		return name
	case c.Fixed != nil:
		return c.Fixed.Name
	}
	return producer.NameDefault
}

// Delete deletes a connection that no producer takes, at the revision that was looked at;
// 0 is whichever there is. A *ConflictError says that another was saved meanwhile.
func (c *Connections) Delete(ctx context.Context, name string, revision int64, by registry.Actor) error {
	if c.fixed(name) {
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

// Check says what becomes of each property of an edit; nothing is connected to.
func (c *Connections) Check(ctx context.Context, e Edit) ([]Finding, error) {
	d, err := c.draft(ctx, e)
	if err != nil {
		return nil, err
	}
	return d.findings, nil
}

// Endings lists the certificates and keys that an edit rests on.
func (c *Connections) Endings(ctx context.Context, e Edit) ([]Ending, error) {
	d, err := c.draft(ctx, e)
	if err != nil {
		return nil, err
	}
	return c.Client.Endings(d.next), nil
}

// Save checks an edit, tries every server, and saves. With anyway it saves
// although servers failed, and the audit says which; what cannot be carried over
// refuses it all the same.
func (c *Connections) Save(ctx context.Context, e Edit, anyway bool, by registry.Actor) (*Saved, error) {
	if c.fixed(e.Name) {
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
		return nil, ctx.Err() // who asked has gone
	}
	next := d.stored()
	detail := changes(d.was, next, failed)
	if s.Changed = d.was == nil || detail.any(); s.Changed {
		if err := c.Store.SaveConnection(ctx, next, by.Did(ActSaved, e.Name, detail)); err != nil {
			return nil, err
		}
	}
	s.Shown, err = c.Get(ctx, e.Name)
	return s, err
}

// try tries the servers of a draft, in parallel and within the limit.
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

// Redactor cuts a connection's secret values out of texts: of the client library's words
// and a server's, which may repeat them.
func (c *Connections) Redactor(of *Connection) *strings.Replacer {
	return redactor(of, c.Client.Secret)
}

func (c *Connections) fixed(name string) bool { return c.Fixed != nil && c.Fixed.Name == name }

// show is what may be seen of a connection in the clear.
func (c *Connections) show(in *Connection) Shown { return split(in, c.Client.Secret).shown() }

// split parts what is secret of a connection from what may be seen.
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

// shown completes what may be seen by what only the contents tell.
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

// connection puts both parts together.
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

// checkName keeps names to what stands well in addresses, metrics and logs.
func checkName(name string) error {
	if name == "" || name == producer.ReservedName || len(name) > 64 || strings.Trim(name, nameBytes) != "" || strings.Contains("._-", name[:1]) {
		return producer.BadEdit("The name %q is not one for a connection: up to 64 letters, digits, dots, underscores and hyphens, "+
			"a letter or digit first", name)
	}
	return nil
}
