// Package webtest completes the options of a server of a test. It does not import package
// web, so that web's own tests can use it.
package webtest

import (
	"cmp"
	"context"
	"log/slog"
	"net/http"
	"reflect"

	"github.com/prometheus/client_golang/prometheus"

	"urncast/producer/connection"
	"urncast/producer/control"
	"urncast/producer/diagnosis"
	"urncast/producer/notice"
	"urncast/producer/producertest"
	"urncast/producer/topicview"
	"urncast/registry"
	"urncast/registry/access"
	"urncast/registry/access/accesstest"
	"urncast/registry/plan"
	"urncast/registry/workspace/workspacetest"
	"urncast/sdmx"
	"urncast/web/console/submit"
)

// Password is that of the administrator admin, where a test has no access.Control of its own.
const Password = "correct-horse"

// parts are the fields of web.Options that a server cannot be without.
type parts struct {
	Registry    *plan.Registry
	Producers   *control.Producers
	Connections *connection.Connections
	Doctor      *diagnosis.Doctor
	Reader      topicview.Opener
	Mail        *notice.Mailer
	Workspace   any
	Access      *access.Control
	Metrics     http.Handler
	Register    prometheus.Registerer
	Ready       func(context.Context) error
	Log         *slog.Logger
}

// Complete returns web.Options with the parts that o leaves out, each of them cheap: a
// registry without structures, no producer, no connection, no topic, no mail, all in memory,
// and an administrator with Password.
func Complete[Options any](o Options) Options {
	var p parts
	options, fields := reflect.ValueOf(&o).Elem(), reflect.ValueOf(&p).Elem()
	for i := range fields.NumField() {
		if given := options.FieldByName(fields.Type().Field(i).Name); !given.IsZero() {
			fields.Field(i).Set(given)
		}
	}
	p.complete()
	for i := range fields.NumField() {
		value := fields.Field(i)
		if value.Kind() == reflect.Interface {
			value = value.Elem()
		}
		options.FieldByName(fields.Type().Field(i).Name).Set(value)
	}
	return o
}

func (p *parts) complete() {
	p.Log = cmp.Or(p.Log, slog.New(slog.DiscardHandler))
	p.Registry = cmp.Or(p.Registry, plan.New(emptyRegistry{}))
	p.Connections = cmp.Or(p.Connections, &connection.Connections{Store: &producertest.Store{}, Client: &producertest.Client{}})
	p.Producers = cmp.Or(p.Producers, &control.Producers{Directory: producertest.Directory{}})
	p.Producers.Connections = cmp.Or(p.Producers.Connections, p.Connections)
	p.Doctor = cmp.Or(p.Doctor, &diagnosis.Doctor{Connections: p.Connections, Topics: producertest.NoTopics{}})
	p.Mail = cmp.Or(p.Mail, &notice.Mailer{Store: noMail{}, Log: p.Log})
	p.Access = cmp.Or(p.Access, &access.Control{Store: &accesstest.Store{}, User: "admin", Password: Password})
	p.Access.Failures = cmp.Or[access.Failures](p.Access.Failures, accesstest.Uncounted{})
	p.Access.Log = cmp.Or(p.Access.Log, p.Log)
	p.Reader = cmp.Or[topicview.Opener](p.Reader, producertest.NoTopics{})
	p.Workspace = cmp.Or[any](p.Workspace, NewDesk())
	p.Register = cmp.Or[prometheus.Registerer](p.Register, prometheus.NewRegistry())
	if p.Metrics == nil {
		p.Metrics = http.NotFoundHandler()
	}
	if p.Ready == nil {
		p.Ready = func(context.Context) error { return nil }
	}
}

// An emptyRegistry has no structures and no transactions, and takes none.
type emptyRegistry struct{ registry.Store }

func (emptyRegistry) RegistryID() string { return "8d5c4f7e-0000-4000-8000-000000000000" }

func (emptyRegistry) Settings(context.Context) (registry.Settings, error) {
	return registry.Settings{}, nil
}

func (emptyRegistry) Last(context.Context) (registry.Number, error) { return 0, nil }

func (emptyRegistry) Counts(context.Context) (map[sdmx.Class]int, registry.Number, error) {
	return nil, 0, nil
}

func (emptyRegistry) Latest(context.Context, registry.Number, int) ([]registry.Transaction, error) {
	return nil, nil
}

func (emptyRegistry) Recorded(context.Context, string, string) ([]registry.Number, error) {
	return nil, nil
}

// noMail are mail settings that name no server, and a queue without mails.
type noMail struct{ notice.Store }

func (noMail) MailSettings(context.Context) (*notice.StoredSettings, error) {
	return &notice.StoredSettings{}, nil
}

func (noMail) MailQueue(context.Context) (notice.Queue, error) { return notice.Queue{}, nil }

func (noMail) Mails(context.Context, int64, int) ([]notice.Mail, error) { return nil, nil }

// A Desk keeps drafts and work in memory; it takes no uploads.
type Desk struct {
	submit.Uploads
	*workspacetest.Store
}

// NewDesk returns an empty desk.
func NewDesk() *Desk { return &Desk{Store: &workspacetest.Store{}} }
