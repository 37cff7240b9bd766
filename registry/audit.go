package registry

import (
	"encoding/json"
	"time"
)

// An Actor is who asks for something, and from where.
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

// Did makes an act of the actor's. The detail is told as JSON, and holds no secrets.
func (by Actor) Did(action, subject string, detail any) Act {
	b, err := json.Marshal(detail)
	if err != nil {
		panic(err) // the types are ours
	}
	return Act{User: by.User, Remote: by.Remote, Action: action, Subject: subject, Detail: b}
}

// The actions that are recorded from here.
const (
	ActStructuresChanged = "structures changed"
	ActStructuresForced  = "stable structures forced" // R7 was set aside, or something emptied
	ActSettingsSaved     = "settings saved"
	// ActHousekeepingRun is a run that removed something, and ActHousekeepingBroken one that
	// ended before it had.
	ActHousekeepingRun    = "housekeeping run"
	ActHousekeepingBroken = "housekeeping broken off"
)

// Altered tells the audit of a value.
type Altered struct {
	Before any `json:"before,omitempty"`
	After  any `json:"after,omitempty"`
}
