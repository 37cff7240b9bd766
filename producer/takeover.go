package producer

import (
	"fmt"
	"time"
)

// A Takeover is an instance's taking of a producer's lease from another one, while it was
// there already: a process that comes up after the holder has ended restarts.
type Takeover struct {
	Term     int64     `json:"term"` // that began
	At       time.Time `json:"at"`
	Instance string    `json:"instance"`
	Former   string    `json:"former"` // the instance that held it before
	Ending   string    `json:"ending"` // how that one lost it: released, expired or lost
}

// How the holder before lost the lease.
const (
	EndingReleased = "released" // it gave it back: it was stopped in good order
	EndingExpired  = "expired"  // it did not renew it: it hangs, or is cut off from the database
	EndingLost     = "lost"     // its session with the database ended: it was killed, or its machine is gone
)

// Why says in words why the lease was free.
func (t *Takeover) Why() string {
	switch t.Ending {
	case EndingReleased:
		return "that instance released the lease"
	case EndingExpired:
		return "that instance did not renew the lease in time"
	}
	return "that instance's session with the database ended"
}

// String is the takeover in a sentence.
func (t *Takeover) String() string {
	return fmt.Sprintf("%s took over from %s, term %d, because %s", t.Instance, t.Former, t.Term, t.Why())
}

// ActTakenOver is the action of the audit for a takeover, which no user asks for.
const ActTakenOver = "producer taken over"
