package topicview

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// A stillView is a topic on which nothing more comes, as seen behind an open transaction
// or before the next message.
type stillView struct {
	mu     sync.Mutex
	end    int64
	err    error
	closed bool // Read has returned
}

func (v *stillView) Ends(context.Context) (start, end int64, err error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	return 0, v.end, v.err
}

func (v *stillView) Read(ctx context.Context, from, _ int64, yield func(*Committed) error) error {
	defer func() { v.closed = true }()
	if err := yield(&Committed{Offset: from}); err != nil {
		return err
	}
	<-ctx.Done()
	return ctx.Err()
}

func (v *stillView) Close() {}

// A Reading calls Alive while it waits, and fails if the cluster does not answer, if the topic
// was made anew, or if no record comes up to its end.
func TestReadingTellsWhatItWaitsFor(t *testing.T) {
	lost := errors.New("nobody answers")
	for _, c := range []struct {
		name   string
		follow bool
		change func(*stillView)
		words  string
		within time.Duration
	}{
		{"the cluster goes", true, func(v *stillView) { v.err = lost }, lost.Error(), 15 * time.Second},
		{"the topic is made anew", true, func(v *stillView) { v.end = 2 }, "offset 2, and offset 8", 15 * time.Second},
		{"the end is hidden", false, func(*stillView) {}, "open transaction hides", 35 * time.Second},
		{"the reader goes", true, nil, context.Canceled.Error(), 11 * time.Second},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				v := &stillView{end: 10}
				time.AfterFunc(10*time.Second, func() {
					if c.change == nil {
						cancel()
						return
					}
					v.mu.Lock()
					defer v.mu.Unlock()
					c.change(v)
				})
				seen, alive, began := 0, 0, time.Now()
				r := Reading{From: 7, Follow: c.follow, Begun: func(start, from, end int64) error {
					if start != 0 || from != 7 || end != 10 {
						t.Errorf("it began at %d between %d and %d", from, start, end)
					}
					return nil
				}, Yield: func(*Committed) error { seen++; return nil }, Alive: func() error { alive++; return nil }}
				err := r.Run(ctx, v)
				if err == nil || !strings.Contains(err.Error(), c.words) || time.Since(began) > c.within {
					t.Errorf("it ended after %s with %v", time.Since(began), err)
				}
				if seen != 1 || alive < 3 || !v.closed {
					t.Errorf("%d records, %d signs of life; reading has ended: %v", seen, alive, v.closed)
				}
			})
		})
	}
}

// An error of Yield ends a Reading.
func TestReadingEndsWithItsReader(t *testing.T) {
	enough := errors.New("enough")
	v := &stillView{end: 10}
	r := Reading{From: FromStart, Follow: true, Begun: func(int64, int64, int64) error { return nil },
		Yield: func(*Committed) error { return enough }}
	if err := r.Run(t.Context(), v); !errors.Is(err, enough) || !v.closed {
		t.Errorf("it ended with %v; reading has ended: %v", err, v.closed)
	}
}

// badView is a topic whose records panic.
type badView struct{ View }

func (badView) Ends(context.Context) (start, end int64, err error) { return 0, 9, nil }

func (badView) Read(context.Context, int64, int64, func(*Committed) error) error { panic("boom") }

// A panic of the reader's goroutine is raised in the goroutine that called Run.
func TestReadingsHandPanicsOn(t *testing.T) {
	defer func() {
		if p := recover(); p == nil {
			t.Error("nothing came out")
		}
	}()
	r := &Reading{Begun: func(_, _, _ int64) error { return nil }}
	_ = r.Run(t.Context(), badView{})
}
