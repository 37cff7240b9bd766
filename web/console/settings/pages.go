// Package settings serves the pages about the registry's settings and housekeeping.
package settings

import (
	"errors"
	"net/http"
	"strconv"
	"strings"

	"urncast/registry"
	"urncast/registry/access"
	"urncast/registry/plan"
	"urncast/web/answer"
	"urncast/web/console/page"
	"urncast/web/console/task"
	"urncast/web/console/ui"
	"urncast/web/guard"
)

// Pages serves the pages about the registry's settings.
type Pages struct {
	*page.Kit
	Registry *plan.Registry
	Tasks    *task.Tasks
	// BodyBytesMax bounds a request's body.
	BodyBytesMax int64
}

// Routes are the pages about the registry's settings.
func (s *Pages) Routes() []guard.Route {
	return []guard.Route{
		{Pattern: "GET /settings", Level: guard.Read, Handle: s.settingsPage},
		{Pattern: "POST /settings", Level: guard.Admin, Act: "Changing the settings", Body: guard.Lists, Handle: s.saveSettings},
		{Pattern: "POST /settings/preview", Level: guard.Admin, Act: "Housekeeping", Handle: s.previewHousekeeping},
		{Pattern: "GET /settings/housekeeping", Level: guard.Admin, Act: "Housekeeping", Handle: s.askHousekeeping},
		{Pattern: "POST /settings/housekeeping", Level: guard.Admin, Act: "Housekeeping", Handle: s.runHousekeeping},
		{Pattern: "GET /settings/housekeeping/run", Level: guard.Admin, Act: "Housekeeping", Handle: s.housekeepingRun},
	}
}

const settingsPath = "/settings"

var settingsDone = map[string]string{"saved": "Saved, for submissions from now on.", "same": "Nothing was to be changed."}

func (s *Pages) settingsPage(w http.ResponseWriter, r *http.Request) {
	s.drawSettings(w, r, http.StatusOK, &Settings{Done: settingsDone[r.URL.Query().Get("done")]})
}

// drawSettings completes and draws the page; shown may hold a refused form.
func (s *Pages) drawSettings(w http.ResponseWriter, r *http.Request, status int, shown *Settings) {
	ctx := r.Context()
	var err error
	if shown.Now, err = s.Registry.Settings(ctx); err == nil {
		shown.House, err = s.Registry.Housekeeping(ctx)
	}
	if err == nil {
		shown.Sizes, err = s.Registry.Sizes(ctx)
	}
	producers, listed := s.Producers.List(ctx)
	if err = errors.Join(err, listed); err != nil {
		s.DrawTrouble(w, r, settingsPath, err)
		return
	}
	for i := range producers {
		if producers[i].Holder != "" {
			shown.Holder, shown.Standby = producers[i].Holder, producers[i].Standby
			break
		}
	}
	shown.Version, shown.Body, shown.Closed = s.Version, s.BodyBytesMax, s.Guard.ReadsClosed
	if by := access.From(ctx); by.Role >= access.Admin {
		shown.Admin = true
		if run, err := s.Tasks.Find(ctx, by.Name, runPath); err == nil && run != nil { // the page tells all without it
			shown.Mine = run.Runs()
		}
	}
	if shown.Form == nil {
		now := shown.Now
		shown.Form = settingsForm(now.AllowDangling, now.RequireAgencies, strconv.FormatInt(now.Keep.Transactions, 10), strconv.Itoa(now.Keep.Days), now.Revision())
	}
	s.Draw(w, r, status, SettingsPage(s.Frame(r, "Settings", settingsPath), shown))
}

// settingsForm is the form with values filled in; revision names the settings that it
// changes.
func settingsForm(dangling, agencies bool, transactions, days, revision string) *ui.Form {
	return &ui.Form{Action: settingsPath, Button: "Save", Hidden: map[string]string{"revision": revision}, Inputs: []ui.Input{
		{Field: ui.Field{Name: "dangling", Label: "Allow references to structures that are not here", Help: "Otherwise a submission with one is refused."}, Check: true, Checked: dangling},
		{Field: ui.Field{Name: "agencies", Label: "Take structures of registered agencies only", Help: "An agency is registered by a scheme of agencies."}, Check: true, Checked: agencies},
		{Field: ui.Field{Name: "transactions", Label: "Keep the content of the last transactions", Value: transactions, Mono: true, Help: "A number of them. 0 here and 0 days keep everything."}},
		{Field: ui.Field{Name: "days", Label: "Keep content for days", Value: days, Mono: true, Help: "For so long what was current stays readable. Where both are given, both are kept."}},
	}}
}

// saveSettings saves the rules, or draws the form again with its error.
func (s *Pages) saveSettings(w http.ResponseWriter, r *http.Request) {
	if !s.ReadForm(w, r) {
		return
	}
	v := func(name string) string { return strings.TrimSpace(r.PostForm.Get(name)) }
	in := registry.Settings{AllowDangling: v("dangling") != "", RequireAgencies: v("agencies") != ""}
	form := settingsForm(in.AllowDangling, in.RequireAgencies, v("transactions"), v("days"), v("revision"))
	faulty := false
	var err error
	if in.Keep.Transactions, err = strconv.ParseInt(v("transactions"), 10, 64); err != nil || in.Keep.Transactions < 0 {
		form.Fault("transactions", "This is a number of transactions, such as 10000, and not negative; 0 sets no such bound.")
		faulty = true
	}
	if in.Keep.Days, err = strconv.Atoi(v("days")); err != nil || in.Keep.Days < 0 {
		form.Fault("days", "This is a number of days, such as 730, and not negative; 0 sets no such bound.")
		faulty = true
	}
	read, err := registry.SettingsOf(v("revision"))
	switch {
	case err != nil:
		form.Wrong = "This form does not say which settings it changes. Load the page again, and fill it in there."
	case !faulty:
		changed, err := s.Registry.SaveSettings(r.Context(), in, &read, answer.Actor(r))
		var invalid *registry.InvalidError
		var stale *registry.SettingsChangedError
		switch {
		case errors.As(err, &invalid):
			form.Fault("days", invalid.Error()) // of the days alone there is a most
		case errors.As(err, &stale):
			form.Hidden["revision"] = stale.Now.Revision() // this page shows the reader what saving again would overwrite
			form.Wrong = stale.Error() + " Your own changes are below: Save puts them over those."
			s.drawSettings(w, r, http.StatusConflict, &Settings{Form: form})
			return
		case err != nil:
			s.DrawTrouble(w, r, settingsPath, err)
			return
		default:
			done := "same"
			if changed {
				done = "saved"
			}
			http.Redirect(w, r, settingsPath+"?done="+done, http.StatusSeeOther)
			return
		}
	}
	s.drawSettings(w, r, http.StatusBadRequest, &Settings{Form: form})
}
