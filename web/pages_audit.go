package web

import (
	"net/http"

	"urncast/web/answer"
	"urncast/web/console/accounts"
	"urncast/web/console/page"
)

// auditShown is how many entries a page lists.
const auditShown = 50

// auditPage draws who changed what, the last first.
func (s *server) auditPage(w http.ResponseWriter, r *http.Request) {
	a := &accounts.Audit{Filter: r.URL.Query(), Zone: page.Zone(r)}
	if !a.Filter.Has("zone") { // who is sent an address with one sees the days that its sender saw
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
	if a.Actions, err = s.Access.Actions(r.Context()); err == nil && a.Wrong == "" {
		a.Acts, err = s.Access.Acts(r.Context(), q)
	}
	if err != nil {
		s.kit.DrawTrouble(w, r, "/audit", err)
		return
	}
	if a.More = len(a.Acts) > auditShown; a.More {
		a.Acts = a.Acts[:auditShown]
	}
	s.kit.Draw(w, r, status, accounts.AuditPage(s.kit.Frame(r, "Audit log", "/audit"), a))
}
