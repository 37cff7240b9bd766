package web

import (
	"net/http"
	"strings"

	"urncast/web/rest"
)

// routes is the table of all routes.
func (s *server) routes() []route {
	maintain := &rest.Maintenance{Registry: s.Registry, Producers: s.Producers, Sender: s.Sender, Now: s.Now}
	query := &rest.Query{Registry: s.Registry, Sender: s.Sender, Now: s.Now}
	feed := &rest.Feed{Registry: s.Registry, Producers: s.Producers, Base: s.base}
	rules := &rest.Rules{Registry: s.Registry}
	house := &rest.Housekeeping{Registry: s.Registry}
	routes := []route{
		{"GET /healthz", accessOpen, s.healthz},
		{"GET /readyz", accessOpen, s.readyz},
		{"GET /metrics", accessRead, s.metricsPage},

		{"POST /sdmx/v2/structure", accessMaintain, maintain.Submit},
		{"POST /sdmx/v2/structure/{$}", accessMaintain, maintain.Submit},
		{"POST /sdmx/v2/structure/{type}", accessMaintain, maintain.Submit},
		{"PUT /sdmx/v2/structure/{type}/{agency}/{id}/{version}", accessMaintain, maintain.Put},
		{"DELETE /sdmx/v2/structure/{type}/{agency}/{id}/{version}", accessMaintain, maintain.Delete},
		{"DELETE /sdmx/v2/structure/{type}/{agency}/{id}/{version}/{item}", accessMaintain, maintain.Delete},
		{"POST /ws/secure/sdmxapi/rest", accessMaintain, maintain.Submit},
		{"POST /ws/secure/sdmxapi/rest/{$}", accessMaintain, maintain.Submit},
		{"POST /api/v1/structures/rename", accessMaintain, maintain.Rename},

		{"GET /sdmx/v2/structure/{type}", accessRead, query.Structures},
		{"GET /sdmx/v2/structure/{type}/{agency}", accessRead, query.Structures},
		{"GET /sdmx/v2/structure/{type}/{agency}/{id}", accessRead, query.Structures},
		{"GET /sdmx/v2/structure/{type}/{agency}/{id}/{version}", accessRead, query.Structures},

		{"GET /api/v1/transactions", accessRead, feed.List},
		{"GET /api/v1/transactions/{number}", accessRead, feed.One},
		{"GET /api/v1/transactions/{number}/structures", accessRead, query.Transaction},
		{"GET /api/v1/dangling", accessRead, feed.Dangling},
		{"GET /api/v1/settings", accessRead, rules.Get},
		{"PUT /api/v1/settings", accessAdmin, rules.Put},
		{"GET /api/v1/housekeeping", accessRead, house.State},
		{"POST /api/v1/housekeeping", accessAdmin, house.Run},
		{"GET /api/v1/openapi.json", accessRead, s.describe},
	}
	routes = append(routes, s.pageRoutes()...)
	routes = append(routes, s.settingsPageRoutes()...)
	if s.Producers != nil {
		routes = append(routes, producerRoutes(&rest.Producers{Producers: s.Producers})...)
		routes = append(routes, s.producerPageRoutes()...)
	}
	if s.Producers != nil && s.Reader != nil {
		routes = append(routes, topicRoutes(&rest.Topics{Producers: s.Producers, Registry: s.Registry, Reader: s.Reader, Readers: s.readers, Verifiers: s.verifiers, Stopping: s.stopping})...)
		routes = append(routes, s.topicPageRoutes()...)
	}
	if s.Connections != nil {
		routes = append(routes, connectionRoutes(&rest.Connections{Connections: s.Connections, Audit: s.Access})...)
		routes = append(routes, s.connectionPageRoutes()...)
	}
	if s.Doctor != nil {
		routes = append(routes, doctorRoutes(&rest.Doctor{Doctor: s.Doctor, Producers: s.Producers})...)
	}
	if s.Access != nil && s.Access.Store != nil {
		routes = append(routes, accessRoutes(&rest.Access{Control: s.Access})...)
		routes = append(routes, s.accessPageRoutes()...)
	}
	if s.Mail != nil {
		routes = append(routes, mailRoutes(&rest.Mail{Mailer: s.Mail})...)
		routes = append(routes, s.mailPageRoutes()...)
	}
	return routes
}

func producerRoutes(p *rest.Producers) []route {
	return []route{
		{"GET /api/v1/producers", accessRead, p.List},
		{"POST /api/v1/producers", accessAdmin, p.Create},
		{"POST /api/v1/producers/preview", accessAdmin, p.Preview},
		{"GET /api/v1/producers/{name}", accessRead, p.Get},
		{"PUT /api/v1/producers/{name}", accessAdmin, p.Put},
		{"DELETE /api/v1/producers/{name}", accessAdmin, p.Delete},
		{"POST /api/v1/producers/{name}/{command}", accessAdmin, p.Command},
		{"GET /api/v1/producers/{name}/jobs", accessRead, p.Jobs},
		{"POST /api/v1/producers/{name}/jobs", accessAdmin, p.Publish},
		{"DELETE /api/v1/producers/{name}/jobs/{id}", accessAdmin, p.Cancel},
	}
}

