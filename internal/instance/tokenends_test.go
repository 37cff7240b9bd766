package instance

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"urncast/integration/rig/pg"
	"urncast/registry/access"
)

// The end of a token shows in the metrics once it is used, without a name.
func TestTokenEndsShow(t *testing.T) {
	s := serveStored(t, pg.Shared(t).Database(t, "token_ends"), nil)
	const name = "urncast_token_next_expiry_timestamp_seconds"
	if _, body := s.call("GET", "/metrics", ""); strings.Contains(body, name) {
		t.Errorf("%s is there without a token", name)
	}
	if status, body := s.call("POST", "/api/v1/accounts", `{"name": "prometheus", "role": "reader"}`); status != 201 {
		t.Fatalf("%d: %s", status, body)
	}
	status, body := s.call("POST", "/api/v1/tokens", `{"account": "prometheus", "name": "scraping-of-metrics", "days": 30}`)
	if status != 201 {
		t.Fatalf("%d: %s", status, body)
	}
	_, rest, _ := strings.Cut(body, `"token":"`)
	secret, _, _ := strings.Cut(rest, `"`)
	r, err := http.NewRequest("GET", s.url+"/metrics", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+secret)
	if resp, err := http.DefaultClient.Do(r); err != nil || resp.StatusCode != 200 {
		t.Fatalf("%v %v", resp, err)
	}
	_, body = s.call("GET", "/metrics", "")
	_, rest, found := strings.Cut(body, "\n"+name+" ")
	var ends float64
	if _, err := fmt.Sscan(rest, &ends); !found || err != nil {
		t.Fatalf("%s is not there after the token was used: %v", name, err)
	}
	if left := time.Until(time.Unix(int64(ends), 0)); left < 29*24*time.Hour || left > 30*24*time.Hour {
		t.Errorf("the token of 30 days ends in %s", left)
	}
	if strings.Contains(body, "scraping-of-metrics") {
		t.Error("the metrics name the token")
	}
}

// Of the tokens in use the first end counts, also when it has passed; others do not count.
func TestFirstEnd(t *testing.T) {
	now := time.Now()
	used := func(ago, left time.Duration) access.Token {
		return access.Token{UsedAt: now.Add(-ago), ExpiresAt: now.Add(left)}
	}
	if got := firstEnd([]access.Token{{ExpiresAt: now}, used(8*24*time.Hour, time.Hour)}, now); !got.IsZero() {
		t.Errorf("tokens that are not used end at %s", got)
	}
	if got := firstEnd([]access.Token{used(time.Hour, 48*time.Hour), used(time.Hour, -time.Hour), used(time.Hour, time.Hour)}, now); !got.Equal(now.Add(-time.Hour)) {
		t.Errorf("the first end is %s", got)
	}
}
