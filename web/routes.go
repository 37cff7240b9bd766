package web

import (
	"net/http"
	"strings"

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

// routes is the table of all routes.
func (s *server) routes() []guard.Route {
	maintain := &rest.Maintenance{Registry: s.Registry, Producers: s.Producers, Sender: s.Sender, Now: s.Now}
	query := &rest.Query{Registry: s.Registry, Sender: s.Sender, Now: s.Now}
	feed := &rest.Feed{Registry: s.Registry, Producers: s.Producers, Base: s.base}
	rules := &rest.Rules{Registry: s.Registry}
	house := &rest.Housekeeping{Registry: s.Registry}
	routes := []guard.Route{
		{Pattern: "GET /healthz", Level: guard.Open, Handle: s.healthz},
		{Pattern: "GET /readyz", Level: guard.Open, Handle: s.readyz},
		{Pattern: "GET /metrics", Level: guard.Read, Handle: s.metricsPage},

		{Pattern: "POST /sdmx/v2/structure", Level: guard.Maintain, Act: "Submitting structures", Body: guard.Stream, Handle: maintain.Submit},
		{Pattern: "POST /sdmx/v2/structure/{$}", Level: guard.Maintain, Act: "Submitting structures", Body: guard.Stream, Handle: maintain.Submit},
		{Pattern: "POST /sdmx/v2/structure/{type}", Level: guard.Maintain, Act: "Submitting structures", Body: guard.Stream, Handle: maintain.Submit},
		{Pattern: "PUT /sdmx/v2/structure/{type}/{agency}/{id}/{version}", Level: guard.Maintain, Act: "Replacing a structure", Body: guard.Stream, Handle: maintain.Put},
		{Pattern: "DELETE /sdmx/v2/structure/{type}/{agency}/{id}/{version}", Level: guard.Maintain, Act: "Deleting a structure", Handle: maintain.Delete},
		{Pattern: "DELETE /sdmx/v2/structure/{type}/{agency}/{id}/{version}/{item}", Level: guard.Maintain, Act: "Deleting an item", Handle: maintain.Delete},
		{Pattern: "POST /ws/secure/sdmxapi/rest", Level: guard.Maintain, Act: "Submitting structures", Body: guard.Stream, Handle: maintain.Submit},
		{Pattern: "POST /ws/secure/sdmxapi/rest/{$}", Level: guard.Maintain, Act: "Submitting structures", Body: guard.Stream, Handle: maintain.Submit},
		{Pattern: "POST /api/v1/structures/rename", Level: guard.Maintain, Act: "Renaming", Handle: maintain.Rename},

		{Pattern: "GET /sdmx/v2/structure/{type}", Level: guard.Read, Long: true, Handle: query.Structures},
		{Pattern: "GET /sdmx/v2/structure/{type}/{agency}", Level: guard.Read, Long: true, Handle: query.Structures},
		{Pattern: "GET /sdmx/v2/structure/{type}/{agency}/{id}", Level: guard.Read, Long: true, Handle: query.Structures},
		{Pattern: "GET /sdmx/v2/structure/{type}/{agency}/{id}/{version}", Level: guard.Read, Long: true, Handle: query.Structures},

		{Pattern: "GET /api/v1/transactions", Level: guard.Read, Handle: feed.List},
		{Pattern: "GET /api/v1/transactions/{number}", Level: guard.Read, Handle: feed.One},
		{Pattern: "GET /api/v1/transactions/{number}/structures", Level: guard.Read, Long: true, Handle: query.Transaction},
		{Pattern: "GET /api/v1/dangling", Level: guard.Read, Handle: feed.Dangling},
		{Pattern: "GET /api/v1/settings", Level: guard.Read, Handle: rules.Get},
		{Pattern: "PUT /api/v1/settings", Level: guard.Admin, Act: "Changing the settings", Body: guard.Lists, Handle: rules.Put},
		{Pattern: "GET /api/v1/housekeeping", Level: guard.Read, Handle: house.State},
		{Pattern: "POST /api/v1/housekeeping", Level: guard.Admin, Act: "Housekeeping", Handle: house.Run},
		{Pattern: "GET /api/v1/openapi.json", Level: guard.Read, Handle: s.describe},
	}
	routes = append(routes, s.kit.Routes()...)
	routes = append(routes, (&submit.Pages{Kit: s.kit, Registry: s.Registry, Tasks: s.tasks, Record: s.record, Uploads: s.Workspace}).Routes()...)
	routes = append(routes, (&structures.Pages{Kit: s.kit, Record: s.record, Registry: s.Registry, Tasks: s.tasks, Sender: s.Sender}).Routes()...)
	routes = append(routes, (&dashboard.Pages{Kit: s.kit, Registry: s.Registry, Record: s.record, Live: s.live}).Routes()...)
	routes = append(routes, (&transactions.Pages{Kit: s.kit, Registry: s.Registry, Record: s.record, Live: s.live}).Routes()...)
	routes = append(routes, (&settings.Pages{Kit: s.kit, Registry: s.Registry, Tasks: s.tasks, BodyBytesMax: s.BodyBytesMax}).Routes()...)
	if s.Producers != nil {
		routes = append(routes, producerRoutes(&rest.Producers{Producers: s.Producers})...)
		routes = append(routes, (&producers.Pages{Kit: s.kit, Registry: s.Registry, Record: s.record, Live: s.live, Connections: s.Connections, Doctor: s.Doctor, Mailer: s.Mail}).Routes()...)
	}
	if s.Producers != nil && s.Reader != nil {
		followers, verifiers := answer.NewReaders(), answer.NewVerifiers() // shared by the API and the console
		routes = append(routes, topicRoutes(&rest.Topics{Producers: s.Producers, Registry: s.Registry, Reader: s.Reader, Readers: followers, Verifiers: verifiers, Stopping: s.stopping})...)
		routes = append(routes, (&topics.Pages{Kit: s.kit, Registry: s.Registry, Tasks: s.tasks, Record: s.record, Reader: s.Reader, Live: s.live, Lookers: answer.NewLookers(), Followers: followers, Verifiers: verifiers}).Routes()...)
	}
	if s.Connections != nil {
		routes = append(routes, connectionRoutes(&rest.Connections{Connections: s.Connections, Audit: s.Access})...)
		routes = append(routes, (&connections.Pages{Kit: s.kit, Connections: s.Connections, Drafts: s.Workspace, Audit: s.Access}).Routes()...)
	}
	if s.Doctor != nil {
		routes = append(routes, doctorRoutes(&rest.Doctor{Doctor: s.Doctor, Producers: s.Producers})...)
	}
	if s.Access != nil && s.Access.Store != nil {
		routes = append(routes, accessRoutes(&rest.Access{Control: s.Access})...)
		routes = append(routes, (&accounts.Pages{Kit: s.kit, Control: s.Access}).Routes()...)
	}
	if s.Mail != nil {
		routes = append(routes, mailRoutes(&rest.Mail{Mailer: s.Mail})...)
		routes = append(routes, (&mail.Pages{Kit: s.kit, Mailer: s.Mail}).Routes()...)
	}
	return routes
}

func producerRoutes(p *rest.Producers) []guard.Route {
	return []guard.Route{
		{Pattern: "GET /api/v1/producers", Level: guard.Read, Handle: p.List},
		{Pattern: "POST /api/v1/producers", Level: guard.Admin, Act: "Making a producer", Body: guard.Lists, Handle: p.Create},
		{Pattern: "POST /api/v1/producers/preview", Level: guard.Admin, Act: "A preview", Body: guard.Lists, Handle: p.Preview},
		{Pattern: "GET /api/v1/producers/{name}", Level: guard.Read, Handle: p.Get},
		{Pattern: "PUT /api/v1/producers/{name}", Level: guard.Admin, Act: "Changing a producer", Body: guard.Lists, Handle: p.Put},
		{Pattern: "DELETE /api/v1/producers/{name}", Level: guard.Admin, Act: "Deleting a producer", Handle: p.Delete},
		{Pattern: "POST /api/v1/producers/{name}/{command}", Level: guard.Admin, Act: "This command", Handle: p.Command},
		{Pattern: "GET /api/v1/producers/{name}/jobs", Level: guard.Read, Handle: p.Jobs},
		{Pattern: "POST /api/v1/producers/{name}/jobs", Level: guard.Admin, Act: "Publishing anew", Body: guard.Lists, Handle: p.Publish},
		{Pattern: "DELETE /api/v1/producers/{name}/jobs/{id}", Level: guard.Admin, Act: "Cancelling a job", Handle: p.Cancel},
	}
}

// topicRoutes are the routes that read topics. Messages hold structures of the registry,
// so readers of structures may read them; verifying needs an administrator, because it
// reads a whole topic.
func topicRoutes(t *rest.Topics) []guard.Route {
	return []guard.Route{
		{Pattern: "GET /api/v1/producers/{name}/topics/{topic}/records", Level: guard.Read, Long: true, Handle: t.Records},
		{Pattern: "POST /api/v1/producers/{name}/topics/{topic}/verify", Level: guard.Admin, Act: "Verifying a topic", Handle: t.Verify},
	}
}

// mailRoutes are the routes of mail settings. They need an administrator, reads too,
// because they show addresses.
func mailRoutes(m *rest.Mail) []guard.Route {
	return []guard.Route{
		{Pattern: "GET /api/v1/mail", Level: guard.Admin, Act: "Seeing the mail settings", Handle: m.Get},
		{Pattern: "PUT /api/v1/mail", Level: guard.Admin, Act: "Changing the mail settings", Body: guard.Lists, Handle: m.Put},
		{Pattern: "POST /api/v1/mail/test", Level: guard.Admin, Act: "Sending a test mail", Handle: m.Test},
	}
}

// connectionRoutes are the routes of connections. They need an administrator, reads too,
// because they show how the clusters are set up.
func connectionRoutes(c *rest.Connections) []guard.Route {
	return []guard.Route{
		{Pattern: "GET /api/v1/connections", Level: guard.Admin, Act: "Seeing connections", Handle: c.List},
		{Pattern: "GET /api/v1/connections/{name}", Level: guard.Admin, Act: "Seeing a connection", Handle: c.Get},
		{Pattern: "PUT /api/v1/connections/{name}", Level: guard.Admin, Act: "Saving a connection", Body: guard.Files, Handle: c.Put},
		{Pattern: "DELETE /api/v1/connections/{name}", Level: guard.Admin, Act: "Deleting a connection", Handle: c.Delete},
		{Pattern: "POST /api/v1/connections/check", Level: guard.Admin, Act: "Checking a connection", Body: guard.Files, Handle: c.Check},
		{Pattern: "POST /api/v1/connections/test", Level: guard.Admin, Act: "Testing a connection", Body: guard.Files, Handle: c.TestEdited},
		{Pattern: "POST /api/v1/connections/{name}/test", Level: guard.Admin, Act: "Testing a connection", Body: guard.Files, Handle: c.TestSaved},
		{Pattern: "GET /api/v1/kafka-properties", Level: guard.Admin, Act: "Seeing the properties of connections", Handle: c.Properties},
	}
}

// base is the address of this server for links: the one that an admin has set, else the
// one that the request was sent to.
func (s *server) base(r *http.Request) string {
	if s.Mail != nil {
		m, err := s.Mail.Show(r.Context())
		if err == nil && m.Settings.PublicURL != "" {
			return strings.TrimSuffix(m.Settings.PublicURL, "/")
		}
	}
	scheme := "http"
	if s.guard.Private(r) {
		scheme = "https"
	}
	return scheme + "://" + r.Host
}

// healthz reports that the process answers. It asks nothing else, so that a slow database
// does not get the process killed.
func (s *server) healthz(w http.ResponseWriter, _ *http.Request) {
	answer.Plain(w, http.StatusOK, "ok\n")
}

func (s *server) metricsPage(w http.ResponseWriter, r *http.Request) {
	if s.Metrics == nil {
		answer.Plain(w, http.StatusNotFound, "This server keeps no metrics.\n")
		return
	}
	s.Metrics.ServeHTTP(w, r)
}
