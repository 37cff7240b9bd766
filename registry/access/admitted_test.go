package access_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"urncast/registry/access"
	"urncast/registry/access/accesstest"
)

// A tally counts the questions about failures; wait is the answer.
type tally struct {
	waits, successes, failures int
	wait                       time.Duration
}

func (c *tally) Wait(context.Context, access.Attempt) (time.Duration, error) {
	c.waits++
	return c.wait, nil
}

func (c *tally) Fail(context.Context, access.Attempt) error { c.failures++; return nil }

func (c *tally) Succeed(context.Context, access.Attempt) error { c.successes++; return nil }

// The process's own administrator asks the database once a minute from each address. A wrong
// password for the name, from anywhere, has the next request ask again, so that a guess during
// a wait stays refused.
func TestTheProcessAdministratorIsLookedUpOnceAMinute(t *testing.T) {
	now, asked := time.Now(), &tally{}
	c := &access.Control{Store: &accesstest.Store{}, Failures: asked, User: "root", Password: password, Now: func() time.Time { return now }}
	verify := func(word, remote string, why access.Why, questions int) {
		t.Helper()
		before := asked.waits + asked.successes
		_, err := c.Verify(t.Context(), "root", word, remote)
		var r *access.Refusal
		if errors.As(err, &r); (r == nil) != (why == 0) || r != nil && r.Why != why {
			t.Errorf("it says %v, want %v", err, why)
		}
		if n := asked.waits + asked.successes - before; n != questions {
			t.Errorf("%d questions, want %d", n, questions)
		}
	}
	const here, there = "203.0.113.9:1", "198.51.100.7:1"
	verify(password, here, 0, 2)
	for range 10 {
		verify(password, here, 0, 0)
	}
	verify(password, there, 0, 2)
	now = now.Add(time.Minute)
	verify(password, here, 0, 2)
	verify("wrong", there, access.Unproven, 2) // before it waits for room to digest, and after
	asked.wait = 5 * time.Second
	verify(password, here, access.TooMany, 1)
	verify(password, here, access.TooMany, 1)
	asked.wait = 0
	verify(password, here, 0, 2)
	verify(password, here, 0, 0)
}
