package control

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"urncast/producer"
	"urncast/producer/connection"
	"urncast/registry"
)

// A Directory keeps the producers. Each change is committed together with its registry.Act,
// and all instances are notified of it.
type Directory interface {
	Contents
	// Producers lists all, by name.
	Producers(ctx context.Context) ([]producer.Named, error)
	// Records returns the records of one producer.
	Records(id string) Records
	// CreateProducer saves a new producer. A *TakenError names what another producer
	// uses already.
	CreateProducer(ctx context.Context, c *producer.Config, a registry.Act) error
	// ChangeProducer replaces the revision that c names, and records a wish unless w is
	// nil. A *ConflictError says that another revision was saved meanwhile, a *TakenError
	// what another producer uses already.
	ChangeProducer(ctx context.Context, id string, c *producer.Config, w *producer.Wish, a registry.Act) error
	// DeleteProducer removes everything that the database keeps of a producer, except
	// its id and its prefix.
	DeleteProducer(ctx context.Context, id string, a registry.Act) error
}

// Producers makes, changes and removes producers, from any instance.
type Producers struct {
	Directory Directory
	// Connections is where settings look up their connection; with nil they are not
	// checked for it.
	Connections *connection.Connections

	amounts  amounts
	verdicts verdicts
}

// A TakenError refuses a change because another producer, or the process's own settings,
// have a claim on the same thing, such as a name or a topic.
type TakenError struct{ Text string }

// Error returns Text.
func (e *TakenError) Error() string { return e.Text }

// A ConflictError says that a change was based on a revision of the producer's settings that
// is no longer the current one.
type ConflictError struct {
	Name      string
	Base, Now int64
	By        string
	At        time.Time
}

// Error says who saved meanwhile, and what to do.
func (e *ConflictError) Error() string {
	return fmt.Sprintf("Producer %s is not what this change was made to: %s saved it at %s, as revision %d, and the change is to revision %d. "+
		"Read it again, and repeat the change", e.Name, e.By, e.At.UTC().Format(time.RFC3339), e.Now, e.Base)
}

// List returns the status of all producers, by name.
func (p *Producers) List(ctx context.Context) ([]Status, error) {
	all, err := p.Directory.Producers(ctx)
	if err != nil {
		return nil, err
	}
	out := make([]Status, 0, len(all))
	for _, n := range all {
		s, err := New(p.Directory.Records(n.ID)).Status(ctx)
		switch {
		case errors.Is(err, registry.ErrNotFound): // deleted just now
		case err != nil:
			return nil, err
		default:
			out = append(out, s)
		}
	}
	return out, nil
}

// Find returns the producer of a name, registry.ErrNotFound if there is none.
func (p *Producers) Find(ctx context.Context, name string) (*Producer, error) {
	n, err := p.named(ctx, name)
	if err != nil {
		return nil, err
	}
	return New(p.Directory.Records(n.ID)), nil
}

func (p *Producers) named(ctx context.Context, name string) (producer.Named, error) {
	all, err := p.Directory.Producers(ctx)
	if err != nil {
		return producer.Named{}, err
	}
	if i := slices.IndexFunc(all, func(n producer.Named) bool { return n.Name == name }); i >= 0 {
		return all[i], nil
	}
	return producer.Named{}, fmt.Errorf("producer %q: %w", name, registry.ErrNotFound)
}

// Of returns the producer of an id. It does not look whether there is one: the methods of a
// missing producer return registry.ErrNotFound.
func (p *Producers) Of(id string) *Producer { return New(p.Directory.Records(id)) }

// Each calls yield for every producer until that returns an error.
func (p *Producers) Each(ctx context.Context, yield func(name string, a *Producer) error) error {
	all, err := p.Directory.Producers(ctx)
	if err != nil {
		return err
	}
	for _, n := range all {
		if err := yield(n.Name, New(p.Directory.Records(n.ID))); err != nil {
			return err
		}
	}
	return nil
}

// RouteOver returns topic and prefix of a producer that uses a connection, or the defaults
// if none does.
func (p *Producers) RouteOver(ctx context.Context, connection string) (topic, prefix string) {
	all, err := p.List(ctx)
	if err == nil {
		for i := range all {
			if c := &all[i].Settings; p.Connections.OrDefault(c.Connection) == p.Connections.OrDefault(connection) {
				return c.Routes[0].Topic, c.Prefix
			}
		}
	}
	return producer.TopicDefault, producer.PrefixDefault
}

