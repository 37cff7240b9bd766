package guard

import "net/http"

// A Route is one row of the table of routes.
type Route struct {
	Pattern string // as http.ServeMux reads it
	Level   Level
	// Act is what the route does, for a refusal such as "… needs admin". Every route that
	// needs more than a reader has one, which the test of all routes checks.
	Act  string
	Body Body
	// Long says that an answer may take long and has bounds of its own: streams, exports
	// and messages of many structures.
	Long   bool
	Handle http.HandlerFunc
}

// A Level says who may take a route.
type Level uint8

// The levels.
const (
	Open     Level = iota // everyone, even with reads closed: health, signing in
	Read                  // everyone, or readers if reads are closed
	Self                  // signed-in users, who get what is their own
	Maintain              // maintainers, each for the structures of their agencies
	Admin                 // administrators
)

// A Body says how large a request's body may be, and who reads it.
type Body uint8

// The kinds of bodies. Usual and Lists are read whole before the handler runs; a route
// with another kind reads the body as it arrives, and answers itself if it is too large.
const (
	Usual  Body = iota // a form, or a small JSON document
	Lists              // what holds lists: filters, addresses, certificates
	Files              // a connection with its files, in base64 too
	Stream             // as large as the options let a body be
)

// commands are the acts of routes whose path has a {command}.
var commands = map[string]string{"start": "Starting", "suspend": "Suspending", "resume": "Resuming", "skip": "Skipping a transaction",
	"baseline": "Publishing a baseline", "publish": "Publishing anew", "delete": "Deleting a producer", "cancel": "Cancelling a job",
	"mail": "Seeing who is mailed", "remove-route": "Removing a route"}

// act is what a request asks for, as a refusal names it.
func (rt *Route) act(r *http.Request) string {
	if act, ok := commands[r.PathValue("command")]; ok {
		return act
	}
	if rt.Act != "" {
		return rt.Act
	}
	return "This"
}
