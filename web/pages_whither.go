package web

import (
	"context"

	"urncast/producer"
	"urncast/producer/control"
	"urncast/registry"
	"urncast/registry/diff"
	"urncast/sdmx"
	"urncast/web/answer"
	"urncast/web/console/page"
	"urncast/web/console/record"
)

// wouldChange compares what would be written with what is there.
func (s *server) wouldChange(ctx context.Context, res *registry.Result, body []byte) (*diff.Diff, error) {
	after, err := sdmx.ParseCanonical(res.URN.Class, body)
	if err != nil {
		return nil, err
	}
	var before sdmx.Maintainable
	if res.Verdict == registry.Updated {
		now, err := s.Registry.History(ctx, res.URN, 0, 1)
		if err != nil {
			return nil, err
		}
		if len(now) == 1 && now[0].Document > 0 && now[0].Bytes <= sumBytesMax {
			if before, _, err = s.Registry.Document(ctx, res.URN.Class, now[0].Document); err != nil {
				return nil, err
			}
		} else {
			return nil, nil
		}
	}
	d := diff.Between(before, after)
	return &d, nil
}

// whitherAll says which messages would go to which topics, and whether they fit.
func (s *server) whitherAll(ctx context.Context, o *registry.Outcome) ([]record.Whither, error) {
	var out []record.Whither
	err := s.eachWhither(ctx, o, func(_ *producer.Route, w record.Whither) { out = append(out, w) })
	return out, err
}

// eachWhither gives that of each route; nothing where an outcome is refused.
func (s *server) eachWhither(ctx context.Context, o *registry.Outcome, yield func(*producer.Route, record.Whither)) error {
	if o.Refused() {
		return nil
	}
	producers, err := s.kit.ListProducers(ctx)
	if err != nil {
		return err
	}
	for i := range producers {
		oversized, err := s.Producers.Of(producers[i].ID).Oversize(ctx, o.Replaces)
		if err != nil {
			s.Log.WarnContext(ctx, "whether messages fit could not be found out", "producer", producers[i].Name, "error", err)
		}
		for _, route := range producers[i].Settings.Routes {
			row := whither(&route, o, oversized)
			if row.Producer = producers[i].Name; err != nil {
				row.Unknown = page.Sentence(answer.PrivateToAll(err).Error())
			}
			yield(&route, row)
		}
	}
	return nil
}

// whither says how much would go along a route, and what of it does not fit.
func whither(route *producer.Route, o *registry.Outcome, oversized []control.Oversized) record.Whither {
	row := record.Whither{Topic: route.Topic}
	for i := range o.Results {
		res := &o.Results[i]
		changes := res.Verdict == registry.Created || res.Verdict == registry.Updated || res.Verdict == registry.Deleted
		if changes && route.Filter.Passes(res.URN) {
			row.Messages++
		}
	}
	for _, large := range oversized {
		if large.Topic == route.Topic {
			row.TooLarge = append(row.TooLarge, large.Text)
		}
	}
	return row
}