// ConnectionsInUse lists the connections that producers use, each once.
func (p *Producers) ConnectionsInUse(ctx context.Context) ([]string, error) {
	all, err := p.List(ctx)
	var names []string
	for i := range all {
		if name := p.Connections.OrDefault(all[i].Settings.Connection); !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names, err
}

// Create makes a producer, which is stopped at first. Empty settings other than topics and
// formats get their defaults.
func (p *Producers) Create(ctx context.Context, c producer.Config, by registry.Actor) (*Producer, error) {
	c.Prefix, c.Sender = cmp.Or(c.Prefix, producer.PrefixDefault), cmp.Or(c.Sender, producer.SenderDefault)
	c.Fixed, c.Bootstrap = false, ""
	if err := p.check(ctx, &c); err != nil {
		return nil, err
	}
	if err := p.Directory.CreateProducer(ctx, &c, by.Did(ActProducerCreated, c.Name, &c)); err != nil {
		return nil, err
	}
	return p.Find(ctx, c.Name)
}

// Change replaces the settings of a producer at the revision that c names. Routes, connection
// and prefix take effect at once: the producer stops and asks an admin how to go on, unless
// then answers that in advance with StartBaseline or StartContinue.
func (p *Producers) Change(ctx context.Context, name string, c producer.Config, then string, by registry.Actor) (*Producer, error) {
	n, err := p.named(ctx, name)
	if err != nil {
		return nil, err
	}
	admin := New(p.Directory.Records(n.ID))
	was, err := admin.Status(ctx)
	if err != nil {
		return nil, err
	}
	if was.Settings.Fixed {
		return nil, fixedProducer(name)
	}
	if c.Name != name {
		return nil, producer.BadEdit("A producer keeps its name, %s, by which mails, figures and links find it; to have another name, make another producer", name)
	}
	if err := p.check(ctx, &c); err != nil {
		return nil, err
	}
	var w *producer.Wish
	switch {
	case then == "":
	case then != producer.StartBaseline && then != producer.StartContinue:
		return nil, producer.BadEdit("What follows the change is %q, %q, or nothing, which asks; not %q", producer.StartBaseline, producer.StartContinue, then)
	case !was.Started:
		return nil, producer.BadEdit("Producer %s was never started, so nothing follows the change: start it idle, or with a baseline", name)
	default:
		w = &producer.Wish{Run: producer.Idle, How: then, User: by.User}
	}
	detail := map[string]any{"before": was.Settings, "after": &c, "then": then}
	if err := p.Directory.ChangeProducer(ctx, n.ID, &c, w, by.Did(ActProducerChanged, name, detail)); err != nil {
		return nil, err
	}
	return admin, nil
}

// check refuses settings that are wrong, or whose connection does not exist.
func (p *Producers) check(ctx context.Context, c *producer.Config) error {
	var wrong []string
	if err := c.Check(); err != nil {
		wrong = append(wrong, err.Error())
	}
	if c.Connection != "" {
		shown, err := p.Connections.List(ctx)
		if err != nil {
			return err
		}
		var names []string
		for i := range shown {
			names = append(names, shown[i].Name)
		}
		if !slices.Contains(names, c.Connection) {
			wrong = append(wrong, fmt.Sprintf("There is no connection %q; there is %s. Define it first",
				c.Connection, cmp.Or(strings.Join(names, ", "), "none yet")))
		}
	}
	if len(wrong) == 0 {
		return nil
	}
	return producer.BadEdit("%s", strings.Join(wrong, ". "))
}

// Delete removes a producer's settings and the records of its sending. Topics and their
// messages stay.
func (p *Producers) Delete(ctx context.Context, name string, by registry.Actor) error {
	n, err := p.named(ctx, name)
	if err != nil {
		return err
	}
	was, err := New(p.Directory.Records(n.ID)).Status(ctx)
	if err != nil {
		return err
	}
	if was.Settings.Fixed {
		return fixedProducer(name)
	}
	return p.Directory.DeleteProducer(ctx, n.ID, by.Did(ActProducerDeleted, name, map[string]any{"settings": was.Settings, "sent": was.Sent}))
}

func fixedProducer(name string) error {
	return &TakenError{fmt.Sprintf("Producer %s cannot be changed or deleted here, because a process was started with it (--topic and its like, or URNCAST_TOPIC): "+
		"change it there, or start without --topic, and what is saved is taken", name)}
}
