package control

import (
	"testing"
	"time"

	"urncast/producer"
)

// IDLE begins when the last transaction was handled, PUBLISHING when the oldest on its way
// was recorded: neither when the row was last written.
func TestSinceFitsTheState(t *testing.T) {
	at := func(minute int) time.Time { return time.Date(2026, 1, 1, 0, minute, 0, 0, time.UTC) }
	for _, c := range []struct {
		s     Status
		state producer.State
		since int
	}{
		{Status{State: producer.Idle, Since: at(1)}, producer.Idle, 1},
		{Status{State: producer.Idle, Since: at(1), HandledAt: at(5)}, producer.Idle, 5},
		{Status{State: producer.Idle, Since: at(9), HandledAt: at(5)}, producer.Idle, 9},
		{Status{State: producer.Idle, Since: at(1), HandledAt: at(5), Pending: 2, OldestPending: at(7)}, producer.Publishing, 7},
		{Status{State: producer.Idle, Since: at(9), Pending: 2, OldestPending: at(7)}, producer.Publishing, 9},
		{Status{State: producer.Idle, Since: at(1), HandledAt: at(5), Job: &JobStatus{CreatedAt: at(6)}}, producer.Publishing, 6},
	} {
		s := c.s
		s.setPublishing()
		if s.State != c.state || !s.Since.Equal(at(c.since)) {
			t.Errorf("%+v is %s since %s", c.s, s.State, s.Since)
		}
	}
}
