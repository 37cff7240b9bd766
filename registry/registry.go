package registry

import (
	"context"
	"errors"
	"sync"
	"time"

	"urncast/sdmx"
)

// ErrNotFound is returned for a structure, transaction, document or row that does not exist.
var ErrNotFound = errors.New("it is not there")

// ErrOverloaded is returned if too many submissions, or too many bytes of them, are under way
// in this process. Nothing was decided; the same submission may be sent again after RetryAfter.
var ErrOverloaded = errors.New("too many submissions are under way here already; nothing was decided and nothing written: send it again in a few seconds")

// RetryAfter is how long to wait after ErrOverloaded before the next attempt.
const RetryAfter = 5 * time.Second

// An InvalidError is returned for a request that is wrong by itself, whatever the registry
// contains.
type InvalidError struct{ Text string }

// Error implements error.
func (e *InvalidError) Error() string { return e.Text }

// A Stored is the row of a current structure, without its content. Of a final or stable
// version that was deleted, a Stored with URN, Structural and Final is kept (R7).
type Stored struct {
	URN        sdmx.URN
	Document   int64  // the id of its document; 0 if it was deleted
	Number     Number // the transaction that stored it
	Bytes      int
	Digest     sdmx.Digest
	Structural sdmx.Digest
	Immutable  bool
	Final      bool
}

// Withdrawn reports whether the version was deleted.
func (s *Stored) Withdrawn() bool { return s.Document == 0 }

// A Key identifies a structure in all its versions. Class is the first of its relatives
// (sdmx.Class.Family), because references cannot tell these apart.
type Key struct {
	Class      sdmx.Class
	Agency, ID string
}

// KeyOf returns the key of a URN.
func KeyOf(u sdmx.URN) Key { return Key{u.Class.Family(), u.Agency, u.ID} }

// A Write is a structure transaction to be recorded.
type Write struct {
	Transaction
	Key     string // of the request; that of a pair is on the first
	Changes []WriteChange
}

// A WriteChange is one change of a Write; Body is nil for a delete.
type WriteChange struct {
	URN        sdmx.URN
	Body       []byte
	Digest     sdmx.Digest
	Structural sdmx.Digest
	Immutable  bool
	Final      bool
	Refs       []sdmx.Ref
}

// A Reader reads the current structures and the settings.
type Reader interface {
	// Versions returns the current versions of each key, and the withdrawn ones.
	Versions(ctx context.Context, keys []Key) (map[Key][]Stored, error)
	// Bodies returns the canonical forms of documents, in the order asked for. The error is
	// ErrNotFound if one of them does not exist.
	Bodies(ctx context.Context, documents []int64) ([][]byte, error)
	// Referring returns every current reference to any version of the keys.
	Referring(ctx context.Context, keys []Key) ([]Dangling, error)
	// ReferringAgency returns the current structures that an agency or a sub-agency of it
	// maintains, and those that refer to a structure of these agencies.
	ReferringAgency(ctx context.Context, agency string) (owned, referring []Stored, err error)
	// Maintains reports whether an agency or a sub-agency of it maintains anything.
	Maintains(ctx context.Context, agency string) (bool, error)
	// Maintained returns the current structures of the agencies themselves, without those
	// of sub-agencies; of all agencies if none is named.
	Maintained(ctx context.Context, agencies []string) ([]Stored, error)
	Settings(ctx context.Context) (Settings, error)
}

// A Tx is a database transaction that has locked the counter row (R2).
type Tx interface {
	Reader
	// Last returns the number of the newest transaction.
	Last() Number
	// Recorded returns the transactions that a user's request with a key has become; none if
	// it is not recorded.
	Recorded(ctx context.Context, user, key string) ([]Number, error)
	// Write records transactions together with an act. Their numbers follow Last without a
	// gap; RecordedAt is set by the database. It is called at most once, as the last call:
	// the records need not be readable before the commit. It calls progress with the number
	// of structures that were sent to the database so far.
	Write(ctx context.Context, ws []Write, a Act, progress func(structures int)) error
}

// Ahead announces what an Update will read.
type Ahead struct {
	Keys []Key // the arguments of Versions
	// ReadOnly means that nothing will be written: no lock is taken, and all reads see the
	// same state of the database.
	ReadOnly bool
}

