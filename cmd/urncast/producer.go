package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"urncast/producer"
	"urncast/producer/control"
	"urncast/registry"
	"urncast/web/rest"
)

// which says which producer is meant.
type which struct {
	Producer string `help:"The producer's name; may be left out where there is one only."`
}

var errNoProducer = errors.New("there is no producer yet: make one with \"urncast producer create NAME --topic TOPIC\"")

// find asks for the producer that is meant.
func (w *which) find(ctx context.Context, c *client) (*control.Status, error) {
	if w.Producer != "" {
		var s control.Status
		_, err := c.get(ctx, producerPath(w.Producer), &s)
		return &s, err
	}
	all, err := c.producers(ctx)
	if err != nil {
		return nil, err
	}
	switch len(all) {
	case 0:
		return nil, errNoProducer
	case 1:
		return &all[0], nil
	}
	var names []string
	for i := range all {
		names = append(names, all[i].Name)
	}
	return nil, fmt.Errorf("there are several producers; say which with --producer: %s", strings.Join(names, ", "))
}

func (c *client) producers(ctx context.Context) (all []control.Status, err error) {
	_, err = c.get(ctx, "/api/v1/producers", &all)
	return all, err
}

func producerPath(name string, more ...string) string {
	return "/api/v1/producers/" + strings.Join(append([]string{url.PathEscape(name)}, more...), "/")
}

// producerCommands make, change and command producers.
type producerCommands struct {
	List    producerList    `cmd:"" help:"List the producers."`
	Show    producerShow    `cmd:"" help:"Show a producer's settings as JSON, as set takes them."`
	Create  producerCreate  `cmd:"" help:"Make a producer; start it afterwards."`
	Set     producerSet     `cmd:"" help:"Replace a producer's settings by those of a file."`
	Route   producerRoutes  `cmd:"" help:"Add, change or remove a route: a topic with format and filter."`
	Delete  producerDelete  `cmd:"" help:"Delete a producer's configuration and state; topics and messages stay."`
	Start   producerStart   `cmd:"" help:"Start it; the first start says how."`
	Suspend producerSuspend `cmd:"" help:"Stop publishing after the transaction under way."`
	Resume  producerResume  `cmd:"" help:"End a suspension."`
	Skip    producerSkip    `cmd:"" help:"Leave the transaction at which it FAILED off the topics, and go on."`
	Publish producerPublish `cmd:"" help:"Send what is current anew: everything, or a part."`
	Jobs    producerJobs    `cmd:"" help:"List the newest jobs."`
	Cancel  producerCancel  `cmd:"" help:"Cancel a job, whether it waits or is under way, and say what that leaves."`
}

type producerList struct {
	client `embed:""`
	JSON   bool `help:"As JSON."`
}

// Run lists the producers.
func (c *producerList) Run(ctx context.Context) error {
	all, err := c.producers(ctx)
	if err != nil {
		return err
	}
	if c.JSON {
		return json.NewEncoder(os.Stdout).Encode(all)
	}
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	for i := range all {
		s := &all[i]
		fmt.Fprintf(w, "%s\t%s\t%d of %d\t%s\n", s.Name, s.State, s.Sent, s.Last, strings.Join(s.Topics(), ", "))
	}
	return w.Flush()
}

type producerShow struct {
	client `embed:""`
	which  `embed:""`
}

// Run shows the settings.
func (c *producerShow) Run(ctx context.Context) error {
	s, err := c.find(ctx, &c.client)
	if err != nil {
		return err
	}
	out := json.NewEncoder(os.Stdout)
	out.SetIndent("", "  ")
	return out.Encode(s.Settings)
}

// routeFlags say how a topic is published to.
type routeFlags struct {
	Format      string `default:"fusion-json" help:"Format of the messages."`
	filterFlags `embed:""`
}

func (f *routeFlags) route(topic string) producer.Route {
	return producer.Route{Topic: topic, Format: f.Format, Filter: f.filter()}
}

