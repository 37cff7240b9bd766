package producer

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"urncast/formats"
)

// A Config is what an admin sets of a producer. How to reach the brokers stands
// apart, in a Connection, for it may hold secrets.
type Config struct {
	Name   string  `json:"name"`
	Routes []Route `json:"routes"`
	Prefix string  `json:"prefix"` // of the transactional ids
	Sender string  `json:"sender"` // the Sender in each message's header
	// Connection names the stored Connection that it takes. If it is empty the
	// process was started with one, and Bootstrap shows its servers.
	Connection string `json:"connection,omitempty"`
	Bootstrap  string `json:"-"`
	// BaselineAtEveryStart publishes a baseline first whenever an admin starts the
	// producer and whenever its process restarts.
	BaselineAtEveryStart bool `json:"baselineAtEveryStart,omitempty"`
	// BaselineWhenConnectionChanges publishes a baseline first, and asks nothing, when
	// the connection leads to another cluster than the one last published to.
	BaselineWhenConnectionChanges bool `json:"baselineWhenConnectionChanges,omitempty"`
	// Revision rises with each change; 0 before it is saved.
	Revision int64 `json:"revision,omitempty"`
	// Fixed says that it is what a process was started with, and changes with that.
	Fixed bool `json:"fixed,omitempty"`
}

// A Route is a part of what a producer publishes: what goes to one topic, and how.
// All routes of a producer are written in the same Kafka transaction.
type Route struct {
	Topic  string `json:"topic"`
	Format string `json:"format"` // one of package formats
	Filter Filter `json:"filter,omitzero"`
}

// Defaults of a Config.
const (
	NameDefault   = "default"
	TopicDefault  = "sdmx.structures"
	FormatDefault = "fusion-json"
	PrefixDefault = "tx"
	SenderDefault = "URNCAST"
)

// routesMax bounds the routes of a producer: each is a topic that every start reads
// back.
const routesMax = 50

// WithDefaults fills in what is empty.
func (c Config) WithDefaults() Config {
	c.Name = cmp.Or(c.Name, NameDefault)
	c.Prefix = cmp.Or(c.Prefix, PrefixDefault)
	c.Sender = cmp.Or(c.Sender, SenderDefault)
	if len(c.Routes) == 0 {
		c.Routes = []Route{{}}
	}
	c.Routes = slices.Clone(c.Routes)
	for i := range c.Routes {
		r := &c.Routes[i]
		r.Topic, r.Format = cmp.Or(r.Topic, TopicDefault), cmp.Or(r.Format, FormatDefault)
	}
	return c
}

// Check says what is wrong with a configuration: all of it, in one error.
func (c Config) Check() error {
	var errs []error
	wrong := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if c.Name == "" || len(c.Name) > nameMax || strings.Trim(c.Name, topicBytes) != "" {
		wrong("the producer's name %q is not up to %d letters, digits, dots, underscores and hyphens", c.Name, nameMax)
	}
	if c.Name == ReservedName {
		wrong("a producer cannot be named %q: that is where the console makes one", c.Name)
	}
	if n := len(c.Routes); n == 0 || n > routesMax {
		wrong("a producer has from 1 to %d routes, not %d; what must fail separately is a separate producer", routesMax, n)
	}
	seen := map[string]bool{}
	for i := range c.Routes {
		r := &c.Routes[i]
		errs = append(errs, r.check())
		if seen[r.Topic] {
			wrong("topic %s has two routes: a topic belongs to one route", r.Topic)
		}
		seen[r.Topic] = true
	}
	const prefix, sender = "prefix of the transactional ids", "sender in the messages' headers"
	for _, field := range [][2]string{{prefix, c.Prefix}, {sender, c.Sender}, {"connection", c.Connection}} {
		if !printable(field[1]) {
			wrong("the %s, %q, has characters that cannot be printed", field[0], field[1])
		}
	}
	if c.Prefix == "" || len(c.Prefix) > prefixMax {
		wrong("the %s must not be empty, nor longer than %d bytes", prefix, prefixMax)
	}
	if c.Sender == "" || len(c.Sender) > nameMax {
		wrong("the %s must not be empty, nor longer than %d bytes", sender, nameMax)
	}
	return together(errs)
}

const (
	nameMax   = 100
	prefixMax = 100
)

// ReservedName is what the console's paths have in place of a name, where the form for a
// new producer or connection is.
const ReservedName = "new"

// together makes one error of those that are not nil, nil of none.
func together(errs []error) error {
	var texts []string
	for _, err := range errs {
		if err != nil {
			texts = append(texts, err.Error())
		}
	}
	if len(texts) == 0 {
		return nil
	}
	return errors.New(strings.Join(texts, "; "))
}

// printable says whether a text is one that a database and a broker take: UTF-8
// without control characters.
func printable(text string) bool {
	return utf8.ValidString(text) && strings.IndexFunc(text, unicode.IsControl) < 0
}

func (r *Route) check() error {
	var errs []error
	if err := CheckTopic(r.Topic); err != nil {
		errs = append(errs, err)
	}
	if _, err := formats.ByName(r.Format); err != nil {
		errs = append(errs, fmt.Errorf("the format of topic %s: %w", r.Topic, err))
	}
	if err := r.Filter.Check(); err != nil {
		errs = append(errs, fmt.Errorf("topic %s: %w", r.Topic, err))
	}
	return together(errs)
}

// Topics lists the topics of the routes.
func (c *Config) Topics() []string {
	out := make([]string, len(c.Routes))
	for i := range c.Routes {
		out[i] = c.Routes[i].Topic
	}
	return out
}

// CheckTopic says what keeps a name from being one that Kafka takes for a topic.
func CheckTopic(name string) error {
	if name == "" || len(name) > 249 || name == "." || name == ".." || strings.Trim(name, topicBytes) != "" {
		return fmt.Errorf("the topic's name %q is not one that Kafka takes: up to 249 letters, digits, dots, underscores and hyphens", name)
	}
	return nil
}

const topicBytes = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-"

// Target is where a stored connection leads: its bootstrap servers. The flags of a process
// are the operator's word of this very start, and are compared with nothing.
func (c *Config) Target() string {
	if c.Connection == "" {
		return ""
	}
	return c.Bootstrap
}
