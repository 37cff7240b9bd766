package rest

import (
	"net/http"
	"strconv"

	"urncast/registry/access"
	"urncast/web/answer"
)

// Access serves accounts, sessions, tokens and the audit. Passwords go in and never
// come out; a token comes out once.
type Access struct{ Control *access.Control }

// A NewPassword sets a password.
type NewPassword struct {
	// Present is the user's current password, if it is the user's own that is set.
	Present  string `json:"present"`
	Password string `json:"password"`
}

// Accounts serves GET /api/v1/accounts.
func (a *Access) Accounts(w http.ResponseWriter, r *http.Request) {
	all, err := a.Control.Accounts(r.Context())
	reply(w, r, http.StatusOK, map[string]any{"accounts": append([]access.Account{}, all...)}, err, writeAccessError)
}

// Account serves GET /api/v1/accounts/{account}.
func (a *Access) Account(w http.ResponseWriter, r *http.Request) {
	one, err := a.Control.Account(r.Context(), r.PathValue("account"))
	reply(w, r, http.StatusOK, one, err, writeAccessError)
}

// CreateAccount serves POST /api/v1/accounts.
func (a *Access) CreateAccount(w http.ResponseWriter, r *http.Request) {
	var in access.NewAccount
	if !read(w, r, &in, `{"name": "anna", "password": "…", "role": "maintainer", "agencies": ["SDMX"]}`) {
		return
	}
	made, err := a.Control.Create(r.Context(), in)
	reply(w, r, http.StatusCreated, made, err, writeAccessError)
}

// ChangeAccount serves PATCH /api/v1/accounts/{account}: fields left out stay as they are.
func (a *Access) ChangeAccount(w http.ResponseWriter, r *http.Request) {
	var in access.AccountEdit
	if !read(w, r, &in, `{"role": "reader"} or {"disabled": true}`) {
		return
	}
	changed, err := a.Control.Change(r.Context(), r.PathValue("account"), in)
	reply(w, r, http.StatusOK, changed, err, writeAccessError)
}

// DeleteAccount serves DELETE /api/v1/accounts/{account}.
func (a *Access) DeleteAccount(w http.ResponseWriter, r *http.Request) {
	replyDone(w, r, a.Control.Delete(r.Context(), r.PathValue("account")), writeAccessError)
}

// SetPassword serves POST /api/v1/accounts/{account}/password.
func (a *Access) SetPassword(w http.ResponseWriter, r *http.Request) {
	var in NewPassword
	if !read(w, r, &in, `{"present": "…", "password": "…"}`) {
		return
	}
	replyDone(w, r, a.Control.SetPassword(r.Context(), r.PathValue("account"), in.Present, in.Password), writeAccessError)
}

// Sessions serves GET /api/v1/sessions: the user's own, for an administrator all.
func (a *Access) Sessions(w http.ResponseWriter, r *http.Request) {
	all, err := a.Control.Sessions(r.Context())
	reply(w, r, http.StatusOK, map[string]any{"sessions": all}, err, writeAccessError)
}

// EndSession serves DELETE /api/v1/sessions/{id}.
func (a *Access) EndSession(w http.ResponseWriter, r *http.Request) {
	replyDone(w, r, a.Control.EndSession(r.Context(), r.PathValue("id")), writeAccessError)
}

// Tokens serves GET /api/v1/tokens: the user's own, for an administrator all.
func (a *Access) Tokens(w http.ResponseWriter, r *http.Request) {
	all, err := a.Control.Tokens(r.Context())
	reply(w, r, http.StatusOK, map[string]any{"tokens": all}, err, writeAccessError)
}

// CreateToken serves POST /api/v1/tokens. No later answer shows the token again.
func (a *Access) CreateToken(w http.ResponseWriter, r *http.Request) {
	var in access.NewToken
	if !read(w, r, &in, `{"name": "nightly-import", "days": 90}`) {
		return
	}
	made, err := a.Control.CreateToken(r.Context(), in)
	reply(w, r, http.StatusCreated, made, err, writeAccessError)
}

// DeleteToken serves DELETE /api/v1/tokens/{id}.
func (a *Access) DeleteToken(w http.ResponseWriter, r *http.Request) {
	replyDone(w, r, a.Control.DeleteToken(r.Context(), r.PathValue("id")), writeAccessError)
}

// writeAccessError answers with the status that fits an error.
func writeAccessError(w http.ResponseWriter, r *http.Request, err error) {
	status, text, after := answer.AccessStatus(w, r, err)
	if after > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(after))
	}
	answer.WriteError(w, r, status, "%s", text)
}
