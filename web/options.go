package web

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"urncast/producer/connection"
	"urncast/producer/control"
	"urncast/producer/diagnosis"
	"urncast/producer/notice"
	"urncast/producer/topicview"
	"urncast/registry/access"
	"urncast/registry/plan"
)

// BodyBytesDefault bounds a request's body where Options say nothing: 1 GiB, as
// sent, before anything is unpacked.
const BodyBytesDefault = 1 << 30

// Options say what the server serves and whom it lets in. Registry is needed;
// everything else has a default that its line states.
type Options struct {
	Registry *plan.Registry
	// Producers are shown, changed and commanded; their routes are absent if nil.
	Producers *control.Producers
	// Connections are shown, changed and tested; their routes are absent if nil.
	Connections *connection.Connections
	// Doctor examines, makes and mends topics; its routes are absent if nil.
	Doctor *diagnosis.Doctor
	// Reader reads topics of Producers for people; the pages about topics are absent if
	// nil.
	Reader topicview.Opener
	// NoKey says that this process has no key to seal secrets with: the console says so
	// before somebody gives one.
	NoKey bool
	// Mail is shown, set and tested; its routes are absent if nil.
	Mail *notice.Mailer

	// Workspace keeps what people have begun and not finished, for all instances.
	Workspace Workspace

	// Access decides who may. If it is nil there is one administrator, with User
	// ("admin" by default) and Password, and nobody if that is empty; the routes
	// about accounts and the audit are absent then.
	Access *access.Control
	// User and Password count where Access is nil.
	User, Password string
	// ReadsClosed lets only those read who have signed in. By default everybody
	// may, as in FMR.
	ReadsClosed bool
	// BehindProxy says that a proxy ends TLS in front of this server, so that
	// passwords are accepted over plain HTTP from other machines.
	BehindProxy bool

	// Sender is the id of this registry in messages, "URNCAST" by default.
	Sender string
	// Environment names the installation on the console ("Production", "dev");
	// empty shows none.
	Environment string
	// Version is the program's version, shown at the foot of the console.
	Version string

	// BodyBytesMax bounds a request's body; BodyBytesDefault if 0.
	BodyBytesMax int64

	// Metrics serves /metrics; 404 if nil. Register takes the server's own
	// request metrics; none are kept if nil.
	Metrics  http.Handler
	Register prometheus.Registerer
	// Ready answers /readyz; nil means always ready.
	Ready func(context.Context) error

	// Log takes one line per request; slog.Default by default.
	Log *slog.Logger
	// Now is the clock; time.Now by default.
	Now func() time.Time
}

func (o Options) withDefaults() Options {
	if o.User == "" {
		o.User = "admin"
	}
	if o.Access == nil {
		o.Access = &access.Control{User: o.User, Password: o.Password, Log: o.Log, Now: o.Now}
	}
	if o.Sender == "" {
		o.Sender = "URNCAST"
	}
	if o.BodyBytesMax == 0 {
		o.BodyBytesMax = BodyBytesDefault
	}
	if o.Log == nil {
		o.Log = slog.Default()
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return o
}
