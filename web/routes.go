package web

import (
	"net/http"
	"slices"

	"urncast/web/answer"
	"urncast/web/console/accounts"
	"urncast/web/console/connections"
	"urncast/web/console/dashboard"
	"urncast/web/console/mail"
	"urncast/web/console/producers"
	"urncast/web/console/settings"
	"urncast/web/console/structures"
	"urncast/web/console/submit"
	"urncast/web/console/topics"
	"urncast/web/console/transactions"
	"urncast/web/guard"
	"urncast/web/rest"
)

// routes is the table of all routes: the server's own, the API's, and those of the console's
// rooms.
func (s *server) routes() []guard.Route {
	// The API and the console share the room for those who read topics for long.
	followers, verifiers := answer.NewReaders(), answer.NewVerifiers()
	api := &rest.API{Registry: s.Registry, Producers: s.Producers, Connections: s.Connections, Doctor: s.Doctor, Topics: s.Reader, Mailer: s.Mail, Access: s.Access,
		Guard: s.guard, Followers: followers, Verifiers: verifiers, Stopping: s.stopping, Sender: s.Sender, Now: s.Now}
	return slices.Concat(
		[]guard.Route{
			{Pattern: "GET /healthz", Level: guard.Open, Handle: s.healthz},
			{Pattern: "GET /readyz", Level: guard.Open, Handle: s.readyz},
			{Pattern: "GET /metrics", Level: guard.Read, Handle: s.Metrics.ServeHTTP},
		},
		api.Routes(),
		s.kit.Routes(),
		(&submit.Pages{Kit: s.kit, Registry: s.Registry, Tasks: s.tasks, Record: s.record, Uploads: s.Workspace}).Routes(),
		(&structures.Pages{Kit: s.kit, Record: s.record, Registry: s.Registry, Tasks: s.tasks, Sender: s.Sender}).Routes(),
		(&dashboard.Pages{Kit: s.kit, Registry: s.Registry, Record: s.record, Live: s.live}).Routes(),
		(&transactions.Pages{Kit: s.kit, Registry: s.Registry, Record: s.record, Live: s.live}).Routes(),
		(&settings.Pages{Kit: s.kit, Registry: s.Registry, Tasks: s.tasks, BodyBytesMax: s.BodyBytesMax}).Routes(),
		(&producers.Pages{Kit: s.kit, Registry: s.Registry, Record: s.record, Live: s.live, Connections: s.Connections, Doctor: s.Doctor, Mailer: s.Mail}).Routes(),
		(&topics.Pages{Kit: s.kit, Registry: s.Registry, Tasks: s.tasks, Record: s.record, Reader: s.Reader, Live: s.live, Lookers: answer.NewLookers(), Followers: followers, Verifiers: verifiers}).Routes(),
		(&connections.Pages{Kit: s.kit, Connections: s.Connections, Drafts: s.Workspace, Audit: s.Access}).Routes(),
		(&accounts.Pages{Kit: s.kit, Control: s.Access}).Routes(),
		(&mail.Pages{Kit: s.kit, Mailer: s.Mail}).Routes(),
	)
}

// healthz reports that the process answers. It asks nothing else, so that a slow database
// does not get the process killed.
func (s *server) healthz(w http.ResponseWriter, _ *http.Request) {
	answer.Plain(w, http.StatusOK, "ok\n")
}
