package trial

import (
	"context"

	"urncast/producer/kafka/admin"
)

// facts are what the steps of a test found of the topic to be published to, for the steps after
// them. It is not the scratch topic.
type facts struct {
	admin.Topic
	exists    bool
	configs   admin.Settings // nil if they may not be read
	requestOK int            // bytes of the largest request that its leader would read
}

// principal returns the user as an ACL names it.
func (t *trial) principal() string { return t.brokers.First.Login.Principal }

// configsOf reads a topic's settings; nil if they may not be read. It asks the leader of the topic
// to be published to or, if that cannot be reached, any broker. Why the leader cannot be reached is
// reported by the step of the listeners.
func (t *trial) configsOf(ctx context.Context, topic string) (admin.Settings, error) {
	all, err := t.brokers.TopicSettings(ctx, t.found.Leader, []string{topic})
	if err != nil {
		all, err = t.brokers.TopicSettings(ctx, admin.Any, []string{topic})
	}
	return all[topic], err
}
