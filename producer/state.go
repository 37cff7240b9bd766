package producer

// A State is what a producer is doing.
//
//	            start                recovered              work
//	STOPPED ───────────▶ RECOVERING ───────────▶ IDLE ◀───────────▶ PUBLISHING
//	   ▲                  ▲      ▲                │  suspend           │
//	   │ guard asks       │      │ again, later   └──────▶ SUSPENDED ◀─┘
//	   ├──────────────────┤      │                            │ resume, restart
//	   │                  │   DEGRADED ◀─ transitory fault    └──▶ RECOVERING
//	   │                  │
//	   │                FAILED ◀──── permanent fault; left by start or restart
//	   └─ never started; cloned database; changed target
//
// PUBLISHING is IDLE with transactions pending: it is seen from the numbers and
// not written down, for it changes many times a second.
type State string

// The states.
const (
	Stopped    State = "STOPPED"
	Recovering State = "RECOVERING"
	Idle       State = "IDLE"
	Publishing State = "PUBLISHING"
	Degraded   State = "DEGRADED"
	Suspended  State = "SUSPENDED"
	Failed     State = "FAILED"
)

// What became of a transaction, for one producer.
const (
	StatusPending = "PENDING" // it will be sent
	StatusSent    = "SENT"    // the broker acknowledged its commit
	StatusSkipped = "SKIPPED" // nothing of it fits any route, it is older than the first start, or an admin skipped it
	StatusCovered = "COVERED" // a baseline holds what it made
	StatusFailed  = "FAILED"  // the producer stopped at it
)

// A Choice is one way out of a question that only an admin can decide; Name is
// what Admin.Start takes.
type Choice struct {
	Name string `json:"name"`
	Text string `json:"text"`
}

// The ways to start.
const (
	StartIdle     = "idle"     // the first start: only what comes from now on is sent
	StartBaseline = "baseline" // everything that is current is sent anew, then what comes
	StartContinue = "continue" // accept what the guard found, and go on from here
)
