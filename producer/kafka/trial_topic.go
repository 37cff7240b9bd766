package kafka

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"urncast/producer/kafka/probe"
)

// topic looks at the topic that is published to.
func (t *trial) topic(ctx context.Context) outcome {
	name := t.asked.Topic
	if name == "" {
		return notRun("", "No topic was named.")
	}
	found, err := t.describeTopic(ctx, name)
	if err != nil {
		return failed(err)
	}
	switch code := kerr.ErrorForCode(found.ErrorCode); {
	case errors.Is(code, kerr.UnknownTopicOrPartition):
		return t.missing(ctx)
	case errors.Is(code, kerr.TopicAuthorizationFailed):
		return failed(probe.Met(probe.NoDescribe, code, "user", t.principal(), "topic", name))
	case errors.Is(code, kerr.InvalidTopicException):
		return failed(probe.Met(probe.TopicName, code, "topic", strconv.Quote(name)))
	case code != nil && !errors.Is(code, kerr.LeaderNotAvailable):
		return failed(probe.Met(probe.KafkaError, code, "doing", "Describing the topic "+name))
	case len(found.Partitions) == 0:
		return failed(probe.Met(probe.TopicNoLeader, errors.New("it has no partitions"), "topic", name, "replicas",
			"unknown"))
	}
	t.found.topicRights = told(found.AuthorizedOperations)
	first := found.Partitions[0]
	for _, p := range found.Partitions {
		if p.Partition == 0 {
			first = p
		}
	}
	if code := kerr.ErrorForCode(first.ErrorCode); code != nil || first.Leader < 0 {
		if code == nil {
			code = kerr.LeaderNotAvailable
		}
		return failed(probe.Met(probe.TopicNoLeader, code, "topic", name, "replicas", numbers(first.Replicas)))
	}
	t.found.topic.exists, t.found.topic.leader = true, first.Leader
	if err := t.readConfigs(ctx); err != nil {
		return failed(err)
	}
	return t.fit(len(found.Partitions), first)
}

// describeTopic asks for one topic, which is not made by that.
func (t *trial) describeTopic(ctx context.Context, name string) (*kmsg.MetadataResponseTopic, error) {
	request := kmsg.NewPtrMetadataRequest()
	topic := kmsg.NewMetadataRequestTopic()
	topic.Topic = &name
	request.Topics = append(request.Topics, topic)
	request.AllowAutoTopicCreation, request.IncludeTopicAuthorizedOperations = false, true
	kind, err := t.ask(ctx, request)
	if err != nil {
		return nil, err
	}
	answer := kind.(*kmsg.MetadataResponse)
	if len(answer.Topics) != 1 {
		return nil, probe.Met(probe.KafkaError, fmt.Errorf("with %d topics", len(answer.Topics)), "doing",
			"Describing the topic "+name)
	}
	return &answer.Topics[0], nil
}

// missing says whether a topic that does not exist could be made.
func (t *trial) missing(ctx context.Context) outcome {
	name := t.asked.Topic
	if !t.client.CreateTopic {
		return failed(probe.Met(probe.TopicMissing, nil, "topic", name))
	}
	code, text, err := t.makeTopic(ctx, name, true)
	switch {
	case err != nil:
		return failed(err)
	case errors.Is(code, kerr.TopicAuthorizationFailed), errors.Is(code, kerr.ClusterAuthorizationFailed):
		return failed(probe.Met(probe.NoCreate, code, "user", t.principal(), "topic", name))
	case code != nil:
		return failed(probe.Met(probe.TopicNotMade, errors.New(text), "topic", name))
	}
	return passed("The topic %s does not exist; the brokers would make it, and the producer's first start does. What needs the topic is not tried.", name)
}

// makeTopic asks the controller for a topic, or with validate only whether it
// would make it.
func (t *trial) makeTopic(ctx context.Context, name string, validate bool) (code error, text string, err error) {
	request := kmsg.NewPtrCreateTopicsRequest()
	topic := kmsg.NewCreateTopicsRequestTopic()
	topic.Topic, topic.NumPartitions, topic.ReplicationFactor = name, 1, -1
	request.Topics = append(request.Topics, topic)
	request.TimeoutMillis, request.ValidateOnly = int32(t.asked.StepTimeout.Milliseconds()), validate
	controller, err := t.node(ctx, t.found.controller)
	if err != nil {
		return nil, "", err
	}
	kind, err := controller.Ask(ctx, request)
	if err != nil {
		return nil, "", err
	}
	answer := kind.(*kmsg.CreateTopicsResponse).Topics[0]
	if code = kerr.ErrorForCode(answer.ErrorCode); code != nil {
		text = code.Error()
		if answer.ErrorMessage != nil {
			text = strings.TrimSuffix(*answer.ErrorMessage, ".")
		}
	}
	return code, text, nil
}

