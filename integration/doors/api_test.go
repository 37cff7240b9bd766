package doors

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"urncast/integration/complete"
	"urncast/integration/rig/pg"
	"urncast/producer"
	"urncast/producer/connection"
	"urncast/producer/diagnosis"
	"urncast/producer/notice"
	"urncast/producer/producertest"
	"urncast/registry/postgres"
	"urncast/web"
)

// fixtures is a fake Kafka cluster.
type fixtures struct{ broken bool }

// Diagnose implements diagnosis.Topics.
func (f *fixtures) Diagnose(_ context.Context, _ *connection.Connection, n diagnosis.Needs) (*diagnosis.Diagnosis, error) {
	finding := diagnosis.Finding{ID: "cleanup-policy", Severity: diagnosis.SeverityOK, What: "It is compacted.", Why: "It must be."}
	if f.broken {
		finding = diagnosis.Finding{ID: "cleanup-policy", Severity: diagnosis.SeverityError, What: "It is deleted.", Why: "It must not be.", Cure: "Mend it.",
			Command: "kafka-configs …", Where: []diagnosis.Setting{{Place: diagnosis.PlaceTopic, Name: "cleanup.policy", Value: "delete"}},
			Fix: []diagnosis.SettingChange{{Name: "cleanup.policy", Before: "delete", After: "compact"}}}
	}
	if n.Topic == "absent" {
		finding = diagnosis.Finding{ID: "topic", Severity: diagnosis.SeverityWarning, What: "The topic does not exist.", Why: "It must."}
	}
	return &diagnosis.Diagnosis{Cluster: "c", Findings: []diagnosis.Finding{finding}}, nil
}

// MakeTopic implements diagnosis.Topics.
func (f *fixtures) MakeTopic(_ context.Context, _ *connection.Connection, n diagnosis.Needs, replication int,
	before func(diagnosis.MadeTopic) error) (*diagnosis.MadeTopic, error) {
	if n.Topic == "refused" {
		return nil, errors.New("User:u may not create the topic refused. Grant CREATE.")
	}
	m := diagnosis.MadeTopic{Topic: n.Topic, Partitions: 1, ReplicationFactor: replication, Settings: map[string]string{"cleanup.policy": "compact"}}
	return &m, before(m)
}

// AlterTopic implements diagnosis.Topics.
func (f *fixtures) AlterTopic(_ context.Context, _ *connection.Connection, topic string, _ []diagnosis.SettingChange) error {
	if topic == "refused" {
		return errors.New("User:u may not alter the settings of the topic refused. Grant ALTER_CONFIGS.")
	}
	f.broken = false
	return nil
}

// serveAll serves all routes, with a database of its own.
func serveAll(t testing.TB) (*httptest.Server, *postgres.Store) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	store, err := postgres.Open(ctx, pg.Shared(t).Database(t, strings.ToLower("all_"+t.Name())))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(store.Close)
	t.Cleanup(cancel)
	producers := producersOf(ctx, t, store, producer.Config{Connection: "main"}.WithDefaults())
	for _, sql := range []string{
		`INSERT INTO producers (name, routes, prefix, sender, started) VALUES ('started', '[{"topic": "s", "format": "fusion-json"}]', 'tx', 'S', true)`,
		`INSERT INTO jobs (id, producer, kind, as_of, phase) SELECT '00000000-0000-0000-0000-000000000001', id, 'baseline', 0, 'waiting' FROM producers WHERE name = 'started'`,
	} {
		if _, err := store.Pool().Exec(ctx, sql); err != nil {
			t.Fatal(err)
		}
	}
	connections := &connection.Connections{Store: store.Connections(nil), Client: &producertest.Client{}, Route: func(context.Context, string) (string, string) { return "structures", "tx" }}
	producers.Connections = connections
	doctor := &diagnosis.Doctor{Connections: connections, Topics: &fixtures{broken: true},
		Retention: time.Hour, Largest: producertest.NoLargest}
	send := func(_ context.Context, _ *notice.StoredSettings, _ *notice.Letter, to []string) (all []notice.Delivery) {
		for _, address := range to {
			all = append(all, notice.Delivery{Address: address})
		}
		return all
	}
	s := httptest.NewServer(web.New(complete.Options(t, store, web.Options{Producers: producers, Connections: connections, Doctor: doctor, Reader: &fakeTopic{},
		Mail: notice.NewMailer(prometheus.NewRegistry(), notice.Mailer{Store: store.Mail(nil), Send: send, Log: slog.New(slog.DiscardHandler)})})))
	t.Cleanup(s.Close)
	return s, store
}

