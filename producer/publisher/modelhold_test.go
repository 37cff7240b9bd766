package publisher

import (
	"context"
	"fmt"
	"maps"
	"time"

	"urncast/producer"
	"urncast/registry"
)

// modelHold is a term of the model's lease. A write of a passed term is refused,
// as the database does it; when its holder hears of that is the test's to say.
type modelHold struct {
	*modelStore
	term      int64
	takenOver bool
	lost      chan struct{}
}

// Acquire waits until nobody holds the lease.
func (s *modelStore) Acquire(ctx context.Context, _ func(string, int64)) (producer.Hold, error) {
	for ctx.Err() == nil {
		s.mu.Lock()
		if s.holder == nil {
			s.term++
			h := &modelHold{modelStore: s, term: s.term, lost: make(chan struct{}), takenOver: s.takenOver}
			s.holder = h
			s.unwritten = nil // a crash came before
			s.mu.Unlock()
			return h, nil
		}
		s.mu.Unlock()
		time.Sleep(100 * time.Microsecond)
	}
	return nil, ctx.Err()
}

// depose gives the lease to an instance that does not exist. A holder that is told stops by
// itself; another one finds out at its next write.
func (s *modelStore) depose(told bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	former := s.holder
	s.term++
	s.holder = &modelHold{modelStore: s, term: s.term}
	if told && former != nil {
		close(former.lost)
	}
}

func (h *modelHold) Lost() <-chan struct{} { return h.lost }

func (h *modelHold) Held() error {
	select {
	case <-h.lost:
		return fmt.Errorf("%w: it was told so", producer.ErrLost)
	default:
		return nil
	}
}

// Release frees the lease if it is still this hold's.
func (h *modelHold) Release() {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.holder == h {
		h.holder = nil
	}
}

func (h *modelHold) do(fn func()) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.dead != nil && h.dead() {
		return errModel
	}
	if h.term != h.modelStore.term {
		h.refused++
		return fmt.Errorf("%w: term %d has passed", producer.ErrLost, h.term)
	}
	fn()
	return nil
}

func (h *modelHold) Load(context.Context) (r producer.Row, err error) {
	return r, h.do(func() {
		r = h.row
		r.Term, r.TakenOver, r.Waiting = h.term, h.takenOver, len(h.jobs)
		if len(h.jobs) > 0 {
			r.NextJobAfter = h.after[h.jobs[0].ID]
		}
		if h.row.Job != nil {
			j := *h.row.Job
			r.Job = &j
		}
	})
}

func (h *modelHold) Show(_ context.Context, s producer.State, reason string, _ []producer.Choice) error {
	return h.do(func() { h.show(s, reason) })
}

func (h *modelHold) show(s producer.State, reason string) {
	if s != h.row.State {
		h.row.Since = time.Now()
	}
	h.row.State, h.row.Reason = s, reason
	h.shown = append(h.shown, s)
}

func (h *modelHold) Report(ctx context.Context, i producer.Incident) error {
	return h.do(func() {
		h.incidents = append(h.incidents, i)
		h.show(i.State, i.Reason)
	})
}

func (h *modelHold) Take(_ context.Context, wish int64) error {
	return h.do(func() { h.row.Taken = max(h.row.Taken, wish) })
}

func (h *modelHold) Adopt(_ context.Context, r producer.Published, system string, c producer.Cursor, wish int64) error {
	return h.do(func() {
		h.keepLanded()
		h.row.Started, h.row.Sent, h.row.System, h.row.Cursor = true, r, system, c
		h.row.Taken = max(h.row.Taken, wish)
	})
}

func (h *modelHold) Forget(_ context.Context, ends map[string]int64) error {
	return h.do(func() {
		h.keepLanded()
		for n, l := range h.landed {
			l.Stretches = maps.Clone(l.Stretches)
			maps.DeleteFunc(l.Stretches, func(topic string, s producer.Stretch) bool { end, known := ends[topic]; return known && s.End > end })
			h.landed[n] = l
		}
	})
}

