package kafka

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"urncast/producer/connection"
	"urncast/producer/diagnosis"
	"urncast/producer/kafka/probe"
)

// stateSettings are those of a topic that holds state, whoever makes it: the latest
// message of each key stays, and for as long as a consumer may be away everything.
func stateSettings(away time.Duration) map[string]string {
	keep := strconv.FormatInt(away.Milliseconds(), 10)
	return map[string]string{"cleanup.policy": "compact", "min.compaction.lag.ms": keep, "delete.retention.ms": keep}
}

// MakeTopic implements diagnosis.Topics. The brokers are asked first what the topic
// would be like, and what the doctor would mend then is set from the beginning.
func (c *Client) MakeTopic(ctx context.Context, connection *connection.Connection, n diagnosis.Needs, replication int,
	before func(diagnosis.MadeTopic) error) (*diagnosis.MadeTopic, error) {
	t, done, err := c.enterCluster(ctx, connection, n)
	defer done()
	if err != nil {
		return nil, t.complaint(err)
	}
	m := diagnosis.MadeTopic{Topic: n.Topic, Partitions: 1, ReplicationFactor: replication, Settings: stateSettings(n.Retention)}
	answer, err := t.createTopic(ctx, &m, true)
	if err == nil {
		err = t.notMade(answer)
	}
	if err != nil {
		return nil, t.complaint(err)
	}
	t.complete(&m, n, answer)
	if err := before(m); err != nil {
		return nil, err
	}
	if answer, err = t.createTopic(ctx, &m, false); err == nil {
		err = t.notMade(answer)
	}
	if err == nil {
		err = t.appears(ctx, n.Topic)
	}
	if err != nil {
		return nil, t.complaint(err)
	}
	return &m, nil
}

// complete adds the settings that the doctor would mend in a topic as the brokers
// would make it. Brokers that do not tell leave it as it is.
func (t *trial) complete(m *diagnosis.MadeTopic, n diagnosis.Needs, answer *kmsg.CreateTopicsResponseTopic) {
	if answer.ConfigErrorCode != 0 || answer.ReplicationFactor < 1 {
		return
	}
	m.ReplicationFactor = int(answer.ReplicationFactor)
	f := &t.found.topic
	f.partitions, f.replicas, f.insync = 1, make([]int32, m.ReplicationFactor), m.ReplicationFactor
	f.configs = map[string]config{}
	for _, c := range answer.Configs {
		if c.Value != nil {
			f.configs[c.Name] = config{*c.Value, kmsg.ConfigSource(c.Source) == kmsg.ConfigSourceDynamicTopicConfig}
		}
	}
	for _, j := range t.inspect(n).judge() {
		for _, change := range j.fix {
			m.Settings[change.Name] = change.After
		}
	}
}

// createTopic asks the controller for a topic, or with validate only whether it
// would make it.
func (t *trial) createTopic(ctx context.Context, m *diagnosis.MadeTopic, validate bool) (*kmsg.CreateTopicsResponseTopic, error) {
	request := kmsg.NewPtrCreateTopicsRequest()
	topic := kmsg.NewCreateTopicsRequestTopic()
	topic.Topic, topic.NumPartitions, topic.ReplicationFactor = m.Topic, int32(m.Partitions), int16(m.ReplicationFactor)
	if m.ReplicationFactor == 0 {
		topic.ReplicationFactor = -1 // the brokers' default
	}
	for name, value := range m.Settings {
		setting := kmsg.NewCreateTopicsRequestTopicConfig()
		setting.Name, setting.Value = name, &value
		topic.Configs = append(topic.Configs, setting)
	}
	request.Topics = append(request.Topics, topic)
	request.TimeoutMillis, request.ValidateOnly = int32(t.asked.StepTimeout.Milliseconds()), validate
	controller, err := t.node(ctx, t.found.controller)
	if err != nil {
		return nil, err
	}
	kind, err := controller.Ask(ctx, request)
	if err != nil {
		return nil, err
	}
	return &kind.(*kmsg.CreateTopicsResponse).Topics[0], nil
}

// notMade says why the brokers refuse a topic; nil if they do not.
func (t *trial) notMade(answer *kmsg.CreateTopicsResponseTopic) error {
	text, code := refusedBy(answer.ErrorCode, answer.ErrorMessage)
	switch {
	case code == nil:
		return nil
	case errors.Is(code, kerr.TopicAlreadyExists):
		return probe.Met(probe.TopicExists, code, "topic", answer.Topic)
	case errors.Is(code, kerr.TopicAuthorizationFailed), errors.Is(code, kerr.ClusterAuthorizationFailed):
		return probe.Met(probe.NoCreate, code, "user", t.principal(), "topic", answer.Topic)
	}
	return probe.Met(probe.TopicNotMade, errors.New(text), "topic", answer.Topic)
}

// refusedBy gives a broker's words for a refusal, and the refusal.
func refusedBy(number int16, message *string) (text string, code error) {
	if code = kerr.ErrorForCode(number); code == nil {
		return "", nil
	}
	if message == nil || *message == "" {
		return code.Error(), code
	}
	return strings.TrimSuffix(*message, "."), code
}

// appears waits until the brokers know a topic that the controller made.
func (t *trial) appears(ctx context.Context, topic string) error {
	for ctx.Err() == nil {
		if found, err := t.describeTopic(ctx, topic); err != nil || found.ErrorCode == 0 {
			return err
		}
		time.Sleep(20 * time.Millisecond)
	}
	return ctx.Err()
}

// AlterTopic implements diagnosis.Topics.
func (c *Client) AlterTopic(ctx context.Context, connection *connection.Connection, topic string, changes []diagnosis.SettingChange) error {
	t, done, err := c.enterCluster(ctx, connection, diagnosis.Needs{Topic: topic})
	defer done()
	if err != nil {
		return t.complaint(err)
	}
	request := kmsg.NewPtrIncrementalAlterConfigsRequest()
	resource := kmsg.NewIncrementalAlterConfigsRequestResource()
	resource.ResourceType, resource.ResourceName = kmsg.ConfigResourceTypeTopic, topic
	var names []string
	for _, change := range changes {
		setting := kmsg.NewIncrementalAlterConfigsRequestResourceConfig()
		setting.Name, setting.Value, setting.Op = change.Name, &change.After, kmsg.IncrementalAlterConfigOpSet
		resource.Configs = append(resource.Configs, setting)
		names = append(names, change.Name+"="+change.After)
	}
	request.Resources = append(request.Resources, resource)
	kind, err := t.ask(ctx, request)
	if err != nil {
		return t.complaint(err)
	}
	answer := kind.(*kmsg.IncrementalAlterConfigsResponse).Resources[0]
	switch text, code := refusedBy(answer.ErrorCode, answer.ErrorMessage); {
	case code == nil:
		return nil
	case errors.Is(code, kerr.TopicAuthorizationFailed), errors.Is(code, kerr.ClusterAuthorizationFailed):
		return t.complaint(probe.Met(probe.NoAlterConfigs, code, "user", t.principal(), "topic", topic))
	default:
		return t.complaint(probe.Met(probe.SettingRefused, errors.New(text), "settings", strings.Join(names, ", "), "topic", topic))
	}
}

// complaint puts what is wrong and what to do into one error.
func (t *trial) complaint(err error) error {
	trouble := probe.Of(err)
	return fmt.Errorf("%s %s", trouble.Text, runnable(trouble.Cure, t.settings))
}
