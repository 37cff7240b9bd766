package settings

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"

	"urncast/registry"
	"urncast/registry/workspace"
	"urncast/web/answer"
	"urncast/web/console/task"
	"urncast/web/console/ui"
)

const (
	housekeepingPath = settingsPath + "/housekeeping"
	// runPath is the page of a run that its reader has asked for.
	runPath = housekeepingPath + "/run"
)

// A run is the result of housekeeping that somebody asked for here, as the database keeps it.
// The registry has a record of its own of each run that moved the horizon, whoever began it.
type run struct {
	Removed     registry.Removal
	Wrong       string `json:",omitempty"` // why it did nothing, or stopped
	KeepChanged bool   `json:",omitempty"` // it was to keep something else by now
}

// previewHousekeeping says what housekeeping would remove by the saved settings.
func (s *Pages) previewHousekeeping(w http.ResponseWriter, r *http.Request) {
	would, err := s.Registry.Housekeep(r.Context(), registry.HousekeepingOrder{Dry: true})
	if err != nil {
		s.DrawTrouble(w, r, settingsPath, err)
		return
	}
	s.drawSettings(w, r, http.StatusOK, &Settings{Preview: &would})
}

// askHousekeeping asks before content is removed.
func (s *Pages) askHousekeeping(w http.ResponseWriter, r *http.Request) {
	s.drawHousekeeping(w, r, http.StatusOK, "")
}

// keepChanged refuses a yes to a question that was about other settings.
const keepChanged = "Nothing was removed: what is kept was changed since you were asked. See what would go now."

// drawHousekeeping draws the question; wrong is why the last answer was refused.
func (s *Pages) drawHousekeeping(w http.ResponseWriter, r *http.Request, status int, wrong string) {
	would, err := s.Registry.Housekeep(r.Context(), registry.HousekeepingOrder{Dry: true})
	if err != nil {
		s.DrawTrouble(w, r, settingsPath, err)
		return
	}
	q := &ui.Ask{Question: "Remove old content now?", Action: housekeepingPath, Back: settingsPath, Keep: "Keep it", Act: "Remove " + ui.Plural(would.Documents, "document", "documents"),
		Hidden: map[string]string{"revision": registry.Settings{Keep: would.Keep}.Revision(), "horizon": ui.Number(would.Horizon)}, Wrong: wrong,
		Consequences: []string{"The content of " + ui.Plural(would.Transactions, "transaction", "transactions") + " goes, " + ui.Size(would.Bytes) + ", and cannot be brought back but from a backup.",
			"What was current before transaction " + ui.Number(would.Horizon) + " can be read no more. Kept: " + would.Keep.String() + ".", "Records of transactions stay, and everything that is current; topics are not touched."}}
	s.Draw(w, r, status, ui.Question(s.Frame(r, q.Question, settingsPath), q))
}

// runHousekeeping begins to remove content, if the rules are still those that the question
// showed. A second answer to the same question leads to what the first began.
func (s *Pages) runHousekeeping(w http.ResponseWriter, r *http.Request) {
	if !s.ReadForm(w, r) {
		return
	}
	ctx, by := r.Context(), answer.Actor(r)
	asked, err := registry.SettingsOf(r.PostForm.Get("revision"))
	if err != nil {
		s.drawHousekeeping(w, r, http.StatusConflict, keepChanged)
		return
	}
	key := r.PostForm.Get("revision") + " " + r.PostForm.Get("horizon")
	there, err := s.Tasks.Find(ctx, by.User, runPath)
	if err == nil && (there == nil || there.Key != key || there.Lost || there.Ended && s.failed(ctx, there)) {
		_, err = s.Tasks.Begin(ctx, task.Work{
			Task: workspace.Task{User: by.User, Address: runPath, Kind: "housekeeping", Single: true, Key: key}, Correlation: answer.Request(r).CorrelationID,
			Far: task.Far{Own: &task.Own{Title: "Removing old content", Text: "It goes on if you leave, and this address leads to the result. What is removed is not needed by anybody.",
				Steps: []task.OwnStep{{Name: "See what may go"}, {Name: "Remove it"}}}},
			Do: func(ctx context.Context, t *task.Task) []byte {
				b, err := json.Marshal(s.housekeep(ctx, t, registry.HousekeepingOrder{By: by, Keep: &asked.Keep}))
				if err != nil {
					s.Log.ErrorContext(ctx, "what housekeeping did cannot be kept", "error", err)
				}
				return b
			}})
	}
	if err != nil {
		s.DrawTrouble(w, r, settingsPath, err)
		return
	}
	http.Redirect(w, r, runPath, http.StatusSeeOther)
}

// failed reports whether a run that has ended did not do all that it was to do.
func (s *Pages) failed(ctx context.Context, t *workspace.Task) bool {
	var made run
	return s.Tasks.Result(ctx, t, &made) != nil || made.Wrong != "" || made.KeepChanged
}

// housekeep removes old content. An order that ends it, by the server's end, leaves the rest
// to the next run.
func (s *Pages) housekeep(ctx context.Context, t *task.Task, o registry.HousekeepingOrder) *run {
	would, err := s.Registry.Housekeep(ctx, registry.HousekeepingOrder{Dry: true})
	done := registry.Removal{}
	if err == nil {
		t.Step(0, ui.Plural(would.Documents, "document", "documents")+", "+ui.Size(would.Bytes)+".", 0, 0)
		t.Step(1, "", 0, would.Documents)
		o.Progress = func(documents, bytes int64) {
			t.Step(1, ui.Plural(documents, "document", "documents")+", "+ui.Size(bytes)+" so far.", documents, max(documents, would.Documents))
		}
		done, err = s.Registry.Housekeep(ctx, o)
	}
	switch {
	case errors.Is(err, registry.ErrBusy):
		return &run{Wrong: "Nothing was removed: housekeeping runs already, on this instance or another. Look again when it is over."}
	case errors.Is(err, registry.ErrKeepChanged):
		return &run{KeepChanged: true}
	case err != nil:
		return &run{Removed: done, Wrong: "Housekeeping stopped, and the next run goes on where it did: " + err.Error() + "."}
	}
	return &run{Removed: done}
}

// housekeepingRun shows the progress of the run that the reader has begun, or its result
// until that expires.
func (s *Pages) housekeepingRun(w http.ResponseWriter, r *http.Request) {
	t, ok := s.Tasks.Show(w, r, settingsPath, runPath)
	if !ok {
		return
	}
	if t == nil {
		http.Redirect(w, r, settingsPath, http.StatusSeeOther)
		return
	}
	if t.Lost {
		s.drawSettings(w, r, http.StatusOK, &Settings{Wrong: "Housekeeping: " + task.Lost + " What it removed stays removed; the next run does the rest, by itself within a quarter of an hour, or now."})
		return
	}
	var made run
	err := s.Tasks.Result(r.Context(), t, &made)
	switch {
	case err != nil:
		s.DrawTrouble(w, r, settingsPath, err)
	case made.KeepChanged:
		s.drawHousekeeping(w, r, http.StatusConflict, keepChanged)
	case made.Wrong != "":
		s.drawSettings(w, r, http.StatusConflict, &Settings{Wrong: made.Wrong})
	default:
		s.drawSettings(w, r, http.StatusOK, &Settings{Removed: &made.Removed})
	}
}
