package registry

import (
	"fmt"
	"time"

	"urncast/sdmx"
)

// A Number is the number of a structure transaction. Numbers begin at 1, have no
// gaps and rise in commit order (R2); 0 stands before the first.
type Number int64

// A Kind is what a transaction does with every structure in it (R3).
type Kind uint8

// The two kinds of transaction.
const (
	Replace Kind = iota + 1
	Delete
)

// String returns the word used in the API, in message headers and in the database: "replace"
// or "delete".
func (k Kind) String() string {
	switch k {
	case Replace:
		return "replace"
	case Delete:
		return "delete"
	}
	return fmt.Sprintf("kind %d", k)
}

// A Transaction is the record of one structure transaction, which is never removed.
type Transaction struct {
	Number Number
	// ID is a random UUID. It reveals a database that was restored to an earlier state and
	// has given the same number to another transaction since.
	ID string
	// Predecessor is the ID of the transaction before; empty for the first, and for
	// transactions that were recorded by a version of urncast which did not store it.
	Predecessor string
	Kind        Kind
	RecordedAt  time.Time // UTC, by the database's clock
	// Pair is the number of the other transaction of a submission that both replaced and
	// deleted; 0 if there is none.
	Pair       Number
	Structures int // number of changes
	// Bytes is the total size of the stored documents; 0 for deletes.
	Bytes int64
	User  string
	// Origin is the mode of the submission (append, merge, replace, full-replace, delete), the
	// modes of its structures if they differ ("append, delete"), or rename, preceded by "forced " if a rule was lifted by force.
	Origin string
	// Traceparent and CorrelationID are those of the request; the latter was generated if
	// the request had none.
	Traceparent   string
	CorrelationID string
}

// A Change is what one transaction did with one structure. Positions begin at 1 and are in
// publishing order: referenced structures before referring ones, tombstones the other way
// round.
type Change struct {
	Number   Number
	Position int
	URN      sdmx.URN
	Kind     Kind
	// Before is the transaction that stored the content which this change replaced or
	// deleted; 0 if the structure did not exist.
	Before Number
	// Document is the id of the stored canonical form; 0 for a delete.
	Document int64
	Bytes    int // size of the document; 0 for a delete
	// Until is the transaction that replaced or deleted this content; 0 while it is current.
	Until Number
	// Removed means that housekeeping has removed the content.
	Removed bool
}

// A Document is a change with the content that it stored. Body is the canonical form
// (sdmx.ParseCanonical), nil for a delete.
type Document struct {
	Change
	Body []byte
}
