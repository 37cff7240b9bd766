package guard

import "net/http"

// A Route is one row of the table of routes.
type Route struct {
	Pattern string // as http.ServeMux reads it
	Level   Level
	// Act is what the route does, for the reader whose role does not reach it: "… needs
	// admin". A route that needs more than a reader has one; the test of all routes sees
	// to it.
	Act  string
	Body Body
	// Long says that an answer lasts as long as there is something to send, and so has
	// bounds of its own: streams, exports and messages of many structures.
	Long   bool
	Handle http.HandlerFunc
}

// A Level is who may take a route.
type Level uint8

// The levels.
const (
	Open     Level = iota // everyone, whatever the options say: health, signing in
	Read                  // everyone, or readers if reads are closed
	Self                  // the signed-in user, who gets what is their own
	Maintain              // maintainers, each of the structures of their agencies
	Admin                 // administrators
)

// A Body is how large a request's body may be, and who reads it.
type Body uint8

// The kinds of bodies. Those of Usual and Lists are read whole before the route is taken;
// a route with another reads it as it comes, and answers itself for one that is too large.
const (
	Usual  Body = iota // a form, or a small JSON document
	Lists              // what holds lists: filters, addresses, certificates
	Files              // a connection with its files, in base64 too
	Stream             // as large as the options let a body be
)

// commands are the acts of the routes whose path holds a {command}.
var commands = map[string]string{"start": "Starting", "suspend": "Suspending", "resume": "Resuming", "skip": "Skipping a transaction",
	"baseline": "Publishing a baseline", "publish": "Publishing anew", "delete": "Deleting a producer", "cancel": "Cancelling a job",
	"mail": "Seeing who is mailed", "remove-route": "Removing a route"}

// act says what a request asks for.
func (rt *Route) act(r *http.Request) string {
	if act, ok := commands[r.PathValue("command")]; ok {
		return act
	}
	if rt.Act != "" {
		return rt.Act
	}
	return "This"
}
