package structure

import (
	"net/http"
	"slices"

	"urncast/registry"
)

// statusOf is the HTTP status of one structure of a submission.
func statusOf(r *registry.Result) int {
	switch r.Verdict {
	case registry.Created:
		return http.StatusCreated
	case registry.Updated, registry.Deleted:
		return http.StatusOK
	case registry.Unchanged:
		return http.StatusNotModified
	case registry.Refused:
		worst := 0
		for _, p := range r.Problems {
			worst = worse(worst, reasonStatus(p.Reason))
		}
		if worst != 0 {
			return worst
		}
	}
	return http.StatusUnprocessableEntity
}

// reasonStatus follows sdmx-rest 2.x: 403 for what another agency maintains, 404 for what
// does not exist, 409 for a reference or a version rule in the way, 422 for what is
// invalid.
func reasonStatus(r registry.Reason) int {
	switch r {
	case registry.ReasonMissing:
		return http.StatusNotFound
	case registry.ReasonForbidden:
		return http.StatusForbidden
	case registry.ReasonUnresolved, registry.ReasonImmutable, registry.ReasonReferenced, registry.ReasonOwns, registry.ReasonUnknownAgency:
		return http.StatusConflict
	}
	return http.StatusUnprocessableEntity
}

// worse picks the status that says most about a refusal: forbidden before conflict before
// invalid before missing.
func worse(a, b int) int {
	for _, status := range []int{http.StatusForbidden, http.StatusConflict, http.StatusUnprocessableEntity, http.StatusNotFound} {
		if a == status || b == status {
			return status
		}
	}
	return max(a, b)
}

// overall is the status of a whole submission, by sdmx-rest 2.x: 201 if all were created,
// 200 if all were updated, deleted or unchanged, 207 if some of both; or the status of the
// refusal.
func overall(o *registry.Outcome) int {
	created, other, refused := false, false, 0
	for i := range o.Results {
		switch o.Results[i].Verdict {
		case registry.Refused:
			refused = worse(refused, statusOf(&o.Results[i]))
		case registry.Created:
			created = true
		default:
			other = true
		}
	}
	switch {
	case refused != 0:
		return refused
	case o.DryRun || !created:
		return http.StatusOK
	case other:
		return http.StatusMultiStatus
	}
	return http.StatusCreated
}

// hasRemarks reports whether an answer must say more than the verdicts.
func (u *upload) hasRemarks(o *registry.Outcome) bool {
	return u.summary.Warnings.Count+u.summary.Skipped.Count > 0 ||
		slices.ContainsFunc(o.Results, func(r registry.Result) bool { return len(r.Notices) > 0 })
}

// unchanged reports whether the submission changed nothing in the registry.
func unchanged(o *registry.Outcome) bool {
	for i := range o.Results {
		if o.Results[i].Verdict != registry.Unchanged {
			return false
		}
	}
	return true
}

func answerOf(o *registry.Outcome, up *upload) SubmitAnswer {
	a := SubmitAnswer{
		Transactions: o.Transactions, Refused: o.Refused(), DryRun: o.DryRun, Counts: map[string]int{},
		Results: make([]Result, len(o.Results)), Dangling: danglingOf(o.Dangling),
		Skipped: up.summary.Skipped.First, MoreSkipped: up.summary.Skipped.More(),
		Warnings: up.summary.Warnings.First, MoreWarnings: up.summary.Warnings.More(),
	}
	if a.Transactions == nil {
		a.Transactions = []registry.Number{}
	}
	for i := range o.Results {
		r := &o.Results[i]
		a.Counts[r.Verdict.String()]++
		out := Result{URN: r.URN.String(), Where: r.Where, Verdict: r.Verdict.String(), Status: statusOf(r), Notices: r.Notices}
		for _, p := range r.Problems {
			out.Problems = append(out.Problems, ResultProblem{p.Reason.String(), p.Text, p.URNs})
		}
		a.Results[i] = out
	}
	return a
}
