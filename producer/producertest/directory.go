package producertest

import (
	"context"
	"errors"
	"time"

	"urncast/producer"
	"urncast/registry"
)

// A Directory shows producers, and changes none.
type Directory []producer.Status

var errReadOnly = errors.New("this directory of a test changes nothing")

// Producers implements producer.Directory.
func (d Directory) Producers(context.Context) ([]producer.Named, error) {
	var out []producer.Named
	for i := range d {
		out = append(out, producer.Named{ID: d[i].Name, Name: d[i].Name})
	}
	return out, nil
}

// Records implements producer.Directory.
func (d Directory) Records(id string) producer.Records {
	for i := range d {
		if d[i].Name == id {
			return records{d[i]}
		}
	}
	return nil
}

// CreateProducer implements producer.Directory.
func (d Directory) CreateProducer(context.Context, *producer.Config, registry.Act) error {
	return errReadOnly
}

// ChangeProducer implements producer.Directory.
func (d Directory) ChangeProducer(context.Context, string, *producer.Config, *producer.Wish, registry.Act) error {
	return errReadOnly
}

// DeleteProducer implements producer.Directory.
func (d Directory) DeleteProducer(context.Context, string, registry.Act) error { return errReadOnly }

// Last implements producer.Contents.
func (d Directory) Last(context.Context) (registry.Number, error) { return 0, nil }

// Amount implements producer.Contents: nothing is current.
func (d Directory) Amount(context.Context, producer.Extent) (producer.Amount, error) {
	return producer.Amount{}, nil
}

// Documents implements producer.Contents.
func (d Directory) Documents(context.Context, producer.Extent, []string) ([]producer.Entry, error) {
	return nil, nil
}

// Bodies implements producer.Contents.
func (d Directory) Bodies(context.Context, []int64) ([][]byte, error) { return nil, nil }

type records struct{ status producer.Status }

func (r records) Status(context.Context) (producer.Status, error) { return r.status, nil }

func (r records) Wish(context.Context, producer.Wish, registry.Act) error { return errReadOnly }

func (r records) AskJob(context.Context, *producer.JobStatus, registry.Act) error {
	return errReadOnly
}

func (r records) CancelJob(context.Context, string, bool, registry.Act) (*producer.JobStatus, error) {
	return nil, errReadOnly
}

func (r records) Jobs(context.Context, int) ([]producer.JobStatus, error) { return nil, nil }

func (r records) Routes(context.Context) ([]producer.LimitedRoute, error) { return nil, nil }

func (r records) Statuses(context.Context, registry.Number, registry.Number) (map[registry.Number]producer.Became, error) {
	return nil, nil
}

func (r records) Lags(context.Context, time.Time, time.Duration) (producer.LagHistory, error) {
	return producer.LagHistory{}, nil
}

func (r records) Held(context.Context) ([]producer.HeldRoute, error) { return nil, nil }
