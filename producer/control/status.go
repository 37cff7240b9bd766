package control

import (
	"time"
	"urncast/producer"
	"urncast/registry"
)

// Became says what became of a transaction. Reason is of what is skipped, covered
// or failed; User asked for it, if somebody did.
type Became struct {
	Status, Reason, User string
	// Where it is on its topics, in their order; empty of what is not sent, and where
	// it was lost with a crash or sent by a program that did not keep it.
	Where []OnTopic
	// AcknowledgedAt is when the broker acknowledged it, by the database's clock, and
	// Lag how long after its record in the registry; zero where the acknowledgement
	// was lost, and a later start found it on the topics.
	AcknowledgedAt time.Time
	Lag            time.Duration
}

// OnTopic is where a transaction is on one topic, whose partition is always 0: a topic
// of several is refused.
type OnTopic struct {
	Topic string
	producer.Stretch
}

// Lags says of a time how many transactions were acknowledged in it, and how long they
// took from their record in the registry until then.
type Lags struct {
	Sent        int64
	Median, P99 time.Duration
}

// A LagHistory is the Lags of all the time and of each step of it, counted from 0; of
// steps in which nothing was sent there are none.
type LagHistory struct {
	All   Lags
	Steps map[int]Lags
}

// JobStatus shows a job.
type JobStatus struct {
	ID         string          `json:"id"`
	Kind       string          `json:"kind"` // baseline, republish or filter
	Scope      producer.Scope  `json:"scope,omitzero"`
	AsOf       registry.Number `json:"as_of,omitempty"` // 0 while it waits
	Phase      string          `json:"phase"`           // waiting, publish, clear; done, replaced or cancelled
	Structures int64           `json:"structures"`
	Done       int64           `json:"done"`
	Bytes      int64           `json:"bytes"` // of the stored documents
	CreatedAt  time.Time       `json:"created_at"`
	EndedAt    time.Time       `json:"ended_at,omitzero"`
	// First says that it is the producer's first start.
	First bool `json:"first,omitempty"`
	// After is the transaction that must be sent before a job that waits begins.
	After registry.Number `json:"after,omitempty"`
	// Cancelling says that its end was asked for.
	Cancelling bool `json:"cancelling,omitempty"`
	// Leaves says what cancelling a job under way leaves, and what one that was
	// cancelled left.
	Leaves string `json:"leaves,omitempty"`
}

// LeftOutMax bounds Status.LeftOut; at the bound it reads "or more".
const LeftOutMax = 1_000

// An Instance is one process that runs on the database.
type Instance struct {
	ID        string    `json:"id"`
	Page      string    `json:"page,omitempty"` // where its console is
	Version   string    `json:"version"`
	StartedAt time.Time `json:"started_at"`
}

// A Status shows a producer.
type Status struct {
	ID     string         `json:"id"`
	Name   string         `json:"name"`
	State  producer.State `json:"state"`
	Reason string         `json:"reason,omitempty"` // sentences; empty when all is calm
	// Cure is what to do about what Reason says, which says it too; empty where the
	// state alone says it.
	Cure string `json:"cure,omitempty"`
	// Since is when State began: IDLE, when the last transaction was handled; PUBLISHING,
	// when the oldest of those on their way was recorded, or the job asked for.
	Since time.Time `json:"since"`

	Settings producer.Config `json:"settings"`
	// Along is what it last published along; empty before the first start.
	Along []producer.PublishedRoute `json:"along,omitempty"`
	// Bootstrap are the servers of the connection as it is defined now; empty
	// while it is not.
	Bootstrap string `json:"bootstrap"`

	// Sent is the last transaction that is handled, Last the registry's last.
	Sent          registry.Number `json:"sent"`
	Last          registry.Number `json:"last"`
	Pending       int64           `json:"pending"`
	OldestPending time.Time       `json:"oldest_pending,omitzero"`
	// HandledAt is when Sent or a job's end was reached, or found by a recovery.
	HandledAt time.Time `json:"handled_at,omitzero"`
	// BeforeStart is the last transaction that was recorded before an idle first start, so
	// that none up to it was sent; 0 if there is none, or a baseline holds what they made.
	BeforeStart registry.Number `json:"before_start,omitempty"`
	// Failed is the transaction at which the producer failed; 0 if it is none's fault.
	Failed registry.Number `json:"failed,omitempty"`
	// LeftOut counts structures that a route's format could not express, up to
	// LeftOutMax: a longer history is not counted to its end.
	LeftOut int64 `json:"left_out"`

	// Holder is the instance whose lease is valid now; empty if there is none.
	// Term is its lease's number, HeldSince when that began.
	Holder     string    `json:"holder,omitempty"` // host:pid/chance
	HolderPage string    `json:"holder_page,omitempty"`
	HeldSince  time.Time `json:"held_since,omitzero"`
	Term       int64     `json:"term,omitempty"`
	// Takeovers counts those by another instance, LastTakeover is the newest.
	Takeovers    int64              `json:"takeovers"`
	LastTakeover *producer.Takeover `json:"last_takeover,omitempty"`
	// Standby are the other instances that run on the database.
	Standby []Instance `json:"standby,omitempty"`

	Started bool              `json:"started"` // it was started once
	Ask     []producer.Choice `json:"ask,omitempty"`
	Job     *JobStatus        `json:"job,omitempty"` // under way
	// JobsWaiting counts those that are to be begun.
	JobsWaiting int `json:"jobs_waiting,omitempty"`
	// Reached is, by topic, the offset after what is known to be handled.
	Reached map[string]int64 `json:"reached,omitempty"`
}

// Topics lists the topics of the producer's routes.
func (s *Status) Topics() []string { return s.Settings.Topics() }
