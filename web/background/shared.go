package background

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"
)

const (
	// sharedLimit bounds one shared look-up; failureKept is how long a failed look-up is
	// not tried again: those who ask meanwhile get its error at once.
	sharedLimit = 5 * time.Second
	failureKept = 2 * time.Second
)

// ErrSlow says that a shared look-up is under way and has taken longer than the caller's
// patience.
var ErrSlow = errors.New("the database has not answered yet")

// A Shared look-up is made once for all who ask at the same time. It outlives the request
// that began it and has a time limit of its own, so that neither a reader who leaves nor
// one stalled query keeps the others waiting.
type Shared[T any] struct {
	Log    *slog.Logger
	flight singleflight.Group

	mu       sync.Mutex
	last     T
	at       time.Time // when last was found; zero before that
	began    time.Time // when the look-up under way began; zero if there is none
	failed   error
	failedAt time.Time
}

// Get returns what was found last if fresh says that it will do, or looks it up. An error
// comes with what was found last, and when; the time is zero if nothing ever was. Patience
// counts from the beginning of the look-up: a later caller does not wait again for one
// that stalls.
func (l *Shared[T]) Get(ctx context.Context, patience time.Duration, fresh func(last T, age time.Duration) bool, look func(context.Context) (T, error)) (T, time.Time, error) {
	l.mu.Lock()
	last, at, began := l.last, l.at, l.began
	failed := l.failed
	if time.Since(l.failedAt) >= failureKept {
		failed = nil
	}
	l.mu.Unlock()
	switch {
	case !at.IsZero() && fresh(last, time.Since(at)):
		return last, at, nil
	case failed != nil:
		return last, at, failed
	}
	if !began.IsZero() {
		patience -= time.Since(began)
	}
	answer := l.flight.DoChan("", func() (any, error) { return nil, l.find(context.WithoutCancel(ctx), look) })
	enough := time.NewTimer(patience)
	defer enough.Stop()
	select {
	case found := <-answer:
		l.mu.Lock()
		defer l.mu.Unlock()
		return l.last, l.at, found.Err
	case <-ctx.Done():
		return last, at, ctx.Err()
	case <-enough.C:
		return last, at, ErrSlow
	}
}

// find runs the look-up and keeps its result.
func (l *Shared[T]) find(ctx context.Context, look func(context.Context) (T, error)) error {
	l.mu.Lock()
	l.began = time.Now()
	l.mu.Unlock()
	ctx, cancel := context.WithTimeout(ctx, sharedLimit)
	defer cancel()
	var found T
	err := Guarded(ctx, l.Log, "shared look-up", "", func() (err error) {
		found, err = look(ctx)
		return err
	})
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.began = (time.Time{}); err != nil {
		l.failed, l.failedAt = err, time.Now()
		return err
	}
	l.last, l.at, l.failed = found, time.Now(), nil
	return nil
}

// A Semaphore admits one caller at a time; waiting ends with the context. The zero value
// is ready.
type Semaphore struct {
	once sync.Once
	room chan struct{}
}

// Enter waits for its turn; leave must be called in the end.
func (s *Semaphore) Enter(ctx context.Context) (leave func(), err error) {
	s.once.Do(func() { s.room = make(chan struct{}, 1) })
	select {
	case s.room <- struct{}{}:
		return func() { <-s.room }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}
