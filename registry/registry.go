package registry

import (
	"context"
	"errors"
	"sync"
	"time"

	"urncast/sdmx"
)

// ErrNotFound says that what was asked for is not there.
var ErrNotFound = errors.New("it is not there")

// ErrOverloaded says that nothing was decided, because as many submissions are under way
// as this process takes. The same submission may be sent again after RetryAfter.
var ErrOverloaded = errors.New("too many submissions are under way here already; nothing was decided and nothing written: send it again in a few seconds")

// RetryAfter is when to come again after ErrOverloaded.
const RetryAfter = 5 * time.Second

// A Stored is a current structure, without its content; or what is kept of a final or
// stable one that was withdrawn: its URN, structural digest and whether it was final.
type Stored struct {
	URN        sdmx.URN
	Document   int64  // 0 of what was withdrawn
	Number     Number // of the transaction that made it
	Bytes      int
	Digest     sdmx.Digest
	Structural sdmx.Digest
	Immutable  bool
	Final      bool
}

// Withdrawn says that it is not there any more.
func (s *Stored) Withdrawn() bool { return s.Document == 0 }

// A Key names all versions of a structure.
type Key struct {
	Class      sdmx.Class
	Agency, ID string
}

// KeyOf is the key of a URN.
func KeyOf(u sdmx.URN) Key { return Key{u.Class, u.Agency, u.ID} }

// A Write is one structure transaction to be recorded.
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

// A Reader answers from what is current.
type Reader interface {
	// Versions gives what is there of each key, and what was withdrawn.
	Versions(ctx context.Context, keys []Key) (map[Key][]Stored, error)
	// Bodies gives the canonical forms of documents, in the order asked for.
	Bodies(ctx context.Context, documents []int64) ([][]byte, error)
	// Referring gives every current reference to any version of the keys.
	Referring(ctx context.Context, keys []Key) ([]Dangling, error)
	// ReferringAgency gives the current structures that an agency or a
	// sub-agency of it maintains, or that refer to such.
	ReferringAgency(ctx context.Context, agency string) (owned, referring []Stored, err error)
	// Maintains says whether an agency or a sub-agency of it maintains anything.
	Maintains(ctx context.Context, agency string) (bool, error)
	// Maintained gives the current structures of the agencies, of all if there
	// are none.
	Maintained(ctx context.Context, agencies []string) ([]Stored, error)
	Settings(ctx context.Context) (Settings, error)
}

// A Tx is the database under the lock of the counter row.
type Tx interface {
	Reader
	// Last is the newest number.
	Last() Number
	// Recorded gives what the request of a user with a key has become; none if that is not
	// recorded.
	Recorded(ctx context.Context, user, key string) ([]Number, error)
	// Write records transactions with their act; their numbers follow Last without a
	// gap. It is called once, at the end: what it records need not be readable before the
	// commit. It tells how many structures the database has taken so far. RecordedAt is the
	// database's to give.
	Write(ctx context.Context, ws []Write, a Act, told func(structures int)) error
}

// Ahead is what an Update will read.
type Ahead struct {
	Keys []Key // Versions will be asked for
	// Look says that nothing will be written. Then there is no lock to wait for or to
	// keep others out with, and all that is read is of one moment.
	Look bool
}

// A Store is the database.
type Store interface {
	Reader
	Browser
	Labeller
	// RegistryID is the registry's own id, a UUID that was made with the database.
	RegistryID() string
	// Update runs fn under the lock and commits if it returns nil. What fn will
	// read is best named ahead: it comes with the lock.
	Update(ctx context.Context, a Ahead, fn func(Tx) error) error
	Find(ctx context.Context, q Query, yield func(Stored) error) error
	Transactions(ctx context.Context, after Number, limit int) ([]Transaction, error)
	Latest(ctx context.Context, before Number, limit int) ([]Transaction, error)
	Changes(ctx context.Context, n Number) ([]Change, error)
	Last(ctx context.Context) (Number, error)
	// Recorded gives what the request of a user with a key has become; none if that is not
	// recorded.
	Recorded(ctx context.Context, user, key string) ([]Number, error)
	// Housekeep removes old content; HousekeepDry says what that would be.
	Housekeep(ctx context.Context, o HousekeepingOrder) (Removal, error)
	NoteBrokenHousekeeping(ctx context.Context) (*Removal, error)
	HousekeepDry(ctx context.Context) (Removal, error)
	Housekeeping(ctx context.Context) (Housekeeping, error)
	// RunOver gives the run that moved the horizon to a number or over it; nil if
	// none did.
	RunOver(ctx context.Context, n Number) (*Removal, error)
	Sizes(ctx context.Context) (Sizes, error)
	// DoubtfulTargets gives what current structures refer to, each once, but for what is
	// there for sure: a structure, named by its whole version, that is current.
	DoubtfulTargets(ctx context.Context) ([]sdmx.Ref, error)
	Counts(ctx context.Context) (map[sdmx.Class]int, Number, error)
	// SaveSettings saves them, and with the act that was makes of those before what
	// was done; nil saves nothing.
	SaveSettings(ctx context.Context, s Settings, was func(Settings) *Act) error
}

// A Registry is the structures and their log.
type Registry struct {
	store     Store
	labelling sync.Mutex
	held      budget // by submissions
}

// New makes a registry on a store.
func New(s Store) *Registry { return &Registry{store: s, held: budget{max: heldMax}} }

// ID is the registry's own id, a UUID that was made with its database.
func (r *Registry) ID() string { return r.store.RegistryID() }

// Settings gives the rules that an admin has set.
func (r *Registry) Settings(ctx context.Context) (Settings, error) { return r.store.Settings(ctx) }

// Transactions lists the log above a number, ascending and without gaps.
func (r *Registry) Transactions(ctx context.Context, after Number, limit int) ([]Transaction, error) {
	return r.store.Transactions(ctx, after, limit)
}

// Latest lists the log below a number, or from its end if that is 0, descending.
func (r *Registry) Latest(ctx context.Context, before Number, limit int) ([]Transaction, error) {
	return r.store.Latest(ctx, before, limit)
}

// Transaction gives one entry of the log and what it changed.
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

// Recorded gives the transactions that the request of a user with a key has become; none
// if that is not recorded.
func (r *Registry) Recorded(ctx context.Context, user, key string) ([]Number, error) {
	return r.store.Recorded(ctx, user, key)
}

// Counts gives the number of current structures by class, and the last number.
func (r *Registry) Counts(ctx context.Context) (map[sdmx.Class]int, Number, error) {
	return r.store.Counts(ctx)
}

// Sizes are figures of the whole registry, cheap to ask for at any size.
type Sizes struct {
	Last          Number // and so the number of transactions
	Horizon       Number
	Structures    map[sdmx.Class]int // current ones
	DocumentBytes int64              // of disk, by the documents of old and current versions
	DatabaseBytes int64              // of disk, by everything in the database
}

// Sizes gives them.
func (r *Registry) Sizes(ctx context.Context) (Sizes, error) { return r.store.Sizes(ctx) }
