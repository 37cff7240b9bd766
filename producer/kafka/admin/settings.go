package admin

import (
	"context"
	"strconv"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// A Setting is one setting of a topic or broker.
type Setting struct {
	Value string
	Own   bool // set on the topic itself
}

// Settings are those of one topic or broker, by their names; nil if they may not be read.
type Settings map[string]Setting

// Number reads a setting; 0 and false where it is not known.
func (s Settings) Number(name string) (int, bool) {
	set, known := s[name]
	if !known {
		return 0, false
	}
	n, err := strconv.Atoi(set.Value)
	return n, err == nil
}

// TopicSettings asks a broker for settings of topics, all settings if none is named. It
// is best asked of the leader: where a topic sets nothing, a broker answers with its own
// defaults. To read them is a right of its own.
func (c *Cluster) TopicSettings(ctx context.Context, broker int32, topics []string, names ...string) (map[string]Settings, error) {
	return c.settings(ctx, broker, kmsg.ConfigResourceTypeTopic, topics, names)
}

// BrokerNumber asks a broker for a setting of its own; 0 where that may not be read.
func (c *Cluster) BrokerNumber(ctx context.Context, broker int32, name string) int {
	resource := strconv.Itoa(int(broker))
	all, _ := c.settings(ctx, broker, kmsg.ConfigResourceTypeBroker, []string{resource}, []string{name}) // nothing, with an error
	n, _ := all[resource].Number(name)
	return n
}

func (c *Cluster) settings(ctx context.Context, broker int32, kind kmsg.ConfigResourceType, resources, names []string) (map[string]Settings, error) {
	request := kmsg.NewPtrDescribeConfigsRequest()
	for _, name := range resources {
		resource := kmsg.NewDescribeConfigsRequestResource()
		resource.ResourceType, resource.ResourceName, resource.ConfigNames = kind, name, names
		request.Resources = append(request.Resources, resource)
	}
	answer, err := c.AskNode(ctx, broker, request)
	if err != nil {
		return nil, err
	}
	all := map[string]Settings{}
	for _, r := range answer.(*kmsg.DescribeConfigsResponse).Resources {
		if r.ErrorCode != 0 {
			continue // DESCRIBE_CONFIGS is not granted
		}
		all[r.ResourceName] = Settings{}
		for _, s := range r.Configs {
			if s.Value != nil {
				all[r.ResourceName][s.Name] = Setting{*s.Value, s.Source == kmsg.ConfigSourceDynamicTopicConfig}
			}
		}
	}
	return all, nil
}

// A Refusal is why the brokers do not do what they were asked for, with their words.
type Refusal struct {
	Code error
	Text string
}

// Error implements error.
func (r *Refusal) Error() string { return r.Text }

// Unwrap gives the error that belongs to the code.
func (r *Refusal) Unwrap() error { return r.Code }

// refusal gives a broker's refusal; nil if it did what it was asked for.
func refusal(code int16, message *string) error {
	err := kerr.ErrorForCode(code)
	switch {
	case err == nil:
		return nil
	case message == nil || *message == "":
		return &Refusal{err, err.Error()}
	}
	return &Refusal{err, *message}
}
