package answer

import (
	"net/url"
	"testing"
	"time"
)

// TestAuditQuery checks that days are whole, times exact, and all else refused with an
// example.
func TestAuditQuery(t *testing.T) {
	q, err := AuditQuery(url.Values{"user": {"anna"}, "action": {"signed in"}, "subject": {"x"}, "from": {"2026-11-25"}, "to": {"2026-11-26"}, "before": {"7"}})
	if err != nil {
		t.Fatal(err)
	}
	if q.User != "anna" || q.Action != "signed in" || q.Subject != "x" || q.Before != 7 || q.To.Sub(q.From) != 48*time.Hour {
		t.Errorf("it asks for %+v", q)
	}
	if q, err = AuditQuery(url.Values{"to": {"2026-11-26T09:30:00+01:00"}}); err != nil || !q.To.Equal(time.Date(2026, 11, 26, 8, 30, 0, 0, time.UTC)) {
		t.Errorf("until %s, %v", q.To, err)
	}
	for name, text := range map[string]string{"from": "26.11.2026", "to": "now", "after": "-1", "before": "x"} {
		if _, err := AuditQuery(url.Values{name: {text}}); err == nil {
			t.Errorf("%s=%s is taken", name, text)
		}
	}
}

// TestAuditDays checks that a day begins and ends in its reader's zone, with 23 or 25
// hours where clocks change, and that no moment is in two days.
func TestAuditDays(t *testing.T) {
	for _, c := range []struct{ zone, day, from, to string }{
		{"", "2026-11-25", "2026-11-25T00:00:00Z", "2026-11-26T00:00:00Z"},
		{"UTC", "2026-11-25", "2026-11-25T00:00:00Z", "2026-11-26T00:00:00Z"},
		{"Europe/Paris", "2026-11-25", "2026-11-24T23:00:00Z", "2026-11-25T23:00:00Z"},
		{"America/New_York", "2026-11-25", "2026-11-25T05:00:00Z", "2026-11-26T05:00:00Z"},
		{"Asia/Kolkata", "2026-11-25", "2026-11-24T18:30:00Z", "2026-11-25T18:30:00Z"},
		{"Europe/Paris", "2026-03-29", "2026-03-28T23:00:00Z", "2026-03-29T22:00:00Z"},
		{"Europe/Paris", "2026-10-25", "2026-10-24T22:00:00Z", "2026-10-25T23:00:00Z"},
	} {
		q, err := AuditQuery(url.Values{"zone": {c.zone}, "from": {c.day}, "to": {c.day}})
		if from, to := q.From.UTC().Format(time.RFC3339), q.To.UTC().Format(time.RFC3339); err != nil || from != c.from || to != c.to {
			t.Errorf("%s in %q is from %s to %s, %v; want %s to %s", c.day, c.zone, from, to, err, c.from, c.to)
		}
	}
	for _, zone := range []string{"Local", "Mars/Olympus", "../etc/passwd", "Europe/Paris\x00", "GMT+25"} {
		if q, err := AuditQuery(url.Values{"zone": {zone}, "from": {"2026-11-25"}}); err == nil {
			t.Errorf("zone %q is taken: %+v", zone, q)
		}
	}
}

// TestCell checks that a spreadsheet takes no text for a formula.
func TestCell(t *testing.T) {
	for text, want := range map[string]string{"": "", "anna": "anna", "=1+1": "'=1+1", "+1": "'+1", "-x": "'-x", "@sum": "'@sum", "  =1": "'  =1", "＝1": "'＝1", "\n=1": "'\n=1", "é=1": "é=1", "\tx": "'\tx", "a=b": "a=b"} {
		if got := Cell(text); got != want {
			t.Errorf("%q becomes %q", text, got)
		}
	}
}
