package doors

import (
	"html"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"urncast/registry/postgres"
)

// A reader uses the pages as a browser without script does.
type reader struct {
	t     *testing.T
	s     *httptest.Server
	store *postgres.Store
}

// get requests a page, and checks its status and its text.
func (b *reader) get(path string, status int, parts ...string) string {
	b.t.Helper()
	code, page := call(b.t, b.s, "GET", path, nil, "Accept", "text/html")
	b.check("GET "+path, code, page, status, parts)
	return page
}

// post sends a form and follows the redirect.
func (b *reader) post(path, form string, status int, parts ...string) string {
	b.t.Helper()
	code, page := call(b.t, b.s, "POST", path, []byte(form), "Accept", "text/html", "Content-Type", "application/x-www-form-urlencoded")
	b.check("POST "+path+" "+form, code, page, status, parts)
	return page
}

var noInline = regexp.MustCompile(`(?s) style=|<style|<script>|<script [^>]*>[^<]| on[a-z]+=`)

func (b *reader) check(what string, code int, page string, status int, parts []string) {
	b.t.Helper()
	main := page[max(0, strings.Index(page, "<main")):]
	if code != status {
		b.t.Errorf("%s: %d, want %d: %s", what, code, status, main)
	}
	for _, p := range parts {
		if !strings.Contains(html.UnescapeString(page), p) {
			b.t.Errorf("%s does not show %q:\n%s", what, p, main)
		}
	}
	if found := noInline.FindString(page); found != "" {
		b.t.Errorf("%s holds %q", what, found)
	}
}

// readerOf serves all pages, with a connection and two codelists, and returns a reader of them.
func readerOf(t *testing.T) *reader {
	s, store := serveAll(t)
	for _, c := range []struct{ method, path, body string }{
		{"PUT", "/api/v1/settings", `{"allowDangling": true, "requireAgencies": false}`},
		{"PUT", "/api/v1/connections/main", `{"properties": {"bootstrap.servers": "good:9092"}}`},
		{"POST", "/sdmx/v2/structure", string(list("L1", "One"))},
		{"POST", "/sdmx/v2/structure", string(list("L2", "Two"))},
		{"PUT", "/api/v1/mail", `{"host": "mail.example.org", "sender": "u@example.org", "admins": ["all@example.org"]}`},
	} {
		if status, body := call(t, s, c.method, c.path, []byte(c.body)); status >= 300 {
			t.Fatalf("%s %s: %d %s", c.method, c.path, status, body)
		}
	}
	return &reader{t, s, store}
}

