package web

import "net/http"

// acts say what a route does, for whoever may not: "… needs admin". A route that needs
// more than a reader has a row; the test of all routes sees to it.
var acts = map[string]string{
	"POST /sdmx/v2/structure":                                         "Submitting structures",
	"POST /sdmx/v2/structure/{$}":                                     "Submitting structures",
	"POST /sdmx/v2/structure/{type}":                                  "Submitting structures",
	"PUT /sdmx/v2/structure/{type}/{agency}/{id}/{version}":           "Replacing a structure",
	"DELETE /sdmx/v2/structure/{type}/{agency}/{id}/{version}":        "Deleting a structure",
	"DELETE /sdmx/v2/structure/{type}/{agency}/{id}/{version}/{item}": "Deleting an item",
	"POST /ws/secure/sdmxapi/rest":                                    "Submitting structures",
	"POST /ws/secure/sdmxapi/rest/{$}":                                "Submitting structures",
	"POST /api/v1/structures/rename":                                  "Renaming",
	"GET /structures/{type}/{agency}/{id}/{version}/delete":           "Deleting a structure",
	"POST /structures/{type}/{agency}/{id}/{version}/delete":          "Deleting a structure",
	"GET /structures/{type}/{agency}/{id}/{version}/rename":           "Renaming",
	"POST /structures/{type}/{agency}/{id}/{version}/rename":          "Renaming",
	"GET /agencies/{agency}/rename":                                   "Renaming",
	"POST /agencies/{agency}/rename":                                  "Renaming",

	"PUT /api/v1/settings":                                "Changing the settings",
	"POST /api/v1/housekeeping":                           "Housekeeping",
	"POST /api/v1/producers":                              "Making a producer",
	"POST /api/v1/producers/preview":                      "A preview",
	"PUT /api/v1/producers/{name}":                        "Changing a producer",
	"DELETE /api/v1/producers/{name}":                     "Deleting a producer",
	"POST /api/v1/producers/{name}/{command}":             "This command",
	"POST /api/v1/producers/{name}/jobs":                  "Publishing anew",
	"DELETE /api/v1/producers/{name}/jobs/{id}":           "Cancelling a job",
	"POST /api/v1/producers/{name}/topics/{topic}/verify": "Verifying a topic",
	"GET /submit":       "Submitting structures",
	"POST /submit":      "Submitting structures",
	"GET /submit/{id}":  "Submitting structures",
	"POST /submit/{id}": "Submitting structures",

	"GET /api/v1/connections":                  "Seeing connections",
	"GET /api/v1/connections/{name}":           "Seeing a connection",
	"PUT /api/v1/connections/{name}":           "Saving a connection",
	"DELETE /api/v1/connections/{name}":        "Deleting a connection",
	"POST /api/v1/connections/check":           "Checking a connection",
	"POST /api/v1/connections/test":            "Testing a connection",
	"POST /api/v1/connections/{name}/test":     "Testing a connection",
	"POST /settings":                           "Changing the settings",
	"POST /settings/preview":                   "Housekeeping",
	"GET /settings/housekeeping":               "Housekeeping",
	"POST /settings/housekeeping":              "Housekeeping",
	"GET /mail":                                "Seeing the mail settings",
	"POST /mail":                               "Changing the mail settings",
	"POST /mail/test":                          "Sending a test mail",
	"POST /topics/{topic}/verify":              "Verifying a topic",
	"GET /connections":                         "Seeing connections",
	"GET /connections/new":                     "Making a connection",
	"POST /connections/new":                    "Making a connection",
	"POST /connections/new/test":               "Testing a connection",
	"GET /connections/{name}":                  "Seeing a connection",
	"POST /connections/{name}":                 "Saving a connection",
	"POST /connections/{name}/test":            "Testing a connection",
	"GET /connections/{name}/delete":           "Deleting a connection",
	"POST /connections/{name}/delete":          "Deleting a connection",
	"GET /api/v1/kafka-properties":             "Seeing the properties of connections",
	"GET /api/v1/producers/{name}/doctor":      "Examining a topic",
	"POST /api/v1/producers/{name}/doctor/fix": "Altering a topic",
	"POST /api/v1/topics":                      "Making a topic",
	"GET /api/v1/mail":                         "Seeing the mail settings",
	"PUT /api/v1/mail":                         "Changing the mail settings",
	"POST /api/v1/mail/test":                   "Sending a test mail",

	"GET /api/v1/accounts":              "Seeing accounts",
	"POST /api/v1/accounts":             "Making an account",
	"GET /api/v1/accounts/{account}":    "Seeing an account",
	"PATCH /api/v1/accounts/{account}":  "Changing an account",
	"DELETE /api/v1/accounts/{account}": "Deleting an account",
	"GET /api/v1/audit":                 "Seeing the audit",

	"GET /producers/new":               "Making a producer",
	"POST /producers/new":              "Making a producer",
	"GET /producers/{name}/doctor":     "Examining topics",
	"GET /producers/{name}/fix":        "Mending a topic",
	"POST /producers/{name}/fix":       "Mending a topic",
	"GET /producers/{name}/change":     "Changing a producer",
	"POST /producers/{name}/change":    "Changing a producer",
	"GET /producers/{name}/route":      "Changing a route",
	"POST /producers/{name}/route":     "Changing a route",
	"GET /producers/{name}/{command}":  "This command",
	"POST /producers/{name}/{command}": "This command",

	"GET /access/new-account":                  "Making an account",
	"POST /access/new-account":                 "Making an account",
	"GET /access/accounts/{account}":           "Seeing an account",
	"POST /access/accounts/{account}":          "Changing an account",
	"POST /access/accounts/{account}/password": "Setting a password",
	"GET /access/accounts/{account}/delete":    "Deleting an account",
	"POST /access/accounts/{account}/delete":   "Deleting an account",
	"GET /audit":                               "Seeing the audit log",
}

var commands = map[string]string{"start": "Starting", "suspend": "Suspending", "resume": "Resuming", "skip": "Skipping a transaction",
	"baseline": "Publishing a baseline", "publish": "Publishing anew", "delete": "Deleting a producer", "cancel": "Cancelling a job",
	"mail": "Seeing who is mailed", "remove-route": "Removing a route"}

// actOf says what a request asks for.
func actOf(pattern string, r *http.Request) string {
	if act, ok := commands[r.PathValue("command")]; ok {
		return act
	}
	if act, ok := acts[pattern]; ok {
		return act
	}
	return "This"
}
