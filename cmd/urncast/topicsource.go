package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"time"

	"urncast/producer/connection"
	"urncast/producer/control"
	"urncast/producer/kafka"
)

// topicFlags say which topic to read, and over which way. The registry reads it over the
// producer's connection, whose secrets it alone can open; or this program does, over
// servers that are named here.
type topicFlags struct {
	which         `embed:""`
	Topic         string `help:"The topic; by default the producer's."`
	Bootstrap     string `placeholder:"HOST:PORT,…" help:"Read the topic from these servers, past the registry, which reads it over the producer's connection otherwise."`
	CommandConfig string `placeholder:"FILE" help:"The same with a file of Kafka's properties, for servers that ask for TLS or a login."`
}

// direct is the way past the registry; nil if none is named.
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
		properties, findings := (&kafka.Client{}).Parse(string(text))
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

// topics are those that are meant: of the producer, or the one that is named.
func (f *topicFlags) topics(s *control.Status) ([]string, error) {
	all := s.Topics()
	switch {
	case f.Topic == "":
		return all, nil
	case f.Bootstrap == "" && f.CommandConfig == "" && !slices.Contains(all, f.Topic):
		return nil, fmt.Errorf("producer %s does not publish to topic %s; it publishes to %s. Another topic can be read with --bootstrap", s.Name, f.Topic, strings.Join(all, ", "))
	}
	return []string{f.Topic}, nil
}

// topicPath is an address of the management API about a producer's topic.
func topicPath(name, topic, what string) string {
	return producerPath(name, "topics", url.PathEscape(topic), what)
}

// An interruption ended a reading that can be begun anew.
type interruption struct{ error }

// Unwrap gives its cause.
func (i *interruption) Unwrap() error { return i.error }

// silence is how long the registry may send nothing: it sends a line every few seconds.
const silence = 30 * time.Second

var errSilent = fmt.Errorf("it has sent nothing for %s", silence)

// stream makes a request that is answered with lines of JSON, and hands each over as it
// comes. What may be cured by another attempt is an interruption.
func (c *client) stream(ctx context.Context, method, path string, body any, line func([]byte) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	silent := time.AfterFunc(silence, func() { cancel(errSilent) })
	defer silent.Stop()
	lost := func(err error) error {
		if cause := context.Cause(ctx); cause != nil {
			err = cause
		}
		return &interruption{fmt.Errorf("the registry at %s is not heard any more: %w", c.URL, err)}
	}
	var in io.Reader
	var header map[string]string
	if body != nil {
		b, err := json.Marshal(body)
		if err != nil {
			return err
		}
		in, header = bytes.NewReader(b), jsonBody
	}
	resp, err := c.open(ctx, method, path, header, in)
	if err != nil {
		if errors.Is(context.Cause(ctx), errSilent) {
			err = lost(err)
		}
		return &interruption{err}
	}
	defer resp.Body.Close()
	if resp.StatusCode >= 400 {
		answer, err := io.ReadAll(resp.Body)
		if err != nil {
			return lost(err)
		}
		err = refusal(method, path, resp, answer)
		if resp.StatusCode == http.StatusServiceUnavailable {
			err = &interruption{err}
		}
		return err
	}
	for lines := json.NewDecoder(resp.Body); ; {
		var one json.RawMessage
		switch err := lines.Decode(&one); {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return lost(err)
		}
		silent.Reset(silence)
		if err := line(one); err != nil {
			return err
		}
	}
}
