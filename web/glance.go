package web

import (
	"context"
	"strings"
	"sync"
	"time"

	"urncast/producer"
)

// glanceAge is how old what every page says of producers may be.
const glanceAge = time.Second

// A glance is what every page says of producers.
type glance struct {
	publishing  string
	standby     []string
	needs, soon int
}

// glances keep the last glance, for it is asked for by every page.
type glances struct {
	mu   sync.Mutex
	at   time.Time
	last glance
}

func (g *glances) get(ctx context.Context, s *server) glance {
	g.mu.Lock()
	defer g.mu.Unlock()
	if time.Since(g.at) < glanceAge {
		return g.last
	}
	all, err := s.producers(ctx)
	if err != nil {
		return glance{} // the page itself says what is wrong
	}
	g.last, g.at = glanceAt(all), time.Now()
	return g.last
}

func glanceAt(all []producer.Status) (g glance) {
	for i := range all {
		p := &all[i]
		switch {
		case p.State == producer.Failed, p.State == producer.Stopped && p.Started && len(p.Ask) > 0:
			g.needs++
		case p.State == producer.Degraded:
			g.soon++
		}
		if g.publishing == "" && p.Holder != "" {
			g.publishing = shortInstance(p.Holder)
		}
		if g.standby == nil {
			for _, other := range p.Standby {
				g.standby = append(g.standby, shortInstance(other.ID))
			}
		}
	}
	return g
}

// shortInstance is an instance's host and process, without the chance behind them.
func shortInstance(id string) string {
	name, _, _ := strings.Cut(id, "/")
	return name
}

// producers are what there is of them, shown.
func (s *server) producers(ctx context.Context) ([]producer.Status, error) {
	if s.Producers == nil {
		return nil, nil
	}
	return s.Producers.List(ctx)
}
