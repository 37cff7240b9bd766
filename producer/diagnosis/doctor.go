package diagnosis

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"urncast/producer"
	"urncast/producer/connection"
	"urncast/registry"
)

// A Doctor compares topics with what a route needs, mends them and creates them.
type Doctor struct {
	Connections *connection.Connections
	Topics      Topics
	// Retention is as in Needs.
	Retention time.Duration
	// Largest finds the largest current structure, in the format of a topic.
	Largest func(ctx context.Context, topic string) (Largest, error)
}

// The actions of the audit about topics.
const (
	ActTopicCreated = "topic created"
	ActTopicAltered = "topic settings changed"
)

// A Place is a topic, reached over a connection, with the prefix of the transactional
// ids that are to write to it.
type Place struct{ Connection, Topic, Prefix string }

// doctorLimit bounds the time of an examination and of the creation of a topic.
const doctorLimit = 45 * time.Second

// A TopicError says why a topic was not created or not changed.
type TopicError struct{ Text string }

// Error returns Text.
func (e *TopicError) Error() string { return e.Text }

// Examine compares a topic with what a route needs. It changes nothing.
func (d *Doctor) Examine(ctx context.Context, at Place) (*Diagnosis, error) {
	ctx, cancel := context.WithTimeout(ctx, doctorLimit)
	defer cancel()
	needs, err := d.needs(ctx, at)
	if err != nil {
		return nil, err
	}
	found, _, err := d.examine(ctx, at, needs)
	return found, err
}

// needs returns what a route to a topic requires of it.
func (d *Doctor) needs(ctx context.Context, at Place) (Needs, error) {
	if err := producer.CheckTopic(at.Topic); err != nil {
		return Needs{}, producer.BadEdit("%s", err)
	}
	largest, err := d.Largest(ctx, at.Topic)
	if err != nil {
		return Needs{}, fmt.Errorf("looking for the largest structure: %w", err)
	}
	return Needs{Topic: at.Topic, Prefix: cmp.Or(at.Prefix, producer.PrefixDefault), Retention: d.Retention, Largest: largest}, nil
}

// examine compares a topic with n. It also returns the connection, which is nil if there is
// none; a finding then says why.
func (d *Doctor) examine(ctx context.Context, at Place, n Needs) (*Diagnosis, *connection.Connection, error) {
	c, err := d.Connections.Current(ctx, at.Connection)
	var fault *producer.Fault
	switch {
	case errors.As(err, &fault) && fault.Kind == producer.Permanent:
		return &Diagnosis{Connection: d.Connections.OrDefault(at.Connection), Topic: n.Topic, At: time.Now().UTC(), Findings: []Finding{{ID: FindingConnection,
			Severity: SeverityError, What: producer.WithoutCure(fault.Error(), fault.Cure) + ".", Why: "Without a connection nothing is published.",
			Cure: producer.Remedy(fault.Cure)}}}, nil, nil
	case err != nil:
		return nil, nil, err
	}
	found, err := d.Topics.Diagnose(ctx, c, n)
	if err != nil {
		return nil, nil, err
	}
	found.Connection, found.Topic, found.At = d.Connections.OrDefault(at.Connection), n.Topic, time.Now().UTC()
	redact := d.Connections.Redactor(c)
	for i := range found.Findings {
		f := &found.Findings[i]
		f.What, f.Cure = redact.Replace(f.What), redact.Replace(f.Cure)
	}
	return found, c, nil
}

// MakeTopic creates a topic with the settings that a route needs.
func (d *Doctor) MakeTopic(ctx context.Context, in NewTopic, by registry.Actor) (*MadeTopic, error) {
	ctx, cancel := context.WithTimeout(ctx, doctorLimit)
	defer cancel()
	if in.Topic == "" {
		return nil, producer.BadEdit("No topic was named")
	}
	if in.ReplicationFactor < 0 || in.ReplicationFactor > replicationMax {
		return nil, producer.BadEdit("A topic has from 1 to %d replicas, or 0 for the brokers' default, not %d", replicationMax, in.ReplicationFactor)
	}
	n, err := d.needs(ctx, Place{in.Connection, in.Topic, in.Prefix})
	if err != nil {
		return nil, err
	}
	c, err := d.Connections.Current(ctx, in.Connection)
	if err != nil {
		return nil, topicError(err)
	}
	var unaudited error
	made, err := d.Topics.MakeTopic(ctx, c, n, in.ReplicationFactor, func(m MadeTopic) error {
		unaudited = d.record(ctx, ActTopicCreated, in.Topic, by, m)
		return unaudited
	})
	switch {
	case unaudited != nil:
		return nil, unaudited
	case err != nil:
		return nil, d.refused(ctx, c, ActTopicCreated, in.Topic, by, err)
	}
	return made, nil
}

// replicationMax is the largest replication factor of Kafka's protocol, an int16.
const replicationMax = 1<<15 - 1

// Fix mends findings, by their ids, by altering the topic's settings. It alters nothing if
// one of the findings does not exist or cannot be mended so.
func (d *Doctor) Fix(ctx context.Context, at Place, ids []string, by registry.Actor) (*Fixed, error) {
	ctx, cancel := context.WithTimeout(ctx, 2*doctorLimit)
	defer cancel()
	n, err := d.needs(ctx, at)
	if err != nil {
		return nil, err
	}
	found, c, err := d.examine(ctx, at, n)
	if err != nil {
		return nil, err
	}
	out := &Fixed{}
	if out.Changes, err = found.fixes(ids); err != nil {
		return nil, err
	}
	var changes []SettingChange
	for _, f := range out.Changes {
		changes = append(changes, f.SettingChange)
	}
	if err := d.record(ctx, ActTopicAltered, n.Topic, by, map[string]any{"changes": out.Changes}); err != nil {
		return nil, err
	}
	if err := d.Topics.AlterTopic(ctx, c, n.Topic, changes); err != nil {
		return nil, d.refused(ctx, c, ActTopicAltered, n.Topic, by, err)
	}
	out.Diagnosis, _, err = d.examine(ctx, at, n)
	return out, err
}

// record adds an act to the audit. It is called before the act is done, so that no act lacks
// an entry.
func (d *Doctor) record(ctx context.Context, action, topic string, by registry.Actor, detail any) error {
	return d.Connections.Store.RecordAct(ctx, by.Did(action, topic, detail))
}

// refused adds to the audit that an act failed, or may have failed, and returns its error.
func (d *Doctor) refused(ctx context.Context, c *connection.Connection, action, topic string, by registry.Actor, err error) error {
	text := d.Connections.Redactor(c).Replace(err.Error())
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel() // the entry is made even if the client has gone
	return errors.Join(&TopicError{text}, d.record(ctx, action+" failed", topic, by, map[string]string{"error": text}))
}

// topicError turns a permanent fault, which an admin can mend, into a TopicError.
func topicError(err error) error {
	var fault *producer.Fault
	if errors.As(err, &fault) && fault.Kind == producer.Permanent {
		return &TopicError{err.Error() + "."}
	}
	return err
}
