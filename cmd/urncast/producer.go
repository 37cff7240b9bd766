package main

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"

	"urncast/producer/control"

	"urncast/internal/client"
	"urncast/internal/output"
	"urncast/producer"
	"urncast/web/rest/manage"
)

// which is the flag that names a producer.
type which struct {
	Producer string `help:"The producer's name; may be left out if there is only one."`
}

// find asks the registry for the producer that the flag names, or for the only one.
func (w *which) find(ctx context.Context, c *registryFlags) (*control.Status, error) {
	return c.FindProducer(ctx, w.Producer)
}

// producerCommands are the verbs on producers.
type producerCommands struct {
	List    producerList    `cmd:"" help:"List the producers."`
	Show    producerShow    `cmd:"" help:"Show a producer's settings; as JSON, they are what set takes."`
	Create  producerCreate  `cmd:"" help:"Create a producer, stopped; start it afterwards."`
	Set     producerSet     `cmd:"" help:"Replace a producer's settings by those of a file."`
	Route   producerRoutes  `cmd:"" help:"Add, change or remove a route: a topic with format and filter."`
	Delete  producerDelete  `cmd:"" help:"Delete a producer's configuration and state; topics and messages stay."`
	Start   producerStart   `cmd:"" help:"Start a producer; the first start says how."`
	Suspend producerSuspend `cmd:"" help:"Stop publishing after the transaction under way."`
	Resume  producerResume  `cmd:"" help:"End a suspension."`
	Skip    producerSkip    `cmd:"" help:"Leave the transaction at which a producer FAILED off the topics, and go on."`
	Publish producerPublish `cmd:"" help:"Publish current structures anew: all of them, or a part."`
	Jobs    producerJobs    `cmd:"" help:"List the newest jobs."`
	Cancel  producerCancel  `cmd:"" help:"Cancel a job that waits or is under way, and print what that leaves."`
}

type producerList struct {
	registryFlags `embed:""`
	JSON          bool `help:"As JSON."`
}

// Run lists the producers.
func (c *producerList) Run(ctx context.Context) error {
	all, err := c.Producers(ctx)
	if err != nil {
		return err
	}
	if c.JSON {
		return output.JSON(all)
	}
	t := output.NewTable(os.Stdout, "name", "state", "handled", "topics")
	for i := range all {
		s := &all[i]
		t.Row(s.Name, s.State, fmt.Sprintf("%d of %d", s.Sent, s.Last), strings.Join(s.Topics(), ", "))
	}
	return t.Flush()
}

type producerShow struct {
	registryFlags `embed:""`
	which         `embed:""`
	JSON          bool `help:"As JSON, which set takes."`
}

// Run shows the settings.
func (c *producerShow) Run(ctx context.Context) error {
	s, err := c.find(ctx, &c.registryFlags)
	if err != nil {
		return err
	}
	if c.JSON {
		out := json.NewEncoder(os.Stdout)
		out.SetIndent("", "  ")
		return out.Encode(s.Settings)
	}
	return printSettings(os.Stdout, &s.Settings)
}

func printSettings(out io.Writer, s *producer.Config) error {
	d := output.NewDetails(out)
	d.Line("producer", s.Name)
	d.Line("connection", cmp.Or(s.Connection, producer.NameDefault))
	for _, r := range s.Routes {
		printRoute(d, &r, "")
	}
	d.Line("prefix", s.Prefix)
	d.Line("sender", s.Sender)
	d.Line("baseline at every start", s.BaselineAtEveryStart)
	d.Line("baseline when the connection changes", s.BaselineWhenConnectionChanges)
	return d.Flush()
}

// printRoute prints a route; at is where its topic is, if that is to be said.
func printRoute(d *output.Details, r *producer.Route, at string) {
	d.Line("topic", fmt.Sprintf("%s (%s)%s", r.Topic, r.Format, at))
	if !r.Filter.IsZero() {
		d.Line("  filter", r.Filter)
	}
}

type producerCreate struct {
	registryFlags `embed:""`
	Name          string `arg:"" help:"The producer's name."`
	Topic         string `help:"The topic of its first route." required:""`
	routeFlags    `embed:""`
	Connection    string `help:"The connection to publish over; \"default\" by default."`
	Prefix        string `help:"Prefix of the transactional ids; tx by default."`
	Sender        string `help:"Sender named in each message's header; URNCAST by default."`

	baselineFlags `embed:""`
}

// Run creates a producer.
func (c *producerCreate) Run(ctx context.Context) error {
	in := producer.Config{Name: c.Name, Routes: []producer.Route{c.route(c.Topic)}, Prefix: c.Prefix, Sender: c.Sender, Connection: c.Connection,
		BaselineAtEveryStart: c.BaselineAtEveryStart, BaselineWhenConnectionChanges: c.BaselineWhenConnectionChanges}
	var s control.Status
	if _, err := c.Post(ctx, "/api/v1/producers", in, &s); err != nil {
		return err
	}
	fmt.Printf("Producer %s is created, and stopped. Start it with one of:\n"+
		"  urncast producer start --producer %s --idle\n      Publishes what is recorded after transaction %d.\n"+
		"  urncast producer start --producer %s --baseline\n      Publishes every current structure first.\n", s.Name, s.Name, s.Last, s.Name)
	return nil
}

// baselineFlags are the flags of the settings that start a baseline unasked.
type baselineFlags struct {
	BaselineAtEveryStart          bool `help:"Publish a baseline first whenever an admin starts the producer and whenever its process restarts."`
	BaselineWhenConnectionChanges bool `help:"Publish a baseline first, and ask nothing, when the connection leads to another cluster."`
}

type producerSet struct {
	registryFlags `embed:""`
	which         `embed:""`
	File          string `arg:"" type:"existingfile" help:"File with the settings, as show --json prints them; - for standard input."`
	thenFlag      `embed:""`
}

// Run replaces the settings.
func (c *producerSet) Run(ctx context.Context) error {
	s, err := c.find(ctx, &c.registryFlags)
	if err != nil {
		return err
	}
	var b []byte
	if c.File == "-" {
		b, err = io.ReadAll(os.Stdin)
	} else {
		b, err = os.ReadFile(c.File)
	}
	if err != nil {
		return err
	}
	in := manage.ProducerSettings{Then: c.Then}
	if err := json.Unmarshal(b, &in.Config); err != nil {
		return fmt.Errorf("reading %s: it does not hold settings as show --json prints them: %w", c.File, err)
	}
	return c.put(ctx, &c.registryFlags, s.Name, &in)
}

type producerDelete struct {
	yesFlag       `embed:""`
	registryFlags `embed:""`
	Name          string `arg:"" help:"The producer's name."`
}

// Run deletes a producer.
func (c *producerDelete) Run(ctx context.Context) error {
	if err := c.confirm("delete producer %s, with its configuration and state (topics and messages stay)", c.Name); err != nil {
		return err
	}
	if _, err := c.Exchange(ctx, http.MethodDelete, client.ProducerPath(c.Name), nil, nil); err != nil {
		return err
	}
	fmt.Printf("producer %s is deleted; its topics and messages stay\n", c.Name)
	return nil
}
