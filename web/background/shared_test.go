package background

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// TestSharedLookUp checks that a shared look-up outlives the request that began it, gives
// up at its own limit and is not repeated for a while after a failure, and that a panic in
// it is an error.
func TestSharedLookUp(t *testing.T) {
	never := func(int, time.Duration) bool { return false }
	for name, c := range map[string]struct {
		look func(context.Context) (int, error)
		want string
	}{
		"fails":  {func(context.Context) (int, error) { return 0, errors.New("planted") }, "planted"},
		"panics": {func(context.Context) (int, error) { panic("planted") }, ErrDefect.Error()},
	} {
		t.Run(name, func(t *testing.T) {
			l := Shared[int]{Log: slog.New(slog.DiscardHandler)}
			if v, at, err := l.Get(t.Context(), time.Second, never, func(context.Context) (int, error) { return 7, nil }); v != 7 || at.IsZero() || err != nil {
				t.Fatal(v, at, err)
			}
			var looks atomic.Int64
			for range 50 {
				v, at, err := l.Get(t.Context(), time.Second, never, func(ctx context.Context) (int, error) { looks.Add(1); return c.look(ctx) })
				if v != 7 || at.IsZero() || err == nil || !strings.Contains(err.Error(), c.want) {
					t.Fatalf("%d, %v, %v; want what was found before, and the error", v, at, err)
				}
			}
			if n := looks.Load(); n != 1 {
				t.Errorf("what failed was tried %d times at once", n)
			}
		})
	}
	t.Run("whoever began it leaves", func(t *testing.T) {
		l := Shared[int]{Log: slog.New(slog.DiscardHandler)}
		ctx, leave := context.WithCancel(t.Context())
		began, end := make(chan struct{}), make(chan struct{})
		go func() {
			<-began
			leave()
		}()
		look := func(ctx context.Context) (int, error) {
			close(began)
			<-end
			return 1, ctx.Err()
		}
		if _, _, err := l.Get(ctx, time.Minute, never, look); !errors.Is(err, context.Canceled) {
			t.Fatal(err)
		}
		if _, _, err := l.Get(t.Context(), time.Millisecond, never, look); !errors.Is(err, ErrSlow) {
			t.Fatal(err)
		}
		close(end)
		for deadline := time.Now().Add(5 * time.Second); ; time.Sleep(time.Millisecond) {
			v, _, err := l.Get(t.Context(), 0, func(int, time.Duration) bool { return true }, look)
			if v == 1 && err == nil {
				return
			}
			if time.Now().After(deadline) {
				t.Fatal("what was found is lost:", v, err)
			}
		}
	})
}
