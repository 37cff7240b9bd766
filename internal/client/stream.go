package client

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"

	"urncast/producer/topicview"

	"urncast/producer"
	"urncast/producer/kafka"
	"urncast/web/rest/manage"
)

// An Interruption ended a stream that another request may continue.
type Interruption struct{ error }

// Unwrap returns its cause.
func (i *Interruption) Unwrap() error { return i.error }

// silenceMax is the longest time between two lines of a stream, in which the registry sends one
// every few seconds.
const silenceMax = 30 * time.Second

var errSilent = fmt.Errorf("it has sent nothing for %s", silenceMax)

// Stream sends a request that is answered with lines of JSON, and calls line with each as it
// comes. An error that another attempt may cure is an *Interruption.
func (c *Client) Stream(ctx context.Context, method, path string, body any, line func([]byte) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	silent := time.AfterFunc(silenceMax, func() { cancel(errSilent) })
	defer silent.Stop()
	lost := func(err error) error {
		if cause := context.Cause(ctx); cause != nil {
			err = cause
		}
		return &Interruption{fmt.Errorf("the connection with the registry at %s broke: %w", c.URL, err)}
	}
	var in io.Reader
	var header map[string]string
	if body != nil {
		b, err := json.Marshal(body)
		if err != nil {
			return err
		}
		in, header = bytes.NewReader(b), JSONBody
	}
	resp, err := c.Open(ctx, method, path, header, in)
	if err != nil {
		if errors.Is(context.Cause(ctx), errSilent) {
			err = lost(err)
		}
		return &Interruption{err}
	}
	defer resp.Body.Close()
	if resp.StatusCode >= 400 {
		answer, err := io.ReadAll(resp.Body)
		if err != nil {
			return lost(err)
		}
		err = Failed(method, path, resp, answer)
		if resp.StatusCode == http.StatusServiceUnavailable {
			err = &Interruption{err}
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
		silent.Reset(silenceMax)
		if err := line(one); err != nil {
			return err
		}
	}
}

// A Source follows a topic from an offset on, until it is interrupted or fails. line is called
// with each message, and with lines that carry the next offset alone.
type Source func(ctx context.Context, from int64, line func(*manage.TopicLine) error) error

// Follow returns a source that lets the registry read a producer's topic.
func (c *Client) Follow(producerName, topic string) Source {
	path := TopicPath(producerName, topic, "records")
	return func(ctx context.Context, from int64, line func(*manage.TopicLine) error) error {
		place := strconv.FormatInt(from, 10)
		switch from {
		case topicview.FromStart:
			place = "start"
		case topicview.FromEnd:
			place = "end"
		}
		err := c.Stream(ctx, http.MethodGet, path+"?follow=true&from="+place, nil, func(b []byte) error {
			var l manage.TopicLine
			if err := json.Unmarshal(b, &l); err != nil {
				return err
			}
			switch {
			case l.Error != "" && l.Temporary:
				return &Interruption{errors.New(l.Error)}
			case l.Error != "":
				return &Refusal{l.Error}
			}
			return line(&l)
		})
		if err == nil {
			err = &Interruption{fmt.Errorf("the registry at %s ended the stream", c.URL)}
		}
		return err
	}
}

// FollowDirectly returns a source that reads a topic in this process, past the registry.
func FollowDirectly(cluster *kafka.Cluster, topic string) Source {
	return func(ctx context.Context, from int64, line func(*manage.TopicLine) error) error {
		reading := topicview.Reading{From: from, Follow: true,
			Begun: func(_, from, _ int64) error { return line(&manage.TopicLine{Next: &from}) },
			Yield: func(c *topicview.Committed) error {
				return line(&manage.TopicLine{Record: manage.TopicRecordOf(c, false)})
			},
			Alive: func() error { return nil }}
		view, err := cluster.OpenTopic(ctx, "", topic)
		if err == nil {
			err = reading.Run(ctx, view)
			view.Close()
		}
		var f *producer.Fault
		if errors.As(err, &f) && f.Kind != producer.Permanent {
			return &Interruption{err}
		}
		return err
	}
}