// A producer is created, changed and deleted with forms, without script: each error stands at its
// field, and what was filled in is kept.
func TestProducerByForms(t *testing.T) {
	b := readerOf(t)
	b.get("/producers", 200, "<h1>Producers", "New producer…", `href="/producers/default"`, "Sent / registry")
	b.get("/producers/new", 200, "What fusion-json cannot say (", "codelist extensions, without which codes are missing", `value="Codelist"`, "Make the topic")
	b.post("/producers/new", "do=count&format=sdmx-ml-2.1&class=Codelist&name=kept", 200, "2 structures match", "All of them can be said", `value="kept"`)
	b.post("/producers/new", "do=count&format=sdmx-ml-2.1&agencies=NOBODY", 200, "Nothing that is current matches")
	b.post("/producers/new", "do=count&urns=nonsense", 200, `begins with neither urn:sdmx: nor *`)
	b.post("/producers/new", "", 400, "A producer needs a name.", "A route needs a topic.", `aria-invalid="true"`)
	b.post("/producers/new", "name=new&topic=t/x&format=fusion-json&agencies=A:B&mail=nobody&prefix="+strings.Repeat("p", 101)+"&replicas=many", 400,
		"cannot be named", "is not one that Kafka takes", "neither an agency", "is no address", "prefix of the transactional ids", "1 replica or more", `value="t/x"`)
	b.post("/producers/new", "name=default&topic=mine&format=fusion-json&connection=main", 409, "There is a producer default already", `value="mine"`)
	b.post("/producers/new", "name=pub&topic=mine&format=fusion-json&connection=gone", 400, "There is no connection")
	b.post("/producers/new", "name=half&topic=refused&make=yes&format=fusion-json&connection=main", 409, "Producer half is made", "The topic was not made", "Grant CREATE")
	b.post("/producers/new", "name=pub&topic=mine&make=yes&replicas=3&format=sdmx-ml-2.1&connection=main&class=Codelist&mail=pub@example.org", 200,
		"Start pub?", "Sends nothing now. What is recorded after 2 is sent. Readers never get the 2 structures that are there already.", "2 messages", "in one Kafka transaction")
	b.get("/producers/pub", 200, "Never started", "Codelists", "pub@example.org", "known when sent", "Delete configuration…", "Start…")
	b.post("/producers/pub/start", "", 400, "Choose how it should begin")
	b.post("/producers/pub/start", "how=continue", 409, "first start says how")

	b.get("/producers/pub/mail", 200, `value="pub@example.org"`, "all@example.org")
	b.post("/producers/pub/mail", "do=act&mail=nobody", 400, "is no address", `value="nobody"`)
	b.post("/producers/pub/mail", "do=act&mail=", 200, "The addresses are saved.", "all@example.org", "for all producers")

	b.get("/producers/pub/route?topic=mine", 200, "Change the route to mine", `value="1"`, `value="mine"`)
	b.get("/producers/pub/route?topic=other", 404, "no such route")
	b.post("/producers/pub/route", "revision=1&was=&topic=second&format=fusion-json&do=count", 200, "2 structures match")
	b.post("/producers/pub/route", "revision=1&was=&topic=&format=fusion-json", 400, "A route needs a topic.")
	b.post("/producers/pub/route", "revision=1&was=&topic=mine&format=fusion-json", 400, "two routes")
	b.post("/producers/pub/route", "revision=1&was=&topic=second&format=fusion-json&make=yes", 200, "Saved.", "second", "Both are written in one Kafka transaction")
	b.post("/producers/pub/route", "revision=1&was=mine&topic=mine&format=fusion-json", 409, "admin saved this producer after you opened it", "The difference", `value="2"`)
	b.post("/producers/pub/route", "was=mine&topic=mine&format=fusion-json", 409, "The difference") // a form that names no revision changes none
	b.post("/producers/pub/route", "revision=2&was=mine&topic=mine&format=fusion-json&agencies=A.*", 200, "Saved.", "A and below")
	b.get("/producers/pub/remove-route?topic=second", 200, "Remove the route to second?", "What second holds stays")
	b.get("/producers/pub/remove-route?topic=none", 400, "no route to topic")
	b.post("/producers/pub/remove-route", "topic=second&revision=1", 409, "Read it again")
	b.post("/producers/pub/remove-route", "topic=second&revision=3", 200, "Saved.")
	b.get("/producers/pub/remove-route?topic=mine", 400, "the only route")

	b.get("/producers/pub/change", 200, `value="tx"`, "The name is for good")
	b.post("/producers/pub/change", "revision=4&connection=main&prefix=&sender=S", 400, "must not be empty", "Nothing was saved")
	b.post("/producers/pub/change", "revision=4&connection=none&prefix=tx&sender=S", 400, "There is no connection")
	b.post("/producers/pub/change", "revision=1&connection=main&prefix=other&sender=S", 409, "saved this producer after you opened it", `value="other"`)
	b.post("/producers/pub/change", "revision=4&connection=main&prefix=other&sender=S", 200, "Saved.", "other-…")
	b.get("/producers/pub", 200, "when asked for")
	b.post("/producers/pub/change", "revision=5&connection=main&prefix=other&sender=S&baseline-at-every-start=yes&baseline-when-connection-changes=yes", 200,
		"Saved.", "at every start, and when the connection changes")
	b.get("/producers/pub/change", 200, `name="baseline-at-every-start" value="yes" checked`)
	b.post("/producers/pub/change", "revision=6&connection=main&prefix=other&sender=S&baseline-when-connection-changes=yes", 200, "Saved.", "when the connection changes")
	b.post("/producers/new", "name=often&topic=often&format=fusion-json&connection=main&baseline-at-every-start=yes", 200, "Start often?")
	b.get("/producers/often", 200, "at every start")
	b.get("/producers/default/change", 409, "cannot be changed here")

	b.get("/producers/pub/delete", 200, "Type its name: pub", "The topics and their messages stay.")
	b.post("/producers/pub/delete", "confirm=pubs", 400, "That is not its name", `value="pubs"`)
	b.post("/producers/pub/delete", "confirm=pub", 200, "<h1>Producers")
	b.get("/producers/pub", 404, "There is no producer pub")
	b.get("/producers/default/delete", 409, "belongs to a process")
}

