package access

import (
	"context"
	"time"

	"urncast/registry"
)

// The actions that are recorded from here.
const (
	ActAccountCreated   = "account created"
	ActAccountChanged   = "account changed"
	ActAccountDeleted   = "account deleted"
	ActPasswordSet      = "password set"
	ActSetUp            = "first administrator set up"
	ActSignedIn         = "signed in"
	ActSignInFailed     = "sign-in failed"
	ActSessionEnded     = "session ended"
	ActTokenCreated     = "token created"
	ActTokenDeleted     = "token deleted"
	ActConnectionTested = "connection tested"
)

// A Query asks for entries of the audit; what is empty asks for all.
type Query struct {
	User, Action string
	Subject      string    // a part of it, in any case
	From, To     time.Time // To is not of it
	// After asks for entries above an id, in order; Before for those below one, the
	// last first. Without either the last come first.
	After, Before int64
	Ascending     bool // as with After, from the start
	Limit         int
}

// Acts returns entries of the audit.
func (c *Control) Acts(ctx context.Context, q Query) ([]registry.Act, error) {
	return c.Store.Acts(ctx, q)
}

// Actions lists those that there are in the audit.
func (c *Control) Actions(ctx context.Context) ([]string, error) { return c.Store.Actions(ctx) }

// Record puts what was done elsewhere into the audit. It was done, so that an error
// is for the log alone. Without a store there is no audit.
func (c *Control) Record(ctx context.Context, action, subject string, detail any) {
	if c == nil || c.Store == nil {
		return
	}
	ctx = context.WithoutCancel(ctx)
	if err := c.Store.Record(ctx, From(ctx).Actor().Did(action, subject, detail)); err != nil {
		c.log().ErrorContext(ctx, "what was done could not be put into the audit", "action", action, "subject", subject,
			"user", From(ctx).Name, "error", err)
	}
}
