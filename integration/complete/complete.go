// Package complete gives tests a server with every part, on a real database.
package complete

import (
	"cmp"
	"log/slog"
	"testing"

	"urncast/producer/connection"
	"urncast/producer/control"
	"urncast/producer/diagnosis"
	"urncast/producer/notice"
	"urncast/producer/producertest"
	"urncast/registry/access"
	"urncast/registry/plan"
	"urncast/registry/postgres"
	"urncast/registry/postgres/signin"
	"urncast/registry/postgres/workspace"
	"urncast/web"
	"urncast/web/webtest"
)

// Options returns o with its missing parts filled in, on the database of store: no key for secrets,
// an administrator set by flags, and a cluster without topics.
func Options(t testing.TB, store *postgres.Store, o web.Options) web.Options {
	t.Helper()
	log := cmp.Or(o.Log, slog.New(slog.DiscardHandler))
	o.Registry = cmp.Or(o.Registry, plan.New(store))
	o.Connections = cmp.Or(o.Connections, &connection.Connections{Store: store.Connections(nil), Client: &producertest.Client{}})
	if o.Producers == nil {
		directory, err := store.Directory(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		o.Producers = &control.Producers{Directory: directory}
	}
	o.Doctor = cmp.Or(o.Doctor, &diagnosis.Doctor{Connections: o.Connections, Topics: producertest.NoTopics{}, Largest: producertest.NoLargest})
	o.Mail = cmp.Or(o.Mail, &notice.Mailer{Store: store.Mail(nil), Log: log})
	o.Access = cmp.Or(o.Access, &access.Control{Store: store.Access(), User: "admin", Password: webtest.Password, Log: log})
	o.Access.Failures = cmp.Or[access.Failures](o.Access.Failures, &signin.Failures{Pool: store.Pool(), Registry: store.RegistryID()})
	o.Workspace = cmp.Or[web.Workspace](o.Workspace, &workspace.Store{Pool: store.Pool(), Instance: store.Instance()})
	return webtest.Complete(o)
}
