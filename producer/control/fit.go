package control

import (
	"context"
	"fmt"
	"time"

	"urncast/producer"
	"urncast/producer/encoding"
	"urncast/registry"
)

// A LimitedRoute is where and how a producer publishes, with the limits that the
// publisher last saw there. SeenAt is zero if it never looked.
type LimitedRoute struct {
	producer.Route
	Sender string
	producer.Limits
	SeenAt time.Time
}

// recordExtra is, generously, what key, headers and framing add to a value.
const recordExtra = 1024

// expansionMost is more than any format makes of a canonical document. What is
// smaller than the limit even so need not be encoded to be known to fit.
const expansionMost = 32

// An Oversized structure will not fit a topic; Text says which one, and whose limit
// that is.
type Oversized struct{ Topic, Text string }

// Oversize says which structures will not fit a route of a producer, and whose limit
// that is, before anything is sent.
func (p *Producers) Oversize(ctx context.Context, contents []registry.Content) (warnings []Oversized, err error) {
	err = p.Each(ctx, func(_ string, a *Producer) error {
		more, err := a.Oversize(ctx, contents)
		warnings = append(warnings, more...)
		return err
	})
	return warnings, err
}

// Oversize says which structures will not fit a route of the producer.
func (a *Producer) Oversize(ctx context.Context, contents []registry.Content) ([]Oversized, error) {
	var warnings []Oversized
	routes, err := a.records.Routes(ctx)
	if err != nil {
		return nil, err
	}
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
		tx := &registry.Transaction{RecordedAt: time.Now().UTC()}
		for j := range contents {
			c := &contents[j]
			if !route.Filter.Passes(c.URN) || int64(len(c.Body))*expansionMost+recordExtra <= limit {
				continue
			}
			value, left, err := e.Value(tx, c.URN, c.Body)
			if err != nil {
				return nil, err
			}
			if size := int64(len(value) + recordExtra); left == "" && size > limit {
				warnings = append(warnings, Oversized{route.Topic, fmt.Sprintf("%s will not fit topic %s: it has up to %d bytes as %s with key and headers, and %s=%d, "+
					"as the publisher saw it at %s. The producer will stop at it: raise the limit, or shorten the structure.",
					c.URN, route.Topic, size, route.Format, whose, limit, route.SeenAt.UTC().Format(time.DateTime+" UTC"))})
			}
		}
	}
	return warnings, nil
}

// tightest is the lowest limit that is known, and whose it is.
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
