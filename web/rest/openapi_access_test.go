package rest

import (
	"maps"

	"urncast/registry/access"
	"urncast/web/rest/manage"
)

// accessOperations are the operations on accounts, sessions, tokens and the audit.
var accessOperations = map[string]operation{
	"GET /api/v1/accounts": {id: "listAccounts", tag: "access", summary: "The accounts",
		gives: ok("All of them, by name.", struct {
			Accounts []access.Account `json:"accounts"`
		}{})},
	"POST /api/v1/accounts": {id: "createAccount", tag: "access", summary: "Make an account", takes: access.NewAccount{},
		gives: []apiAnswer{{status: 201, what: "It is made.", body: access.Account{}}, problem(400, "Name, password, role or agencies are none."), problem(409, "The name is taken.")}},
	"GET /api/v1/accounts/{account}": {id: "getAccount", tag: "access", summary: "One account",
		gives: append(ok("The account.", access.Account{}), problem(404, "There is none of this name."))},
	"PATCH /api/v1/accounts/{account}": {id: "changeAccount", tag: "access", summary: "Change role or agencies, disable or enable",
		about: "What is left out stays. Disabling ends its sessions; its tokens work again when it is enabled.", takes: access.AccountEdit{},
		gives: append(ok("The account as it is now.", access.Account{}), problem(400, "Role and agencies do not go together."), problem(404, "There is none of this name."),
			problem(409, "It is the last administrator, or was changed meanwhile."))},
	"DELETE /api/v1/accounts/{account}": {id: "deleteAccount", tag: "access", summary: "Delete an account, with its sessions and tokens",
		gives: []apiAnswer{{status: 204, what: "Deleted."}, problem(404, "There is none of this name."), problem(409, "It is the last administrator.")}},
	"POST /api/v1/accounts/{account}/password": {id: "setPassword", tag: "access", summary: "Set a password",
		about: "Whoever sets his own gives the present one; an administrator sets everybody's. All other sessions of the account end.", takes: manage.NewPassword{},
		gives: []apiAnswer{{status: 204, what: "Set."}, problem(400, "It is too short, or easy to guess."), problem(403, "It is somebody else's, or the present one is wrong.")}},
	"GET /api/v1/sessions": {id: "listSessions", tag: "access", summary: "One's own sessions; all for an administrator",
		gives: ok("Those that are not over.", struct {
			Sessions []access.Session `json:"sessions"`
		}{})},
	"DELETE /api/v1/sessions/{id}": {id: "endSession", tag: "access", summary: "End a session",
		gives: []apiAnswer{{status: 204, what: "Ended."}, problem(404, "There is none of this id, or it is somebody else's.")}},
	"GET /api/v1/tokens": {id: "listTokens", tag: "access", summary: "One's own API tokens; all for an administrator",
		gives: ok("All of them, without what they are.", struct {
			Tokens []access.Token `json:"tokens"`
		}{})},
	"POST /api/v1/tokens": {id: "createToken", tag: "access", summary: "Make an API token", takes: access.NewToken{},
		gives: []apiAnswer{{status: 201, what: "It is made. This answer alone has the token.", body: access.MadeToken{}},
			problem(400, "Role, agencies or days are none, or more than the account's."), problem(409, "The account has a token of this name.")}},
	"DELETE /api/v1/tokens/{id}": {id: "deleteToken", tag: "access", summary: "Delete an API token",
		gives: []apiAnswer{{status: 204, what: "Deleted."}, problem(404, "There is none of this id, or it is somebody else's.")}},
	"GET /api/v1/audit": {id: "listAudit", tag: "access", summary: "Who changed what, in order",
		query: []parameter{{"after", "Entries above this id.", number}, {"before", "Entries below this id.", number},
			{"user", "Of this user alone.", object{"type": "string"}}, {"action", "Of this action alone.", object{"type": "string"}},
			{"subject", "Whose subject holds this text, in any case.", object{"type": "string"}},
			{"from", "From this day, or this time, on.", object{"type": "string"}}, {"to", "To the end of this day, or before this time.", object{"type": "string"}},
			{"zone", "The time zone that days are of, such as Europe/Paris; UTC by default.", object{"type": "string"}},
			{"format", "csv for all entries in one file; the header Accept does the same.", words("csv")}},
		gives: append(ok("A page of entries.", manage.AuditPage{}), apiAnswer{status: 200, media: []string{"text/csv"}}, problem(400, "A filter is none."))},
}

// describedOperations are the operations of all tables.
func describedOperations() map[string]operation {
	all := maps.Clone(operations)
	maps.Copy(all, accessOperations)
	return all
}
