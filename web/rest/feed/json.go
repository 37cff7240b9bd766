package feed

import (
	"time"

	"urncast/producer/control"
	"urncast/registry"
)

// The types of this file are JSON of the management API. Clients in Go may decode into them.

// A Transaction is one structure transaction.
type Transaction struct {
	Number        registry.Number `json:"number"`
	ID            string          `json:"id"`
	Kind          string          `json:"kind"`
	RecordedAt    time.Time       `json:"recordedAt"`
	Pair          registry.Number `json:"pair,omitempty"`
	Structures    int             `json:"structures"`
	Bytes         int64           `json:"bytes"`
	User          string          `json:"user"`
	Origin        string          `json:"origin"`
	Traceparent   string          `json:"traceparent,omitempty"`
	CorrelationID string          `json:"correlationId,omitempty"`
	// Publications is what became of it for each producer.
	Publications []Publication `json:"publications,omitempty"`
	// ContentRemoved is when housekeeping removed content of it. ContentRemoved and
	// Changes are given where one transaction is asked for.
	ContentRemoved string   `json:"contentRemoved,omitempty"`
	Changes        []Change `json:"changes,omitempty"`
}

// A Publication is what became of a transaction for one producer.
type Publication struct {
	Producer string `json:"producer"`
	Status   string `json:"status"` // PENDING, SENT, SKIPPED, COVERED or FAILED
	// Reason is why it is skipped, covered or failed; User is who asked for that.
	Reason string `json:"reason,omitempty"`
	User   string `json:"user,omitempty"`
	// AcknowledgedAt is when the broker acknowledged its commit; absent where that answer
	// was lost and a later start found the transaction on the topics.
	AcknowledgedAt time.Time `json:"acknowledgedAt,omitzero"`
	// Positions are where its records are. They are saved after sending: a crash may lose
	// the last ones, and transactions sent by versions without positions have none.
	Positions []Position `json:"positions,omitempty"`
	// LeftOut are the structures that the format of a topic could not express, the first 100
	// of them, and MoreLeftOut counts others, up to 1,000 in all. They are there where a single
	// transaction is asked for.
	LeftOut     []LeftOut `json:"leftOut,omitempty"`
	MoreLeftOut int       `json:"moreLeftOut,omitempty"`
}

// A LeftOut is a structure that is not on a topic, because the topic's format cannot express it.
type LeftOut struct {
	Topic  string `json:"topic"`
	URN    string `json:"urn"`
	Reason string `json:"reason"`
}

// A Position is where the records of a transaction are on a topic. Kafka's markers and
// records of other programs may stand between.
type Position struct {
	Topic       string `json:"topic"`
	Partition   int    `json:"partition"`
	FirstOffset int64  `json:"firstOffset"`
	LastOffset  int64  `json:"lastOffset"`
}

func publicationOf(name string, b *control.Became) Publication {
	p := Publication{Producer: name, Status: b.Status, Reason: b.Reason, User: b.User, AcknowledgedAt: b.AcknowledgedAt.UTC(), MoreLeftOut: b.MoreLeftOut}
	for _, w := range b.Where {
		p.Positions = append(p.Positions, Position{Topic: w.Topic, FirstOffset: w.First, LastOffset: w.End - 1})
	}
	for _, l := range b.LeftOut {
		p.LeftOut = append(p.LeftOut, LeftOut{Topic: l.Topic, URN: l.URN.String(), Reason: l.Reason})
	}
	return p
}

// A Change is what a transaction did with one structure.
type Change struct {
	Position int             `json:"position"`
	URN      string          `json:"urn"`
	Kind     string          `json:"kind"`
	Before   registry.Number `json:"before,omitempty"`
	Bytes    int             `json:"bytes,omitempty"`
	// Until is the transaction that replaced or deleted this content; absent while it is
	// current. Removed says that housekeeping has removed it since.
	Until   registry.Number `json:"until,omitempty"`
	Removed bool            `json:"removed,omitempty"`
}

// A TransactionList is one page of transactions, ascending and without gaps.
type TransactionList struct {
	Transactions []Transaction `json:"transactions"`
	// Next leads to the transactions after this page's last; absent at the end.
	Next string `json:"next,omitempty"`
	// Horizon: the content of every later transaction can be read; absent as long as none
	// was removed. The transactions themselves are never removed, so the list has no gaps.
	Horizon registry.Number `json:"horizon,omitempty"`
}

func transactionOf(t registry.Transaction, p []Publication) Transaction {
	return Transaction{
		Number: t.Number, ID: t.ID, Kind: t.Kind.String(), RecordedAt: t.RecordedAt.UTC(), Pair: t.Pair,
		Structures: t.Structures, Bytes: t.Bytes, User: t.User, Origin: t.Origin,
		Traceparent: t.Traceparent, CorrelationID: t.CorrelationID,
		Publications: p,
	}
}

func changesOf(changes []registry.Change) []Change {
	out := make([]Change, len(changes))
	for i, c := range changes {
		out[i] = Change{c.Position, c.URN.String(), c.Kind.String(), c.Before, c.Bytes, c.Until, c.Removed}
	}
	return out
}