type producerCreate struct {
	client     `embed:""`
	Name       string `arg:"" help:"Its name."`
	Topic      string `help:"The topic of its first route." required:""`
	routeFlags `embed:""`
	Connection string `help:"The connection to publish over; the default one if it is not given."`
	Prefix     string `help:"Prefix of the transactional ids; tx by default."`
	Sender     string `help:"Sender named in each message's header; URNCAST by default."`

	baselineFlags `embed:""`
}

// Run makes a producer.
func (c *producerCreate) Run(ctx context.Context) error {
	in := producer.Config{Name: c.Name, Routes: []producer.Route{c.route(c.Topic)}, Prefix: c.Prefix, Sender: c.Sender, Connection: c.Connection,
		BaselineAtEveryStart: c.BaselineAtEveryStart, BaselineWhenConnectionChanges: c.BaselineWhenConnectionChanges}
	var s control.Status
	if _, err := c.post(ctx, "/api/v1/producers", in, &s); err != nil {
		return err
	}
	fmt.Printf("Producer %s is made, and stopped. Start it with one of:\n"+
		"  urncast producer start --producer %s --idle\n      Sends what is recorded after transaction %d.\n"+
		"  urncast producer start --producer %s --baseline\n      Sends everything that is current first.\n", s.Name, s.Name, s.Last, s.Name)
	return nil
}

// baselineFlags say when a baseline comes first without being asked for.
type baselineFlags struct {
	BaselineAtEveryStart          bool `help:"Publish a baseline first whenever an admin starts the producer and whenever its process restarts."`
	BaselineWhenConnectionChanges bool `help:"Publish a baseline first, and ask nothing, when the connection leads to another cluster."`
}

// thenFlag answers at once what a change would ask.
type thenFlag struct {
	Then string `enum:",baseline,continue" default:"" help:"What follows the change: baseline or continue. Without it the producer stops and asks."`
}

type producerSet struct {
	client   `embed:""`
	which    `embed:""`
	File     string `arg:"" help:"File with the settings, as show prints them; - for standard input."`
	thenFlag `embed:""`
}

// Run replaces the settings.
func (c *producerSet) Run(ctx context.Context) error {
	s, err := c.find(ctx, &c.client)
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
	in := rest.ProducerSettings{Then: c.Then}
	if err := json.Unmarshal(b, &in.Config); err != nil {
		return fmt.Errorf("%s holds no settings such as show prints: %w", c.File, err)
	}
	return c.put(ctx, s.Name, &in)
}

func (c *client) put(ctx context.Context, name string, in *rest.ProducerSettings) error {
	_, err := c.exchange(ctx, http.MethodPut, producerPath(name), in, nil)
	return err
}

// producerRoutes change the routes one at a time.
type producerRoutes struct {
	Set    routeSet    `cmd:"" help:"Add a route, or change that of the topic."`
	Remove routeRemove `cmd:"" help:"Remove the route to a topic; its messages stay."`
}

type routeSet struct {
	client     `embed:""`
	which      `embed:""`
	Topic      string `arg:"" help:"The topic."`
	routeFlags `embed:""`
	thenFlag   `embed:""`
}

// Run adds or changes a route.
func (c *routeSet) Run(ctx context.Context) error {
	s, err := c.find(ctx, &c.client)
	if err != nil {
		return err
	}
	in := rest.ProducerSettings{Config: s.Settings, Then: c.Then}
	for i := range in.Routes {
		if in.Routes[i].Topic == c.Topic {
			in.Routes[i] = c.route(c.Topic)
			return c.put(ctx, s.Name, &in)
		}
	}
	in.Routes = append(in.Routes, c.route(c.Topic))
	return c.put(ctx, s.Name, &in)
}

type routeRemove struct {
	client   `embed:""`
	which    `embed:""`
	Topic    string `arg:"" help:"The topic."`
	thenFlag `embed:""`
}

// Run removes a route.
func (c *routeRemove) Run(ctx context.Context) error {
	s, err := c.find(ctx, &c.client)
	if err != nil {
		return err
	}
	in := rest.ProducerSettings{Config: s.Settings, Then: c.Then}
	in.Routes = nil
	for _, r := range s.Settings.Routes {
		if r.Topic != c.Topic {
			in.Routes = append(in.Routes, r)
		}
	}
	if len(in.Routes) == len(s.Settings.Routes) {
		return fmt.Errorf("producer %s has no route to topic %s; it has %s", s.Name, c.Topic, strings.Join(s.Topics(), ", "))
	}
	return c.put(ctx, s.Name, &in)
}

