package rig

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// A Clock is the wall clock of a server that a test can move. It is libfaketime,
// which stands between a program and the C library; a Go program asks the kernel
// itself, and keeps the machine's clock.
type Clock struct{ library, file string }

// ErrNoClock says that the machine has no libfaketime.
var ErrNoClock = errors.New("libfaketime is not on this machine (Debian: apt-get install libfaketime)")

// NewClock makes a clock that shows the right time until it is moved.
func NewClock(tb testing.TB) (*Clock, error) {
	tb.Helper()
	found, _ := filepath.Glob("/usr/lib/*/faketime/libfaketimeMT.so.1") // the pattern is well formed
	if len(found) == 0 {
		return nil, ErrNoClock
	}
	dir, err := os.MkdirTemp("", "urncast-clock-")
	if err != nil {
		return nil, err
	}
	tb.Cleanup(func() { os.RemoveAll(dir) })
	c := &Clock{found[0], filepath.Join(dir, "offset")}
	return c, errors.Join(os.Chmod(dir, 0o755), c.Move(0))
}

// Env is what a server's environment needs for its clock to be this one. Clocks that
// only count, by which timeouts are measured, stay right.
func (c *Clock) Env() []string {
	return []string{"LD_PRELOAD=" + c.library, "FAKETIME_TIMESTAMP_FILE=" + c.file, "FAKETIME_CACHE_DURATION=1",
		"FAKETIME_DONT_FAKE_MONOTONIC=1", "DONT_FAKE_MONOTONIC=1", "FAKETIME_DONT_RESET=1"}
}

// Move sets how far the clock is from the right time; the server has it within 1 s.
func (c *Clock) Move(by time.Duration) error {
	next := c.file + ".next"
	if err := os.WriteFile(next, fmt.Appendf(nil, "%+d\n", int64(by.Seconds())), 0o644); err != nil {
		return err
	}
	return os.Rename(next, c.file)
}
