package main

import (
	"context"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"

	"urncast/internal/client"
	"urncast/producer/connection"
	"urncast/producer/control"
	"urncast/producer/kafka"
	"urncast/producer/kafka/trial"
)

// topicFlags are the flags that choose a topic and who reads it: the registry, over the producer's
// connection, whose secrets only the registry can open; or this program, from named servers.
type topicFlags struct {
	which         `embed:""`
	Topic         string `help:"The topic; by default the producer's."`
	Bootstrap     string `placeholder:"HOST:PORT,…" help:"Read the topic from these servers directly. By default the registry reads it, over the producer's connection."`
	CommandConfig string `placeholder:"FILE" type:"existingfile" help:"Read the topic directly with these Kafka properties, for servers that want TLS or a login."`
}

// direct returns the cluster to read from directly; nil if the registry is to read.
func (f *topicFlags) direct() (*kafka.Cluster, error) {
	if f.Bootstrap == "" && f.CommandConfig == "" {
		return nil, nil
	}
	c := &connection.Connection{Name: "of this command", Properties: map[string]string{}}
	if f.CommandConfig != "" {
		text, err := os.ReadFile(f.CommandConfig)
		if err != nil {
			return nil, err
		}
		properties, findings := (&trial.Client{}).Parse(string(text))
		for _, finding := range findings {
			return nil, fmt.Errorf("%s, line %d: %s", f.CommandConfig, finding.Line, finding.Text)
		}
		maps.Copy(c.Properties, properties)
	}
	if f.Bootstrap != "" {
		c.Properties["bootstrap.servers"] = f.Bootstrap
	}
	return &kafka.Cluster{Connection: func(context.Context, string) (*connection.Connection, error) { return c, nil }}, nil
}

// topics returns the named topic, or the producer's.
func (f *topicFlags) topics(s *control.Status) ([]string, error) {
	all := s.Topics()
	switch {
	case f.Topic == "":
		return all, nil
	case f.Bootstrap == "" && f.CommandConfig == "" && !slices.Contains(all, f.Topic):
		return nil, client.Refusef("producer %s does not publish to topic %s; it publishes to %s. Another topic can be read with --bootstrap", s.Name, f.Topic, strings.Join(all, ", "))
	}
	return []string{f.Topic}, nil
}
