package page

import (
	"context"
	"errors"
	"time"

	"urncast/producer"
	"urncast/producer/control"
	"urncast/web/background"
	"urncast/web/console/ui"
)

const (
	// glanceAge is how old a glance may be, and glancePatience how long a page waits for a
	// new one before it is drawn with the last.
	glanceAge      = time.Second
	glancePatience = 300 * time.Millisecond
)

// A glance is the state of the producers as every page's frame shows it.
type glance struct {
	publishing  string
	standby     []string
	needs, soon int
}

// glanceNow returns the glance. If it is not current, asOf is when it was read, else zero.
// If none was ever read, unknown is true.
func (k *Kit) glanceNow(ctx context.Context) (g glance, asOf time.Time, unknown bool) {
	g, at, err := k.glance.Get(ctx, glancePatience, func(_ glance, age time.Duration) bool { return age < glanceAge },
		func(ctx context.Context) (glance, error) {
			all, err := k.Producers.List(ctx)
			return glanceAt(all), err
		})
	switch {
	case err == nil:
		return g, time.Time{}, false
	case !errors.Is(err, background.ErrSlow) && ctx.Err() == nil:
		k.Log.WarnContext(ctx, "what pages say of producers is old", "since", at, "error", err)
	}
	return g, at, at.IsZero()
}

func glanceAt(all []control.Status) (g glance) {
	for i := range all {
		p := &all[i]
		switch {
		case p.State == producer.Failed, p.State == producer.Stopped && p.Started && len(p.Ask) > 0:
			g.needs++
		case p.State == producer.Degraded:
			g.soon++
		}
		publishes := p.State != producer.Stopped && p.State != producer.Failed
		if g.publishing == "" && p.Holder != "" && publishes {
			g.publishing = ui.InstanceName(p.Holder)
		}
		if g.standby == nil {
			for _, other := range p.Standby {
				g.standby = append(g.standby, ui.InstanceName(other.ID))
			}
		}
	}
	return g
}
