package producertest

import (
	"context"
	"errors"

	"urncast/producer/connection"
	"urncast/producer/diagnosis"
	"urncast/producer/topicview"
)

// NoTopics is a cluster without topics: nothing is found on it, made there or read from it.
type NoTopics struct{}

// NoLargest is a Doctor's Largest of an empty registry.
func NoLargest(context.Context, string) (diagnosis.Largest, error) { return diagnosis.Largest{}, nil }

var errNoTopics = errors.New("this cluster of a test has no topics")

// Diagnose implements diagnosis.Topics.
func (NoTopics) Diagnose(_ context.Context, c *connection.Connection, n diagnosis.Needs) (*diagnosis.Diagnosis, error) {
	return &diagnosis.Diagnosis{Connection: c.Name, Topic: n.Topic}, nil
}

// MakeTopic implements diagnosis.Topics.
func (NoTopics) MakeTopic(context.Context, *connection.Connection, diagnosis.Needs, int, func(diagnosis.MadeTopic) error) (*diagnosis.MadeTopic, error) {
	return nil, errNoTopics
}

// AlterTopic implements diagnosis.Topics.
func (NoTopics) AlterTopic(context.Context, *connection.Connection, string, []diagnosis.SettingChange) error {
	return errNoTopics
}

// OpenTopic implements topicview.Opener.
func (NoTopics) OpenTopic(context.Context, string, string) (topicview.View, error) {
	return nil, errNoTopics
}