// topicRoutes read topics. Their bodies are structures of the registry, so that whoever
// reads those reads these; to verify costs a whole topic.
func topicRoutes(t *rest.Topics) []route {
	return []route{
		{"GET /api/v1/producers/{name}/topics/{topic}/records", accessRead, t.Records},
		{"POST /api/v1/producers/{name}/topics/{topic}/verify", accessAdmin, t.Verify},
	}
}

// pageRoutes are the pages of the console, and what they load.
func (s *server) pageRoutes() []route {
	return []route{
		{"GET /{$}", accessRead, s.dashboardPage},
		{"GET /transactions", accessRead, s.transactionsPage},
		{"GET /transactions.csv", accessRead, s.transactionsCSV},
		{"GET /transactions/{number}", accessRead, s.transactionPage},
		{"GET /structures", accessRead, s.structuresPage},
		{"GET /structures/{type}/{agency}/{id}/{version}", accessRead, s.structurePage},
		{"GET /structures/{type}/{agency}/{id}/{version}/source", accessRead, s.sourcePage},
		{"GET /structures/{type}/{agency}/{id}/{version}/download", accessRead, s.download},
		{"GET /submit", accessMaintain, s.submitPage},
		{"POST /submit", accessMaintain, s.submitFiles},
		{"GET /submit/{id}", accessMaintain, s.checkedPage},
		{"POST /submit/{id}", accessMaintain, s.submitCommand},
		{"GET /live/dashboard", accessRead, s.liveDashboard},
		{"GET /live/transactions", accessRead, s.liveTransactions},
		{"GET /live/transactions/{number}", accessRead, s.liveTransaction},
		{"GET /structures/{type}/{agency}/{id}/{version}/delete", accessMaintain, s.deletionPage},
		{"POST /structures/{type}/{agency}/{id}/{version}/delete", accessMaintain, s.deletion},
		{"GET /structures/{type}/{agency}/{id}/{version}/rename", accessMaintain, s.renamingPage},
		{"POST /structures/{type}/{agency}/{id}/{version}/rename", accessMaintain, s.renaming},
		{"GET /agencies/{agency}/rename", accessMaintain, s.agencyPage},
		{"POST /agencies/{agency}/rename", accessMaintain, s.renameAgency},
		{"GET /find", accessRead, s.find},
		{"GET /assets/{name}", accessOpen, s.asset},
		{"POST /theme", accessOpen, s.theme},
	}
}

// mailRoutes are for the administrator, reads too: they hold addresses.
func mailRoutes(m *rest.Mail) []route {
	return []route{
		{"GET /api/v1/mail", accessAdmin, m.Get},
		{"PUT /api/v1/mail", accessAdmin, m.Put},
		{"POST /api/v1/mail/test", accessAdmin, m.Test},
	}
}

// connectionRoutes are for the administrator, reads too: they show how the
// clusters are set up.
func connectionRoutes(c *rest.Connections) []route {
	return []route{
		{"GET /api/v1/connections", accessAdmin, c.List},
		{"GET /api/v1/connections/{name}", accessAdmin, c.Get},
		{"PUT /api/v1/connections/{name}", accessAdmin, c.Put},
		{"DELETE /api/v1/connections/{name}", accessAdmin, c.Delete},
		{"POST /api/v1/connections/check", accessAdmin, c.Check},
		{"POST /api/v1/connections/test", accessAdmin, c.TestEdited},
		{"POST /api/v1/connections/{name}/test", accessAdmin, c.TestSaved},
		{"GET /api/v1/kafka-properties", accessAdmin, c.Properties},
	}
}

// base is the address of this server as its readers know it: the one that an admin has set
// for links, else the one that a request came to.
func (s *server) base(r *http.Request) string {
	if s.Mail != nil {
		m, err := s.Mail.Show(r.Context())
		if err == nil && m.Settings.PublicURL != "" {
			return strings.TrimSuffix(m.Settings.PublicURL, "/")
		}
	}
	scheme := "http"
	if s.private(r) {
		scheme = "https"
	}
	return scheme + "://" + r.Host
}

// healthz says that the process answers; it asks nobody else, so that a slow
// database does not get the process killed.
func (s *server) healthz(w http.ResponseWriter, _ *http.Request) {
	plain(w, http.StatusOK, "ok\n")
}

func (s *server) metricsPage(w http.ResponseWriter, r *http.Request) {
	if s.Metrics == nil {
		plain(w, http.StatusNotFound, "This server keeps no metrics.\n")
		return
	}
	s.Metrics.ServeHTTP(w, r)
}

func plain(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write([]byte(text)) // the reader has gone; nobody is left to tell
}
