package manage

import (
	"net/http"
	"strconv"

	"urncast/registry/access"
	"urncast/web/answer"
	"urncast/web/guard"
	"urncast/web/rest/wire"
)

// Access serves accounts, sessions, tokens and the audit. Passwords go in and never
// come out; a token comes out once.
type Access struct{ Control *access.Control }

// Routes are those of accounts, sessions, tokens and the audit: administrators manage
// accounts, signed-in users manage what is their own.
func (a *Access) Routes() []guard.Route {
	return []guard.Route{
		{Pattern: "GET /api/v1/accounts", Level: guard.Admin, Act: "Seeing accounts", Handle: a.accounts},
		{Pattern: "POST /api/v1/accounts", Level: guard.Admin, Act: "Making an account", Handle: a.createAccount},
		{Pattern: "GET /api/v1/accounts/{account}", Level: guard.Admin, Act: "Seeing an account", Handle: a.account},
		{Pattern: "PATCH /api/v1/accounts/{account}", Level: guard.Admin, Act: "Changing an account", Handle: a.changeAccount},
		{Pattern: "DELETE /api/v1/accounts/{account}", Level: guard.Admin, Act: "Deleting an account", Handle: a.deleteAccount},
		{Pattern: "POST /api/v1/accounts/{account}/password", Level: guard.Self, Handle: a.setPassword},
		{Pattern: "GET /api/v1/sessions", Level: guard.Self, Handle: a.sessions},
		{Pattern: "DELETE /api/v1/sessions/{id}", Level: guard.Self, Handle: a.endSession},
		{Pattern: "GET /api/v1/tokens", Level: guard.Self, Handle: a.tokens},
		{Pattern: "POST /api/v1/tokens", Level: guard.Self, Handle: a.createToken},
		{Pattern: "DELETE /api/v1/tokens/{id}", Level: guard.Self, Handle: a.deleteToken},
		{Pattern: "GET /api/v1/audit", Level: guard.Admin, Act: "Seeing the audit", Long: true, Handle: a.audit},
	}
}

// A NewPassword sets a password.
type NewPassword struct {
	// Present is the user's current password, if it is the user's own that is set.
	Present  string `json:"present"`
	Password string `json:"password"`
}

// accounts serves GET /api/v1/accounts.
func (a *Access) accounts(w http.ResponseWriter, r *http.Request) {
	all, err := a.Control.Accounts(r.Context())
	wire.Reply(w, r, http.StatusOK, map[string]any{"accounts": append([]access.Account{}, all...)}, err, writeAccessError)
}

// account serves GET /api/v1/accounts/{account}.
func (a *Access) account(w http.ResponseWriter, r *http.Request) {
	one, err := a.Control.Account(r.Context(), r.PathValue("account"))
	wire.Reply(w, r, http.StatusOK, one, err, writeAccessError)
}

// createAccount serves POST /api/v1/accounts.
func (a *Access) createAccount(w http.ResponseWriter, r *http.Request) {
	var in access.NewAccount
	if !wire.Read(w, r, &in, `{"name": "anna", "password": "…", "role": "maintainer", "agencies": ["SDMX"]}`) {
		return
	}
	made, err := a.Control.Create(r.Context(), in)
	wire.Reply(w, r, http.StatusCreated, made, err, writeAccessError)
}

// changeAccount serves PATCH /api/v1/accounts/{account}: fields left out stay as they are.
func (a *Access) changeAccount(w http.ResponseWriter, r *http.Request) {
	var in access.AccountEdit
	if !wire.Read(w, r, &in, `{"role": "reader"} or {"disabled": true}`) {
		return
	}
	changed, err := a.Control.Change(r.Context(), r.PathValue("account"), in)
	wire.Reply(w, r, http.StatusOK, changed, err, writeAccessError)
}

// deleteAccount serves DELETE /api/v1/accounts/{account}.
func (a *Access) deleteAccount(w http.ResponseWriter, r *http.Request) {
	wire.ReplyDone(w, r, a.Control.Delete(r.Context(), r.PathValue("account")), writeAccessError)
}

// setPassword serves POST /api/v1/accounts/{account}/password.
func (a *Access) setPassword(w http.ResponseWriter, r *http.Request) {
	var in NewPassword
	if !wire.Read(w, r, &in, `{"present": "…", "password": "…"}`) {
		return
	}
	wire.ReplyDone(w, r, a.Control.SetPassword(r.Context(), r.PathValue("account"), in.Present, in.Password), writeAccessError)
}

// sessions serves GET /api/v1/sessions: the user's own, for an administrator all.
func (a *Access) sessions(w http.ResponseWriter, r *http.Request) {
	all, err := a.Control.Sessions(r.Context())
	wire.Reply(w, r, http.StatusOK, map[string]any{"sessions": all}, err, writeAccessError)
}

// endSession serves DELETE /api/v1/sessions/{id}.
func (a *Access) endSession(w http.ResponseWriter, r *http.Request) {
	wire.ReplyDone(w, r, a.Control.EndSession(r.Context(), r.PathValue("id")), writeAccessError)
}

// tokens serves GET /api/v1/tokens: the user's own, for an administrator all.
func (a *Access) tokens(w http.ResponseWriter, r *http.Request) {
	all, err := a.Control.Tokens(r.Context())
	wire.Reply(w, r, http.StatusOK, map[string]any{"tokens": all}, err, writeAccessError)
}

// createToken serves POST /api/v1/tokens. No later answer shows the token again.
func (a *Access) createToken(w http.ResponseWriter, r *http.Request) {
	var in access.NewToken
	if !wire.Read(w, r, &in, `{"name": "nightly-import", "days": 90}`) {
		return
	}
	made, err := a.Control.CreateToken(r.Context(), in)
	wire.Reply(w, r, http.StatusCreated, made, err, writeAccessError)
}

// deleteToken serves DELETE /api/v1/tokens/{id}.
func (a *Access) deleteToken(w http.ResponseWriter, r *http.Request) {
	wire.ReplyDone(w, r, a.Control.DeleteToken(r.Context(), r.PathValue("id")), writeAccessError)
}

// writeAccessError answers with the status that fits an error.
func writeAccessError(w http.ResponseWriter, r *http.Request, err error) {
	status, text, after := answer.AccessStatus(w, r, err)
	if after > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(after))
	}
	answer.WriteError(w, r, status, "%s", text)
}
