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

// BodyBytesDefault bounds a request's body where Options set no other bound: 1 GiB, as
// sent, before anything is unpacked.
const BodyBytesDefault = 1 << 30

// Options say what the server serves and to whom. Every part is required; a value has the
// default that its comment states.
type Options struct {
	Registry    *plan.Registry
	Producers   *control.Producers
	Connections *connection.Connections
	// Doctor examines, creates and repairs topics.
	Doctor *diagnosis.Doctor
	// Reader reads the topics of Producers for people.
	Reader topicview.Opener
	// NoKey says that this process has no key to seal secrets with: the console warns
	// before a reader enters one.
	NoKey bool
	Mail  *notice.Mailer

	// Workspace keeps unfinished work of people, for all instances.
	Workspace Workspace

	// Access decides who may do what.
	Access *access.Control
	// ReadsClosed restricts reading to signed-in users. By default everybody may read, as
	// in FMR.
	ReadsClosed bool
	// BehindProxy says that a proxy terminates TLS in front of this server, so that
	// passwords are accepted over plain HTTP from other machines.
	BehindProxy bool

	// Sender is the id of this registry in messages, "URNCAST" by default.
	Sender string
	// Environment names the installation on the console ("Production", "dev"); an empty
	// one is not shown.
	Environment string
	// Version is the program's version, shown at the foot of the console.
	Version string

	// BodyBytesMax bounds a request's body; BodyBytesDefault if 0.
	BodyBytesMax int64

	// Metrics serves /metrics. Register receives the server's own request metrics.
	Metrics  http.Handler
	Register prometheus.Registerer
	// Ready answers /readyz: an error says why requests cannot be served now.
	Ready func(context.Context) error

	// Log takes one line per request.
	Log *slog.Logger
	// Now is the clock; time.Now by default.
	Now func() time.Time
}

func (o Options) withDefaults() Options {
	if o.Sender == "" {
		o.Sender = "URNCAST"
	}
	if o.BodyBytesMax == 0 {
		o.BodyBytesMax = BodyBytesDefault
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return o
}
