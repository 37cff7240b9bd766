package instance

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/twmb/franz-go/pkg/kfake"

	"urncast/integration/rig/pg"
	"urncast/internal/secret"
	"urncast/producer"
	"urncast/producer/connection"
	"urncast/producer/control"
	"urncast/producer/kafka"
	"urncast/producer/producertest"
	"urncast/registry"
	"urncast/registry/postgres"
)

// A served is an instance in this process, on a real database.
type served struct {
	t    *testing.T
	url  string
	log  *safeBuffer
	stop func()

	metrics prometheus.Registerer
}

// safeBuffer is a log that may be read while it is written.
type safeBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

// Write implements io.Writer.
func (s *safeBuffer) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(b)
}

// String gives what was written so far.
func (s *safeBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

// serveStored serves with a stored connection.
func serveStored(t *testing.T, database string, ring *secret.Ring) *served {
	t.Helper()
	return serveFor(t, database, ring, "correct-horse")
}

// serveFor serves for an administrator with a password; without one accounts count.
func serveFor(t *testing.T, database string, ring *secret.Ring, password string) *served {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	s := &served{t: t, log: &safeBuffer{}}
	started, ended := make(chan string, 1), make(chan error, 1)
	settings := producer.Config{Connection: producer.NameDefault}.WithDefaults()
	i := &Instance{
		Database: database, HTTP: "127.0.0.1:0", Ring: ring, Client: &producertest.Client{}, Topics: producertest.NoTopics{},
		Producer: &settings,
		Kafka:    kafka.Cluster{CreateTopic: true, Replication: 1},
		Password: password,
		Started:  func(address string, _ *control.Producers) error { started <- address; return nil },
	}
	go func() { ended <- i.Run(ctx, slog.New(slog.NewTextHandler(s.log, nil))) }()
	select {
	case address := <-started:
		s.url, s.metrics = "http://"+address, i.Web.Register
	case err := <-ended:
		cancel()
		t.Fatalf("it does not serve: %v", err)
	}
	s.stop = sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(s.stop)
	return s
}

func (s *served) call(method, path, body string) (int, string) {
	s.t.Helper()
	r, err := http.NewRequest(method, s.url+path, strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	r.SetBasicAuth("admin", "correct-horse")
	r.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		s.t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return resp.StatusCode, string(b)
}

func (s *served) want(method, path, body string, status int) {
	s.t.Helper()
	if got, answer := s.call(method, path, body); got != status {
		s.t.Errorf("%s %s: %d %s", method, path, got, answer)
	}
}

// await waits for a state of the producer.
func (s *served) await(state producer.State) control.Status {
	s.t.Helper()
	var status control.Status
	for range 300 {
		_, b := s.call("GET", "/api/v1/producers/default", "")
		if err := json.Unmarshal([]byte(b), &status); err != nil {
			s.t.Fatal(err)
		}
		if status.State == state {
			return status
		}
		time.Sleep(50 * time.Millisecond)
	}
	s.t.Fatalf("the producer is %+v, not %s\n%s", status, state, s.log)
	return status
}

// Without --bootstrap the registry serves at once; the producer says that its
// connection is not defined, and runs when it is. With a wrong key afterwards the
// registry serves, and log and producer name the key that is missing.
func TestServeTakesTheStoredConnection(t *testing.T) {
	broker, err := kfake.NewCluster(kfake.NumBrokers(1))
	if err != nil {
		t.Fatal(err)
	}
	defer broker.Close()
	database := pg.Shared(t).Database(t, "stored")
	ring, err := secret.Parse(secret.NewKey())
	if err != nil {
		t.Fatal(err)
	}
	s := serveStored(t, database, ring)
	s.want("GET", "/readyz", "", 200)
	s.want("POST", "/api/v1/producers/default/start", `{"how": "idle"}`, 204)
	if status := s.await(producer.Failed); !strings.Contains(status.Reason, "Connection default is not defined") || !strings.Contains(status.Reason, "urncast connection set default") {
		t.Errorf("the producer says %q", status.Reason)
	}
	servers := broker.ListenAddrs()[0]
	s.want("PUT", "/api/v1/connections/default", `{"properties": {"bootstrap.servers": "`+servers+`", "sasl.password": "planted-secret"}}`, 201)
	s.want("POST", "/api/v1/producers/default/start", `{"how": "idle"}`, 204)
	if status := s.await(producer.Idle); status.Bootstrap != servers || status.Settings.Connection != "default" {
		t.Errorf("the status shows %+v", status)
	}
	s.want("DELETE", "/api/v1/connections/default", "", 409)
	s.stop()
	if strings.Contains(s.log.String(), "planted") {
		t.Errorf("the log shows a secret:\n%s", s.log)
	}

	wrong, err := secret.Parse(secret.NewKey())
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range []*secret.Ring{wrong, nil} {
		s = serveStored(t, database, r)
		s.want("GET", "/readyz", "", 200)
		if status := s.await(producer.Failed); !strings.Contains(status.Reason, ring.First()) {
			t.Errorf("the producer says %q", status.Reason)
		}
		if !strings.Contains(s.log.String(), "connection=default") || !strings.Contains(s.log.String(), "key "+ring.First()) {
			t.Errorf("the log does not name the key that is missing:\n%s", s.log)
		}
		if _, b := s.call("GET", "/api/v1/connections", ""); !strings.Contains(b, `"locked":"The secrets cannot be opened: it is sealed with key `+ring.First()) {
			t.Errorf("the API says %s", b)
		}
		s.stop()
	}
}

// A connection that is saved anew is noticed by a session that uses it.
func TestASavedConnectionIsNoticed(t *testing.T) {
	store, err := postgres.Open(t.Context(), pg.Shared(t).Database(t, "noticed"))
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	client := &producertest.Client{}
	i := &Instance{Client: client}
	if err := i.connect(t.Context(), store.Connections(nil), &control.Producers{}, slog.New(slog.DiscardHandler)); err != nil {
		t.Fatal(err)
	}
	save := func(server string, revision int64) int64 {
		e := connection.Edit{Name: "c", Properties: map[string]secret.Property{"bootstrap.servers": {Value: server}}, Revision: revision}
		s, err := i.Web.Connections.Save(t.Context(), e, false, registry.Actor{User: "admin"})
		if err != nil {
			t.Fatal(err)
		}
		return s.Shown.Revision
	}
	first := save("127.0.0.1:1", 0)
	b, err := i.Kafka.Connect(t.Context(), "c")
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	select {
	case <-b.Changed():
		t.Fatal("a change was noticed before there was one")
	case <-time.After(4 * time.Second):
	}
	save("127.0.0.1:2", first)
	select {
	case <-b.Changed():
	case <-time.After(6 * time.Second):
		t.Error("the change was not noticed within seconds")
	}
}

func TestNoDump(t *testing.T) {
	if err := NoDump(); err != nil {
		t.Fatal(err)
	}
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_CORE, &limit); err != nil || limit.Cur != 0 || limit.Max != 0 {
		t.Errorf("core files may have %+v bytes, %v", limit, err)
	}
	if dumpable, _, e := syscall.RawSyscall(syscall.SYS_PRCTL, syscall.PR_GET_DUMPABLE, 0, 0); e != 0 || dumpable != 0 {
		t.Errorf("the process may be dumped: %d, %v", dumpable, e)
	}
}

// A process without a key says so when it starts, on the dashboard, and above each form that may
// take a secret. A process with a key does not, and users without the right to change anything
// are not told.
func TestAMissingKeyIsSaidBefore(t *testing.T) {
	ring, err := secret.Parse(secret.NewKey())
	if err != nil {
		t.Fatal(err)
	}
	database := pg.Shared(t).Database(t, "missing_key")
	for _, r := range []*secret.Ring{nil, ring} {
		s := serveStored(t, database, r)
		for _, path := range []string{"/", "/connections/new", "/mail"} {
			if _, page := s.call("GET", path, ""); strings.Contains(page, "No secret can be saved") != (r == nil) {
				t.Errorf("%s, with the key %q:\n%s", path, r.First(), page)
			}
		}
		if strings.Contains(s.log.String(), "no secret can be saved") != (r == nil) {
			t.Errorf("the log, with the key %q:\n%s", r.First(), s.log)
		}
		resp, err := http.Get(s.url + "/")
		if err != nil {
			t.Fatal(err)
		}
		if page, err := io.ReadAll(resp.Body); err != nil || strings.Contains(string(page), "No secret") {
			t.Errorf("anybody is told: %v", err)
		}
		resp.Body.Close()
		s.stop()
	}
}
