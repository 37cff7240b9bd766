package trial

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"urncast/producer/diagnosis"

	"github.com/twmb/franz-go/pkg/kerr"

	"urncast/producer/kafka/admin"
	"urncast/producer/kafka/probe"
)

// topic is the step that finds the topic to be published to, and judges its settings.
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
	switch code := found.Err; {
	case errors.Is(code, kerr.TopicAuthorizationFailed):
		return failed(probe.Met(probe.NoDescribe, code, "user", t.principal(), "topic", name))
	case errors.Is(code, kerr.InvalidTopicException):
		return failed(probe.Met(probe.TopicName, code, "topic", strconv.Quote(name)))
	case code != nil && !errors.Is(code, kerr.LeaderNotAvailable):
		return failed(probe.Met(probe.KafkaError, code, "doing", "Describing the topic "+name))
	case found.Partitions == 0:
		return failed(probe.Met(probe.TopicNoLeader, errors.New("it has no partitions"), "topic", name, "replicas",
			"unknown"))
	}
	t.found.Topic = *found
	if !found.Led() {
		return failed(probe.Met(probe.TopicNoLeader, cmp.Or[error](found.LeaderErr, kerr.LeaderNotAvailable), "topic", name,
			"replicas", numbers(found.Replicas)))
	}
	t.found.exists = true
	if t.found.configs, err = t.configsOf(ctx, name); err != nil {
		return failed(err)
	}
	return t.fit()
}

// findTopic returns the description of the topic. If there is none, it returns nil and the outcome
// of missing. A broker may not know a topic yet that was made a moment ago, so it is asked again
// while another broker says that the topic exists.
func (t *trial) findTopic(ctx context.Context, name string) (*admin.Topic, outcome, error) {
	for deadline := time.Now().Add(topicNews); ; {
		found, err := t.brokers.Topics(ctx, name)
		if err != nil {
			return nil, outcome{}, err
		}
		if !errors.Is(found[0].Err, kerr.UnknownTopicOrPartition) {
			return &found[0], outcome{}, nil
		}
		o, there := t.missing(ctx)
		if !there || time.Now().After(deadline) || admin.Pause(ctx, topicPause) != nil {
			return nil, o, nil
		}
	}
}

const (
	// topicNews is how long brokers are given to hear of a new topic; topicPause is the pause
	// before they are asked again.
	topicNews  = 2 * time.Second
	topicPause = 50 * time.Millisecond
)

// missing returns the outcome for a topic that does not exist, which says whether it could be made.
// there reports that a broker says it does exist.
func (t *trial) missing(ctx context.Context) (o outcome, there bool) {
	name := t.asked.Topic
	if !t.client.CreateTopic {
		return failed(probe.Met(probe.TopicMissing, nil, "topic", name)), false
	}
	if err := t.makeTopic(ctx, name, true); err != nil {
		return failed(t.notMade(name, err)), errors.Is(err, kerr.TopicAlreadyExists)
	}
	return warned("", probe.Met(probe.TopicToBeMade, nil, "topic", name)), false
}

// makeTopic makes a topic with the brokers' own settings. With validate it only asks whether they
// would make it.
func (t *trial) makeTopic(ctx context.Context, name string, validate bool) error {
	_, err := t.brokers.Create(ctx, &diagnosis.MadeTopic{Topic: name, Partitions: 1}, validate)
	return err
}

// layout returns a sentence on the topic's partitions, leader and replicas.
func (t *trial) layout() string {
	f := &t.found
	return fmt.Sprintf("The topic %s has %d partition%s; partition 0 is led by broker %d and has %d replica%s, %d in sync.",
		t.asked.Topic, f.Partitions, plural(f.Partitions), f.Leader, len(f.Replicas), plural(len(f.Replicas)), len(f.InSync))
}

// shownHere lists the judgements whose warnings the connection test reports. The warnings of the
// others are left to the doctor.
var shownHere = []string{findPolicy, findCompaction, findPartitions, findTopicSize}

// fit returns the outcome for a topic that exists: how it lies on the brokers, and what is wrong
// with its settings.
func (t *trial) fit() outcome {
	found := t.layout()
	if t.found.configs == nil {
		return passed("%s Its settings may not be read: DESCRIBE_CONFIGS on the topic is not granted, and nothing but this test and the doctor needs it.", found)
	}
	for _, c := range []string{"cleanup.policy", "min.compaction.lag.ms", "max.message.bytes", "min.insync.replicas"} {
		found += fmt.Sprintf(" %s=%s.", c, t.found.configs[c].Value)
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

// limitName returns the property that sets the topic's limit of one message.
func limitName(configs admin.Settings) string {
	if configs["max.message.bytes"].Own {
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
