package control

import (
	"context"
	"fmt"
	"slices"

	"urncast/producer"
	"urncast/registry"
)

// ActJobCancelAsked is the action of the audit for the cancellation of a job that has
// begun; ActJobCancelled follows when it is done.
const ActJobCancelAsked = "job cancellation asked"

// CancelJob removes a waiting job at once, or asks for the end of the job under way. The
// instance that holds the lease ends that after its next recovery, which finds out how much
// of the job is on the topics. A FAILED producer is started for this; a suspended or stopped
// one does it when it goes on. JobStatus.Leaves of the result says what remains on the
// topics.
func (a *Producer) CancelJob(ctx context.Context, id string, by registry.Actor) (*JobStatus, error) {
	s, err := a.Status(ctx)
	if err != nil {
		return nil, err
	}
	j := s.Job
	if j == nil || j.ID != id {
		return a.records.CancelJob(ctx, id, false, by.Did(ActJobCancelled, s.Name, map[string]string{"job": id}))
	}
	if j.Cancelling && s.State != producer.Failed {
		return j, nil // it was asked for before
	}
	did := by.Did(ActJobCancelAsked, s.Name, map[string]string{"job": id, "kind": j.Kind, "leaves": j.Leaves})
	if _, err := a.records.CancelJob(ctx, id, s.State == producer.Failed, did); err != nil {
		return nil, err
	}
	j.Cancelling = true
	return j, nil
}

// Publish asks for a job that sends the structures of a scope anew, all of them for an empty
// scope, as they are current when the job begins, and tombstones for keys of that scope that
// the topics hold and the registry does not. The job runs between two transactions and
// continues after a crash. A producer that does not publish now begins it when it does.
func (a *Producer) Publish(ctx context.Context, scope producer.Scope, by registry.Actor) (*JobStatus, error) {
	s, err := a.Status(ctx)
	if err != nil {
		return nil, err
	}
	if !s.Started {
		return nil, fmt.Errorf("%w: the producer was never started, so there is nothing to send anew; start it with %q", ErrCommand, producer.StartBaseline)
	}
	if err := scope.Check(s.Settings.Routes, s.Last); err != nil {
		return nil, producer.BadEdit("%s", err)
	}
	if s.JobsWaiting >= jobsWaitingMax {
		return nil, fmt.Errorf("%w: %d jobs are waiting already; let them run, or cancel some", ErrCommand, s.JobsWaiting)
	}
	j := &JobStatus{Kind: producer.JobRepublish, Phase: producer.PhaseWaiting, Scope: scope}
	if scope.Filter.IsZero() && scope.From == 0 {
		j.Kind = producer.JobBaseline
	}
	return j, a.records.AskJob(ctx, j, by.Did(ActJobAsked, s.Name, map[string]any{"kind": j.Kind, "scope": scope}))
}

// jobsWaitingMax bounds the waiting jobs of one producer.
const jobsWaitingMax = 100

// Jobs lists the newest jobs, the newest first.
func (a *Producer) Jobs(ctx context.Context, limit int) ([]JobStatus, error) {
	jobs, err := a.records.Jobs(ctx, limit)
	if err != nil {
		return nil, err
	}
	isRunning := func(j JobStatus) bool { return j.EndedAt.IsZero() && j.Phase != producer.PhaseWaiting }
	if i := slices.IndexFunc(jobs, isRunning); i >= 0 {
		s, err := a.Status(ctx)
		if err != nil {
			return nil, err
		}
		if s.Job != nil && s.Job.ID == jobs[i].ID {
			jobs[i] = *s.Job // with Leaves
		}
	}
	return jobs, nil
}
