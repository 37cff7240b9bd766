package record

import (
	"context"

	"urncast/producer"
	"urncast/producer/control"
	"urncast/registry"
	"urncast/registry/diff"
	"urncast/sdmx"
	"urncast/web/answer"
	"urncast/web/console/page"
)

// A Delivery is what one route of a producer would carry of a submission.
type Delivery struct {
	Producer, Topic string
	Messages        int
	TooLarge        []string // structures that do not fit the topic
	Unknown         string   // why it is unknown whether they fit
}

// WouldChange compares what a submission would write with the current version; nil if that
// is too large for a line.
func (r *Reader) WouldChange(ctx context.Context, res *registry.Result, body []byte) (*diff.Diff, error) {
	after, err := sdmx.ParseCanonical(res.URN.Class, body)
	if err != nil {
		return nil, err
	}
	var before sdmx.Maintainable
	if res.Verdict == registry.Updated {
		now, err := r.Registry.History(ctx, res.URN, 0, 1)
		if err != nil {
			return nil, err
		}
		if len(now) != 1 || now[0].Document <= 0 || now[0].Bytes > SumBytesMax {
			return nil, nil
		}
		if before, _, err = r.Registry.Document(ctx, res.URN.Class, now[0].Document); err != nil {
			return nil, err
		}
	}
	d := diff.Between(before, after)
	return &d, nil
}

// Deliveries are the Deliveries of all routes; none where the outcome is a refusal.
func (r *Reader) Deliveries(ctx context.Context, o *registry.Outcome) ([]Delivery, error) {
	var out []Delivery
	err := r.EachDelivery(ctx, o, func(_ *producer.Route, d Delivery) { out = append(out, d) })
	return out, err
}

// EachDelivery yields the Delivery of each route; none where the outcome is a refusal.
func (r *Reader) EachDelivery(ctx context.Context, o *registry.Outcome, yield func(*producer.Route, Delivery)) error {
	if o.Refused() {
		return nil
	}
	producers, err := r.Kit.Producers.List(ctx)
	if err != nil {
		return err
	}
	for i := range producers {
		oversized, err := r.Kit.Producers.Of(producers[i].ID).Oversize(ctx, o.Replaces)
		if err != nil {
			r.Kit.Log.WarnContext(ctx, "whether messages fit could not be found out", "producer", producers[i].Name, "error", err)
		}
		for _, route := range producers[i].Settings.Routes {
			d := deliveryOn(&route, o, oversized)
			if d.Producer = producers[i].Name; err != nil {
				d.Unknown = page.Sentence(answer.PrivateToAll(err).Error())
			}
			yield(&route, d)
		}
	}
	return nil
}

// deliveryOn counts what a route would carry, and names the structures that do not fit.
func deliveryOn(route *producer.Route, o *registry.Outcome, oversized []control.Oversized) Delivery {
	d := Delivery{Topic: route.Topic}
	for i := range o.Results {
		res := &o.Results[i]
		changes := res.Verdict == registry.Created || res.Verdict == registry.Updated || res.Verdict == registry.Deleted
		if changes && route.Filter.Passes(res.URN) {
			d.Messages++
		}
	}
	for _, large := range oversized {
		if large.Topic == route.Topic {
			d.TooLarge = append(d.TooLarge, large.Text)
		}
	}
	return d
}
