package web

import (
	"errors"
	"net/http"
	"strconv"
	"strings"

	"urncast/registry"
	"urncast/registry/access"
	"urncast/web/console"
	"urncast/web/rest"
)

// settingsPageRoutes are the pages about the registry's settings.
func (s *server) settingsPageRoutes() []route {
	return []route{
		{"GET /settings", accessRead, s.settingsPage},
		{"POST /settings", accessAdmin, s.saveSettings},
		{"POST /settings/preview", accessAdmin, s.previewHousekeeping},
		{"GET /settings/housekeeping", accessAdmin, s.askHousekeeping},
		{"POST /settings/housekeeping", accessAdmin, s.runHousekeeping},
	}
}

const settingsPath = "/settings"

var settingsDone = map[string]string{"saved": "Saved, for submissions from now on.", "same": "Nothing was to be changed.", "removed": "Old content was removed."}

func (s *server) settingsPage(w http.ResponseWriter, r *http.Request) {
	s.drawSettings(w, r, http.StatusOK, &console.Settings{Done: settingsDone[r.URL.Query().Get("done")]})
}

// drawSettings completes the page; a form that was refused is in it already.
func (s *server) drawSettings(w http.ResponseWriter, r *http.Request, status int, page *console.Settings) {
	ctx := r.Context()
	var err error
	if page.Now, err = s.Registry.Settings(ctx); err == nil {
		page.House, err = s.Registry.Housekeeping(ctx)
	}
	if err == nil {
		page.Sizes, err = s.Registry.Sizes(ctx)
	}
	producers, listed := s.producers(ctx)
	if err = errors.Join(err, listed); err != nil {
		s.drawTrouble(w, r, settingsPath, err)
		return
	}
	for i := range producers {
		if producers[i].Holder != "" {
			page.Holder, page.Standby = producers[i].Holder, producers[i].Standby
			break
		}
	}
	page.Version, page.Body, page.Closed = s.Version, s.BodyBytesMax, s.ReadsClosed
	page.Admin = access.From(ctx).Role >= access.Admin
	if page.Form == nil {
		now := page.Now
		page.Form = settingsForm(now.AllowDangling, now.RequireAgencies, strconv.FormatInt(now.Keep.Transactions, 10), strconv.Itoa(now.Keep.Days))
	}
	s.draw(w, r, status, console.SettingsPage(s.frame(r, "Settings", settingsPath), page))
}

func settingsForm(dangling, agencies bool, transactions, days string) *console.Form {
	return &console.Form{Action: settingsPath, Button: "Save", Inputs: []console.Input{
		{Field: console.Field{Name: "dangling", Label: "Allow references to structures that are not here", Help: "Otherwise a submission with one is refused."}, Check: true, Checked: dangling},
		{Field: console.Field{Name: "agencies", Label: "Take structures of registered agencies only", Help: "An agency is registered by a scheme of agencies."}, Check: true, Checked: agencies},
		{Field: console.Field{Name: "transactions", Label: "Keep the content of the last transactions", Value: transactions, Mono: true, Help: "A number of them. 0 here and 0 days keep everything."}},
		{Field: console.Field{Name: "days", Label: "Keep content for days", Value: days, Mono: true, Help: "For so long what was current stays readable. Where both are given, both are kept."}},
	}}
}

// saveSettings saves the rules, or shows the form again with what is wrong.
func (s *server) saveSettings(w http.ResponseWriter, r *http.Request) {
	if !s.readForm(w, r) {
		return
	}
	now, err := s.Registry.Settings(r.Context())
	if err != nil {
		s.drawTrouble(w, r, settingsPath, err)
		return
	}
	v := func(name string) string { return strings.TrimSpace(r.PostForm.Get(name)) }
	now.AllowDangling, now.RequireAgencies = v("dangling") != "", v("agencies") != ""
	form := settingsForm(now.AllowDangling, now.RequireAgencies, v("transactions"), v("days"))
	faulty := false
	if now.Keep.Transactions, err = strconv.ParseInt(v("transactions"), 10, 64); err != nil {
		form.Fault("transactions", "This is a number of transactions, such as 10000; 0 sets no such bound.")
		faulty = true
	}
	if now.Keep.Days, err = strconv.Atoi(v("days")); err != nil {
		form.Fault("days", "This is a number of days, such as 730; 0 sets no such bound.")
		faulty = true
	}
	if !faulty {
		var invalid *registry.InvalidError
		switch changed, err := s.Registry.SaveSettings(r.Context(), now, rest.Actor(r)); {
		case errors.As(err, &invalid):
			form.Wrong = invalid.Error()
		case err != nil:
			s.drawTrouble(w, r, settingsPath, err)
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
	s.drawSettings(w, r, http.StatusBadRequest, &console.Settings{Form: form})
}

// previewHousekeeping says what would go by the settings that are saved.
func (s *server) previewHousekeeping(w http.ResponseWriter, r *http.Request) {
	would, err := s.Registry.Housekeep(r.Context(), access.From(r.Context()).Name, true)
	if err != nil {
		s.housekeepingFailed(w, r, err)
		return
	}
	s.drawSettings(w, r, http.StatusOK, &console.Settings{Preview: &would})
}

func (s *server) housekeepingFailed(w http.ResponseWriter, r *http.Request, err error) {
	if errors.Is(err, registry.ErrBusy) {
		s.drawSettings(w, r, http.StatusConflict, &console.Settings{Wrong: "Housekeeping runs already, on this instance or another. Look again when it is over."})
		return
	}
	s.drawTrouble(w, r, settingsPath, err)
}

// askHousekeeping asks before content is removed.
func (s *server) askHousekeeping(w http.ResponseWriter, r *http.Request) {
	would, err := s.Registry.Housekeep(r.Context(), access.From(r.Context()).Name, true)
	if err != nil {
		s.housekeepingFailed(w, r, err)
		return
	}
	q := &console.Ask{Question: "Remove old content now?", Action: settingsPath + "/housekeeping", Back: settingsPath, Keep: "Keep it", Act: "Remove " + console.Plural(would.Documents, "document", "documents"),
		Consequences: []string{"The content of " + console.Plural(would.Transactions, "transaction", "transactions") + " goes, " + console.Size(would.Bytes) + ", and cannot be brought back but from a backup.",
			"What was current before transaction " + console.Number(would.Horizon) + " can be read no more.", "Records of transactions stay, and everything that is current; topics are not touched."}}
	s.draw(w, r, http.StatusOK, console.Question(s.frame(r, q.Question, settingsPath), q))
}

// runHousekeeping removes what may go.
func (s *server) runHousekeeping(w http.ResponseWriter, r *http.Request) {
	done, err := s.Registry.Housekeep(r.Context(), access.From(r.Context()).Name, false)
	if err != nil {
		s.housekeepingFailed(w, r, err)
		return
	}
	s.Access.Record(r.Context(), access.ActHousekeepingRun, "registry", map[string]any{"horizon": registry.Altered{Before: done.After, After: done.Horizon},
		"documents": done.Documents, "bytes": done.Bytes})
	http.Redirect(w, r, settingsPath+"?done=removed", http.StatusSeeOther)
}
