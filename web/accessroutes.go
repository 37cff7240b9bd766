package web

import (
	"urncast/web/guard"
	"urncast/web/rest"
)

// accessRoutes are the routes of accounts, sessions, tokens and the audit: administrators
// manage accounts, signed-in users manage what is their own.
func accessRoutes(a *rest.Access) []guard.Route {
	return []guard.Route{
		{Pattern: "GET /api/v1/accounts", Level: guard.Admin, Act: "Seeing accounts", Handle: a.Accounts},
		{Pattern: "POST /api/v1/accounts", Level: guard.Admin, Act: "Making an account", Handle: a.CreateAccount},
		{Pattern: "GET /api/v1/accounts/{account}", Level: guard.Admin, Act: "Seeing an account", Handle: a.Account},
		{Pattern: "PATCH /api/v1/accounts/{account}", Level: guard.Admin, Act: "Changing an account", Handle: a.ChangeAccount},
		{Pattern: "DELETE /api/v1/accounts/{account}", Level: guard.Admin, Act: "Deleting an account", Handle: a.DeleteAccount},
		{Pattern: "POST /api/v1/accounts/{account}/password", Level: guard.Self, Handle: a.SetPassword},
		{Pattern: "GET /api/v1/sessions", Level: guard.Self, Handle: a.Sessions},
		{Pattern: "DELETE /api/v1/sessions/{id}", Level: guard.Self, Handle: a.EndSession},
		{Pattern: "GET /api/v1/tokens", Level: guard.Self, Handle: a.Tokens},
		{Pattern: "POST /api/v1/tokens", Level: guard.Self, Handle: a.CreateToken},
		{Pattern: "DELETE /api/v1/tokens/{id}", Level: guard.Self, Handle: a.DeleteToken},
		{Pattern: "GET /api/v1/audit", Level: guard.Admin, Act: "Seeing the audit", Long: true, Handle: a.Audit},
	}
}
