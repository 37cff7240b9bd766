package producertest

import (
	"context"
	"errors"
	"time"

	"urncast/producer"
	"urncast/producer/control"
	"urncast/registry"
)

// A Directory shows producers, and changes none.
type Directory []control.Status

var errReadOnly = errors.New("this directory of a test changes nothing")

// Producers implements control.Directory.
func (d Directory) Producers(context.Context) ([]producer.Named, error) {
	var out []producer.Named
	for i := range d {
		out = append(out, producer.Named{ID: d[i].Name, Name: d[i].Name})
	}
	return out, nil
}

// Records implements control.Directory.
func (d Directory) Records(id string) control.Records {
	for i := range d {
		if d[i].Name == id {
			return records{d[i]}
		}
	}
	return nil
}

// CreateProducer implements control.Directory.
func (d Directory) CreateProducer(context.Context, *producer.Config, registry.Act) error {
	return errReadOnly
}

// ChangeProducer implements control.Directory.
func (d Directory) ChangeProducer(context.Context, string, *producer.Config, *producer.Wish, registry.Act) error {
	return errReadOnly
}

// DeleteProducer implements control.Directory.
func (d Directory) DeleteProducer(context.Context, string, registry.Act) error { return errReadOnly }

// Last implements control.Contents.
func (d Directory) Last(context.Context) (registry.Number, error) { return 0, nil }

// Amount implements control.Contents: nothing is current.
func (d Directory) Amount(context.Context, control.Extent) (control.Amount, error) {
	return control.Amount{}, nil
}

// Documents implements control.Contents.
func (d Directory) Documents(context.Context, control.Extent, []string) ([]producer.Entry, error) {
	return nil, nil
}

// Bodies implements control.Contents.
func (d Directory) Bodies(context.Context, []int64) ([][]byte, error) { return nil, nil }

type records struct{ status control.Status }

func (r records) Status(context.Context) (control.Status, error) { return r.status, nil }

func (r records) Wish(context.Context, producer.Wish, registry.Act) error { return errReadOnly }

func (r records) AskJob(context.Context, *control.JobStatus, registry.Act) error {
	return errReadOnly
}

func (r records) CancelJob(context.Context, string, bool, registry.Act) (*control.JobStatus, error) {
	return nil, errReadOnly
}

func (r records) Jobs(context.Context, int) ([]control.JobStatus, error) { return nil, nil }

// Routes implements control.Records: no limits are known.
func (r records) Routes(context.Context) (out []control.LimitedRoute, err error) {
	for _, route := range r.status.Settings.Routes {
		out = append(out, control.LimitedRoute{Route: route, Sender: r.status.Settings.Sender})
	}
	return out, nil
}

func (r records) Statuses(context.Context, registry.Number, registry.Number) (map[registry.Number]control.Became, error) {
	return nil, nil
}

func (r records) Lags(context.Context, time.Time, time.Duration) (control.LagHistory, error) {
	return control.LagHistory{}, nil
}

func (r records) Held(context.Context) ([]control.HeldRoute, error) { return nil, nil }
