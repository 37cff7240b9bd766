package rig

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// A Clock is a server's wall clock, which a test can move. It is made with libfaketime, which
// replaces functions of the C library. It has no effect on Go programs, which call the kernel
// directly.
type Clock struct{ library, file string }

// ErrNoClock reports that libfaketime is not installed.
var ErrNoClock = errors.New("libfaketime is not on this machine (Debian: apt-get install libfaketime)")

// NewClock makes a clock that is right until it is moved.
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

// Env returns the environment that makes a server use this clock. Monotonic clocks, which
// measure timeouts, are not changed.
func (c *Clock) Env() []string {
	return []string{"LD_PRELOAD=" + c.library, "FAKETIME_TIMESTAMP_FILE=" + c.file, "FAKETIME_CACHE_DURATION=1",
		"FAKETIME_DONT_FAKE_MONOTONIC=1", "DONT_FAKE_MONOTONIC=1", "FAKETIME_DONT_RESET=1"}
}

// Move sets the difference to the right time, which the server sees within 1 s.
func (c *Clock) Move(by time.Duration) error {
	next := c.file + ".next"
	if err := os.WriteFile(next, fmt.Appendf(nil, "%+d\n", int64(by.Seconds())), 0o644); err != nil {
		return err
	}
	return os.Rename(next, c.file)
}
