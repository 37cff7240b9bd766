package client

import (
	"context"
	"net/url"
	"strings"

	"urncast/producer/control"
)

// ErrNoProducer says that the registry has no producer.
var ErrNoProducer = Refusef("there is no producer yet: create one with \"urncast producer create NAME --topic TOPIC\"")

// Producers asks for all producers.
func (c *Client) Producers(ctx context.Context) (all []control.Status, err error) {
	_, err = c.Get(ctx, "/api/v1/producers", &all)
	return all, err
}

// FindProducer asks for a producer by its name or, without a name, for the only producer.
func (c *Client) FindProducer(ctx context.Context, name string) (*control.Status, error) {
	if name != "" {
		var s control.Status
		_, err := c.Get(ctx, ProducerPath(name), &s)
		return &s, err
	}
	all, err := c.Producers(ctx)
	if err != nil {
		return nil, err
	}
	switch len(all) {
	case 0:
		return nil, ErrNoProducer
	case 1:
		return &all[0], nil
	}
	var names []string
	for i := range all {
		names = append(names, all[i].Name)
	}
	return nil, Refusef("there are several producers; say which with --producer: %s", strings.Join(names, ", "))
}

// ProducerPath returns the address of a producer, or of something below it.
func ProducerPath(name string, more ...string) string {
	return "/api/v1/producers/" + strings.Join(append([]string{url.PathEscape(name)}, more...), "/")
}

// TopicPath returns the address of something about a producer's topic.
func TopicPath(name, topic, what string) string {
	return ProducerPath(name, "topics", url.PathEscape(topic), what)
}
