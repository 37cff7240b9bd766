package control

import (
	"context"
	"fmt"
	"time"

	"urncast/formats"
	"urncast/producer"
	"urncast/producer/encoding"
	"urncast/registry"
	"urncast/sdmx"
)

// A LimitedRoute is a route with the size limits that the publisher last read for it.
// SeenAt is zero if it never read them.
type LimitedRoute struct {
	producer.Route
	Sender string
	producer.Limits
	SeenAt time.Time
}

// recordExtra is an upper estimate of the bytes that key, headers and framing add to a
// value.
const recordExtra = 1024

// expansionMost is a factor by which no format enlarges a canonical document, beside the URNs that it
// writes: two for each item, which takes two bytes or more. A URN has that of the structure and ids of
// the document in it. A document that fits when enlarged so is not encoded to find out.
const expansionMost = 32

// Oversized is the warning that a structure will not fit a topic. Text names the structure
// and the limit.
type Oversized struct{ Topic, Text string }

// Oversize returns a warning for each structure that is too large for a route of any
// producer, before it is submitted.
func (p *Producers) Oversize(ctx context.Context, contents []registry.Content) (warnings []Oversized, err error) {
	err = p.Each(ctx, func(_ string, a *Producer) error {
		more, err := a.Oversize(ctx, contents)
		warnings = append(warnings, more...)
		return err
	})
	return warnings, err
}

// Oversize returns a warning for each structure that is too large for a route of the
// producer.
func (a *Producer) Oversize(ctx context.Context, contents []registry.Content) ([]Oversized, error) {
	var warnings []Oversized
	routes, err := a.records.Routes(ctx)
	if err != nil {
		return nil, err
	}
	type message struct{ format, sender, urn string }
	sizes := map[message]int64{} // routes of one format have the same messages
	tx := &registry.Transaction{RecordedAt: time.Now().UTC()}
	for i := range routes {
		route := &routes[i]
		limit, whose := route.tightest()
		if limit == 0 {
			continue
		}
		e, err := encoding.NewEncoder(route.Format, route.Sender)
		if err != nil {
			return nil, err
		}
		for j := range contents {
			c := &contents[j]
			urn := c.URN.String()
			if !route.Filter.Passes(c.URN) || int64(len(c.Body)*(expansionMost+len(urn)+len(c.Body))+recordExtra) <= limit {
				continue
			}
			of := message{route.Format, route.Sender, urn}
			size, known := sizes[of]
			if !known {
				if size, err = messageBytes(e, tx, c); err != nil {
					return nil, err
				}
				sizes[of] = size
			}
			if size > limit {
				warnings = append(warnings, Oversized{route.Topic, fmt.Sprintf("%s will not fit topic %s: it has up to %d bytes as %s with key and headers, and %s=%d, "+
					"as the publisher saw it at %s. The producer will stop at it: raise the limit, or shorten the structure.",
					c.URN, route.Topic, size, route.Format, whose, limit, route.SeenAt.UTC().Format(time.DateTime+" UTC"))})
			}
		}
	}
	return warnings, nil
}

// LargestMessage finds the largest message that some structures make on a topic: in the format of its
// route, or in that format which makes most of them if no route leads there yet. bytes, with key
// and headers, is 0 if the format can express none.
func (p *Producers) LargestMessage(ctx context.Context, topic string, some []registry.Content) (u sdmx.URN, format string, bytes int, err error) {
	route, err := p.routeTo(ctx, topic)
	if err != nil {
		return u, "", 0, err
	}
	tx := &registry.Transaction{RecordedAt: time.Now().UTC()}
	for _, f := range formats.All() {
		if route != nil && route.Format != f.Name {
			continue
		}
		sender := producer.SenderDefault
		if route != nil {
			sender = route.Sender
		}
		e, err := encoding.NewEncoder(f.Name, sender)
		if err != nil {
			return u, "", 0, err
		}
		for i := range some {
			c := &some[i]
			if route != nil && !route.Filter.Passes(c.URN) {
				continue
			}
			n, err := messageBytes(e, tx, c)
			if err != nil {
				return u, "", 0, err
			}
			if int(n) > bytes {
				u, format, bytes = c.URN, f.Name, int(n)
			}
		}
	}
	return u, format, bytes, nil
}

// messageBytes returns how large the message of a structure is at most, with key and headers; 0 if
// the format cannot express it.
func messageBytes(e *encoding.Encoder, tx *registry.Transaction, c *registry.Content) (int64, error) {
	value, left, err := e.Value(tx, c.URN, c.Body)
	if err != nil || left != "" {
		return 0, err
	}
	return int64(len(value) + recordExtra), nil
}

// routeTo returns the route that leads to a topic, nil if none does.
func (p *Producers) routeTo(ctx context.Context, topic string) (found *LimitedRoute, err error) {
	err = p.Each(ctx, func(_ string, a *Producer) error {
		routes, err := a.records.Routes(ctx)
		for i := range routes {
			if routes[i].Topic == topic {
				found = &routes[i]
			}
		}
		return err
	})
	return found, err
}

// tightest returns the lowest known limit and the words that name its setting; 0 if none is
// known.
func (r *LimitedRoute) tightest() (limit int64, whose string) {
	for _, l := range []struct {
		bytes int64
		name  string
	}{
		{r.Request, "the connection has max.request.size"},
		{r.Message, "the topic has max.message.bytes"},
		{r.Socket, "its broker has socket.request.max.bytes"},
	} {
		if l.bytes > 0 && (limit == 0 || l.bytes < limit) {
			limit, whose = l.bytes, l.name
		}
	}
	return limit, whose
}
