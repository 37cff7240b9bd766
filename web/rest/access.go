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
	// Present is the password until now, of whoever sets his own.
	Present  string `json:"present"`
	Password string `json:"password"`
}

// Accounts serves GET /api/v1/accounts.
func (a *Access) Accounts(w http.ResponseWriter, r *http.Request) {
	all, err := a.Control.Accounts(r.Context())
	if err != nil {
		writeAccessError(w, r, err)
		return
	}
	writeJSON(w, http.StatusOK, map[string]any{"accounts": append([]access.Account{}, all...)})
}

// Account serves GET /api/v1/accounts/{account}.
func (a *Access) Account(w http.ResponseWriter, r *http.Request) {
	one, err := a.Control.Account(r.Context(), r.PathValue("account"))
	answerAccess(w, r, http.StatusOK, one, err)
}

// CreateAccount serves POST /api/v1/accounts.
func (a *Access) CreateAccount(w http.ResponseWriter, r *http.Request) {
	var in access.NewAccount
	if !read(w, r, &in, `{"name": "anna", "password": "…", "role": "maintainer", "agencies": ["SDMX"]}`) {
		return
	}
	made, err := a.Control.Create(r.Context(), in)
	answerAccess(w, r, http.StatusCreated, made, err)
}

// ChangeAccount serves PATCH /api/v1/accounts/{account}: what is left out stays.
func (a *Access) ChangeAccount(w http.ResponseWriter, r *http.Request) {
	var in access.AccountEdit
	if !read(w, r, &in, `{"role": "reader"} or {"disabled": true}`) {
		return
	}
	changed, err := a.Control.Change(r.Context(), r.PathValue("account"), in)
	answerAccess(w, r, http.StatusOK, changed, err)
}

// DeleteAccount serves DELETE /api/v1/accounts/{account}.
func (a *Access) DeleteAccount(w http.ResponseWriter, r *http.Request) {
	answerNothing(w, r, a.Control.Delete(r.Context(), r.PathValue("account")))
}

// SetPassword serves POST /api/v1/accounts/{account}/password.
func (a *Access) SetPassword(w http.ResponseWriter, r *http.Request) {
	var in NewPassword
	if !read(w, r, &in, `{"present": "…", "password": "…"}`) {
		return
	}
	answerNothing(w, r, a.Control.SetPassword(r.Context(), r.PathValue("account"), in.Present, in.Password))
}

// Sessions serves GET /api/v1/sessions: one's own, for an administrator all.
func (a *Access) Sessions(w http.ResponseWriter, r *http.Request) {
	all, err := a.Control.Sessions(r.Context())
	answerAccess(w, r, http.StatusOK, map[string]any{"sessions": all}, err)
}

// EndSession serves DELETE /api/v1/sessions/{id}.
func (a *Access) EndSession(w http.ResponseWriter, r *http.Request) {
	answerNothing(w, r, a.Control.EndSession(r.Context(), r.PathValue("id")))
}

// Tokens serves GET /api/v1/tokens: one's own, for an administrator all.
func (a *Access) Tokens(w http.ResponseWriter, r *http.Request) {
	all, err := a.Control.Tokens(r.Context())
	answerAccess(w, r, http.StatusOK, map[string]any{"tokens": all}, err)
}

// CreateToken serves POST /api/v1/tokens. The answer is the only one that has it.
func (a *Access) CreateToken(w http.ResponseWriter, r *http.Request) {
	var in access.NewToken
	if !read(w, r, &in, `{"name": "nightly-import", "days": 90}`) {
		return
	}
	made, err := a.Control.CreateToken(r.Context(), in)
	answerAccess(w, r, http.StatusCreated, made, err)
}

// DeleteToken serves DELETE /api/v1/tokens/{id}.
func (a *Access) DeleteToken(w http.ResponseWriter, r *http.Request) {
	answerNothing(w, r, a.Control.DeleteToken(r.Context(), r.PathValue("id")))
}

func answerAccess(w http.ResponseWriter, r *http.Request, status int, v any, err error) {
	if err != nil {
		writeAccessError(w, r, err)
		return
	}
	writeJSON(w, status, v)
}

func answerNothing(w http.ResponseWriter, r *http.Request, err error) {
	if err != nil {
		writeAccessError(w, r, err)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

// writeAccessError answers with the status that fits an error.
func writeAccessError(w http.ResponseWriter, r *http.Request, err error) {
	status, text, after := answer.AccessStatus(w, r, err)
	if after > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(after))
	}
	answer.WriteError(w, r, status, "%s", text)
}
