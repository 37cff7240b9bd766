package publisher

import (
	"context"
	"errors"

	"urncast/producer"
	"urncast/producer/control"
	"urncast/registry"
)

// newAdministrator returns an administrator for a model.
func newAdministrator(s *modelStore, user string) *administrator {
	return &administrator{control.New(&modelRecords{store: s}), registry.Actor{User: user}}
}

// An administrator commands a model through a control.Producer.
type administrator struct {
	admin *control.Producer
	by    registry.Actor
}

func (a *administrator) Skip(n registry.Number, reason string) error {
	return a.admin.Skip(context.Background(), control.Skip{Transaction: n, Reason: reason}, a.by)
}

func (a *administrator) Resume() error { return a.admin.Resume(context.Background(), a.by) }

func (a *administrator) Publish(s producer.Scope) error {
	_, err := a.admin.Publish(context.Background(), s, a.by)
	return err
}

func (a *administrator) CancelJob(id string) (leaves string, err error) {
	j, err := a.admin.CancelJob(context.Background(), id, a.by)
	if err != nil {
		return "", err
	}
	if !j.Cancelling {
		return "", errors.New("the job is not being cancelled")
	}
	return j.Leaves, nil
}

// modelRecords implements control.Records on a model.
type modelRecords struct {
	control.Records // what no test here asks for
	store           *modelStore
}

func (r *modelRecords) Status(context.Context) (control.Status, error) {
	row, failed, last := r.store.now()
	s := control.Status{Name: "p", State: row.State, Reason: row.Reason, Started: row.Started, Settings: row.Config, Sent: row.Cursor.Number, Last: last, Failed: failed}
	if j := row.Job; j != nil {
		s.Job = &control.JobStatus{ID: j.ID, Kind: j.Kind, AsOf: j.AsOf, Phase: j.Phase, Done: j.Done, First: j.First, Cancelling: j.Cancel}
	}
	return s, nil
}

func (r *modelRecords) Wish(_ context.Context, w producer.Wish, a registry.Act) error {
	r.store.ask(w, a)
	return nil
}

func (r *modelRecords) AskJob(_ context.Context, j *control.JobStatus, a registry.Act) error {
	r.store.askJob(producer.Job{Kind: j.Kind, Scope: j.Scope}, a)
	return nil
}

func (r *modelRecords) CancelJob(_ context.Context, id string, start bool, a registry.Act) (*control.JobStatus, error) {
	if err := r.store.askCancel(id, start, a); err != nil {
		return nil, err
	}
	return &control.JobStatus{ID: id}, nil
}
