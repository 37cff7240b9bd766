package access

import (
	"context"
	"encoding/json"
	"time"
)

// An Act is an entry of the audit: who changed what.
type Act struct {
	ID      int64           `json:"id"` // rises in the order of commits
	At      time.Time       `json:"at"`
	User    string          `json:"user"`
	Remote  string          `json:"remote,omitempty"` // from where, and by which token
	Action  string          `json:"action"`
	Subject string          `json:"subject"`
	Detail  json.RawMessage `json:"detail"` // without secrets
}

// The actions that are recorded from here.
const (
	ActAccountCreated    = "account created"
	ActAccountChanged    = "account changed"
	ActAccountDeleted    = "account deleted"
	ActPasswordSet       = "password set"
	ActSetUp             = "first administrator set up"
	ActSignedIn          = "signed in"
	ActSignInFailed      = "sign-in failed"
	ActSessionEnded      = "session ended"
	ActTokenCreated      = "token created"
	ActTokenDeleted      = "token deleted"
	ActSettingsSaved     = "settings saved"
	ActHousekeepingRun   = "housekeeping run"
	ActConnectionTested  = "connection tested"
	ActStructuresChanged = "structures changed"
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

// Acts gives entries of the audit.
func (c *Control) Acts(ctx context.Context, q Query) ([]Act, error) { return c.Store.Acts(ctx, q) }

// Actions lists those that there are in the audit.
func (c *Control) Actions(ctx context.Context) ([]string, error) { return c.Store.Actions(ctx) }

// Record puts what was done elsewhere into the audit. It was done, so that an error
// is for the log alone. Without a store there is no audit.
func (c *Control) Record(ctx context.Context, action, subject string, detail any) {
	if c == nil || c.Store == nil {
		return
	}
	ctx = context.WithoutCancel(ctx)
	if err := c.Store.Record(ctx, act(From(ctx), action, subject, detail)); err != nil {
		c.log().ErrorContext(ctx, "what was done could not be put into the audit", "action", action, "subject", subject,
			"user", From(ctx).Name, "error", err)
	}
}

func act(by Principal, action, subject string, detail any) Act {
	b, err := json.Marshal(detail)
	if err != nil {
		panic(err) // the types are ours
	}
	return Act{User: by.Name, Remote: by.From(), Action: action, Subject: subject, Detail: b}
}

// A Change tells the audit of a value.
type Change struct {
	Before any `json:"before,omitempty"`
	After  any `json:"after,omitempty"`
}
