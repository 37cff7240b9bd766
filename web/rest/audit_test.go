package rest

import (
	"net/url"
	"testing"
	"time"
)

// A day is whole, a time is exact, and what is neither is refused with an example.
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

// A spreadsheet takes nobody's words for a formula.
func TestCell(t *testing.T) {
	for text, want := range map[string]string{"": "", "anna": "anna", "=1+1": "'=1+1", "+1": "'+1", "-x": "'-x", "@sum": "'@sum", "  =1": "'  =1", "＝1": "'＝1", "\n=1": "'\n=1", "é=1": "é=1", "\tx": "'\tx", "a=b": "a=b"} {
		if got := cell(text); got != want {
			t.Errorf("%q becomes %q", text, got)
		}
	}
}