// Each command has a page of its own, which says what the command does; a command that does not fit
// the state of the producer is refused there. Findings of the doctor are fixed with a form.
func TestProducerCommandsByForms(t *testing.T) {
	b := readerOf(t)
	b.get("/producers/started", 200, "Start…", "Publish baseline…", "Waits", "Cancel")
	b.post("/producers/started/cancel", "job=00000000-0000-0000-0000-000000000001", 200, "The job is cancelled.", "Cancelled")
	b.post("/producers/started/cancel", "job=00000000-0000-0000-0000-000000000001", 404, "No such job waits or is under way")
	b.get("/producers/started/start", 200, "Goes on where it stopped", "With a baseline")
	b.post("/producers/started/start", "how=", 200, "The start is asked for.")
	b.get("/producers/started/suspend", 200, "Sends nothing until you resume or this process restarts.", "Keep suspended over restarts")
	b.post("/producers/started/suspend", "keep=yes", 409, "there is nothing to suspend", "checked")
	b.get("/producers/started/resume", 200, "Resume started?", "Sends the 2 that wait, in order.")
	b.post("/producers/started/resume", "", 409, "not suspended")
	b.get("/producers/started/skip", 400, "failed at none")
	b.post("/producers/started/skip", "transaction=1&reason=x", 400, "failed at none")
	b.get("/producers/started/baseline", 200, "Sends what is current and passes: 2 messages", "it begins once it publishes")
	b.post("/producers/started/baseline", "", 200, "The job is asked for.", "Baseline")

	b.get("/producers/started/publish", 200, "Publish some again", "From transaction")
	b.post("/producers/started/publish", "do=count&from=2", 200, "1 message", `value="2"`)
	b.post("/producers/started/publish", "do=count&class=Codelist&urns=*L1(1.0)", 200, "1 message", "checked")
	b.post("/producers/started/publish", "do=count&agencies=NOBODY", 200, "0 messages")
	b.post("/producers/started/publish", "do=act&agencies=A:B", 400, "neither an agency", `value="A:B"`)
	b.post("/producers/started/publish", "do=act&from=x", 400, "A transaction's number is 1 or more")
	b.post("/producers/started/publish", "do=act&from=1&to=99", 400, "There is no transaction 99")
	b.post("/producers/started/publish", "do=act&class=Codelist", 200, "The job is asked for.", "Some again: Codelists")

	b.get("/producers/default/doctor", 200, "It is deleted.", "It must not be.", "Mend it.", "Fix…", "kafka-configs", "1 problem")
	b.get("/producers/default/fix?topic=sdmx.structures&finding=cleanup-policy", 200, "Mend sdmx.structures?", "from delete to compact", "Old messages that have a newer one")
	b.get("/producers/default/fix?topic=sdmx.structures&finding=none", 409, "nothing to mend")
	b.get("/producers/default/fix?topic=elsewhere&finding=cleanup-policy", 404, "no route to topic")
	b.post("/producers/default/fix", "topic=sdmx.structures&finding=cleanup-policy", 200, "The topic is mended.", "1 check is fine")
	b.post("/producers/new", "name=lost&topic=absent&format=fusion-json&connection=main", 200, "Start lost?")
	b.get("/producers/lost/doctor", 200, "The topic does not exist.", "Make the topic…")
	b.get("/producers/lost/fix?topic=absent&finding=topic", 200, "Make topic absent?", "Replicas")
	b.post("/producers/lost/fix", "topic=absent&finding=topic&replicas=none", 400, "1 replica or more", `value="none"`)
	b.post("/producers/lost/fix", "topic=absent&finding=topic&replicas=3", 200, "The topic is mended.")
	status, body := call(t, b.s, "GET", "/api/v1/audit", nil)
	for _, act := range []string{"topic settings changed", "topic created", "job asked", "job cancelled", "producer start asked"} {
		if status != 200 || !strings.Contains(body, act) {
			t.Errorf("the audit log does not have %q: %s", act, body)
		}
	}
}

// The page of a producer that failed at the first transaction of a pair shows both and says that
// both are skipped; a skip needs a reason.
func TestSkipByForm(t *testing.T) {
	b := readerOf(t)
	for _, sql := range []string{
		`UPDATE transactions SET pair = 2 WHERE number = 1`,
		`UPDATE producers SET state = 'FAILED', reason = 'Too large.' WHERE name = 'started'`,
		`INSERT INTO marks (producer, first, last, status, reason) SELECT id, 1, 1, 'FAILED', 'Too large.' FROM producers WHERE name = 'started'`,
	} {
		if _, err := b.store.Pool().Exec(t.Context(), sql); err != nil {
			t.Fatal(err)
		}
	}
	b.get("/producers/started", 200, "started stopped at transaction 1", "Too large.", "Skip 1…", "Open transaction 1")
	b.get("/producers/started/skip", 200, "Skip transactions 1 and 2 on started?", "two halves of one submission", "Keep it waiting", "Skip both")
	b.post("/producers/started/skip", "transaction=1&reason=+", 400, "A skip needs a reason.", `aria-invalid="true"`)
	b.post("/producers/started/skip", "transaction=2&reason=agreed", 409, "only that one can be skipped", `value="agreed"`)
	b.post("/producers/started/skip", "transaction=1&reason=agreed", 200, "The skip is asked for.")
}

