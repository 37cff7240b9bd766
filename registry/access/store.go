package access

import (
	"context"
	"time"

	"urncast/registry"
)

// A Store stores accounts, sessions, tokens and the audit. A change and its act are committed
// together. The error for a row that does not exist is registry.ErrNotFound.
type Store interface {
	Account(ctx context.Context, name string) (*Account, error)
	// Accounts returns all accounts, ordered by name.
	Accounts(ctx context.Context) ([]Account, error)
	// CreateAccount inserts an account and sets its ID and Revision. The error is ErrTaken if
	// the name exists.
	CreateAccount(ctx context.Context, a *Account, act registry.Act) error
	// ChangeAccount updates an account and sets its new Revision. The error is ErrChanged if
	// the stored revision is another, and ErrLastAdmin if no enabled administrator with a
	// password would be left, unless allowNone is set. With endSessions it ends all sessions
	// of the account except the one with id keep.
	ChangeAccount(ctx context.Context, a *Account, endSessions bool, keep string, allowNone bool, act registry.Act) error
	// DeleteAccount deletes an account with its sessions and tokens. ErrLastAdmin as above.
	DeleteAccount(ctx context.Context, name string, allowNone bool, act registry.Act) error
	// SignedIn records the last sign-in of an account.
	SignedIn(ctx context.Context, account string, at time.Time) error

	// AddSetUpCode stores the digest of a code if there is no administrator, and reports
	// whether there is none.
	AddSetUpCode(ctx context.Context, digest []byte) (needed bool, err error)
	// SetUpNeeded reports whether there is no administrator.
	SetUpNeeded(ctx context.Context) (bool, error)
	// SetUp deletes all codes and creates the account. The error is ErrSetUp if there is no
	// code with the digest, or an administrator.
	SetUp(ctx context.Context, digest []byte, a *Account, act registry.Act) error

	// CreateSession inserts a session, and deletes those that are over.
	CreateSession(ctx context.Context, s *Session, digest []byte, over Over, act registry.Act) error
	// Session returns the session with one of the digests, and its account; the account is
	// nil for the administrator with whom a process was started.
	Session(ctx context.Context, digests ...[]byte) (*Session, *Account, error)
	// SeeSession records the last use of a session.
	SeeSession(ctx context.Context, id, remote string, at time.Time) error
	// Sessions returns the sessions of an account, of all if the name is empty, the latest
	// first.
	Sessions(ctx context.Context, name string) ([]Session, error)
	EndSession(ctx context.Context, id string, act registry.Act) error

	// CreateToken inserts a token. The error is ErrTaken if the account has one of that name.
	CreateToken(ctx context.Context, t *Token, digest []byte, act registry.Act) error
	Token(ctx context.Context, digest []byte) (*Token, *Account, error)
	// UseToken records the last use of a token.
	UseToken(ctx context.Context, id, remote string, at time.Time) error
	// Tokens returns the tokens of an account, of all if the name is empty, ordered by
	// account and name.
	Tokens(ctx context.Context, account string) ([]Token, error)
	DeleteToken(ctx context.Context, id string, act registry.Act) error

	Record(ctx context.Context, act registry.Act) error
	Acts(ctx context.Context, q Query) ([]registry.Act, error)
	// Actions returns the distinct actions in the audit, in alphabetical order.
	Actions(ctx context.Context) ([]string, error)
}

// Over determines the sessions that are over: those that end before Ended, and those that were
// last used before Seen.
type Over struct{ Ended, Seen time.Time }
