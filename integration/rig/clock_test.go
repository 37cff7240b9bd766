package rig

import (
	"errors"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"urncast/integration/rig/pg"
)

// PostgreSQL's time is that of its Clock, when the clock is moved and when it is moved back.
func TestClock(t *testing.T) {
	t.Parallel()
	clock, err := NewClock(t)
	if errors.Is(err, ErrNoClock) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	s := pg.StartIn(t, "", clock.Env()...)
	c, err := pgx.Connect(t.Context(), s.URL("postgres"))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close(t.Context())
	for _, by := range []time.Duration{0, time.Hour, -30 * time.Minute, 0} {
		if err := clock.Move(by); err != nil {
			t.Fatal(err)
		}
		var off time.Duration
		for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(100 * time.Millisecond) {
			var told time.Time
			if err := c.QueryRow(t.Context(), "SELECT clock_timestamp()").Scan(&told); err != nil {
				t.Fatal(err)
			}
			if off = time.Until(told) - by; off.Abs() < 2*time.Second {
				break
			}
			if time.Now().After(deadline) {
				t.Fatalf("the clock was moved by %s, and differs by %s from that", by, off)
			}
		}
	}
}
