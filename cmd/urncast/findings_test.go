package main

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"urncast/internal/client"
)

// A change prints what is found of the properties that it gives, and what it made of others; what
// was found of those before is not repeated.
func TestKnownFindingsAreNotRepeated(t *testing.T) {
	const (
		translated = `{"name":"retry.backoff.ms","verdict":"translated","text":"It is capped."}`
		useless    = `{"name":"sasl.username","verdict":"without effect","text":"There is no SASL."}`
		useful     = `{"name":"sasl.username","verdict":"taken"}`
		refused    = `{"name":"acks","verdict":"refused","text":"It would break P3."}`
	)
	for name, c := range map[string]struct {
		given, was, now string
		want, silent    string
		status          int
	}{
		"of others":         {"client.id=one", translated + "," + useless, translated + "," + useless, "saved as revision 3", "retry.backoff.ms sasl.username", http.StatusOK},
		"of one given":      {"retry.backoff.ms=5", translated + "," + useless, translated + "," + useless, "It is capped.", "sasl.username", http.StatusOK},
		"of one changed":    {"security.protocol=SSL", translated + "," + useful, translated + "," + useless, "There is no SASL.", "retry.backoff.ms", http.StatusOK},
		"why it is refused": {"client.id=one", useless + "," + refused, useless + "," + refused, "It would break P3.", "sasl.username", http.StatusUnprocessableEntity},
	} {
		t.Run(name, func(t *testing.T) {
			s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				switch {
				case r.Method == http.MethodGet:
					_, _ = io.WriteString(w, `{"name":"main","revision":2,"properties":{"kept":"v"}}`)
				case strings.HasSuffix(r.URL.Path, "/check"):
					var e client.ConnectionBody
					if err := json.NewDecoder(r.Body).Decode(&e); err != nil || len(e.Properties) != 1 || e.Properties["kept"] == nil {
						t.Errorf("%v: not the saved connection is checked but %+v", err, e)
					}
					_, _ = io.WriteString(w, `{"findings":[`+c.was+`]}`)
				default:
					w.WriteHeader(c.status)
					_, _ = io.WriteString(w, `{"detail":"It was refused.","changed":true,"connection":{"name":"main","revision":3},"findings":[`+c.now+`]}`)
				}
			}))
			defer s.Close()
			set := connectionSet{registryFlags: registryFlags{Client: client.Client{URL: s.URL}}, Name: "main"}
			set.Values = []string{c.given}
			out, _, err := captured(t, func() error { return set.Run(t.Context()) })
			if (err == nil) != (c.status == http.StatusOK) || !strings.Contains(out, c.want) {
				t.Errorf("%v: %q is not said: %s", err, c.want, out)
			}
			for _, word := range strings.Fields(c.silent) {
				if strings.Contains(out, word) {
					t.Errorf("%s is said again: %s", word, out)
				}
			}
		})
	}
}
