package registry

import (
	"encoding/json"
	"time"
)

// An Actor is the user who asks for a change, and the address that the request came from.
type Actor struct{ User, Remote string }

// An Act is an entry of the audit: who changed what. It is committed with the change.
type Act struct {
	ID      int64           `json:"id"` // rises in the order of commits
	At      time.Time       `json:"at"`
	User    string          `json:"user"`
	Remote  string          `json:"remote,omitempty"` // from where, and by which token
	Action  string          `json:"action"`
	Subject string          `json:"subject"`
	Detail  json.RawMessage `json:"detail"` // without secrets
}

// Did returns an Act of the actor. The detail is stored as JSON and must contain no secrets.
// The id and the time are set when the act is recorded.
func (by Actor) Did(action, subject string, detail any) Act {
	b, err := json.Marshal(detail)
	if err != nil {
		panic(err) // only types of this program are passed, and they all marshal
	}
	return Act{User: by.User, Remote: by.Remote, Action: action, Subject: subject, Detail: b}
}

// The actions that package registry records.
const (
	ActStructuresChanged = "structures changed"
	ActStructuresForced  = "stable structures forced" // against R7, or a structure was emptied
	ActSettingsSaved     = "settings saved"
	// ActHousekeepingRun is a completed run that removed content, and ActHousekeepingBroken a
	// run that ended early.
	ActHousekeepingRun    = "housekeeping run"
	ActHousekeepingBroken = "housekeeping broken off"
)

// Altered is a changed value in the detail of an Act, before and after.
type Altered struct {
	Before any `json:"before,omitempty"`
	After  any `json:"after,omitempty"`
}
