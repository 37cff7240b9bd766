package access

import (
	"context"
	"time"

	"urncast/registry"
)

// A Store keeps accounts, sessions, tokens and the audit. A change is committed
// together with its Act. What is not there is registry.ErrNotFound.
type Store interface {
	Account(ctx context.Context, name string) (*Account, error)
	// Accounts lists all, by name.
	Accounts(ctx context.Context) ([]Account, error)
	// CreateAccount returns the account its id. ErrTaken says that the name is.
	CreateAccount(ctx context.Context, a *Account, act registry.Act) error
	// ChangeAccount writes an account onto its revision; ErrChanged says that it is
	// another now. With end all its sessions but keep end. ErrLastAdmin refuses to
	// leave no administrator who is not disabled, unless none is allowed.
	ChangeAccount(ctx context.Context, a *Account, end bool, keep string, none bool, act registry.Act) error
	// DeleteAccount deletes sessions and tokens with it. ErrLastAdmin as above.
	DeleteAccount(ctx context.Context, name string, none bool, act registry.Act) error
	// SignedIn notes when somebody last signed in.
	SignedIn(ctx context.Context, account string, at time.Time) error

	// AddSetUpCode keeps the digest of a code, unless there is an administrator: it
	// reports whether one is needed.
	AddSetUpCode(ctx context.Context, digest []byte) (needed bool, err error)
	// SetUpNeeded reports whether there is no administrator.
	SetUpNeeded(ctx context.Context) (bool, error)
	// SetUp uses up all codes, if the digest is one's, and creates the account.
	SetUp(ctx context.Context, digest []byte, a *Account, act registry.Act) error

	// CreateSession deletes those that are over, too: began or seen before over.
	CreateSession(ctx context.Context, s *Session, digest []byte, over Over, act registry.Act) error
	// Session finds the session of one of the digests with its account; that is nil
	// for the administrator whom a process was started with.
	Session(ctx context.Context, digests ...[]byte) (*Session, *Account, error)
	SeeSession(ctx context.Context, id, remote string, at time.Time) error
	// Sessions lists an account's, all if the name is empty, the latest first.
	Sessions(ctx context.Context, name string) ([]Session, error)
	EndSession(ctx context.Context, id string, act registry.Act) error

	CreateToken(ctx context.Context, t *Token, digest []byte, act registry.Act) error
	Token(ctx context.Context, digest []byte) (*Token, *Account, error)
	UseToken(ctx context.Context, id, remote string, at time.Time) error
	// Tokens lists an account's, all if the name is empty, by account and name.
	Tokens(ctx context.Context, account string) ([]Token, error)
	DeleteToken(ctx context.Context, id string, act registry.Act) error

	Record(ctx context.Context, act registry.Act) error
	Acts(ctx context.Context, q Query) ([]registry.Act, error)
	// Actions lists those that there are in the audit, in the order of the alphabet.
	Actions(ctx context.Context) ([]string, error)
}

// Over says which sessions are over: what ended, or was last seen, before.
type Over struct{ Ended, Seen time.Time }
