// Package accounts serves the pages about access: signing in, accounts, tokens, sessions
// and the audit log.
package accounts

import (
	"errors"
	"fmt"
	"net/http"
	"strconv"

	"urncast/registry/access"
	"urncast/web/console/page"
	"urncast/web/console/ui"
	"urncast/web/guard"
)

// Pages serves the pages about access.
type Pages struct {
	*page.Kit
	Control *access.Control
}

// Routes are the pages about access.
func (s *Pages) Routes() []guard.Route {
	return []guard.Route{
		{Pattern: "GET /login", Level: guard.Open, Handle: s.loginPage},
		{Pattern: "POST /login", Level: guard.Open, Handle: s.login},
		{Pattern: "POST /logout", Level: guard.Open, Handle: s.logout},
		{Pattern: "GET /setup", Level: guard.Open, Handle: s.setUpPage},
		{Pattern: "POST /setup", Level: guard.Open, Handle: s.setUp},
		{Pattern: "GET /access", Level: guard.Self, Handle: s.accessPage},
		{Pattern: "GET /access/password", Level: guard.Self, Handle: s.passwordPage},
		{Pattern: "POST /access/password", Level: guard.Self, Handle: s.ownPassword},
		{Pattern: "GET /access/new-token", Level: guard.Self, Handle: s.newTokenPage},
		{Pattern: "POST /access/new-token", Level: guard.Self, Handle: s.newToken},
		{Pattern: "GET /access/tokens/{id}/delete", Level: guard.Self, Handle: s.deleteTokenPage},
		{Pattern: "POST /access/tokens/{id}/delete", Level: guard.Self, Handle: s.deleteToken},
		{Pattern: "POST /access/sessions/{id}/end", Level: guard.Self, Handle: s.endSession},
		{Pattern: "GET /access/new-account", Level: guard.Admin, Act: "Making an account", Handle: s.newAccountPage},
		{Pattern: "POST /access/new-account", Level: guard.Admin, Act: "Making an account", Handle: s.newAccount},
		{Pattern: "GET /access/accounts/{account}", Level: guard.Admin, Act: "Seeing an account", Handle: s.accountPage},
		{Pattern: "POST /access/accounts/{account}", Level: guard.Admin, Act: "Changing an account", Handle: s.changeAccount},
		{Pattern: "POST /access/accounts/{account}/password", Level: guard.Admin, Act: "Setting a password", Handle: s.setPassword},
		{Pattern: "GET /access/accounts/{account}/delete", Level: guard.Admin, Act: "Deleting an account", Handle: s.deleteAccountPage},
		{Pattern: "POST /access/accounts/{account}/delete", Level: guard.Admin, Act: "Deleting an account", Handle: s.deleteAccount},
		{Pattern: "GET /audit", Level: guard.Admin, Act: "Seeing the audit log", Handle: s.auditPage},
	}
}

const accessPath = "/access"

var accessCrumb = []ui.Link{{Path: accessPath, Word: "Access"}}

// accessPage draws accounts, tokens and sessions.
func (s *Pages) accessPage(w http.ResponseWriter, r *http.Request) {
	ctx, who := r.Context(), access.From(r.Context())
	a := &Access{Admin: who.Role == access.Admin && who.Token == "", HasAccount: who.Account != "" && who.Token == "", Now: s.Now()}
	var err error
	if a.Admin {
		a.Accounts, err = s.Control.Accounts(ctx)
	}
	if err == nil {
		a.Tokens, err = s.Control.Tokens(ctx)
	}
	if err == nil {
		a.Sessions, err = s.Control.Sessions(ctx)
	}
	if err != nil {
		s.DrawTrouble(w, r, accessPath, err)
		return
	}
	s.Draw(w, r, http.StatusOK, AccessPage(s.Frame(r, "Access", accessPath), a))
}

// drawForm draws a form of this room; err is why it was refused.
func (s *Pages) drawForm(w http.ResponseWriter, r *http.Request, form *ui.Form, err error) {
	s.Draw(w, r, s.faultForm(w, r, form, err), ui.FormPage(s.Frame(r, form.Title, accessPath), form))
}

func (s *Pages) faultForm(w http.ResponseWriter, r *http.Request, form *ui.Form, err error) (status int) {
	if err == nil {
		return http.StatusOK
	}
	status, text := s.refusedForm(w, r, err)
	var refused *access.Refusal
	if !errors.As(err, &refused) {
		form.Fault("", text)
		return status
	}
	form.Fault(refused.Field, refused.Text)
	for _, m := range refused.More {
		form.Fault(m.Field, m.Text)
	}
	return status
}

// done leads back to the page after a form was accepted.
func (s *Pages) done(w http.ResponseWriter, r *http.Request) {
	http.Redirect(w, r, accessPath, http.StatusSeeOther)
}

// roleAndAgencies are the fields for the role and the agencies of accounts and tokens.
func roleAndAgencies(role, most access.Role, agencies, help string) []ui.Input {
	return []ui.Input{
		{Field: ui.Field{Name: "role", Label: "Role"}, Options: RoleOptions(role, most)},
		{Field: ui.Field{Name: "agencies", Label: "Agencies", Value: agencies, Mono: true, Placeholder: "SDMX BIS.XTD", Autocomplete: "off", Help: help}},
	}
}

const agenciesHelp = "Of a maintainer: those whose structures it may change, with the agencies below them. Leave it empty for other roles."