// A Store is the registry's database.
type Store interface {
	Reader
	Browser
	Labeller
	// RegistryID returns the registry's own id, a UUID that was created with the database.
	RegistryID() string
	// Update runs fn in a database transaction that has locked the counter row, and commits
	// if fn returns nil. What is announced in a is read in the round trip that takes the
	// lock. The error is ErrOverloaded if too many updates wait in this process.
	Update(ctx context.Context, a Ahead, fn func(Tx) error) error
	// Find yields the structures that match classes, agencies, ids and AsOf of a query, in
	// all their versions.
	Find(ctx context.Context, q Query, yield func(Stored) error) error
	Transactions(ctx context.Context, after Number, limit int) ([]Transaction, error)
	Latest(ctx context.Context, before Number, limit int) ([]Transaction, error)
	Changes(ctx context.Context, n Number) ([]Change, error)
	Last(ctx context.Context) (Number, error)
	// Recorded returns the transactions that a user's request with a key has become; none if
	// it is not recorded.
	Recorded(ctx context.Context, user, key string) ([]Number, error)
	// Housekeep removes old content; HousekeepDry returns what Housekeep would remove.
	Housekeep(ctx context.Context, o HousekeepingOrder) (Removal, error)
	NoteBrokenHousekeeping(ctx context.Context) (*Removal, error)
	HousekeepDry(ctx context.Context) (Removal, error)
	Housekeeping(ctx context.Context) (Housekeeping, error)
	// RemovalReaching returns the first run that moved the horizon to n or beyond; nil if
	// none did.
	RemovalReaching(ctx context.Context, n Number) (*Removal, error)
	Sizes(ctx context.Context) (Sizes, error)
	// DoubtfulTargets returns the distinct targets of the references of current structures,
	// without those that certainly resolve: references without an item and with an exact
	// version that is current.
	DoubtfulTargets(ctx context.Context) ([]sdmx.Ref, error)
	Counts(ctx context.Context) (map[sdmx.Class]int, Number, error)
	// SaveSettings saves settings together with the act that actOf returns for the settings
	// before; nothing if that is nil.
	SaveSettings(ctx context.Context, s Settings, actOf func(before Settings) *Act) error
}

// A Registry is the structures and the log of their transactions.
type Registry struct {
	store     Store
	labelling sync.Mutex
}

// New returns a registry on a store, to read from; the one of registry/plan also takes
// submissions.
func New(s Store) *Registry { return &Registry{store: s} }

// ID returns the registry's own id, a UUID that was created with its database.
func (r *Registry) ID() string { return r.store.RegistryID() }

// Settings returns the settings that an administrator has made.
func (r *Registry) Settings(ctx context.Context) (Settings, error) { return r.store.Settings(ctx) }

// Transactions returns at most limit transactions after a number, ascending and without gaps.
func (r *Registry) Transactions(ctx context.Context, after Number, limit int) ([]Transaction, error) {
	return r.store.Transactions(ctx, after, limit)
}

// Latest returns at most limit transactions before a number, descending; 0 begins with the
// newest.
func (r *Registry) Latest(ctx context.Context, before Number, limit int) ([]Transaction, error) {
	return r.store.Latest(ctx, before, limit)
}

// Transaction returns a transaction and its changes, or ErrNotFound.
func (r *Registry) Transaction(ctx context.Context, n Number) (Transaction, []Change, error) {
	ts, err := r.store.Transactions(ctx, n-1, 1)
	if err != nil {
		return Transaction{}, nil, err
	}
	if len(ts) == 0 || ts[0].Number != n {
		return Transaction{}, nil, ErrNotFound
	}
	changes, err := r.store.Changes(ctx, n)
	return ts[0], changes, err
}

// Recorded returns the transactions that a user's request with a key has become; none if it is
// not recorded.
func (r *Registry) Recorded(ctx context.Context, user, key string) ([]Number, error) {
	return r.store.Recorded(ctx, user, key)
}

// Counts returns the number of current structures by class, and the newest transaction's
// number.
func (r *Registry) Counts(ctx context.Context) (map[sdmx.Class]int, Number, error) {
	return r.store.Counts(ctx)
}

// Sizes are figures about the whole registry; reading them costs the same at any size.
type Sizes struct {
	Last          Number             // which is also the number of transactions
	Horizon       Number             // as in Housekeeping
	Structures    map[sdmx.Class]int // current ones
	DocumentBytes int64              // disk space of the documents, current and old
	DatabaseBytes int64              // disk space of the whole database
}

// Sizes returns figures about the whole registry.
func (r *Registry) Sizes(ctx context.Context) (Sizes, error) { return r.store.Sizes(ctx) }
