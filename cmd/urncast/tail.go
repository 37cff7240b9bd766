package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"

	"urncast/producer"
	"urncast/producer/kafka"
	"urncast/producer/topicview"
	"urncast/web/rest"
)

type tailCommand struct {
	client     `embed:""`
	topicFlags `embed:""`
	FromStart  bool `help:"Begin at the topic's start, not at its end." negatable:"" default:"true"`
	JSON       bool `help:"A JSON object for each message."`
}

// tailPause is the time between two attempts to read on; it doubles up to tailPauseMax.
const (
	tailPause    = 500 * time.Millisecond
	tailPauseMax = 4 * time.Second
)

// Run follows the topic until a signal ends it. What keeps it from beginning ends it with
// an error; what interrupts it later is told, and it goes on where it was.
func (c *tailCommand) Run(ctx context.Context) error {
	read, err := c.source(ctx)
	if err != nil {
		return err
	}
	next := topicview.FromStart
	if !c.FromStart {
		next = topicview.FromEnd
	}
	told, pause := "", tailPause
	line := func(l *rest.TopicLine) error {
		if told != "" {
			fmt.Fprintln(os.Stderr, "urncast: reading on")
			told, pause = "", tailPause
		}
		if l.Next != nil {
			next = *l.Next
		}
		if l.Record == nil {
			return nil
		}
		next = l.Record.Offset + 1
		return c.print(l.Record)
	}
	for {
		err := read(ctx, next, line)
		var interrupted *interruption
		switch {
		case ctx.Err() != nil:
			return nil
		case !errors.As(err, &interrupted) || next < 0:
			return err
		}
		if text := err.Error(); text != told {
			fmt.Fprintf(os.Stderr, "urncast: %s (trying again)\n", text)
			told = text
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(pause):
			pause = min(2*pause, tailPauseMax)
		}
	}
}

// print prints a line for a message.
func (c *tailCommand) print(m *rest.TopicRecord) error {
	if c.JSON {
		return json.NewEncoder(os.Stdout).Encode(m)
	}
	skipped := ""
	if m.Skipped != "" { // as many as there are: a program reads them with --json
		skipped = fmt.Sprintf("  left out before: %.60s", m.Skipped)
	}
	_, err := fmt.Printf("%6s  %4s/%-4s  %-7s  %10d  %s  %s%s\n", m.Transaction, m.Position, m.Count, m.Action, m.Bytes, m.URN, m.Job, skipped)
	return err
}

// A source follows a topic from a place on, until it is interrupted or cannot go on.
type source func(ctx context.Context, from int64, line func(*rest.TopicLine) error) error

func (c *tailCommand) source(ctx context.Context) (source, error) {
	cluster, err := c.direct()
	if err != nil {
		return nil, err
	}
	if cluster != nil && c.Topic != "" {
		return pastRegistry(cluster, c.Topic), nil
	}
	s, err := c.find(ctx, &c.client)
	if err != nil {
		return nil, err
	}
	topics, err := c.topics(s)
	if err != nil {
		return nil, err
	}
	if len(topics) > 1 {
		return nil, fmt.Errorf("producer %s has several topics; say which with --topic: %s", s.Name, strings.Join(topics, ", "))
	}
	if cluster != nil {
		return pastRegistry(cluster, topics[0]), nil
	}
	return c.throughRegistry(topicPath(s.Name, topics[0], "records")), nil
}

// throughRegistry lets the registry read.
func (c *client) throughRegistry(path string) source {
	return func(ctx context.Context, from int64, line func(*rest.TopicLine) error) error {
		place := strconv.FormatInt(from, 10)
		switch from {
		case topicview.FromStart:
			place = "start"
		case topicview.FromEnd:
			place = "end"
		}
		err := c.stream(ctx, http.MethodGet, path+"?follow=true&from="+place, nil, func(b []byte) error {
			var l rest.TopicLine
			if err := json.Unmarshal(b, &l); err != nil {
				return err
			}
			switch {
			case l.Error != "" && l.Temporary:
				return &interruption{errors.New(l.Error)}
			case l.Error != "":
				return errors.New(l.Error)
			}
			return line(&l)
		})
		if err == nil {
			err = &interruption{fmt.Errorf("the registry at %s has ended the stream", c.URL)}
		}
		return err
	}
}

// pastRegistry reads in this process.
func pastRegistry(cluster *kafka.Cluster, topic string) source {
	return func(ctx context.Context, from int64, line func(*rest.TopicLine) error) error {
		reading := topicview.Reading{From: from, Follow: true,
			Begun: func(_, from, _ int64) error { return line(&rest.TopicLine{Next: &from}) },
			Yield: func(c *topicview.Committed) error {
				return line(&rest.TopicLine{Record: rest.TopicRecordOf(c, false)})
			},
			Alive: func() error { return nil }}
		view, err := cluster.OpenTopic(ctx, "", topic)
		if err == nil {
			err = reading.Run(ctx, view)
			view.Close()
		}
		var f *producer.Fault
		if errors.As(err, &f) && f.Kind != producer.Permanent {
			return &interruption{err}
		}
		return err
	}
}
