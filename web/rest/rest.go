package rest

import (
	"slices"
	"time"

	"urncast/producer/connection"
	"urncast/producer/control"
	"urncast/producer/diagnosis"
	"urncast/producer/notice"
	"urncast/producer/topicview"
	"urncast/registry/access"
	"urncast/registry/plan"
	"urncast/web/answer"
	"urncast/web/guard"
	"urncast/web/rest/feed"
	"urncast/web/rest/manage"
	"urncast/web/rest/structure"
)

// An API is what programs are served: each door of it, with the parts that it needs.
type API struct {
	Registry    *plan.Registry
	Producers   *control.Producers
	Connections *connection.Connections
	Doctor      *diagnosis.Doctor
	Topics      topicview.Opener
	Mailer      *notice.Mailer
	Access      *access.Control
	Guard       *guard.Guard
	// Followers and Verifiers limit how many follow a topic, and read a whole one.
	Followers, Verifiers *answer.Readers
	// Stopping is closed when the server ends.
	Stopping <-chan struct{}
	Sender   string // of messages
	Now      func() time.Time
}

// Routes are the lists of all doors, one after the other.
func (a *API) Routes() []guard.Route {
	return slices.Concat(
		(&structure.Maintenance{Registry: a.Registry, Producers: a.Producers, Sender: a.Sender, Now: a.Now}).Routes(),
		(&feed.Feed{Registry: a.Registry, Producers: a.Producers, Mailer: a.Mailer, Guard: a.Guard}).Routes(),
		(&structure.Query{Registry: a.Registry, Sender: a.Sender, Now: a.Now}).Routes(),
		(&manage.Rules{Registry: a.Registry}).Routes(),
		(&manage.Housekeeping{Registry: a.Registry}).Routes(),
		[]guard.Route{{Pattern: "GET /api/v1/openapi.json", Level: guard.Read, Handle: describe}},
		(&manage.Producers{Producers: a.Producers}).Routes(),
		(&manage.Topics{Producers: a.Producers, Registry: a.Registry, Reader: a.Topics, Readers: a.Followers, Verifiers: a.Verifiers, Stopping: a.Stopping}).Routes(),
		(&manage.Connections{Connections: a.Connections, Audit: a.Access}).Routes(),
		(&manage.Doctor{Doctor: a.Doctor, Producers: a.Producers}).Routes(),
		(&manage.Access{Control: a.Access}).Routes(),
		(&manage.Mail{Mailer: a.Mailer}).Routes(),
	)
}
