package manage

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"urncast/registry"
	"urncast/registry/access"
	"urncast/web/answer"
	"urncast/web/rest/wire"
)

// auditShown bounds a page of the audit.
const auditShown = 1000

// An AuditPage is one page of the audit.
type AuditPage struct {
	Entries []registry.Act `json:"entries"`
	Next    string         `json:"next,omitempty"` // leads to the entries after this page's last; absent at the end
}

// audit serves GET /api/v1/audit: who changed what, in order, in pages, or with format=csv
// as a whole.
func (a *Access) audit(w http.ResponseWriter, r *http.Request) {
	asked := r.URL.Query()
	q, err := answer.AuditQuery(asked)
	if err != nil {
		answer.WriteError(w, r, http.StatusBadRequest, "%s", err)
		return
	}
	q.Ascending, q.Limit = true, auditShown
	if asked.Get("format") == "csv" || strings.Contains(r.Header.Get("Accept"), answer.MediaCSV) {
		a.export(w, r, q)
		return
	}
	acts, err := a.Control.Acts(r.Context(), q)
	if err != nil {
		answer.WriteError(w, r, http.StatusInternalServerError, "The audit could not be read: %s", err)
		return
	}
	page := AuditPage{Entries: append([]registry.Act{}, acts...)}
	if len(acts) == auditShown {
		asked.Set("after", strconv.FormatInt(acts[len(acts)-1].ID, 10))
		page.Next = "/api/v1/audit?" + asked.Encode()
	}
	wire.WriteJSON(w, http.StatusOK, page)
}

// export writes every entry that the query selects as CSV.
func (a *Access) export(w http.ResponseWriter, r *http.Request, q access.Query) {
	out := answer.NewSheet(w, "urncast-audit.csv", "id", "time", "user", "from", "action", "subject", "detail")
	for q.Limit = answer.SheetRows; ; {
		acts, err := a.Control.Acts(r.Context(), q)
		switch {
		case err != nil && out.Begun():
			out.Break("What follows id " + strconv.FormatInt(q.After, 10) + " is missing; ask for it with after=" + strconv.FormatInt(q.After, 10) + ".")
		case err != nil:
			answer.WriteError(w, r, http.StatusInternalServerError, "The audit could not be read: %s", err)
			return
		}
		rows := make([][]string, len(acts))
		for i := range acts {
			e := &acts[i]
			rows[i] = []string{strconv.FormatInt(e.ID, 10), e.At.Format(time.RFC3339Nano), e.User, e.Remote, e.Action, e.Subject, string(e.Detail)}
			q.After = e.ID
		}
		if err := out.Send(rows); err != nil || len(acts) < q.Limit {
			return // at the end, or the reader has left
		}
	}
}
