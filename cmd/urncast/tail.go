package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"urncast/producer/topicview"

	"urncast/internal/client"
	"urncast/web/rest/manage"
)

type tailCommand struct {
	registryFlags `embed:""`
	topicFlags    `embed:""`
	FromStart     bool `help:"Begin at the topic's start, not at its end." negatable:"" default:"true"`
	JSON          bool `help:"A JSON object for each message."`
}

// tailPause is the time before another attempt to read on. It doubles up to tailPauseMax.
const (
	tailPause    = 500 * time.Millisecond
	tailPauseMax = 4 * time.Second
)

// Run follows the topic until a signal ends it. An error before the first message ends it;
// after a later interruption, which it prints, it goes on from the same offset.
func (c *tailCommand) Run(ctx context.Context) error {
	read, err := c.source(ctx)
	if err != nil {
		return err
	}
	next := topicview.FromStart
	if !c.FromStart {
		next = topicview.FromEnd
	}
	printed, pause := "", tailPause
	line := func(l *manage.TopicLine) error {
		if printed != "" {
			fmt.Fprintln(os.Stderr, "urncast: reading on")
			printed, pause = "", tailPause
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
		var interrupted *client.Interruption
		switch {
		case ctx.Err() != nil:
			return nil
		case !errors.As(err, &interrupted) || next < 0:
			return err
		}
		if text := err.Error(); text != printed {
			fmt.Fprintf(os.Stderr, "urncast: %s (trying again)\n", text)
			printed = text
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(pause):
			pause = min(2*pause, tailPauseMax)
		}
	}
}

// print prints a message in one line.
func (c *tailCommand) print(m *manage.TopicRecord) error {
	if c.JSON {
		return json.NewEncoder(os.Stdout).Encode(m)
	}
	skipped := ""
	if m.Skipped != "" { // shortened: --json has all of them
		skipped = fmt.Sprintf("  left out before: %.60s", m.Skipped)
	}
	line := fmt.Sprintf("%6s  %4s/%-4s  %-7s  %10d  %s  %s%s", m.Transaction, m.Position, m.Count, m.Action, m.Bytes, m.URN, m.Job, skipped)
	_, err := fmt.Println(strings.TrimRight(line, " ")) // the job's column is mostly empty
	return err
}

// source returns the reader that the flags choose.
func (c *tailCommand) source(ctx context.Context) (client.Source, error) {
	cluster, err := c.direct()
	if err != nil {
		return nil, err
	}
	if cluster != nil && c.Topic != "" {
		return client.FollowDirectly(cluster, c.Topic), nil
	}
	s, err := c.find(ctx, &c.registryFlags)
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
		return client.FollowDirectly(cluster, topics[0]), nil
	}
	return c.Follow(s.Name, topics[0]), nil
}
