package manage

import (
	"errors"
	"net/http"
	"time"

	"urncast/registry"
	"urncast/registry/plan"
	"urncast/web/answer"
	"urncast/web/guard"
	"urncast/web/rest/wire"
)

// Housekeeping serves the removal of old content.
type Housekeeping struct{ Registry *plan.Registry }

// Routes are for all who may read the registry; removing content needs an administrator.
func (k *Housekeeping) Routes() []guard.Route {
	return []guard.Route{
		{Pattern: "GET /api/v1/housekeeping", Level: guard.Read, Handle: k.state},
		{Pattern: "POST /api/v1/housekeeping", Level: guard.Admin, Act: "Housekeeping", Handle: k.run},
	}
}

// A HousekeepingState says how far old content was removed.
type HousekeepingState struct {
	Keep registry.Keep `json:"keep"`
	// Horizon: what was current after this transaction or a later one can be read; 0 if
	// nothing was removed yet.
	Horizon registry.Number `json:"horizon"`
	Last    *Removal        `json:"last,omitempty"`
}

// A Removal is one run of housekeeping.
type Removal struct {
	DryRun bool          `json:"dryRun,omitempty"`
	Keep   registry.Keep `json:"keep"`
	// After is the horizon before the run, Horizon the one after it.
	After   registry.Number `json:"after"`
	Horizon registry.Number `json:"horizon"`
	// Limit says in a sentence why the rest is kept.
	Limit string `json:"limit,omitempty"`
	// Transactions whose content goes, in whole or in part; in a dry run only.
	Transactions int64 `json:"transactions,omitempty"`
	Documents    int64 `json:"documents"`
	Bytes        int64 `json:"bytes"`

	User    string    `json:"user,omitempty"`
	BeganAt time.Time `json:"beganAt,omitzero"`
	EndedAt time.Time `json:"endedAt,omitzero"`
	// BrokenAt is when the run broke off, or was found to have, and Why the reason; the
	// next run continues it. A run without EndedAt and BrokenAt is under way.
	BrokenAt time.Time `json:"brokenAt,omitzero"`
	Why      string    `json:"why,omitempty"`
}

func removalOf(r *registry.Removal) *Removal {
	if r == nil {
		return nil
	}
	return &Removal{Keep: r.Keep, After: r.After, Horizon: r.Horizon, Limit: r.Limit, Transactions: r.Transactions,
		Documents: r.Documents, Bytes: r.Bytes, User: r.User, BeganAt: r.BeganAt, EndedAt: r.EndedAt,
		BrokenAt: r.BrokenAt, Why: r.Why}
}

// state serves GET /api/v1/housekeeping.
func (k *Housekeeping) state(w http.ResponseWriter, r *http.Request) {
	h, err := k.Registry.Housekeeping(r.Context())
	if err != nil {
		answer.WriteError(w, r, http.StatusInternalServerError, "The state of housekeeping could not be read: %s", err)
		return
	}
	wire.WriteJSON(w, http.StatusOK, HousekeepingState{h.Keep, h.Horizon, removalOf(h.Last)})
}

// run serves POST /api/v1/housekeeping, and answers when the run is over. A client that
// leaves ends the run between two steps; the next run continues.
func (k *Housekeeping) run(w http.ResponseWriter, r *http.Request) {
	var in struct {
		DryRun bool `json:"dryRun"`
	}
	if !wire.Read(w, r, &in, `{"dryRun": true} or {"dryRun": false}`) {
		return
	}
	done, err := k.Registry.Housekeep(r.Context(), registry.HousekeepingOrder{By: answer.Actor(r), Dry: in.DryRun})
	switch {
	case errors.Is(err, registry.ErrBusy):
		answer.WriteError(w, r, http.StatusConflict, "Housekeeping runs already, on this instance or another. Ask again when it is over; GET /api/v1/housekeeping shows it.")
	case err != nil:
		answer.WriteError(w, r, http.StatusInternalServerError, "Housekeeping stopped, and the next run goes on where it did: %s", err)
	default:
		out := removalOf(&done)
		out.DryRun = in.DryRun
		wire.WriteJSON(w, http.StatusOK, out)
	}
}
