package accounts

import (
	"net/http"
	"strings"

	"urncast/registry/access"
	"urncast/web/console/page"
	"urncast/web/console/ui"
)

func newAccountForm(v func(string) string) *ui.Form {
	password := NewPassword("password")
	password.Label, password.Required = "Password", false
	password.Help += " Leave it empty for an account that uses tokens alone."
	role := roleIn(v("role"))
	if role == access.Nobody {
		role = access.Reader
	}
	inputs := []ui.Input{{Field: ui.Field{Name: "name", Label: "Name", Value: v("name"), Required: true, Autocomplete: "off",
		Help: "Small letters, digits and . _ - @. It is shown in the audit log, and cannot be changed."}}}
	inputs = append(inputs, roleAndAgencies(role, access.Admin, v("agencies"), agenciesHelp)...)
	return &ui.Form{Title: "Make an account", Intro: "Of a person, or of a program.", Crumbs: accessCrumb,
		Action: "/access/new-account", Button: "Make the account", Back: accessPath, Inputs: append(inputs, ui.Input{Field: password})}
}

// newAccountPage draws the form of a new account.
func (s *Pages) newAccountPage(w http.ResponseWriter, r *http.Request) {
	s.drawForm(w, r, newAccountForm(func(string) string { return "" }), nil)
}

func (s *Pages) newAccount(w http.ResponseWriter, r *http.Request) {
	if !s.ReadForm(w, r) {
		return
	}
	v := r.PostForm.Get
	in := access.NewAccount{Name: v("name"), Password: v("password"), Role: roleIn(v("role")), Agencies: page.Fields(v("agencies"))}
	if _, err := s.Control.Create(r.Context(), in); err != nil {
		s.drawForm(w, r, newAccountForm(v), err)
		return
	}
	s.done(w, r)
}

// accountPage draws one account.
func (s *Pages) accountPage(w http.ResponseWriter, r *http.Request) { s.drawAccount(w, r, nil, nil) }

// drawAccount draws the page of an account, with an error in one of its forms.
func (s *Pages) drawAccount(w http.ResponseWriter, r *http.Request, notChanged, notSet error) {
	n, err := s.Control.Account(r.Context(), r.PathValue("account"))
	if err != nil {
		s.noAccount(w, r, err)
		return
	}
	path := AccountPath(n.Name)
	role, agencies, disabled := n.Role, strings.Join(n.Agencies, " "), n.Disabled
	if notChanged != nil {
		role, agencies, disabled = roleIn(r.PostForm.Get("role")), r.PostForm.Get("agencies"), r.PostForm.Get("disabled") != ""
	}
	change := &ui.Form{Title: n.Name, Intro: "Made by " + n.CreatedBy + " on " + n.CreatedAt.Format("2 January 2006") + ".", Crumbs: accessCrumb,
		Action: path, Button: "Save", Back: accessPath, Inputs: append(roleAndAgencies(role, access.Admin, agencies, agenciesHelp),
			ui.Input{Field: ui.Field{Name: "disabled", Label: "Disabled", Help: "It may do nothing, its sessions end, and its tokens are refused, until it is enabled."},
				Check: true, Checked: disabled})}
	password := &ui.Form{Action: path + "/password", Button: "Set the password", Second: true, Inputs: []ui.Input{{Field: NewPassword("password")}}}
	if n.ID == access.From(r.Context()).Account {
		password.Inputs = append([]ui.Input{{Field: presentPassword()}}, password.Inputs...)
	}
	status := s.faultForm(w, r, change, notChanged)
	if notSet != nil {
		status = s.faultForm(w, r, password, notSet)
	}
	s.Draw(w, r, status, AccountPage(s.Frame(r, n.Name, accessPath), n, change, password))
}

func presentPassword() ui.Field {
	return ui.Field{Name: "present", Label: "Present password", Type: "password", Required: true, Autocomplete: "current-password"}
}

func (s *Pages) noAccount(w http.ResponseWriter, r *http.Request, err error) {
	status, text := s.refusedForm(w, r, err)
	s.DrawError(w, r, status, accessPath, "There is no such account", text)
}

func (s *Pages) changeAccount(w http.ResponseWriter, r *http.Request) {
	if !s.ReadForm(w, r) {
		return
	}
	role, agencies, disabled := roleIn(r.PostForm.Get("role")), page.Fields(r.PostForm.Get("agencies")), r.PostForm.Get("disabled") != ""
	_, err := s.Control.Change(r.Context(), r.PathValue("account"), access.AccountEdit{Role: &role, Agencies: &agencies, Disabled: &disabled})
	if err != nil {
		s.drawAccount(w, r, err, nil)
		return
	}
	s.done(w, r)
}

func (s *Pages) setPassword(w http.ResponseWriter, r *http.Request) {
	if !s.ReadForm(w, r) {
		return
	}
	if err := s.Control.SetPassword(r.Context(), r.PathValue("account"), r.PostForm.Get("present"), r.PostForm.Get("password")); err != nil {
		s.drawAccount(w, r, nil, err)
		return
	}
	s.done(w, r)
}

// passwordPage draws the form for the reader's own new password.
func (s *Pages) passwordPage(w http.ResponseWriter, r *http.Request) { s.drawPassword(w, r, nil) }

func (s *Pages) drawPassword(w http.ResponseWriter, r *http.Request, err error) {
	s.drawForm(w, r, &ui.Form{Title: "Change your password", Intro: "Your other sessions end. Your tokens stay as they are.", Crumbs: accessCrumb,
		Action: "/access/password", Button: "Change it", Back: accessPath,
		Inputs: []ui.Input{{Field: presentPassword()}, {Field: NewPassword("password")}}}, err)
}

func (s *Pages) ownPassword(w http.ResponseWriter, r *http.Request) {
	if !s.ReadForm(w, r) {
		return
	}
	if err := s.Control.SetPassword(r.Context(), access.From(r.Context()).Name, r.PostForm.Get("present"), r.PostForm.Get("password")); err != nil {
		s.drawPassword(w, r, err)
		return
	}
	s.done(w, r)
}

// deleteAccountPage asks before an account is deleted.
func (s *Pages) deleteAccountPage(w http.ResponseWriter, r *http.Request) {
	s.askDeleteAccount(w, r, nil)
}

func (s *Pages) askDeleteAccount(w http.ResponseWriter, r *http.Request, wrong error) {
	n, err := s.Control.Account(r.Context(), r.PathValue("account"))
	if err != nil {
		s.noAccount(w, r, err)
		return
	}
	s.ask(w, r, &ui.Ask{Question: "Delete account " + n.Name + "?",
		Consequences: []string{"Whoever signed in with it is signed out at once.", "Its API tokens are deleted: programs that use them are refused.",
			"What it did stays in the audit log and in the log of transactions.", "To keep it from doing anything for a while, disable it instead."},
		Action: AccountPath(n.Name) + "/delete", Back: AccountPath(n.Name), Keep: "Keep the account", Act: "Delete " + n.Name}, wrong)
}

func (s *Pages) deleteAccount(w http.ResponseWriter, r *http.Request) {
	if err := s.Control.Delete(r.Context(), r.PathValue("account")); err != nil {
		s.askDeleteAccount(w, r, err)
		return
	}
	s.done(w, r)
}
