package rest

import (
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
	_ "time/tzdata" // zones by name, on machines that have none

	"urncast/registry"
	"urncast/registry/access"
)

const mediaCSV = "text/csv"

// An AuditPage is one page of the audit.
type AuditPage struct {
	Entries []registry.Act `json:"entries"`
	Next    string         `json:"next,omitempty"` // leads to the entries after this page's last; absent at the end
}

// Audit serves GET /api/v1/audit: who changed what, in order, in pages, or with
// format=csv whole.
func (a *Access) Audit(w http.ResponseWriter, r *http.Request) {
	asked := r.URL.Query()
	q, err := AuditQuery(asked)
	if err != nil {
		WriteError(w, r, http.StatusBadRequest, "%s", err)
		return
	}
	q.Ascending, q.Limit = true, pageMax
	if asked.Get("format") == "csv" || strings.Contains(r.Header.Get("Accept"), mediaCSV) {
		a.export(w, r, q)
		return
	}
	acts, err := a.Control.Acts(r.Context(), q)
	if err != nil {
		WriteError(w, r, http.StatusInternalServerError, "The audit could not be read: %s", err)
		return
	}
	page := AuditPage{Entries: append([]registry.Act{}, acts...)}
	if len(acts) == pageMax {
		asked.Set("after", strconv.FormatInt(acts[len(acts)-1].ID, 10))
		page.Next = "/api/v1/audit?" + asked.Encode()
	}
	writeJSON(w, http.StatusOK, page)
}

// AuditQuery reads the filters of the audit: user, action, subject, from, to, the zone that
// days are of, and after or before an id. Zone is a name of the IANA time zone database;
// without it days are those of UTC.
func AuditQuery(v url.Values) (access.Query, error) {
	q := access.Query{User: v.Get("user"), Action: v.Get("action"), Subject: v.Get("subject")}
	for name, into := range map[string]*int64{"after": &q.After, "before": &q.Before} {
		if text := v.Get(name); text != "" {
			n, err := strconv.ParseInt(text, 10, 64)
			if err != nil || n < 0 {
				return q, fmt.Errorf("%s=%q is no id of an entry.", name, text)
			}
			*into = n
		}
	}
	zone, err := ZoneOf(v.Get("zone"))
	if err != nil {
		return q, err
	}
	if q.From, err = timeOf("from", v.Get("from"), zone, 0); err != nil {
		return q, err
	}
	q.To, err = timeOf("to", v.Get("to"), zone, 1)
	return q, err
}

// zoneMax bounds the name of a time zone, in bytes.
const zoneMax = 64

// ZoneOf finds a time zone by its name in the IANA database; UTC if the name is empty.
func ZoneOf(name string) (*time.Location, error) {
	zone, err := time.LoadLocation(name)
	if err != nil || len(name) > zoneMax || name == "Local" { // Local is the server's, which is nobody's
		return time.UTC, fmt.Errorf("zone=%q is no time zone that is known here: it is a name such as Europe/Paris, or UTC.", name[:min(len(name), zoneMax)])
	}
	return zone, nil
}

// timeOf reads a time, or a day in a zone: to is the end of that, which is not always 24 h
// behind its begin.
func timeOf(name, text string, zone *time.Location, days int) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	if day, err := time.ParseInLocation(time.DateOnly, text, zone); err == nil {
		return day.AddDate(0, 0, days), nil
	}
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return t, fmt.Errorf("%s=%q is neither a day such as 2026-11-26 nor a time such as 2026-11-26T09:30:00Z.", name, text)
	}
	return t, nil
}

// export writes every entry that is asked for as CSV.
func (a *Access) export(w http.ResponseWriter, r *http.Request, q access.Query) {
	out := NewSheet(w, "urncast-audit.csv", "id", "time", "user", "from", "action", "subject", "detail")
	for q.Limit = SheetRows; ; {
		acts, err := a.Control.Acts(r.Context(), q)
		switch {
		case err != nil && out.Begun():
			out.Break("What follows id " + strconv.FormatInt(q.After, 10) + " is missing; ask for it with after=" + strconv.FormatInt(q.After, 10) + ".")
		case err != nil:
			WriteError(w, r, http.StatusInternalServerError, "The audit could not be read: %s", err)
			return
		}
		rows := make([][]string, len(acts))
		for i := range acts {
			e := &acts[i]
			rows[i] = []string{strconv.FormatInt(e.ID, 10), e.At.Format(time.RFC3339Nano), e.User, e.Remote, e.Action, e.Subject, string(e.Detail)}
			q.After = e.ID
		}
		if err := out.Send(rows); err != nil || len(acts) < q.Limit {
			return // at the end, or the reader has gone
		}
	}
}
