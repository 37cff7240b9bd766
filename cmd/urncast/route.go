package main

import (
	"context"
	"net/http"
	"strings"

	"urncast/internal/client"
	"urncast/producer"
	"urncast/web/rest/manage"
)

// routeFlags are the flags of a route.
type routeFlags struct {
	Format      string `default:"fusion-json" enum:"${formats}" help:"Format of the messages: ${enum}."`
	filterFlags `embed:""`
}

func (f *routeFlags) route(topic string) producer.Route {
	return producer.Route{Topic: topic, Format: f.Format, Filter: f.filter()}
}

// thenFlag is the answer to the question that a change asks.
type thenFlag struct {
	Then    string `enum:",baseline,continue" default:"" help:"What follows the change: baseline or continue. Without it the producer stops and asks."`
	yesFlag `embed:""`
}

// put saves settings, and asks before a baseline that follows.
func (f *thenFlag) put(ctx context.Context, c *registryFlags, name string, in *manage.ProducerSettings) error {
	if f.Then == producer.StartBaseline {
		if err := f.confirm("publish every current structure anew after the change (a baseline)"); err != nil {
			return err
		}
	}
	_, err := c.Exchange(ctx, http.MethodPut, client.ProducerPath(name), in, nil)
	return err
}

// producerRoutes are the verbs on one route.
type producerRoutes struct {
	Set    routeSet    `cmd:"" help:"Add a route, or change the route to the topic."`
	Remove routeRemove `cmd:"" help:"Remove the route to a topic. The topic and its messages stay."`
}

type routeSet struct {
	registryFlags `embed:""`
	which         `embed:""`
	Topic         string `arg:"" help:"The topic."`
	routeFlags    `embed:""`
	thenFlag      `embed:""`
}

// Run adds or changes a route.
func (c *routeSet) Run(ctx context.Context) error {
	s, err := c.find(ctx, &c.registryFlags)
	if err != nil {
		return err
	}
	in := manage.ProducerSettings{Config: s.Settings, Then: c.Then}
	for i := range in.Routes {
		if in.Routes[i].Topic == c.Topic {
			in.Routes[i] = c.route(c.Topic)
			return c.put(ctx, &c.registryFlags, s.Name, &in)
		}
	}
	in.Routes = append(in.Routes, c.route(c.Topic))
	return c.put(ctx, &c.registryFlags, s.Name, &in)
}

type routeRemove struct {
	registryFlags `embed:""`
	which         `embed:""`
	Topic         string `arg:"" help:"The topic."`
	thenFlag      `embed:""`
}

// Run removes a route.
func (c *routeRemove) Run(ctx context.Context) error {
	s, err := c.find(ctx, &c.registryFlags)
	if err != nil {
		return err
	}
	in := manage.ProducerSettings{Config: s.Settings, Then: c.Then}
	in.Routes = nil
	for _, r := range s.Settings.Routes {
		if r.Topic != c.Topic {
			in.Routes = append(in.Routes, r)
		}
	}
	if len(in.Routes) == len(s.Settings.Routes) {
		return client.Refusef("producer %s has no route to topic %s; it has %s", s.Name, c.Topic, strings.Join(s.Topics(), ", "))
	}
	if err := c.confirm("remove the route to topic %s from producer %s", c.Topic, s.Name); err != nil {
		return err
	}
	c.Yes = true
	return c.put(ctx, &c.registryFlags, s.Name, &in)
}