// roleIn reads a role. A word that is no role gives Nobody, which the checks then refuse.
func roleIn(text string) (role access.Role) {
	_ = role.UnmarshalText([]byte(text)) // on an error it stays Nobody
	return role
}

func newTokenForm(v func(string) string, who access.Principal) *ui.Form {
	f := &ui.Form{Title: "Make a token", Intro: "It lets a program in, without a password. It is shown once.", Crumbs: accessCrumb,
		Action: "/access/new-token", Button: "Make the token", Back: accessPath,
		Inputs: []ui.Input{{Field: ui.Field{Name: "name", Label: "Name", Value: v("name"), Required: true, Autocomplete: "off",
			Help: "What it is for, such as nightly-import. The audit log shows it."}}}}
	if who.Role == access.Admin {
		account := v("account")
		if account == "" && who.Account != "" {
			account = who.Name
		}
		f.Inputs = append(f.Inputs, ui.Input{Field: ui.Field{Name: "account", Label: "Account", Value: account, Required: true, Autocomplete: "off",
			Help: "Whose token it is. It never may more than the account."}})
	}
	role := roleIn(v("role"))
	if role == access.Nobody {
		role = access.Reader
	}
	f.Inputs = append(f.Inputs, roleAndAgencies(role, who.Role, v("agencies"), "They narrow a maintainer's token. Leave it empty for all that the account has.")...)
	days := v("days")
	if days == "" {
		days = strconv.Itoa(access.TokenDays)
	}
	f.Inputs = append(f.Inputs, ui.Input{Field: ui.Field{Name: "days", Label: "Days until it expires", Value: days, Type: "number", Required: true,
		Help: "At most " + strconv.Itoa(access.TokenDaysMax) + "."}})
	return f
}

// newTokenPage draws the form of a new token.
func (s *Pages) newTokenPage(w http.ResponseWriter, r *http.Request) {
	s.drawForm(w, r, newTokenForm(func(string) string { return "" }, access.From(r.Context())), nil)
}

// newToken creates a token and shows it, which no later page does.
func (s *Pages) newToken(w http.ResponseWriter, r *http.Request) {
	if !s.ReadForm(w, r) {
		return
	}
	v := r.PostForm.Get
	in := access.NewToken{Account: v("account"), Name: v("name"), Role: roleIn(v("role")), Agencies: page.Fields(v("agencies"))}
	var err error
	if in.Days, err = strconv.Atoi(v("days")); err != nil || in.Days == 0 { // 0 would be the default
		err = &access.Refusal{Why: access.Invalid, Field: "days", Text: fmt.Sprintf("A token lasts from 1 to %d days, not %q.", access.TokenDaysMax, v("days"))}
	}
	var made *access.MadeToken
	if err == nil {
		made, err = s.Control.CreateToken(r.Context(), in)
	}
	if err != nil {
		s.drawForm(w, r, newTokenForm(v, access.From(r.Context())), err)
		return
	}
	s.Draw(w, r, http.StatusCreated, TokenMadePage(s.Frame(r, "Token made", accessPath), made))
}

// deleteTokenPage asks before a token is deleted.
func (s *Pages) deleteTokenPage(w http.ResponseWriter, r *http.Request) { s.askDeleteToken(w, r, nil) }

func (s *Pages) askDeleteToken(w http.ResponseWriter, r *http.Request, wrong error) {
	all, err := s.Control.Tokens(r.Context())
	if err != nil {
		s.DrawTrouble(w, r, accessPath, err)
		return
	}
	for i := range all {
		if t := &all[i]; t.ID == r.PathValue("id") {
			used := "It was never used."
			if !t.UsedAt.IsZero() {
				used = "It was last used on " + t.UsedAt.Format("2 January 2006 at 15:04 UTC") + "."
			}
			s.ask(w, r, &ui.Ask{Question: "Delete token " + t.Name + " of " + t.Account + "?",
				Consequences: []string{"A program that comes with it is refused from now on, with 401.", used, "What was done with it stays in the audit log."},
				Action:       accessPath + "/tokens/" + t.ID + "/delete", Back: accessPath, Keep: "Keep the token", Act: "Delete " + t.Name}, wrong)
			return
		}
	}
	s.DrawError(w, r, http.StatusNotFound, accessPath, "There is no such token", "It was deleted, or is somebody else's.")
}

func (s *Pages) ask(w http.ResponseWriter, r *http.Request, q *ui.Ask, wrong error) {
	status := http.StatusOK
	if wrong != nil {
		status, q.Wrong = s.refusedForm(w, r, wrong)
	}
	s.Draw(w, r, status, ui.Question(s.Frame(r, q.Question, accessPath), q))
}

func (s *Pages) deleteToken(w http.ResponseWriter, r *http.Request) {
	if err := s.Control.DeleteToken(r.Context(), r.PathValue("id")); err != nil {
		s.askDeleteToken(w, r, err)
		return
	}
	s.done(w, r)
}

// endSession ends a session. A session that has ended already is no error.
func (s *Pages) endSession(w http.ResponseWriter, r *http.Request) {
	err := s.Control.EndSession(r.Context(), r.PathValue("id"))
	if err != nil {
		if status, text := s.refusedForm(w, r, err); status != http.StatusNotFound {
			s.DrawError(w, r, status, accessPath, "The session was not ended", text)
			return
		}
	}
	s.done(w, r)
}
