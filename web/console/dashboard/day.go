package dashboard

import (
	"context"
	"slices"
	"time"

	"urncast/producer/control"
	"urncast/registry"
)

const (
	volumeStep  = 15 * time.Minute
	volumeParts = 96
)

// A day is the history that the page draws. Reading a day of a hundred thousand
// transactions takes a tenth of a second, so all readers share one.
type day struct {
	made   time.Time
	seen   []registry.Number // the last transaction then, and the last that each producer had sent
	volume Volume
	paces  map[string]*Pace
}

const (
	// dayAgeMax is how old a shown history may be, and dayAgeIdleMax how old if nothing
	// was recorded or sent since: its window moves on all the same.
	dayAgeMax     = 2 * time.Second
	dayAgeIdleMax = 15 * time.Second
	// dayPatience is how long the page waits for a history.
	dayPatience = 2 * time.Second
)

// fillDay adds the history, or the last that could be read: its axis shows its time.
func (s *Pages) fillDay(ctx context.Context, d *Dashboard) error {
	seen := []registry.Number{d.Last}
	for i := range d.Producers {
		seen = append(seen, d.Producers[i].Sent)
	}
	recent := func(y day, _ time.Duration) bool {
		age := d.Now.Sub(y.made)
		return age >= 0 && len(seen) == len(y.seen) && (age < dayAgeMax || age < dayAgeIdleMax && slices.Equal(seen, y.seen))
	}
	y, at, err := s.day.Get(ctx, dayPatience, recent, func(ctx context.Context) (day, error) { return s.readDay(ctx, d.Now, d.Producers, seen) })
	if err == nil || !at.IsZero() {
		d.Volume, d.Paces = y.volume, y.paces
	}
	return err
}

// readDay reads how much was recorded, and how late each producer sent it.
func (s *Pages) readDay(ctx context.Context, now time.Time, producers []control.Status, seen []registry.Number) (y day, err error) {
	if y.volume, err = s.volume(ctx, now); err != nil {
		return y, err
	}
	y.made, y.seen, y.paces = now, seen, make(map[string]*Pace, len(producers))
	for i := range producers {
		p := &producers[i]
		lags, err := s.Producers.Of(p.ID).Lags(ctx, y.volume.From, y.volume.Step)
		if err != nil {
			return y, err
		}
		pace := &Pace{All: lags.All, Parts: make([]control.Lags, len(y.volume.Parts))}
		for at, l := range lags.Steps {
			if at >= 0 && at < len(pace.Parts) {
				pace.Parts[at] = l
			}
		}
		y.paces[p.Name] = pace
	}
	return y, nil
}

// volume counts what was recorded in the last day, in steps that begin at whole quarters
// of an hour.
func (s *Pages) volume(ctx context.Context, now time.Time) (Volume, error) {
	v := Volume{Step: volumeStep, Parts: make([]VolumePart, volumeParts)}
	v.From = now.UTC().Truncate(volumeStep).Add(-(volumeParts - 1) * volumeStep)
	found, err := s.Registry.Volume(ctx, v.From, v.Step)
	for i, part := range found {
		if i >= 0 && i < len(v.Parts) {
			v.Parts[i] = VolumePart{Transactions: part.Transactions, Bytes: part.Bytes}
		}
	}
	return v, err
}
