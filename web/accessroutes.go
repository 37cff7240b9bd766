package web

import "urncast/web/rest"

// accessRoutes are about who may: accounts for administrators, what is one's own for
// everybody who is signed in.
func accessRoutes(a *rest.Access) []route {
	return []route{
		{"GET /api/v1/accounts", accessAdmin, a.Accounts},
		{"POST /api/v1/accounts", accessAdmin, a.CreateAccount},
		{"GET /api/v1/accounts/{account}", accessAdmin, a.Account},
		{"PATCH /api/v1/accounts/{account}", accessAdmin, a.ChangeAccount},
		{"DELETE /api/v1/accounts/{account}", accessAdmin, a.DeleteAccount},
		{"POST /api/v1/accounts/{account}/password", accessSelf, a.SetPassword},
		{"GET /api/v1/sessions", accessSelf, a.Sessions},
		{"DELETE /api/v1/sessions/{id}", accessSelf, a.EndSession},
		{"GET /api/v1/tokens", accessSelf, a.Tokens},
		{"POST /api/v1/tokens", accessSelf, a.CreateToken},
		{"DELETE /api/v1/tokens/{id}", accessSelf, a.DeleteToken},
		{"GET /api/v1/audit", accessAdmin, a.Audit},
	}
}
