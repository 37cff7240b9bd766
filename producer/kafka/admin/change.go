package admin

import (
	"context"
	"errors"
	"strconv"
	"time"

	"urncast/producer/diagnosis"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"
)

const (
	// changeTimeout is how long the brokers may take for a change.
	changeTimeout = 15 * time.Second
	// appearPause is how long after a broker did not know a new topic it is asked again.
	appearPause = 20 * time.Millisecond
)

// StateSettings are those of a topic that holds state, whoever makes it: the latest
// message of each key stays, and for as long as a consumer may be away everything.
func StateSettings(away time.Duration) map[string]string {
	keep := strconv.FormatInt(away.Milliseconds(), 10)
	return map[string]string{"cleanup.policy": "compact", "min.compaction.lag.ms": keep, "delete.retention.ms": keep}
}

// A Created is what a topic has that was made, or would be, as far as the brokers tell.
type Created struct {
	ReplicationFactor int      // 0 where it is not told
	Settings          Settings // nil where they are not told
}

// Create makes a topic, or with validate only asks whether that would be done. A
// replication factor of 0 is the brokers' default.
func (c *Cluster) Create(ctx context.Context, m *diagnosis.MadeTopic, validate bool) (*Created, error) {
	request := kmsg.NewPtrCreateTopicsRequest()
	topic := kmsg.NewCreateTopicsRequestTopic()
	topic.Topic, topic.NumPartitions, topic.ReplicationFactor = m.Topic, int32(m.Partitions), int16(m.ReplicationFactor)
	if m.ReplicationFactor == 0 {
		topic.ReplicationFactor = -1
	}
	for name, value := range m.Settings {
		setting := kmsg.NewCreateTopicsRequestTopicConfig()
		setting.Name, setting.Value = name, &value
		topic.Configs = append(topic.Configs, setting)
	}
	request.Topics = append(request.Topics, topic)
	request.TimeoutMillis, request.ValidateOnly = int32(changeTimeout.Milliseconds()), validate
	kind, err := c.AskNode(ctx, c.Controller, request)
	if err != nil {
		return nil, err
	}
	answer := &kind.(*kmsg.CreateTopicsResponse).Topics[0]
	if err := refusal(answer.ErrorCode, answer.ErrorMessage); err != nil {
		return nil, err
	}
	made := &Created{}
	if answer.ConfigErrorCode != 0 || answer.ReplicationFactor < 1 {
		return made, nil
	}
	made.ReplicationFactor, made.Settings = int(answer.ReplicationFactor), Settings{}
	for _, s := range answer.Configs {
		if s.Value != nil {
			made.Settings[s.Name] = Setting{*s.Value, kmsg.ConfigSource(s.Source) == kmsg.ConfigSourceDynamicTopicConfig}
		}
	}
	return made, nil
}

// Appears waits until the brokers know a topic that the controller made.
func (c *Cluster) Appears(ctx context.Context, topic string) error {
	for {
		if found, err := c.Topics(ctx, topic); err != nil || found[0].Err == nil {
			return err
		}
		if err := Pause(ctx, appearPause); err != nil {
			return err
		}
	}
}

// Pause waits, but not past the context.
func Pause(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}

// Delete deletes a topic.
func (c *Cluster) Delete(ctx context.Context, topic string) error {
	request := kmsg.NewPtrDeleteTopicsRequest()
	one := kmsg.NewDeleteTopicsRequestTopic()
	one.Topic = &topic
	request.TopicNames, request.Topics, request.TimeoutMillis = []string{topic}, append(request.Topics, one), int32(changeTimeout.Milliseconds())
	kind, err := c.AskNode(ctx, c.Controller, request)
	if err != nil {
		return err
	}
	return kerr.ErrorForCode(kind.(*kmsg.DeleteTopicsResponse).Topics[0].ErrorCode)
}

// Alter changes settings of a topic.
func (c *Cluster) Alter(ctx context.Context, topic string, changes []diagnosis.SettingChange) error {
	request := kmsg.NewPtrIncrementalAlterConfigsRequest()
	resource := kmsg.NewIncrementalAlterConfigsRequestResource()
	resource.ResourceType, resource.ResourceName = kmsg.ConfigResourceTypeTopic, topic
	for _, change := range changes {
		setting := kmsg.NewIncrementalAlterConfigsRequestResourceConfig()
		setting.Name, setting.Value, setting.Op = change.Name, &change.After, kmsg.IncrementalAlterConfigOpSet
		resource.Configs = append(resource.Configs, setting)
	}
	request.Resources = append(request.Resources, resource)
	kind, err := c.Ask(ctx, request)
	if err != nil {
		return err
	}
	answer := kind.(*kmsg.IncrementalAlterConfigsResponse).Resources[0]
	return refusal(answer.ErrorCode, answer.ErrorMessage)
}

// Coordinator finds the broker that keeps the state of a transactional id. Refused is the
// brokers' word against it.
func (c *Cluster) Coordinator(ctx context.Context, id string) (broker int32, refused, err error) {
	request := kmsg.NewPtrFindCoordinatorRequest()
	request.CoordinatorType, request.CoordinatorKey, request.CoordinatorKeys = 1, id, []string{id}
	kind, err := c.Ask(ctx, request)
	if err != nil {
		return 0, nil, err
	}
	answer := kind.(*kmsg.FindCoordinatorResponse)
	if len(answer.Coordinators) > 0 { // as newer brokers answer
		one := answer.Coordinators[0]
		answer.ErrorCode, answer.NodeID, answer.Host, answer.Port = one.ErrorCode, one.NodeID, one.Host, one.Port
	}
	if refused := kerr.ErrorForCode(answer.ErrorCode); refused != nil {
		return 0, refused, nil
	}
	if _, known := c.Brokers[answer.NodeID]; !known {
		c.Brokers[answer.NodeID] = address(answer.Host, answer.Port)
	}
	return answer.NodeID, nil, nil
}

// InitProducer asks for a producer id: at a coordinator for a transactional id, with the
// timeout of its transactions, or anywhere without one, for an empty id.
func (c *Cluster) InitProducer(ctx context.Context, coordinator int32, id string, timeout time.Duration) (refused, err error) {
	request := kmsg.NewPtrInitProducerIDRequest()
	request.ProducerID, request.ProducerEpoch = -1, -1
	ask := c.Ask
	if id != "" {
		request.TransactionalID, request.TransactionTimeoutMillis = &id, int32(timeout.Milliseconds())
		ask = func(ctx context.Context, r kmsg.Request) (kmsg.Response, error) {
			return c.AskNode(ctx, coordinator, r)
		}
	}
	kind, err := ask(ctx, request)
	if err != nil {
		return nil, err
	}
	return kerr.ErrorForCode(kind.(*kmsg.InitProducerIDResponse).ErrorCode), nil
}

// Unauthorized reports whether an error says that a right to a topic or the cluster lacks.
func Unauthorized(err error) bool {
	return errors.Is(err, kerr.TopicAuthorizationFailed) || errors.Is(err, kerr.ClusterAuthorizationFailed)
}