// readConfigs reads the topic's settings, where that is allowed. The leader is
// asked: where the topic sets nothing, a broker answers with its own defaults.
func (t *trial) readConfigs(ctx context.Context) error {
	request := kmsg.NewPtrDescribeConfigsRequest()
	resource := kmsg.NewDescribeConfigsRequestResource()
	resource.ResourceType, resource.ResourceName = kmsg.ConfigResourceTypeTopic, t.asked.Topic
	request.Resources = append(request.Resources, resource)
	leader, err := t.node(ctx, t.found.topic.leader)
	if err != nil {
		leader = t.found.first // why, the step of the listeners says
	}
	kind, err := leader.Ask(ctx, request)
	if err != nil {
		return err
	}
	answer := kind.(*kmsg.DescribeConfigsResponse).Resources[0]
	if answer.ErrorCode != 0 {
		return nil // DESCRIBE_CONFIGS is a right of its own, and nothing else needs it
	}
	t.found.topic.configs = map[string]config{}
	for _, c := range answer.Configs {
		if c.Value != nil {
			t.found.topic.configs[c.Name] = config{*c.Value, c.Source == kmsg.ConfigSourceDynamicTopicConfig}
		}
	}
	return nil
}

// fit judges what was found of the topic.
func (t *trial) fit(partitions int, first kmsg.MetadataResponseTopicPartition) outcome {
	name, f := t.asked.Topic, &t.found.topic
	replicas, insync := len(first.Replicas), len(first.ISR)
	found := fmt.Sprintf("The topic %s has %d partition%s; partition 0 is led by broker %d and has %d replica%s, %d in sync.",
		name, partitions, plural(partitions), first.Leader, replicas, plural(replicas), insync)
	if f.configs == nil {
		return passed("%s Its settings may not be read: DESCRIBE_CONFIGS on the topic is not granted, and nothing but this test needs it.", found)
	}
	for _, c := range []string{"cleanup.policy", "min.compaction.lag.ms", "max.message.bytes", "min.insync.replicas"} {
		found += fmt.Sprintf(" %s=%s.", c, f.configs[c].value)
	}
	least, _ := f.number("min.insync.replicas")
	values := []string{"topic", name, "replicas", fmt.Sprint(replicas), "isr", fmt.Sprint(insync), "needed",
		fmt.Sprint(least)}
	if least > replicas {
		return failed(probe.Met(probe.TopicReplicas, nil, values...))
	}
	if least > insync {
		return failed(probe.Met(probe.TopicISR, nil, values...))
	}
	warnings := t.topicWarnings(partitions)
	if len(warnings) == 0 {
		return passed("%s", found)
	}
	all := probe.Trouble{}
	for _, w := range warnings {
		all.Text, all.Cure = strings.TrimSpace(all.Text+" "+w.Text), strings.TrimSpace(all.Cure+" "+w.Cure)
	}
	return warned(found, &all)
}

// topicWarnings lists what should be mended, though publishing works.
func (t *trial) topicWarnings(partitions int) (all []*probe.Trouble) {
	name, f := t.asked.Topic, &t.found.topic
	policy := f.configs["cleanup.policy"].value
	if policy != "compact" {
		all = append(all, probe.Met(probe.TopicPolicy, nil, "topic", name, "policy", policy))
	}
	if lag, ok := f.number("min.compaction.lag.ms"); ok && lag == 0 && strings.Contains(policy, "compact") {
		all = append(all, probe.Met(probe.TopicCompactsNow, nil, "topic", name, "lag", fmt.Sprint(lag)))
	}
	if partitions > 1 {
		all = append(all, probe.Met(probe.TopicPartitions, nil, "topic", name, "partitions", fmt.Sprint(partitions)))
	}
	if limit, ok := f.number("max.message.bytes"); ok && limit < t.settings.RequestBytes {
		all = append(all, probe.Met(probe.TopicLimit, nil, "topic", name, "limit", fmt.Sprint(limit), "property",
			limitName(f.configs),
			"ours", fmt.Sprint(t.settings.RequestBytes)))
	}
	return all
}

// limitName is the property from which a topic has its limit.
func limitName(configs map[string]config) string {
	if configs["max.message.bytes"].own {
		return "max.message.bytes of the topic"
	}
	return "message.max.bytes of the brokers"
}

func plural(n int) string {
	if n == 1 {
		return ""
	}
	return "s"
}

func numbers(ids []int32) string {
	return strings.Trim(strings.ReplaceAll(fmt.Sprint(ids), " ", ", "), "[]")
}
