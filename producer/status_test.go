package producer

import (
	"testing"
	"time"
)

// IDLE begins when the last transaction was handled, PUBLISHING when the oldest on its way
// was recorded: neither when the row was last written.
func TestSinceFitsTheState(t *testing.T) {
	at := func(minute int) time.Time { return time.Date(2026, 1, 1, 0, minute, 0, 0, time.UTC) }
	for _, c := range []struct {
		s     Status
		state State
		since int
	}{
		{Status{State: Idle, Since: at(1)}, Idle, 1},
		{Status{State: Idle, Since: at(1), HandledAt: at(5)}, Idle, 5},
		{Status{State: Idle, Since: at(9), HandledAt: at(5)}, Idle, 9},
		{Status{State: Idle, Since: at(1), HandledAt: at(5), Pending: 2, OldestPending: at(7)}, Publishing, 7},
		{Status{State: Idle, Since: at(9), Pending: 2, OldestPending: at(7)}, Publishing, 9},
		{Status{State: Idle, Since: at(1), HandledAt: at(5), Job: &JobStatus{CreatedAt: at(6)}}, Publishing, 6},
	} {
		s := c.s
		s.derive()
		if s.State != c.state || !s.Since.Equal(at(c.since)) {
			t.Errorf("%+v is %s since %s", c.s, s.State, s.Since)
		}
	}
}
