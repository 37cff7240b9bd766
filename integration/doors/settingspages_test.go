package doors

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"urncast/integration/complete"
	"urncast/integration/rig/pg"
	"urncast/producer"
	"urncast/producer/notice"
	"urncast/registry/postgres"
	"urncast/web"
)

// post sends a form as the administrator and follows the redirect.
func post(t *testing.T, s *httptest.Server, path string, fields ...string) (int, string) {
	t.Helper()
	v := url.Values{}
	for i := 0; i+1 < len(fields); i += 2 {
		v.Set(fields[i], fields[i+1])
	}
	r, err := http.NewRequest("POST", s.URL+path, strings.NewReader(v.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	r.SetBasicAuth("admin", password)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	resp, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if to := resp.Header.Get("Location"); to != "" {
		return call(t, s, "GET", to, nil)
	}
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(b)
}

// revisionOf returns the revision in a page's form.
func revisionOf(t *testing.T, s *httptest.Server, path string) string {
	t.Helper()
	_, shown := call(t, s, "GET", path, nil)
	_, rest, _ := strings.Cut(shown, `name="revision" value="`)
	revision, _, ok := strings.Cut(rest, `"`)
	if !ok {
		t.Fatalf("no revision on %s: %s", path, shown)
	}
	return revision
}

// The page shows what housekeeping would remove before it is removed, by the saved rules. A refused
// form keeps what was typed.
func TestSettingsOnThePage(t *testing.T) {
	s := serveOld(t)
	status, body := call(t, s, "GET", "/settings", nil, "Authorization", "none")
	want(t, "settings, for a reader", status, body, 200, "everything kept", "Changing it needs admin", "7")
	at := revisionOf(t, s, "/settings")
	status, body = post(t, s, "/settings", "revision", at, "transactions", "many", "days", "7")
	want(t, "no number", status, body, 400, "Nothing was saved", `value="many"`, "number of transactions")
	status, body = post(t, s, "/settings", "revision", at, "transactions", "-1", "days", "7")
	want(t, "less than nothing", status, body, 400, "not negative", `value="-1"`)
	status, body = post(t, s, "/settings", "revision", at, "transactions", "1", "days", "36501")
	want(t, "days of more than a century", status, body, 400, "<a href=\"#days\">", "at most 36500 days")
	status, body = post(t, s, "/settings", "transactions", "1", "days", "7")
	want(t, "of no form", status, body, 400, "does not say which settings")
	status, body = post(t, s, "/settings/preview")
	want(t, "a preview of keeping everything", status, body, 200, "Nothing would go")
	status, body = post(t, s, "/settings", "revision", at, "transactions", "1", "days", "0", "dangling", "yes")
	want(t, "saved", status, body, 200, "Saved, for submissions from now on", "the last 1 transactions", "checked")
	status, body = post(t, s, "/settings/preview")
	want(t, "a preview", status, body, 200, "This would go", "Remove it now")
	status, body = call(t, s, "GET", "/settings/housekeeping", nil)
	want(t, "the question", status, body, 200, "Remove old content now?", "Keep it")
	asked := revisionOf(t, s, "/settings/housekeeping")
	status, body = call(t, s, "GET", "/api/v1/housekeeping", nil)
	want(t, "nothing is gone yet", status, body, 200, `"horizon":0`)
	status, body = post(t, s, "/settings", "revision", revisionOf(t, s, "/settings"), "transactions", "2", "days", "0", "dangling", "yes")
	want(t, "others are saved", status, body, 200, "Saved, for submissions from now on")
	status, body = post(t, s, "/settings/housekeeping", "revision", asked)
	want(t, "yes to what was asked before", status, body, 409, "what is kept was changed since you were asked", "Kept: the last 2 transactions")
	status, body = call(t, s, "GET", "/api/v1/housekeeping", nil)
	want(t, "nothing is gone still", status, body, 200, `"horizon":0`)
	asked = revisionOf(t, s, "/settings/housekeeping")
	post(t, s, "/settings/housekeeping", "revision", asked)
	for range 2 { // a second click is redirected to the result of the first
		status, body = call(t, s, "GET", "/settings/housekeeping/run", nil)
		want(t, "removed", status, body, 200, "Old content was removed", "4 documents", "what was current after transaction", "Last run")
		status, body = post(t, s, "/settings/housekeeping", "revision", asked)
		want(t, "a second click", status, body, 200, "Old content was removed", "4 documents")
	}
	status, body = post(t, s, "/settings/preview")
	want(t, "a preview afterwards", status, body, 200, "Nothing would go")
}

// When two administrators open the settings and one saves first, the other is told what was
// changed, keeps what he typed, and overwrites the change only by saving again. In the API,
// If-Match does the same.
func TestSettingsSavedInBetween(t *testing.T) {
	s := serveOld(t)
	at := revisionOf(t, s, "/settings")
	tag := func(header ...string) (int, string, string) {
		t.Helper()
		r, err := http.NewRequest("PUT", s.URL+"/api/v1/settings", strings.NewReader(`{"allowDangling":true,"requireAgencies":false,"housekeeping":{"keepTransactions":5,"keepDays":0}}`))
		if err != nil {
			t.Fatal(err)
		}
		r.SetBasicAuth("admin", password)
		for i := 0; i < len(header); i += 2 {
			r.Header.Add(header[i], header[i+1])
		}
		resp, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		b, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		return resp.StatusCode, string(b), resp.Header.Get("ETag")
	}
	status, body, now := tag("If-Match", `"other"`, "If-Match", `"`+at+`"`)
	want(t, "saved on what was read", status, body, 200, `"keepTransactions":5`)
	status, body = post(t, s, "/settings", "revision", at, "transactions", "9", "days", "0", "agencies", "yes")
	want(t, "on what it was before", status, body, 409, "References to structures that are not here are allowed now; before: refused", "keeps the last 5 transactions now; before: everything",
		`value="9"`, "Save puts them over those", strings.Trim(now, `"`))
	for name, match := range map[string]string{"before": `"` + at + `"`, "weak": "W/" + now, "none": `"x"`} {
		status, body, same := tag("If-Match", match)
		want(t, "If-Match of "+name, status, body, 412, "nothing was saved")
		if name == "before" && same != now {
			t.Errorf("the refusal has the current settings %s, want %s", same, now)
		}
	}
	status, body, _ = tag("If-Match", "5")
	want(t, "If-Match of no tag", status, body, 400, "is no ETag")
	status, body = post(t, s, "/settings", "revision", strings.Trim(now, `"`), "transactions", "9", "days", "0", "agencies", "yes")
	want(t, "said again", status, body, 200, "Saved, for submissions from now on")
	status, body, _ = tag("If-Match", "*")
	want(t, "over anything", status, body, 200, `"keepTransactions":5`)
	status, body, _ = tag()
	want(t, "without If-Match", status, body, 200, `"keepTransactions":5`)
}

// Mail is configured and tested on its page: the page never contains the password, each error
// stands at its field, and the answer of the mail server is shown verbatim.
func TestMailOnThePage(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	store, err := postgres.Open(ctx, pg.Shared(t).Database(t, "mail_page"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(store.Close)
	t.Cleanup(cancel)
	var refused error
	mailer := notice.NewMailer(prometheus.NewRegistry(), notice.Mailer{Store: store.Mail(nil), Log: slog.New(slog.DiscardHandler),
		Send: func(_ context.Context, _ *notice.StoredSettings, _ *notice.Letter, to []string) (all []notice.Delivery) {
			for _, address := range to {
				all = append(all, notice.Delivery{Address: address, Err: refused})
			}
			return all
		}})
	s := httptest.NewServer(web.New(complete.Options(t, store, web.Options{Producers: producersOf(ctx, t, store, producer.Config{}.WithDefaults()), Mail: mailer})))
	t.Cleanup(s.Close)

	status, body := call(t, s, "GET", "/mail", nil)
	want(t, "the page", status, body, 200, "No mail is sent", "No mail", `value="587"`)
	status, body = call(t, s, "GET", "/mail?below=9223372036854775807", nil)
	want(t, "from the largest number there is", status, body, 200, "No mail")
	status, body = post(t, s, "/mail/test", "to", "ops@example.org")
	want(t, "a test of nothing", status, body, 409, "no mail server is set")
	fields := []string{"revision", "1", "host", "mail.example.org", "port", "25", "security", "none", "auth", "auto", "sender", "urncast@example.org",
		"admins", "a@example.org\r\nb@example.org", "producers", "default: c@example.org", "degradedAfter", "15m", "digestEvery", "0s"}
	_, shown := call(t, s, "GET", "/mail", nil)
	_, revision, _ := strings.Cut(shown, `name="revision" value="`)
	fields[1], _, _ = strings.Cut(revision, `"`)
	bad := append(fields[:len(fields):len(fields)], "port", "none", "digestEvery", "daily", "publicUrl", "ftp://x")
	status, body = post(t, s, "/mail", bad...)
	want(t, "bad fields", status, body, 400, "The port is a number", `value="none"`, "such as 15m", `value="ftp://x"`, `value="mail.example.org"`)
	bad = append(fields[:len(fields):len(fields)], "publicUrl", "ftp://x", "sender", "nobody", "password", "planted-password")
	status, body = post(t, s, "/mail", bad...)
	want(t, "bad settings", status, body, 400, "This is not the address", "Sender &#34;nobody&#34; is no address", "a password and no user")
	if strings.Contains(body, "planted") {
		t.Error("the page shows a password")
	}
	status, body = post(t, s, "/mail", fields...)
	want(t, "saved", status, body, 200, "Saved.", "mailed over mail.example.org:25", "a@example.org\nb@example.org", "default: c@example.org")
	status, body = post(t, s, "/mail", fields...)
	if status != http.StatusOK { // the same form again, with the old revision
		want(t, "an old revision", status, body, 409, "admin saved them")
	}
	status, body = post(t, s, "/mail/test")
	want(t, "a test", status, body, 200, "took the test mail for a@example.org, b@example.org")
	status, body = post(t, s, "/mail/test", "to", "nobody")
	want(t, "no address", status, body, 400, "is no address", `value="nobody"`)
	refused = errors.New("550 5.7.1 relaying denied")
	status, body = post(t, s, "/mail/test")
	want(t, "a refusal", status, body, 502, "The test mail was not sent", "550 5.7.1 relaying denied")

	for _, sql := range []string{
		`INSERT INTO incidents (producer, cause, state, reason, brief, cure, ask, number, until_number) SELECT id, 'c', 'FAILED', 'r', 'stopped at transaction 7', 'cure', '[]', 7, 7 FROM producers`,
		`INSERT INTO mails (incident, kind, sent_at, sent_to) SELECT id, 'incident', now(), '{a@example.org}' FROM incidents`,
		`INSERT INTO mails (incident, kind, attempts, error) SELECT id, 'recovered', 2, '421 try later' FROM incidents`,
		`INSERT INTO mails (incident, kind, attempts, error, sent_to) SELECT id, 'digest', 1, '550', '{a@example.org}' FROM incidents`,
		`INSERT INTO mail_refusals SELECT id, 'b@example.org', 1, '550 no such user', now(), now() + interval '1 hour' FROM mails WHERE kind = 'digest'`,
	} {
		if _, err := store.Pool().Exec(ctx, sql); err != nil {
			t.Fatal(err)
		}
	}
	status, body = call(t, s, "GET", "/mail", nil)
	want(t, "the mails", status, body, 200, "stopped at transaction 7", "Sent", "a@example.org", "Tried 2 times", "421 try later", "3 mails", "Sent, not to all yet", "550 no such user", "Waited for", "1 mail")
	status, body = call(t, s, "GET", "/mail?below=1", nil)
	want(t, "older mails", status, body, 200, "No mail")
}
