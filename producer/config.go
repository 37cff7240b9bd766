package producer

import (
	"fmt"
	"strings"

	"urncast/formats"
)

// A Config is what an admin sets of a producer. How to reach the brokers stands
// apart, in a Connection, for it may hold secrets.
type Config struct {
	Name   string
	Topic  string
	Format string // one of package formats
	Filter Filter
	Prefix string // of the transactional ids
	Sender string // the Sender in each message's header
	// Connection names the stored Connection that it takes. If it is empty the
	// process was started with one, and Bootstrap shows its servers.
	Connection string
	Bootstrap  string
}

// Defaults of a Config.
const (
	NameDefault   = "default"
	TopicDefault  = "sdmx.structures"
	FormatDefault = "fusion-json"
	PrefixDefault = "tx"
	SenderDefault = "URNCAST"
)

// WithDefaults fills in what is empty.
func (c Config) WithDefaults() Config {
	or := func(s *string, d string) {
		if *s == "" {
			*s = d
		}
	}
	or(&c.Name, NameDefault)
	or(&c.Topic, TopicDefault)
	or(&c.Format, FormatDefault)
	or(&c.Prefix, PrefixDefault)
	or(&c.Sender, SenderDefault)
	return c
}

// Check says what is wrong with a configuration.
func (c Config) Check() error {
	if _, err := formats.ByName(c.Format); err != nil {
		return fmt.Errorf("the producer's format: %w", err)
	}
	if err := checkTopic(c.Topic); err != nil {
		return err
	}
	if err := c.Filter.Check(); err != nil {
		return err
	}
	if c.Prefix == "" {
		return fmt.Errorf("the prefix of the transactional ids must not be empty")
	}
	return nil
}

// checkTopic keeps names to what Kafka takes.
func checkTopic(name string) error {
	if name == "" || len(name) > 249 || name == "." || name == ".." || strings.Trim(name, topicBytes) != "" {
		return fmt.Errorf("the topic's name %q is not one that Kafka takes: up to 249 letters, digits, dots, underscores and hyphens", name)
	}
	return nil
}

const topicBytes = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-"

// laneCount is how many transactional ids a producer owns. Two remove the
// client's 20 ms stall between transactions on one id; more bring nothing.
const laneCount = 2

// laneIDs names the transactional ids of a row under a prefix.
func laneIDs(r *Row, prefix string) []string {
	ids := make([]string, laneCount)
	for i := range ids {
		ids[i] = fmt.Sprintf("%s-%s-%s-%d", prefix, r.Registry, r.ID, i)
	}
	return ids
}
