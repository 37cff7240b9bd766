package accounts

import (
	"net/http"

	"urncast/web/answer"
	"urncast/web/console/page"
)

// auditShown is how many entries a page lists.
const auditShown = 50

// auditPage draws the audit log, newest first.
func (s *Pages) auditPage(w http.ResponseWriter, r *http.Request) {
	a := &Audit{Filter: r.URL.Query(), Zone: page.Zone(r)}
	if !a.Filter.Has("zone") { // an address with a zone shows everybody the same days
		a.Filter.Set("zone", a.Zone.String())
	} else if named, err := answer.ZoneOf(a.Filter.Get("zone")); err == nil {
		a.Zone = named
	}
	q, err := answer.AuditQuery(a.Filter)
	status := http.StatusOK
	if err != nil {
		status, a.Wrong = http.StatusBadRequest, err.Error()
	}
	q.After, q.Limit = 0, auditShown+1
	if a.Actions, err = s.Control.Actions(r.Context()); err == nil && a.Wrong == "" {
		a.Acts, err = s.Control.Acts(r.Context(), q)
	}
	if err != nil {
		s.DrawTrouble(w, r, "/audit", err)
		return
	}
	if a.More = len(a.Acts) > auditShown; a.More {
		a.Acts = a.Acts[:auditShown]
	}
	s.Draw(w, r, status, AuditPage(s.Frame(r, "Audit log", "/audit"), a))
}