func (h *modelHold) Move(_ context.Context, c producer.Cursor, landed []producer.Landed) error {
	return h.do(func() {
		h.unwritten = append(h.unwritten, landed...)
		if int(c.Number) < len(h.txs) && h.lossy() {
			return
		}
		h.keepLanded()
		if c.Number >= h.row.Cursor.Number {
			h.row.Cursor = c
		}
	})
}

// keepLanded keeps what moves told: a later write of the database carries them.
func (h *modelHold) keepLanded() {
	for _, l := range h.unwritten {
		if _, known := h.landed[l.Number]; !known || !l.At.IsZero() {
			h.landed[l.Number] = l
		}
	}
	h.unwritten = nil
}

func (h *modelHold) Skip(_ context.Context, n registry.Number, _ string) error {
	return h.do(func() {
		h.keepLanded()
		h.marks[n], h.row.Cursor.Number = producer.StatusSkipped, n
	})
}

func (h *modelHold) SkipAsked(_ context.Context, first, last registry.Number, _ string, w *producer.Wish) error {
	return h.do(func() {
		for n := first; n <= last; n++ {
			h.marks[n] = producer.StatusSkipped
		}
		h.keepLanded()
		h.row.Cursor.Number, h.row.Taken = last, w.Sequence
	})
}

func (h *modelHold) Limit(context.Context, string, producer.Limits) error { return nil }

func (h *modelHold) Fail(_ context.Context, n registry.Number, _ string) error {
	return h.do(func() { h.marks[n] = producer.StatusFailed })
}

func (h *modelHold) ClearFailed(context.Context) error {
	return h.do(func() {
		for n, m := range h.marks {
			if m == producer.StatusFailed {
				delete(h.marks, n)
			}
		}
	})
}

func (h *modelHold) Leave(_ context.Context, n registry.Number, left []producer.Left) error {
	return h.do(func() { h.left[n] = len(left) })
}

func (h *modelHold) BeginJob(_ context.Context, j producer.Job, wish int64) (producer.Job, error) {
	return j, h.do(func() {
		h.begun++
		h.whys = append(h.whys, j.Why)
		j.ID, j.Phase = fmt.Sprintf("job-%d", h.begun), producer.PhasePublish
		h.row.Job, h.row.Taken = &j, max(h.row.Taken, wish)
	})
}

func (h *modelHold) TakeJob(_ context.Context, c producer.Cursor) (taken *producer.Job, err error) {
	return taken, h.do(func() {
		if len(h.jobs) == 0 || h.after[h.jobs[0].ID] > c.Number {
			return
		}
		j := h.jobs[0]
		h.jobs = h.jobs[1:]
		h.begun++
		if j.ID == "" {
			j.ID = fmt.Sprintf("job-%d", h.begun)
		}
		j.AsOf, j.Phase = c.Number, producer.PhasePublish
		h.row.Job, h.row.Cursor = &j, c
		h.keepLanded()
		copied := j
		taken = &copied
	})
}

func (h *modelHold) Progress(_ context.Context, _, phase string, _, done, _ int64) error {
	return h.do(func() { h.row.Job.Phase, h.row.Job.Done = phase, done })
}

func (h *modelHold) CancelJob(_ context.Context, _ string, c producer.Cursor, leaves string) error {
	return h.do(func() {
		h.keepLanded()
		for n := h.row.Cursor.Number + 1; n <= c.Number; n++ {
			h.marks[n] = producer.StatusSkipped
		}
		h.row.Job, h.row.Cursor, h.leaves = nil, c, append(h.leaves, leaves)
	})
}

func (h *modelHold) RenewJob(_ context.Context, _ string, asOf registry.Number) error {
	return h.do(func() { h.row.Job.AsOf = asOf })
}

func (h *modelHold) PutBackJob(_ context.Context, _ string, after registry.Number) error {
	return h.do(func() {
		j := *h.row.Job
		j.AsOf, j.Phase, h.after[j.ID] = 0, producer.PhaseWaiting, after
		h.row.Job, h.jobs = nil, append([]producer.Job{j}, h.jobs...)
	})
}

func (h *modelHold) EndJob(_ context.Context, _ string, c producer.Cursor) error {
	return h.do(func() {
		h.keepLanded()
		h.row.Job, h.row.Cursor = nil, c
	})
}
