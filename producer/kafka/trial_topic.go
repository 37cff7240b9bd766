package kafka

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"urncast/producer/diagnosis"
	"urncast/producer/kafka/probe"
)

// topic looks at the topic that is published to.
func (t *trial) topic(ctx context.Context) outcome {
	name := t.asked.Topic
	if name == "" {
		return notRun("", "No topic was named.")
	}
	found, missing, err := t.findTopic(ctx, name)
	switch {
	case err != nil:
		return failed(err)
	case found == nil:
		return missing
	}
	switch code := kerr.ErrorForCode(found.ErrorCode); {
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
	f := &t.found.topic
	f.exists, f.leader, f.partitions, f.replicas, f.insync = true, first.Leader, len(found.Partitions), first.Replicas, len(first.ISR)
	if f.configs, err = t.configsOf(ctx, name); err != nil {
		return failed(err)
	}
	return t.fit()
}

// findTopic describes the topic. Where there is none it says whether one could be made. A
// broker may not know yet what was made a moment ago; then it is asked again.
func (t *trial) findTopic(ctx context.Context, name string) (*kmsg.MetadataResponseTopic, outcome, error) {
	for deadline := time.Now().Add(topicNews); ; {
		found, err := t.describeTopic(ctx, name)
		if err != nil || !errors.Is(kerr.ErrorForCode(found.ErrorCode), kerr.UnknownTopicOrPartition) {
			return found, outcome{}, err
		}
		o, there := t.missing(ctx)
		if !there || time.Now().After(deadline) {
			return nil, o, nil
		}
		select {
		case <-ctx.Done():
			return nil, o, nil
		case <-time.After(topicPause):
		}
	}
}

const (
	// topicNews is how long brokers are given to hear of a new topic, and topicPause how
	// long it is until they are asked again.
	topicNews  = 2 * time.Second
	topicPause = 50 * time.Millisecond
)

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

// missing says whether a topic that does not exist could be made, and whether it does
// exist.
func (t *trial) missing(ctx context.Context) (o outcome, there bool) {
	name := t.asked.Topic
	if !t.client.CreateTopic {
		return failed(probe.Met(probe.TopicMissing, nil, "topic", name)), false
	}
	answer, err := t.createTopic(ctx, &diagnosis.MadeTopic{Topic: name, Partitions: 1}, true)
	if err == nil {
		err = t.notMade(answer)
	}
	if err != nil {
		var t *probe.Trouble
		return failed(err), errors.As(err, &t) && t.Cause == probe.TopicExists
	}
	return warned("", probe.Met(probe.TopicToBeMade, nil, "topic", name)), false
}

// makeTopic makes a topic without settings, or with validate only asks whether that
// would be done.
func (t *trial) makeTopic(ctx context.Context, name string, validate bool) (code error, text string, err error) {
	answer, err := t.createTopic(ctx, &diagnosis.MadeTopic{Topic: name, Partitions: 1}, validate)
	if err != nil {
		return nil, "", err
	}
	text, code = refusedBy(answer.ErrorCode, answer.ErrorMessage)
	return code, text, nil
}

// configsOf reads a topic's settings; nil where that is not allowed. The leader of the
// real topic is asked: where the topic sets nothing, a broker answers with its own defaults.
func (t *trial) configsOf(ctx context.Context, topic string) (map[string]config, error) {
	request := kmsg.NewPtrDescribeConfigsRequest()
	resource := kmsg.NewDescribeConfigsRequestResource()
	resource.ResourceType, resource.ResourceName = kmsg.ConfigResourceTypeTopic, topic
	request.Resources = append(request.Resources, resource)
	leader, err := t.node(ctx, t.found.topic.leader)
	if err != nil {
		leader = t.found.first // why, the step of the listeners says
	}
	kind, err := leader.Ask(ctx, request)
	if err != nil {
		return nil, err
	}
	answer := kind.(*kmsg.DescribeConfigsResponse).Resources[0]
	if answer.ErrorCode != 0 {
		return nil, nil // DESCRIBE_CONFIGS is a right of its own, and nothing else needs it
	}
	configs := map[string]config{}
	for _, c := range answer.Configs {
		if c.Value != nil {
			configs[c.Name] = config{*c.Value, c.Source == kmsg.ConfigSourceDynamicTopicConfig}
		}
	}
	return configs, nil
}

// layout says how the topic lies on the brokers.
func (t *trial) layout() string {
	f := &t.found.topic
	return fmt.Sprintf("The topic %s has %d partition%s; partition 0 is led by broker %d and has %d replica%s, %d in sync.",
		t.asked.Topic, f.partitions, plural(f.partitions), f.leader, len(f.replicas), plural(len(f.replicas)), f.insync)
}

// shownHere are the judgements of which the connection test tells the warnings, too;
// the others are the doctor's.
var shownHere = []string{findPolicy, findCompaction, findPartitions, findTopicSize}

// fit judges what was found of the topic.
func (t *trial) fit() outcome {
	found := t.layout()
	if t.found.topic.configs == nil {
		return passed("%s Its settings may not be read: DESCRIBE_CONFIGS on the topic is not granted, and nothing but this test and the doctor needs it.", found)
	}
	for _, c := range []string{"cleanup.policy", "min.compaction.lag.ms", "max.message.bytes", "min.insync.replicas"} {
		found += fmt.Sprintf(" %s=%s.", c, t.found.topic.configs[c].value)
	}
	all := probe.Trouble{}
	i := t.inspect(diagnosis.Needs{})
	for _, j := range i.judge() {
		switch {
		case j.trouble == nil, j.id == findCompaction && !i.compacts():
		case j.id == findInsync && j.severity == diagnosis.SeverityError:
			return failed(j.trouble)
		case slices.Contains(shownHere, j.id):
			all.Text, all.Cure = strings.TrimSpace(all.Text+" "+j.trouble.Text), strings.TrimSpace(all.Cure+" "+j.trouble.Cure)
		}
	}
	if all.Text == "" {
		return passed("%s", found)
	}
	return warned(found, &all)
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
