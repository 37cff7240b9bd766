package registry

import (
	"fmt"
	"time"

	"urncast/sdmx"
)

// A Number is the number of a structure transaction. Numbers begin at 1, have no
// gaps and rise in commit order (R2); 0 stands before the first.
type Number int64

// A Kind says what a transaction does with every structure in it (R3).
type Kind uint8

// The two kinds of transaction.
const (
	Replace Kind = iota + 1
	Delete
)

// String is the word used in API, headers and database: replace or delete.
func (k Kind) String() string {
	switch k {
	case Replace:
		return "replace"
	case Delete:
		return "delete"
	}
	return fmt.Sprintf("kind %d", k)
}

// A Transaction is one structure transaction, as recorded for ever.
type Transaction struct {
	Number Number
	// ID is random (a UUID), so that a database which lost transactions and
	// gave their numbers anew is found out.
	ID string
	// Predecessor is the ID of the transaction before; empty for the first, and for what
	// a program recorded that did not keep it.
	Predecessor string
	Kind        Kind
	RecordedAt  time.Time
	// Pair is the other half of a submission that both replaced and deleted; 0
	// if there is none.
	Pair       Number
	Structures int
	// Bytes is the size of the stored documents together; 0 for deletes.
	Bytes int64
	User  string
	// Origin is what made it: append, merge, replace, full-replace, delete or rename; with
	// "forced " before it where something stable was changed, or something emptied, by force.
	Origin string
	// Traceparent and CorrelationID came with the submission, or were made
	// when it arrived.
	Traceparent   string
	CorrelationID string
}

// A Change is what one transaction did with one structure. Positions are
// 1-based and in publishing order: referenced before referring, tombstones the
// other way round.
type Change struct {
	Number   Number
	Position int
	URN      sdmx.URN
	Kind     Kind
	// Before is the transaction that made the content which this change
	// replaced or deleted; 0 if the structure was not there.
	Before Number
	// Document is the stored canonical form's id, 0 for a delete.
	Document int64
	Bytes    int
	// Until is the transaction that replaced or deleted this content; 0 while it
	// is current.
	Until Number
	// Removed says that housekeeping has removed the content.
	Removed bool
}

// A Document is a change with the content that it made current; Body is the
// canonical form (sdmx.ParseCanonical), nil for a delete.
type Document struct {
	Change
	Body []byte
}
