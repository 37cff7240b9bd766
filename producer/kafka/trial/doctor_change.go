package trial

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"urncast/producer/connection"
	"urncast/producer/diagnosis"

	"github.com/twmb/franz-go/pkg/kerr"

	"urncast/producer/kafka/admin"
	"urncast/producer/kafka/probe"
)

// MakeTopic implements diagnosis.Topics. It first asks the brokers which settings the topic would
// get, and adds those that the doctor would mend afterwards. It calls before with the topic that it
// is about to make, and makes none if that returns an error.
func (c *Client) MakeTopic(ctx context.Context, connection *connection.Connection, n diagnosis.Needs, replication int,
	before func(diagnosis.MadeTopic) error) (*diagnosis.MadeTopic, error) {
	t, done, err := c.enterCluster(ctx, connection, n)
	defer done()
	if err != nil {
		return nil, t.complaint(err)
	}
	m := diagnosis.MadeTopic{Topic: n.Topic, Partitions: 1, ReplicationFactor: replication, Settings: admin.StateSettings(n.Retention)}
	made, err := t.brokers.Create(ctx, &m, true)
	if err != nil {
		return nil, t.complaint(t.notMade(n.Topic, err))
	}
	t.complete(&m, n, made)
	if err := before(m); err != nil {
		return nil, err
	}
	if _, err = t.brokers.Create(ctx, &m, false); err == nil {
		err = t.brokers.Appears(ctx, n.Topic)
	}
	if err != nil {
		return nil, t.complaint(t.notMade(n.Topic, err))
	}
	return &m, nil
}

// complete adds to m the settings that the doctor would mend in the topic that the brokers would
// make, which made describes. It adds none if they do not tell its settings.
func (t *trial) complete(m *diagnosis.MadeTopic, n diagnosis.Needs, made *admin.Created) {
	if made.Settings == nil {
		return
	}
	m.ReplicationFactor = made.ReplicationFactor
	replicas := make([]int32, made.ReplicationFactor)
	t.found.Topic = admin.Topic{Partitions: 1, Replicas: replicas, InSync: replicas}
	t.found.configs = made.Settings
	for _, j := range t.inspect(n).judge() {
		for _, change := range j.fix {
			m.Settings[change.Name] = change.After
		}
	}
}

// notMade returns the trouble with a topic that the brokers did not make.
func (t *trial) notMade(topic string, err error) error {
	var refused *admin.Refusal
	switch {
	case errors.Is(err, kerr.TopicAlreadyExists):
		return probe.Met(probe.TopicExists, err, "topic", topic)
	case admin.Unauthorized(err):
		return probe.Met(probe.NoCreate, err, "user", t.principal(), "topic", topic)
	case errors.Is(err, kerr.InvalidReplicationFactor):
		return probe.Met(probe.TopicTooManyReplicas, err, "topic", topic, "brokers", strconv.Itoa(len(t.brokers.Brokers)))
	case errors.As(err, &refused):
		return probe.Met(probe.TopicNotMade, err, "topic", topic)
	}
	return err
}

// AlterTopic implements diagnosis.Topics.
func (c *Client) AlterTopic(ctx context.Context, connection *connection.Connection, topic string, changes []diagnosis.SettingChange) error {
	t, done, err := c.enterCluster(ctx, connection, diagnosis.Needs{Topic: topic})
	defer done()
	if err != nil {
		return t.complaint(err)
	}
	var refused *admin.Refusal
	err = t.brokers.Alter(ctx, topic, changes)
	switch {
	case err == nil:
		return nil
	case admin.Unauthorized(err):
		err = probe.Met(probe.NoAlterConfigs, errors.Unwrap(err), "user", t.principal(), "topic", topic)
	case errors.As(err, &refused):
		var names []string
		for _, c := range changes {
			names = append(names, c.Name+"="+c.After)
		}
		err = probe.Met(probe.SettingRefused, err, "settings", strings.Join(names, ", "), "topic", topic)
	}
	return t.complaint(err)
}

// complaint makes one error of what is wrong and what to do.
func (t *trial) complaint(err error) error {
	trouble := probe.Of(err)
	return fmt.Errorf("%s %s", trouble.Text, runnable(trouble.Cure, t.settings))
}
