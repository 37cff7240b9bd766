package control

import (
	"time"

	"urncast/producer"
	"urncast/registry"
)

// Became says what became of a transaction. Reason is set if it was skipped, covered by a
// job, or failed; User is the admin who asked for that, if one did.
type Became struct {
	Status, Reason, User string
	// Where lists the transaction's places on its topics, in the topics' order. It is
	// empty if the transaction was not sent, if a crash lost the note, or if an older
	// version of the program, which kept none, sent it.
	Where []OnTopic
	// AcknowledgedAt is when the broker acknowledged the transaction, by the database's
	// clock, and Lag the time between its record in the registry and that. Both are zero
	// if the acknowledgement was lost and a later start found the transaction on the
	// topics.
	AcknowledgedAt time.Time
	Lag            time.Duration
	// LeftOut are the first structures of the transaction that a route's format could not
	// express, and MoreLeftOut counts the others, up to LeftOutMax. They are there only where
	// the status of a single transaction was asked for.
	LeftOut     []producer.Left
	MoreLeftOut int
}

// LeftOutShown bounds Became.LeftOut.
const LeftOutShown = 100

// OnTopic is the place of a transaction on one topic, always in partition 0: topics with
// several partitions are refused.
type OnTopic struct {
	Topic string
	producer.Stretch
}

// Lags summarises the transactions that were acknowledged in a period: how many they were,
// and how long they took from their record in the registry to the acknowledgement.
type Lags struct {
	Sent        int64
	Median, P99 time.Duration
}

// A LagHistory has the Lags of a whole period and of each of its steps, counted from 0.
// Steps in which nothing was sent are missing.
type LagHistory struct {
	All   Lags
	Steps map[int]Lags
}

// JobStatus shows a job.
type JobStatus struct {
	ID         string          `json:"id"`
	Kind       string          `json:"kind"` // baseline, republish or filter
	Scope      producer.Scope  `json:"scope,omitzero"`
	AsOf       registry.Number `json:"asOf,omitempty"` // 0 while it waits
	Phase      string          `json:"phase"`          // waiting, publish, clear; done, replaced or cancelled
	Structures int64           `json:"structures"`
	Done       int64           `json:"done"`
	Bytes      int64           `json:"bytes"` // of the stored documents
	CreatedAt  time.Time       `json:"createdAt"`
	EndedAt    time.Time       `json:"endedAt,omitzero"`
	// First reports that the job is the baseline of the producer's first start.
	First bool `json:"first,omitempty"`
	// After is the transaction that must be sent before a waiting job begins.
	After registry.Number `json:"after,omitempty"`
	// Cancelling reports that an admin has asked to cancel the job under way.
	Cancelling bool `json:"cancelling,omitempty"`
	// Leaves says what stays on the topics, or unsent, if the job under way is cancelled,
	// or what did when it was cancelled.
	Leaves string `json:"leaves,omitempty"`
}

// LeftOutMax bounds Status.LeftOut: a value of LeftOutMax means that many or more.
const LeftOutMax = 1_000

// An Instance is one process that runs on the database.
type Instance struct {
	ID        string    `json:"id"`
	Page      string    `json:"page,omitempty"` // where its console is
	Version   string    `json:"version"`
	StartedAt time.Time `json:"startedAt"`
}

// A Status is the state of a producer and what belongs to it, for display.
type Status struct {
	ID     string         `json:"id"`
	Name   string         `json:"name"`
	State  producer.State `json:"state"`
	Reason string         `json:"reason,omitempty"` // sentences; empty if nothing is wrong
	// Cure is what to do about the problem in Reason, which includes it; empty if the
	// state itself says what to do.
	Cure string `json:"cure,omitempty"`
	// Since is when State began. IDLE begins when the last transaction was handled,
	// PUBLISHING when the oldest pending transaction was recorded or the job was asked for.
	Since time.Time `json:"since"`

	Settings producer.Config `json:"settings"`
	// Along are the routes that the producer last published along; empty before the
	// first start.
	Along []producer.PublishedRoute `json:"along,omitempty"`
	// Bootstrap are the servers of the connection as it is defined now; empty if it is
	// not defined.
	Bootstrap string `json:"bootstrap"`

	// Sent is the last transaction that is handled: sent, skipped or covered by a job.
	// Last is the registry's last.
	Sent          registry.Number `json:"sent"`
	Last          registry.Number `json:"last"`
	Pending       int64           `json:"pending"`
	OldestPending time.Time       `json:"oldestPending,omitzero"`
	// HandledAt is when Sent was reached or the last job ended, or when a recovery found
	// that out.
	HandledAt time.Time `json:"handledAt,omitzero"`
	// BeforeStart is the last transaction recorded before an idle first start: those up to
	// it were never sent. It is 0 if there are none, or if a baseline has sent their
	// content since.
	BeforeStart registry.Number `json:"beforeStart,omitempty"`
	// Failed is the transaction at which the producer failed; 0 if it did not fail at a
	// transaction.
	Failed registry.Number `json:"failed,omitempty"`
	// LeftOut counts structures that a route's format could not express, up to
	// LeftOutMax.
	LeftOut int64 `json:"leftOut"`

	// Holder is the instance that holds a valid lease; empty if none does. Term is the
	// number of that lease, HeldSince when it began.
	Holder     string    `json:"holder,omitempty"` // host:pid/chance
	HolderPage string    `json:"holderPage,omitempty"`
	HeldSince  time.Time `json:"heldSince,omitzero"`
	Term       int64     `json:"term,omitempty"`
	// Takeovers counts how often another instance took the lease over; LastTakeover is
	// the latest of these takeovers.
	Takeovers    int64              `json:"takeovers"`
	LastTakeover *producer.Takeover `json:"lastTakeover,omitempty"`
	// Standby are the other instances that run on the database.
	Standby []Instance `json:"standby,omitempty"`

	Started bool              `json:"started"` // it was started at least once
	Ask     []producer.Choice `json:"ask,omitempty"`
	Job     *JobStatus        `json:"job,omitempty"` // under way
	// JobsWaiting counts the jobs that have not begun.
	JobsWaiting int `json:"jobsWaiting,omitempty"`
	// Reached is, by topic, the offset up to which the topic is known to be handled.
	Reached map[string]int64 `json:"reached,omitempty"`
}

// Topics lists the topics of the producer's routes.
func (s *Status) Topics() []string { return s.Settings.Topics() }
