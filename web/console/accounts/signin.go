package accounts

import "urncast/web/console/ui"

// A SignIn is what the sign-in page shows.
type SignIn struct {
	Name  string
	Next  string // the page to go to afterwards
	Lost  bool   // a form was sent after the session had ended
	Wrong string // why the last attempt failed
	Open  bool   // reading needs no account
}

// NewSetUp is the form that creates the first administrator, with its values filled in.
func NewSetUp(code, name string) *ui.Form {
	password := NewPassword("password")
	password.Label = "Password"
	return &ui.Form{Inputs: []ui.Input{
		{Field: ui.Field{Name: "code", Label: "Set-up code", Value: code, Mono: true, Required: true, Autocomplete: "off",
			Help: "In the program's log, in the line that begins “first run”. It shows that you run this machine."}},
		{Field: ui.Field{Name: "name", Label: "Name", Value: name, Required: true, Autocomplete: "username", Help: "Shown in the audit log for everything that you do."}},
		{Field: password},
	}}
}

// NewPassword is a field for a new password.
func NewPassword(name string) ui.Field {
	return ui.Field{Name: name, Label: "New password", Type: "password", Required: true, Autocomplete: "new-password",
		Help: "12 characters or more, any that you like. A sentence is good. Password managers may paste here."}
}