// A running job is cancelled on a page that says what the cancellation leaves behind. That works
// through every interface, and a producer that FAILED because of the job starts to carry it out.
func TestJobUnderWayIsCancelledByForm(t *testing.T) {
	b := readerOf(t)
	const job = "00000000-0000-0000-0000-000000000002"
	for _, sql := range []string{
		`INSERT INTO jobs (id, producer, kind, as_of, phase, structures, done) SELECT '` + job + `', id, 'baseline', 2, 'publish', 5, 3 FROM producers WHERE name = 'started'`,
		`UPDATE producers SET state = 'FAILED', reason = 'Too large.' WHERE name = 'started'`,
	} {
		if _, err := b.store.Pool().Exec(t.Context(), sql); err != nil {
			t.Fatal(err)
		}
	}
	left := "3 of its 5 structures are on the topics, as of transaction 2."
	b.get("/producers/started", 200, "Cancel the job…", "Cancel…", "as of 2")
	b.get("/producers/started/cancel?job="+job, 200, "Cancel the job under way on started?", left, "Transactions 1 to 2, which it stood for, are skipped", "starts for it", "Let it go on")
	b.get("/producers/started/cancel?job=00000000-0000-0000-0000-000000000001", 400, "No such job is under way")
	b.get("/producers/default/cancel", 400, "No such job is under way")
	status, body := call(t, b.s, "GET", "/api/v1/producers/started/jobs", nil)
	if status != 200 || !strings.Contains(body, left) {
		t.Errorf("%d %s", status, body)
	}
	b.post("/producers/started/cancel", "job="+job, 200, "The end of the job is asked for.", "Is cancelled")
	b.get("/producers/started", 200, "Is cancelled")
	status, body = call(t, b.s, "DELETE", "/api/v1/producers/started/jobs/"+job, nil)
	if status != 202 || !strings.Contains(body, `"cancelling":true`) || !strings.Contains(body, left) {
		t.Errorf("%d %s", status, body)
	}
	if _, body := call(t, b.s, "GET", "/api/v1/audit", nil); !strings.Contains(body, "job cancellation asked") {
		t.Errorf("the audit log does not have the cancellation: %s", body)
	}
}

// No form causes a server error, whatever its content.
func TestProducerFormsBearAnything(t *testing.T) {
	b := readerOf(t)
	texts := []string{"", "x", "-1", "99999999999999999999", "\x00", "\xff\xfe", "<b>", strings.Repeat("é", 400), "*", "%", "urn:sdmx:", "Codelist", "baseline", "act", "count", "a\r\nb"}
	fields := []string{"name", "topic", "format", "class", "agencies", "urns", "do", "how", "keep", "reason", "transaction", "from", "to", "topics", "confirm",
		"revision", "was", "then", "connection", "prefix", "sender", "mail", "replicas", "finding", "job", "make"}
	pages := []string{"/producers/new", "/producers/started/route", "/producers/started/change", "/producers/started/fix"}
	for _, c := range []string{"start", "suspend", "resume", "skip", "baseline", "publish", "delete", "mail", "remove-route", "cancel", "nonsense"} {
		pages = append(pages, "/producers/started/"+c, "/producers/none/"+c)
	}
	for i, text := range texts {
		for j, page := range pages {
			form := url.Values{}
			for k, f := range fields {
				form.Set(f, texts[(i+k*j)%len(texts)])
			}
			form.Set(fields[(i+j)%len(fields)], text)
			for _, try := range []struct{ method, path, body string }{{"POST", page, form.Encode()}, {"GET", page + "?" + form.Encode(), ""}} {
				status, body := call(t, b.s, try.method, try.path, []byte(try.body), "Accept", "text/html", "Content-Type", "application/x-www-form-urlencoded")
				if status >= http.StatusInternalServerError {
					t.Errorf("%s %s with %q: %d %s", try.method, try.path, try.body, status, body[max(0, strings.Index(body, "<main")):])
				}
			}
		}
	}
}
