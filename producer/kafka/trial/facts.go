package trial

import (
	"context"

	"urncast/producer/kafka/admin"
)

// facts are what the steps of a test found of the real topic, for the steps after them.
type facts struct {
	admin.Topic
	exists    bool
	configs   admin.Settings // nil if they may not be read
	requestOK int            // bytes of the largest request that its leader would read
}

// principal is the user, in an ACL's words.
func (t *trial) principal() string { return t.brokers.First.Login.Principal }

// configsOf reads a topic's settings; nil where that is not allowed. The leader of the
// real topic is asked, and any broker where that is away: why, the step of the listeners
// says.
func (t *trial) configsOf(ctx context.Context, topic string) (admin.Settings, error) {
	all, err := t.brokers.TopicSettings(ctx, t.found.Leader, []string{topic})
	if err != nil {
		all, err = t.brokers.TopicSettings(ctx, admin.Any, []string{topic})
	}
	return all[topic], err
}
