package doors

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"urncast/integration/complete"
	"urncast/integration/rig"
	"urncast/integration/rig/pg"
	"urncast/registry/postgres"
	"urncast/web"
)

// serveOld serves a registry with one codelist that was changed five times, long ago.
func serveOld(t *testing.T) *httptest.Server {
	t.Helper()
	ctx := context.Background()
	store, err := postgres.Open(ctx, pg.Shared(t).Database(t, "old"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(store.Close)
	metrics := prometheus.NewRegistry()
	s := httptest.NewServer(web.New(complete.Options(t, store, web.Options{Metrics: promhttp.HandlerFor(metrics, promhttp.HandlerOpts{}), Register: metrics})))
	t.Cleanup(s.Close)
	for i := range 5 {
		status, body := call(t, s, "POST", "/sdmx/v2/structure", rig.Message(rig.Codelist{ID: "CL", Name: fmt.Sprintf("name %d", i+1), Codes: 1}))
		if status >= 300 {
			t.Fatalf("submitting: %d %s", status, body)
		}
	}
	call(t, s, "DELETE", "/sdmx/v2/structure/codelist/RIG/CL/1.0", nil)
	status, body := call(t, s, "POST", "/sdmx/v2/structure", rig.Message(rig.Codelist{ID: "CL", Name: "name 7", Codes: 1}))
	want(t, "submit", status, body, http.StatusCreated)
	if _, err := store.Pool().Exec(ctx, `UPDATE transactions SET recorded_at = recorded_at - interval '10 days'`); err != nil {
		t.Fatal(err)
	}
	return s
}

// The content of old transactions, and reads as of an old transaction, are answered in the
// requested format; once housekeeping has removed the content, they are answered with 410 and the
// horizon.
func TestOldContent(t *testing.T) {
	s := serveOld(t)
	const fusion = "application/vnd.fusion.json"
	status, body := call(t, s, "GET", "/api/v1/transactions/2/structures", nil, "Accept", fusion)
	want(t, "content of 2", status, body, 200, "name 2")
	status, body = call(t, s, "GET", "/api/v1/transactions/2/structures?format=sdmx-ml-2.1", nil)
	want(t, "content of 2 as XML", status, body, 200, "<mes:Structure", "name 2")
	status, body = call(t, s, "GET", "/sdmx/v2/structure/codelist/RIG/CL?asOf=3", nil, "Accept", fusion)
	want(t, "as of 3", status, body, 200, "name 3")
	status, body = call(t, s, "GET", "/sdmx/v2/structure/codelist/RIG/CL?asOf=6", nil, "Accept", "application/json")
	want(t, "as of 6, when it was deleted", status, body, 404)
	status, body = call(t, s, "GET", "/sdmx/v2/structure/codelist?asOf=8", nil, "Accept", "application/json")
	want(t, "as of what is not there", status, body, 400, "There is no transaction 8; the last is 7.")
	status, body = call(t, s, "GET", "/sdmx/v2/structure/codelist?asOf=x", nil, "Accept", "application/json")
	want(t, "as of no number", status, body, 400, "no transaction number")
	status, body = call(t, s, "GET", "/api/v1/transactions/6/structures", nil)
	want(t, "content of a delete", status, body, 404, "Transaction 6 deletes, and holds no content.")
	status, body = call(t, s, "GET", "/api/v1/transactions/9/structures", nil)
	want(t, "content of what is not there", status, body, 404)

	status, body = call(t, s, "PUT", "/api/v1/settings", []byte(`{"allowDangling":false,"requireAgencies":false,"housekeeping":{"keepTransactions":3}}`))
	want(t, "half a setting", status, body, 400, "keepDays")
	status, body = call(t, s, "PUT", "/api/v1/settings", []byte(`{"allowDangling":false,"requireAgencies":false,"housekeeping":{"keepTransactions":-1,"keepDays":0}}`))
	want(t, "a negative setting", status, body, 400, "neither can be negative")
	status, body = call(t, s, "PUT", "/api/v1/settings", []byte(`{"allowDangling":false,"requireAgencies":false,"housekeeping":{"keepTransactions":3,"keepDays":7}}`))
	want(t, "the setting", status, body, 200, `"keepTransactions":3,"keepDays":7`)
	status, body = call(t, s, "PUT", "/api/v1/settings", []byte(`{"allowDangling":true,"requireAgencies":false}`))
	want(t, "an older client's settings", status, body, 200, `"allowDangling":true`, `"keepTransactions":3,"keepDays":7`)

	status, body = call(t, s, "POST", "/api/v1/housekeeping", []byte(`{"dryRun":true}`))
	want(t, "dry run", status, body, 200, `"dryRun":true`, `"horizon":4,`, `"transactions":3,"documents":3,`)
	status, body = call(t, s, "GET", "/api/v1/transactions", nil)
	want(t, "the feed before", status, body, 200)
	if strings.Contains(body, "horizon") {
		t.Errorf("the feed has a horizon before anything was removed: %s", body)
	}
	status, body = call(t, s, "POST", "/api/v1/housekeeping", nil, "Authorization", "none")
	want(t, "a stranger's run", status, body, 401)
	status, body = call(t, s, "POST", "/api/v1/housekeeping", nil)
	want(t, "run", status, body, 200, `"horizon":4,`, `"documents":3,`, `"user":"admin"`)
	status, body = call(t, s, "GET", "/api/v1/housekeeping", nil)
	want(t, "state", status, body, 200, `"horizon":4,`, `"last":{`)

	afterRemoval(t, s)
}

// afterRemoval checks the answer of every interface for removed content.
func afterRemoval(t *testing.T, s *httptest.Server) {
	t.Helper()
	for path, words := range map[string]string{
		"/api/v1/transactions/2/structures":          "The content of transaction 2 was removed by housekeeping on ",
		"/sdmx/v2/structure/codelist/RIG/CL?asOf=3":  "What was current after transaction 3 was removed by housekeeping on ",
		"/sdmx/v2/structure/codelist/RIG/CL?asOf=1":  "and after each since, can be read.",
		"/sdmx/v2/structure/codelist?asOf=2":         "(kept: the last 3 transactions and 7 days)",
		"/api/v1/transactions/3/structures?format=x": "",
	} {
		resp, err := http.Get(s.URL + path)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if words == "" {
			if resp.StatusCode != http.StatusNotAcceptable {
				t.Errorf("%s: %s", path, resp.Status)
			}
			continue
		}
		if resp.StatusCode != http.StatusGone || resp.Header.Get("X-Urncast-Horizon") != "4" {
			t.Errorf("%s: %s, horizon %q", path, resp.Status, resp.Header.Get("X-Urncast-Horizon"))
		}
		call(t, s, "GET", path, nil, "Accept", "application/json") // compares the answer with its description
		var status int
		var body string
		if strings.HasPrefix(path, "/sdmx") { // requested without a format of structures, as a client of the API does
			status, body = call(t, s, "GET", path+"&format=fusion-json", nil, "Accept", "application/json")
		} else {
			status, body = call(t, s, "GET", path+"?format=fusion-json", nil)
		}
		want(t, path, status, body, 410, words, `"horizon":4`)
	}
	status, body := call(t, s, "GET", "/sdmx/v2/structure/codelist?asOf=4", nil, "Accept", "application/vnd.fusion.json")
	want(t, "as of the horizon", status, body, 200, "name 4")
	status, body = call(t, s, "GET", "/api/v1/transactions/2", nil)
	want(t, "the record of 2", status, body, 200, `"contentRemoved":"The content of transaction 2 was removed by housekeeping on `, `its record stays."`, `"until":3,"removed":true`)
	status, body = call(t, s, "GET", "/api/v1/transactions/4", nil)
	want(t, "the record of 4", status, body, 200, `"until":5}`)
	status, body = call(t, s, "GET", "/api/v1/transactions", nil)
	var feed struct {
		Horizon      int64
		Transactions []struct{ Number int64 }
	}
	if err := json.Unmarshal([]byte(body), &feed); err != nil || status != 200 || feed.Horizon != 4 || len(feed.Transactions) != 7 {
		t.Errorf("the feed: %d %v %s", status, err, body)
	}
	resp, err := http.Get(s.URL + "/api/v1/transactions?format=atom")
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.Header.Get("X-Urncast-Horizon") != "4" {
		t.Error("the Atom feed does not have the horizon")
	}
	status, body = call(t, s, "GET", "/metrics", nil)
	want(t, "metrics", status, body, 200, "urncast_registry_transactions 7", "urncast_registry_horizon_transaction_number 4",
		`urncast_registry_structures{class="Codelist"} 1`, "urncast_registry_documents_bytes ")
}