// calls are made in this order: later calls need what earlier ones created.
var calls = []struct {
	method, path, body string
	status             int
}{
	{"PUT", "/api/v1/settings", `{"allowDangling": true, "requireAgencies": false, "housekeeping": {"keepTransactions": 1, "keepDays": 0}}`, 200},
	{"POST", "/sdmx/v2/structure", string(list("L1", "One")), 201},
	{"POST", "/sdmx/v2/structure", string(list("L1", "Uno")), 200},
	{"POST", "/sdmx/v2/structure", `{"ConceptScheme":[{"id":"CS","agencyId":"A","version":"1.0","names":[{"locale":"en","value":"C"}],"items":[{"id":"X",` +
		`"names":[{"locale":"en","value":"X"}],"representation":{"representation":"urn:sdmx:org.sdmx.infomodel.codelist.Codelist=A:NONE(1.0)"}}]}]}`, 201},
	{"POST", "/api/v1/structures/rename", `{"urn": "urn:sdmx:org.sdmx.infomodel.codelist.Codelist=A:L1(1.0)", "newId": "L2"}`, 207},
	{"POST", "/api/v1/structures/rename", `{"urn": "urn:sdmx:org.sdmx.infomodel.codelist.Codelist=A:L1(1.0)", "newId": "L2"}`, 404},
	{"GET", "/api/v1/transactions?limit=2", "", 200},
	{"GET", "/api/v1/transactions?format=atom", "", 200},
	{"GET", "/api/v1/transactions/1", "", 200},
	{"GET", "/api/v1/transactions/99", "", 404},
	{"GET", "/api/v1/transactions/1/structures", "", 200},
	{"GET", "/api/v1/dangling", "", 200},
	{"GET", "/api/v1/settings", "", 200},
	{"POST", "/api/v1/housekeeping", `{"dryRun": true}`, 200},
	{"POST", "/api/v1/housekeeping", ``, 200},
	{"GET", "/api/v1/housekeeping", "", 200},
	{"GET", "/api/v1/openapi.json", "", 200},

	{"GET", "/api/v1/connections/main", "", 404},
	{"PUT", "/api/v1/connections/main", `{"properties": {"acks": "1"}}`, 422},
	{"PUT", "/api/v1/connections/main", `{"properties": {"bootstrap.servers": "good:9092"}}`, 201},
	{"PUT", "/api/v1/connections/other", `{"properties": {"bootstrap.servers": "good:9092"}}`, 201},
	{"GET", "/api/v1/connections", "", 200},
	{"GET", "/api/v1/connections/main", "", 200},
	{"POST", "/api/v1/connections/check", `{"properties": {"bootstrap.servers": "good:9092"}}`, 200},
	{"POST", "/api/v1/connections/test", `{"name": "main", "properties": {"bootstrap.servers": "bad:9092"}}`, 200},
	{"POST", "/api/v1/connections/main/test", `{"stepTimeout": "5s"}`, 200},
	{"DELETE", "/api/v1/connections/main", "", 409},
	{"DELETE", "/api/v1/connections/other", "", 204},
	{"GET", "/api/v1/kafka-properties", "", 200},

	{"GET", "/api/v1/producers/default/doctor?topic=t", "", 200},
	{"POST", "/api/v1/producers/default/doctor/fix", `{"findings": ["nonsense"]}`, 400},
	{"POST", "/api/v1/producers/default/doctor/fix", `{"findings": "all"}`, 400},
	{"POST", "/api/v1/producers/default/doctor/fix", `{"topic": "refused", "findings": ["cleanup-policy"]}`, 409},
	{"POST", "/api/v1/producers/default/doctor/fix", `{"findings": ["cleanup-policy"]}`, 200},
	{"GET", "/api/v1/producers/default/doctor", "", 200},
	{"GET", "/api/v1/producers/default/topics/sdmx.structures/records", "", 200},
	{"GET", "/api/v1/producers/default/topics/sdmx.structures/records?from=end&value=true", "", 200},
	{"GET", "/api/v1/producers/default/topics/sdmx.structures/records?from=yesterday", "", 400},
	{"GET", "/api/v1/producers/default/topics/sdmx.structures/records?from=4", "", 416},
	{"GET", "/api/v1/producers/default/topics/other/records", "", 404},
	{"GET", "/api/v1/producers/none/topics/structures/records", "", 404},
	{"POST", "/api/v1/producers/default/topics/sdmx.structures/verify", "", 200},
	{"POST", "/api/v1/producers/default/topics/sdmx.structures/verify", `{"fromBaseline": true}`, 200},
	{"POST", "/api/v1/producers/default/topics/sdmx.structures/verify", `{"from": "baseline"}`, 400},
	{"POST", "/api/v1/producers/default/topics/other/verify", "", 404},
	{"POST", "/api/v1/topics", `{"topic": "t", "connection": "main", "replicationFactor": 3}`, 201},
	{"POST", "/api/v1/topics", `{"topic": "refused", "connection": "main"}`, 409},
	{"POST", "/api/v1/topics", `{"topic": "no/topic"}`, 400},
	{"POST", "/api/v1/topics", ``, 400},
	{"GET", "/api/v1/producers", "", 200},
	{"GET", "/api/v1/producers/default", "", 200},
	{"GET", "/api/v1/producers/none", "", 404},
	{"POST", "/api/v1/producers", `{"name": "two", "connection": "main", "routes": [{"topic": "two", "format": "sdmx-ml-2.1", "filter": {"classes": ["Codelist"]}}]}`, 201},
	{"POST", "/api/v1/producers", `{"name": "two", "routes": [{"topic": "three", "format": "fusion-json"}]}`, 409},
	{"POST", "/api/v1/producers", `{"name": "three", "routes": [{"topic": "t/hree", "format": "fusion-json"}]}`, 400},
	{"POST", "/api/v1/producers/preview", `{"routes": [{"topic": "two", "format": "sdmx-ml-2.1", "filter": {"classes": ["Codelist"]}}]}`, 200},
	{"POST", "/api/v1/producers/preview", `{"routes": [{"topic": "two", "filter": {"classes": ["Nothing"]}}]}`, 400},
	{"POST", "/api/v1/producers/preview", `{}`, 400},
	{"PUT", "/api/v1/producers/two", `{"name": "two", "connection": "main", "prefix": "tx", "sender": "S", "revision": 1, "routes": [{"topic": "two", "format": "fusion-json"}]}`, 200},
	{"PUT", "/api/v1/producers/two", `{"name": "two", "connection": "main", "prefix": "tx", "sender": "S", "revision": 1, "routes": [{"topic": "two", "format": "fusion-json"}]}`, 409},
	{"PUT", "/api/v1/producers/two", `{"name": "two"}`, 400},
	{"PUT", "/api/v1/producers/none", `{"name": "none"}`, 404},
	{"GET", "/api/v1/producers/two/jobs", "", 200},
	{"GET", "/api/v1/producers/none/jobs", "", 404},
	{"POST", "/api/v1/producers/two/jobs", `{}`, 409},
	{"POST", "/api/v1/producers/none/jobs", `{}`, 404},
	{"DELETE", "/api/v1/producers/two/jobs/none", "", 404},
	{"POST", "/api/v1/producers/started/jobs", `{"filter": {"agencies": ["A.*"]}}`, 202},
	{"POST", "/api/v1/producers/started/jobs", `{"from": 1, "to": 9999}`, 400},
	{"DELETE", "/api/v1/producers/started/jobs/00000000-0000-0000-0000-000000000001", "", 200},
	{"DELETE", "/api/v1/producers/default", "", 409},
	{"DELETE", "/api/v1/producers/two", "", 204},
	{"DELETE", "/api/v1/producers/two", "", 404},
	{"POST", "/api/v1/producers/default/start", `{"how": "continue"}`, 409},
	{"POST", "/api/v1/producers/default/start", `{"how": "idle"}`, 204},

	{"PUT", "/api/v1/mail", `{"host": "mail.example.org", "sender": "u@example.org", "admins": ["a@example.org"]}`, 200},
	{"GET", "/api/v1/mail", "", 200},
	{"POST", "/api/v1/mail/test", "", 200},
	{"POST", "/api/v1/accounts", `{"name": "anna", "password": "four words in a row", "role": "maintainer", "agencies": ["A"]}`, 201},
	{"POST", "/api/v1/accounts", `{"name": "anna", "role": "reader"}`, 409},
	{"POST", "/api/v1/accounts", `{"name": "bea", "role": "king"}`, 400},
	{"GET", "/api/v1/accounts", "", 200},
	{"GET", "/api/v1/accounts/anna", "", 200},
	{"GET", "/api/v1/accounts/bea", "", 404},
	{"PATCH", "/api/v1/accounts/anna", `{"role": "admin"}`, 200},
	{"POST", "/api/v1/accounts/anna/password", `{"password": "short"}`, 400},
	{"POST", "/api/v1/accounts/anna/password", `{"password": "another four words"}`, 204},
	{"POST", "/api/v1/tokens", `{"account": "anna", "name": "ci", "role": "reader"}`, 201},
	{"POST", "/api/v1/tokens", `{"name": "ci"}`, 409},
	{"GET", "/api/v1/tokens", "", 200},
	{"DELETE", "/api/v1/tokens/nonsense", "", 404},
	{"GET", "/api/v1/sessions", "", 200},
	{"DELETE", "/api/v1/sessions/nonsense", "", 404},
	{"DELETE", "/api/v1/accounts/anna", "", 204},
	{"DELETE", "/api/v1/accounts/anna", "", 404},
	{"GET", "/api/v1/audit", "", 200},
	{"GET", "/api/v1/audit?action=account+created&user=admin&subject=ANN&from=2026-01-01&to=2126-01-01", "", 200},
	{"GET", "/api/v1/audit?from=yesterday", "", 400},
	{"GET", "/api/v1/audit?format=csv", "", 200},
}

