package diagnosis

import (
	"context"
	"slices"
	"strings"
	"time"

	"urncast/producer"
	"urncast/producer/connection"
)

// A Severity says how bad a finding of the doctor is.
type Severity string

// The severities. A finding never stops a producer, a start or an upgrade.
const (
	SeverityOK      Severity = "ok"
	SeverityUnknown Severity = "unknown" // not permitted to find out; the finding names the missing right
	SeverityWarning Severity = "warning" // the promises hold until something else goes wrong
	SeverityError   Severity = "error"   // publishing cannot work, or a promise will be broken as things stand
)

// A Finding is the result of one check of a topic.
type Finding struct {
	ID       string   `json:"id"` // such as "cleanup-policy"
	Severity Severity `json:"severity"`
	What     string   `json:"what"` // what was found
	// Where lists the settings that were checked, with their values.
	Where []Setting `json:"where,omitempty"`
	// Why says which promise depends on the check, and how.
	Why  string `json:"why"`
	Cure string `json:"cure,omitempty"` // what to do
	// Command is a command line that does what Cure says.
	Command string `json:"command,omitempty"`
	// Fix lists what Doctor.Fix would change; empty if settings of the topic cannot mend
	// it.
	Fix []SettingChange `json:"fix,omitempty"`
}

// The places of a Setting.
const (
	PlaceTopic  = "topic"  // set on the topic itself
	PlaceBroker = "broker" // the brokers', which also applies to topics without their own
	PlaceClient = "client" // a property of the connection
)

// A Setting is a setting and the place where it was found.
type Setting struct {
	Place string `json:"place"`
	Name  string `json:"name"`
	Value string `json:"value"`
}

// A SettingChange changes one setting of a topic.
type SettingChange struct {
	Name   string `json:"name"`
	Before string `json:"before"`
	After  string `json:"after"`
}

// A Diagnosis is the result of examining one topic.
type Diagnosis struct {
	Connection string    `json:"connection"`
	Cluster    string    `json:"cluster,omitempty"` // its id; empty if it was not reached
	Topic      string    `json:"topic"`
	At         time.Time `json:"at"`
	Findings   []Finding `json:"findings"`
}

// Worst returns the worst severity of all findings. Unknown ones do not count.
func (d *Diagnosis) Worst() Severity {
	worst := SeverityOK
	for _, f := range d.Findings {
		if f.Severity == SeverityError || f.Severity == SeverityWarning && worst != SeverityError {
			worst = f.Severity
		}
	}
	return worst
}

// Needs is what a route requires of its topic.
type Needs struct {
	Topic, Prefix string
	// Retention is how long a consumer may be offline without missing messages.
	Retention time.Duration
	Largest   Largest
}

// Largest is the largest current structure as a topic would have it; zero if there is none.
type Largest struct {
	URN    string
	Format string
	Bytes  int // of its message in Format, with key and headers, not compressed
}

// A NewTopic is a topic to be made.
type NewTopic struct {
	Topic string `json:"topic"`
	// Connection names the connection to make it over: if empty, that of the producer
	// that publishes to it, or the default one. Prefix is of the transactional ids that
	// are to write to it.
	Connection string `json:"connection,omitempty"`
	Prefix     string `json:"prefix,omitempty"`
	// ReplicationFactor is the brokers' default if 0.
	ReplicationFactor int `json:"replicationFactor,omitempty"`
}

// A MadeTopic is a topic that was made.
type MadeTopic struct {
	Topic      string `json:"topic"`
	Partitions int    `json:"partitions"`
	// ReplicationFactor is 0 if the brokers do not tell.
	ReplicationFactor int               `json:"replicationFactor,omitempty"`
	Settings          map[string]string `json:"settings"` // what was set on the topic itself
}

// Topics examines and changes the topics of a cluster. Its errors say what failed and what
// to do.
type Topics interface {
	// Diagnose compares a topic with what is needed. It returns an error only if it was
	// cancelled; other failures are findings.
	Diagnose(ctx context.Context, c *connection.Connection, n Needs) (*Diagnosis, error)
	// MakeTopic creates a topic with the settings that are needed. It calls before with
	// the topic to be; an error of that prevents the creation.
	MakeTopic(ctx context.Context, c *connection.Connection, n Needs, replication int, before func(MadeTopic) error) (*MadeTopic, error)
	// AlterTopic sets settings of a topic, all or none.
	AlterTopic(ctx context.Context, c *connection.Connection, topic string, changes []SettingChange) error
}

// FindingConnection is the ID of the finding that the cluster cannot be reached.
const FindingConnection = "connection"

// Fixed is the result of a fix: the changes, and the diagnosis after them.
type Fixed struct {
	Changes   []FixedSetting `json:"changes"`
	Diagnosis *Diagnosis     `json:"diagnosis"`
}

// A FixedSetting is one change and the finding that asked for it.
type FixedSetting struct {
	Finding string `json:"finding"`
	SettingChange
}

// fixes lists the changes that mend the findings of these ids, each setting once.
func (d *Diagnosis) fixes(ids []string) (all []FixedSetting, err error) {
	if len(ids) == 0 {
		return nil, producer.BadEdit("No finding was named; these can be mended here: %s", d.fixable())
	}
	for _, id := range ids {
		at := slices.IndexFunc(d.Findings, func(f Finding) bool { return f.ID == id })
		switch {
		case at < 0:
			return nil, producer.BadEdit("There is no finding %q; these can be mended here: %s", id, d.fixable())
		case len(d.Findings[at].Fix) == 0 && d.Findings[at].Severity == SeverityOK:
			return nil, producer.BadEdit("The finding %s needs no mending: %s These can be mended here: %s", id, d.Findings[at].What, d.fixable())
		case len(d.Findings[at].Fix) == 0:
			return nil, producer.BadEdit("The finding %s cannot be mended by a setting of the topic: %s %s These can be mended here: %s",
				id, d.Findings[at].What, d.Findings[at].Cure, d.fixable())
		}
		for _, change := range d.Findings[at].Fix {
			if !slices.ContainsFunc(all, func(f FixedSetting) bool { return f.Name == change.Name }) {
				all = append(all, FixedSetting{id, change})
			}
		}
	}
	return all, nil
}

// fixable returns the ids of the findings that can be mended, for errors.
func (d *Diagnosis) fixable() string {
	var ids []string
	for _, f := range d.Findings {
		if len(f.Fix) > 0 {
			ids = append(ids, f.ID)
		}
	}
	if len(ids) == 0 {
		return "none"
	}
	return strings.Join(ids, ", ")
}
