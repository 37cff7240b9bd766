package access

import (
	"context"
	"time"

	"urncast/registry"
)

// The actions that package access records.
const (
	ActAccountCreated = "account created"
	ActAccountChanged = "account changed"
	ActAccountDeleted = "account deleted"
	ActPasswordSet    = "password set"
	ActSetUp          = "first administrator set up"
	ActSignedIn       = "signed in"
	ActSignInFailed   = "sign-in failed"
	ActSessionEnded   = "session ended"
	ActTokenCreated   = "token created"
	ActTokenDeleted   = "token deleted"
)

// A Query selects entries of the audit. Empty fields select all.
type Query struct {
	User, Action string
	Subject      string    // a part of the subject, in any case
	From, To     time.Time // From is included, To is not
	// After selects entries with greater ids, ascending; Before those with smaller ids,
	// descending. Without either the order is descending.
	After, Before int64
	Ascending     bool // ascending from the first entry
	Limit         int
}

// Acts returns entries of the audit.
func (c *Control) Acts(ctx context.Context, q Query) ([]registry.Act, error) {
	return c.Store.Acts(ctx, q)
}

// Actions returns the distinct actions in the audit, in alphabetical order.
func (c *Control) Actions(ctx context.Context) ([]string, error) { return c.Store.Actions(ctx) }

// Record records an act that was done outside the database. Since it is done, an error is only
// logged.
func (c *Control) Record(ctx context.Context, action, subject string, detail any) {
	ctx = context.WithoutCancel(ctx)
	if err := c.Store.Record(ctx, From(ctx).Actor().Did(action, subject, detail)); err != nil {
		c.Log.ErrorContext(ctx, "an act could not be recorded in the audit", "action", action, "subject", subject,
			"user", From(ctx).Name, "error", err)
	}
}