// Every operation of the OpenAPI description is called; each answer matches its schema and has no
// undescribed field.
func TestEveryOperationAnswersAsDescribed(t *testing.T) {
	s, _ := serveAll(t)
	for _, c := range calls {
		status, body := call(t, s, c.method, c.path, []byte(c.body), "Accept", "application/json, */*")
		want(t, c.method+" "+c.path, status, body, c.status)
	}
	deleteByID(t, s)
	doc, err := served.read(s.URL)
	if err != nil {
		t.Fatal(err)
	}
	for path, item := range doc.Paths.Map() {
		for method := range item.Operations() {
			if !succeeded(method + " " + path + " 2") {
				t.Errorf("no successful call of %s %s: add one to calls", method, path)
			}
		}
	}
}

func succeeded(prefix string) bool {
	served.mu.Lock()
	defer served.mu.Unlock()
	for key := range served.seen {
		if strings.HasPrefix(key, prefix) {
			return true
		}
	}
	return false
}

// The comparison with the description finds an additional field, a missing field, a field of
// another type and an undescribed status.
func TestTheComparisonFindsDifferences(t *testing.T) {
	doc, err := served.read(serveClosed(t).URL)
	if err != nil {
		t.Fatal(err)
	}
	op, _ := operation(doc, http.MethodGet, "/api/v1/settings")
	header := http.Header{"Content-Type": {"application/json"}}
	for body, good := range map[string]bool{
		`{"allowDangling":true,"requireAgencies":false,"housekeeping":{"keepTransactions":0,"keepDays":0}}`:          true,
		`{"allowDangling":true,"requireAgencies":false,"housekeeping":{"keepTransactions":0,"keepDays":0,"more":1}}`: false,
		`{"allowDangling":true,"requireAgencies":false,"housekeeping":{"keepTransactions":0}}`:                       false,
		`{"allowDangling":"yes","requireAgencies":false,"housekeeping":{"keepTransactions":0,"keepDays":0}}`:         false,
	} {
		if err := mismatch(op, &http.Response{StatusCode: 200, Header: header}, []byte(body)); (err == nil) != good {
			t.Errorf("%s: %v", body, err)
		}
		if mismatch(op, &http.Response{StatusCode: 204, Header: header}, []byte(body)) == nil {
			t.Error("an undescribed status is accepted")
		}
	}
}