type producerDelete struct {
	client `embed:""`
	Name   string `arg:"" help:"Its name."`
}

// Run deletes a producer.
func (c *producerDelete) Run(ctx context.Context) error {
	_, err := c.exchange(ctx, http.MethodDelete, producerPath(c.Name), nil, nil)
	return err
}

type producerPublish struct {
	client      `embed:""`
	which       `embed:""`
	Topics      []string `help:"To these of its topics alone."`
	filterFlags `embed:""`
	From        int64 `help:"What this transaction and those after it touched …"`
	To          int64 `help:"… up to this one."`
}

// Run asks for a job.
func (c *producerPublish) Run(ctx context.Context) error {
	s, err := c.find(ctx, &c.client)
	if err != nil {
		return err
	}
	scope := producer.Scope{Topics: c.Topics, Filter: c.filter(), From: registry.Number(c.From), To: registry.Number(c.To)}
	var j control.JobStatus
	if _, err := c.post(ctx, producerPath(s.Name, "jobs"), scope, &j); err != nil {
		return err
	}
	when := ""
	if j.After > s.Sent {
		when = fmt.Sprintf(" It begins once transaction %d is sent.", j.After)
	}
	fmt.Printf("Job %s (%s) is asked for.%s urncast producer jobs --producer %s shows how far it is.\n", j.ID, j.Kind, when, s.Name)
	return nil
}

type producerJobs struct {
	client `embed:""`
	which  `embed:""`
	JSON   bool `help:"As JSON."`
}

// Run lists jobs.
func (c *producerJobs) Run(ctx context.Context) error {
	s, err := c.find(ctx, &c.client)
	if err != nil {
		return err
	}
	var jobs []control.JobStatus
	b, err := c.get(ctx, producerPath(s.Name, "jobs"), &jobs)
	if err != nil {
		return err
	}
	if c.JSON {
		_, err := os.Stdout.Write(b)
		return err
	}
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	var notes []string
	for _, j := range jobs {
		phase := j.Phase
		switch {
		case j.Cancelling:
			phase += ", being cancelled"
		case j.After > s.Sent:
			phase += fmt.Sprintf(" for transaction %d", j.After)
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%d of %d structures\n", j.ID, j.Kind, phase, j.CreatedAt.Local().Format(time.DateTime), j.Done, j.Structures)
		switch {
		case j.Leaves != "" && j.EndedAt.IsZero():
			notes = append(notes, fmt.Sprintf("Cancelling %s leaves this: %s", j.ID, j.Leaves))
		case j.Leaves != "":
			notes = append(notes, fmt.Sprintf("Cancelled, %s left this: %s", j.ID, j.Leaves))
		}
	}
	if err := w.Flush(); err != nil {
		return err
	}
	for _, note := range notes {
		fmt.Println("\n" + note)
	}
	return nil
}

type producerCancel struct {
	client `embed:""`
	which  `embed:""`
	Job    string `arg:"" help:"The job's id."`
}

// Run cancels a job.
func (c *producerCancel) Run(ctx context.Context) error {
	s, err := c.find(ctx, &c.client)
	if err != nil {
		return err
	}
	var j control.JobStatus
	if _, err := c.exchange(ctx, http.MethodDelete, producerPath(s.Name, "jobs", url.PathEscape(c.Job)), nil, &j); err != nil {
		return err
	}
	if !j.Cancelling {
		fmt.Printf("Job %s is cancelled. It had not begun.\n", j.ID)
		return nil
	}
	when := "The instance that publishes ends it."
	if s.State == producer.Suspended || s.State == producer.Stopped {
		when = fmt.Sprintf("The producer is %s: it is ended once that goes on.", s.State)
	}
	fmt.Printf("The end of job %s is asked for. %s\n%s\n", j.ID, when, j.Leaves)
	return nil
}
