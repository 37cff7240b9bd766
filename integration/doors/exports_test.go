package doors

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"urncast/integration/complete"
	"urncast/integration/rig/pg"
	"urncast/producer"
	"urncast/registry/postgres"
	"urncast/web"
)

// The export of transactions is complete: it has all transactions that the filter matches, even if
// the last one is 10,000 transactions older than the newest.
func TestExportOfTransactionsIsWhole(t *testing.T) {
	const all = 12_345
	store, err := postgres.Open(t.Context(), pg.Shared(t).Database(t, "exports"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(store.Close)
	s := httptest.NewServer(web.New(complete.Options(t, store, web.Options{})))
	t.Cleanup(s.Close)
	if _, err := store.Pool().Exec(t.Context(), `
		INSERT INTO transactions (number, id, kind, recorded_at, structures, bytes, user_name, origin, traceparent, correlation_id)
		SELECT n, gen_random_uuid(), 1 + n % 2, now(), 1, 1, CASE WHEN n % 5 = 0 THEN '=anna' ELSE 'bert' END, 'test', '', '' FROM generate_series(1, $1::bigint) n`, all); err != nil {
		t.Fatal(err)
	}
	for query, lines := range map[string]int{"": all, "?by=%3Danna": all / 5, "?kind=delete&by=%3Danna": all/10 + 1, "?before=2001": 2000, "?by=nobody": 0} {
		status, body := call(t, s, "GET", "/transactions.csv"+query, nil)
		want(t, query, status, body, http.StatusOK, "number,recorded,kind")
		if n := strings.Count(body, "\n") - 1; n != lines {
			t.Errorf("%q exports %d transactions, want %d", query, n, lines)
		}
		if strings.Contains(body, ",=anna") {
			t.Errorf("the export of %q has a formula", query)
		}
	}
}

// A page about something that does not exist says so, with status 404.
func TestPagesOfWhatIsNot(t *testing.T) {
	store, err := postgres.Open(t.Context(), pg.Shared(t).Database(t, "nothing"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(store.Close)
	s := httptest.NewServer(web.New(complete.Options(t, store, web.Options{Producers: producersOf(t.Context(), t, store, producer.Config{}.WithDefaults())})))
	t.Cleanup(s.Close)
	for _, path := range []string{"/transactions/1", "/transactions/x", "/transactions/99999999999999999999", "/structures/codelist/A/L/1.0", "/structures/none/A/L/1.0",
		"/structures/codelist/A/L/1.0/source?format=fusion-json", "/structures/codelist/A/L/1.0/download?format=fusion-json", "/structures/codelist/A/L/1.0/delete",
		"/structures/codelist/A/L/1.0/rename", "/agencies/NONE/rename", "/submit/none", "/producers/none", "/producers/none/change", "/producers/none/start", "/producers/none/route",
		"/access/accounts/none", "/access/accounts/none/delete", "/access/tokens/none/delete", "/nothing", "/settings/none"} {
		status, body := call(t, s, "GET", path, nil, "Accept", "text/html")
		want(t, path, status, body, http.StatusNotFound, "<h1>")
	}
	for _, path := range []string{"/live/transactions/1", "/live/producers/none"} {
		status, body := call(t, s, "GET", path, nil)
		want(t, path, status, body, http.StatusNotFound, "nothing here to watch")
	}
}
