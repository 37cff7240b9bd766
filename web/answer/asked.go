package answer

import (
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"
	_ "time/tzdata" // zones by name, on machines that have none

	"urncast/registry"
	"urncast/registry/access"
)

// AuditQuery reads the filters of the audit: user, action, subject, from, to, zone (the
// time zone of days), and after or before an id. Zone is a name of the IANA time zone
// database; without it days are those of UTC.
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
	if err != nil || len(name) > zoneMax || name == "Local" { // Local would be the server's own zone
		return time.UTC, fmt.Errorf("zone=%q is no time zone that is known here: it is a name such as Europe/Paris, or UTC.", name[:min(len(name), zoneMax)])
	}
	return zone, nil
}

// timeOf reads a time, or a day in a zone; days is 1 for the end of that day, which is not
// always 24 h after its beginning.
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

// MediaCSV is the media type of a Sheet.
const MediaCSV = "text/csv"

// Actor is the principal of the request, as the audit records it.
func Actor(r *http.Request) registry.Actor { return access.From(r.Context()).Actor() }

// Request is the principal that asks for a change of structures, with its rights, and the
// trace of the HTTP request.
func Request(r *http.Request) registry.Request {
	return registry.Request{Actor: Actor(r), May: access.From(r.Context()).MayChange(),
		Traceparent: r.Header.Get("Traceparent"), CorrelationID: r.Header.Get("X-Correlation-Id")}
}
