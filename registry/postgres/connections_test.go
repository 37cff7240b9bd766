package postgres_test

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"urncast/internal/secret"
	"urncast/producer"
	"urncast/producer/connection"
	"urncast/registry"
	"urncast/registry/access"
	"urncast/registry/postgres"
)

func keys(t *testing.T, text ...string) *secret.Ring {
	t.Helper()
	r, err := secret.Parse(strings.Join(text, "\n"))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// stored returns a connection with a secret and a file.
func stored(name string) *connection.Stored {
	return &connection.Stored{
		Shown: connection.Shown{Name: name,
			Properties: map[string]secret.Property{"bootstrap.servers": {Value: "b:1"}, "sasl.password": {Set: true}},
			Files:      map[string]connection.File{"k.keytab": {Size: 14, At: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)}}},
		Secrets:  map[string]string{"sasl.password": "planted-secret"},
		Contents: map[string][]byte{"k.keytab": []byte("planted-keytab")},
	}
}

var act = registry.Act{User: "admin", Remote: "192.0.2.1:5", Action: "saved", Subject: "c", Detail: []byte(`{"a": 1}`)}

func save(t *testing.T, s *postgres.ConnectionStore, c *connection.Stored) {
	t.Helper()
	if err := s.SaveConnection(t.Context(), c, act); err != nil {
		t.Fatal(err)
	}
}

func TestAConnectionComesBackAsItWasSaved(t *testing.T) {
	_, store := open(t)
	s := store.Connections(keys(t, secret.NewKey()))
	c := stored("c")
	save(t, s, c)
	got, err := s.Connection(t.Context(), "c")
	if err != nil {
		t.Fatal(err)
	}
	if got.ChangedBy != "admin" || time.Since(got.ChangedAt) > time.Minute || got.Revision != c.Revision || got.Revision == 0 {
		t.Errorf("%d by %s at %s", got.Revision, got.ChangedBy, got.ChangedAt)
	}
	got.ChangedBy, got.ChangedAt, got.UsedBy = "", time.Time{}, nil
	if d := cmp.Diff(c, got); d != "" {
		t.Error(d)
	}
	if _, err := s.Connection(t.Context(), "none"); !errors.Is(err, registry.ErrNotFound) {
		t.Errorf("a connection that is not there: %v", err)
	}

	// No row of the database holds a secret in the clear, however it is written.
	rows, err := store.Pool().Query(t.Context(), `SELECT c::text FROM connections c UNION ALL SELECT a::text FROM audit a`)
	if err != nil {
		t.Fatal(err)
	}
	all, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil || len(all) != 2 {
		t.Fatalf("%d rows, %v", len(all), err)
	}
	for _, row := range all {
		for _, plain := range []string{"planted", fmt.Sprintf("%x", "planted")} {
			if strings.Contains(row, plain) {
				t.Errorf("%q shows in %s", plain, row)
			}
		}
	}
}

func TestSavesMeetOnRevisions(t *testing.T) {
	_, store := open(t)
	s := store.Connections(keys(t, secret.NewKey()))
	save(t, s, stored("c"))
	var conflict *connection.ConflictError
	if err := s.SaveConnection(t.Context(), stored("c"), act); !errors.As(err, &conflict) || conflict.By != "admin" || conflict.Now == 0 {
		t.Errorf("a second connection of the name: %v", err)
	}
	// Of many that change the same revision one succeeds.
	base := conflict.Now
	var wg sync.WaitGroup
	var mu sync.Mutex
	saved := 0
	for range 8 {
		wg.Go(func() {
			c := stored("c")
			c.Revision = base
			err := s.SaveConnection(t.Context(), c, act)
			mu.Lock()
			defer mu.Unlock()
			var conflict *connection.ConflictError
			if err == nil {
				saved++
			} else if !errors.As(err, &conflict) || conflict.Now <= base {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if saved != 1 {
		t.Errorf("%d saves of one revision succeeded", saved)
	}
	if acts, err := store.Access().Acts(t.Context(), access.Query{Limit: 100}); err != nil || len(acts) != 2 {
		t.Errorf("%d acts, %v", len(acts), err)
	}
	// A connection that is deleted and made again has another revision.
	now, err := s.Connection(t.Context(), "c")
	if err != nil {
		t.Fatal(err)
	}
	var stale *connection.ConflictError
	if err := s.DeleteConnection(t.Context(), "c", now.Revision-1, act); !errors.As(err, &stale) || stale.Now != now.Revision || stale.By == "" {
		t.Errorf("another revision was deleted: %v", err)
	}
	if err := s.DeleteConnection(t.Context(), "c", now.Revision, act); err != nil {
		t.Fatal(err)
	}
	again := stored("c")
	save(t, s, again)
	if again.Revision <= now.Revision {
		t.Errorf("revision %d was given again after %d", again.Revision, now.Revision)
	}
	gone := stored("gone")
	gone.Revision = 7
	if err := s.SaveConnection(t.Context(), gone, act); !errors.As(err, &conflict) || conflict.Now != 0 {
		t.Errorf("a change of what was deleted: %v", err)
	}
}

func TestAProducerHoldsItsConnection(t *testing.T) {
	_, store := open(t)
	s := store.Connections(keys(t, secret.NewKey()))
	p, err := producerOf(t.Context(), store, producer.Config{Connection: "c"}.WithDefaults(), "ignored:1")
	if err != nil {
		t.Fatal(err)
	}
	if status, err := p.Status(t.Context()); err != nil || status.Bootstrap != "" || status.Settings.Connection != "c" {
		t.Errorf("before it is defined: %+v, %v", status, err)
	}
	save(t, s, stored("c"))
	if status, err := p.Status(t.Context()); err != nil || status.Bootstrap != "b:1" {
		t.Errorf("the status shows servers %q, %v", status.Bootstrap, err)
	}
	var used *connection.InUseError
	if err := s.DeleteConnection(t.Context(), "c", 0, act); !errors.As(err, &used) || used.Producers[0] != producer.NameDefault {
		t.Errorf("it was deleted: %v", err)
	}
	c, err := s.Connection(t.Context(), "c")
	if err != nil || len(c.UsedBy) != 1 {
		t.Errorf("used by %v, %v", c, err)
	}
	if _, err := producerOf(t.Context(), store, producer.Config{}.WithDefaults(), "fixed:1"); err != nil {
		t.Fatal(err)
	}
	if status, err := p.Status(t.Context()); err != nil || status.Bootstrap != "fixed:1" || status.Settings.Connection != "" {
		t.Errorf("with a fixed connection: %+v, %v", status, err)
	}
	if err := s.DeleteConnection(t.Context(), "c", c.Revision, act); err != nil {
		t.Error(err)
	}
	if err := s.DeleteConnection(t.Context(), "c", c.Revision, act); !errors.Is(err, registry.ErrNotFound) {
		t.Errorf("deleting it again: %v", err)
	}
}

func TestWithoutAKeyNothingSecretIsStored(t *testing.T) {
	_, store := open(t)
	without := store.Connections(nil)
	if err := without.SaveConnection(t.Context(), stored("c"), act); !errors.Is(err, secret.ErrNoKey) {
		t.Errorf("saved without a key: %v", err)
	}
	plain := stored("plain")
	plain.Secrets, plain.Contents = nil, nil
	delete(plain.Properties, "sasl.password")
	clear(plain.Files)
	save(t, without, plain)
	if got, err := without.Connection(t.Context(), "plain"); err != nil || got.Key != nil {
		t.Errorf("a connection without secrets: %v, %v", got, err)
	}

	with := keys(t, secret.NewKey())
	save(t, store.Connections(with), stored("c"))
	locked, err := without.Locked(t.Context())
	if err != nil || len(locked) != 1 || !strings.Contains(locked["c"].Error(), with.First()) {
		t.Errorf("locked: %v, %v", locked, err)
	}
	got, err := without.Connection(t.Context(), "c")
	if err != nil || got.Key == nil || got.Secrets != nil || !got.Properties["sasl.password"].Set || got.Files["k.keytab"].Size != 14 {
		t.Errorf("without the key: %+v, %v", got.Shown, err)
	}
}

// After a rotation the old key is not needed any more. A value that is moved to another row
// cannot be opened there.
func TestRotation(t *testing.T) {
	_, store := open(t)
	older, newer := secret.NewKey(), secret.NewKey()
	save(t, store.Connections(keys(t, older)), stored("a"))
	save(t, store.Connections(keys(t, newer, older)), stored("b"))
	plain := stored("plain")
	plain.Secrets, plain.Contents = nil, nil
	save(t, store.Connections(nil), plain)

	if _, err := store.Connections(nil).Rotate(t.Context(), registry.Actor{}); !errors.Is(err, secret.ErrNoKey) {
		t.Errorf("without a key: %v", err)
	}
	var missing *secret.MissingKeyError
	if _, err := store.Connections(keys(t, newer)).Rotate(t.Context(), registry.Actor{}); !errors.As(err, &missing) || missing.ID != keys(t, older).First() {
		t.Errorf("without the old key: %v", err)
	}
	before, err := store.Connections(nil).Connection(t.Context(), "a")
	if err != nil {
		t.Fatal(err)
	}
	r, err := store.Connections(keys(t, newer, older)).Rotate(t.Context(), registry.Actor{User: "root"})
	if want := (postgres.Rotated{Key: keys(t, newer).First(), Sealed: 2, Already: 2}); err != nil || r != want {
		t.Errorf("%+v, %v", r, err)
	}
	alone := store.Connections(keys(t, newer))
	for _, name := range []string{"a", "b", "plain"} {
		c, err := alone.Connection(t.Context(), name)
		if err != nil || c.Key != nil || name != "plain" && (c.Secrets["sasl.password"] != "planted-secret" || string(c.Contents["k.keytab"]) != "planted-keytab") {
			t.Errorf("%s with the new key alone: %v, %v", name, c, err)
		}
		if name == "a" && c.Revision != before.Revision {
			t.Error("the revision rose, which would end sessions for nothing")
		}
	}
	acts, err := store.Access().Acts(t.Context(), access.Query{After: 3, Limit: 10})
	if err != nil || len(acts) != 1 || acts[0].Action != connection.ActSecretsRotated || acts[0].User != "root" {
		t.Errorf("the audit has %+v, %v", acts, err)
	}
	if _, err := store.Pool().Exec(t.Context(), `UPDATE connections SET secrets = (SELECT secrets FROM connections WHERE name = 'a') WHERE name = 'b'`); err != nil {
		t.Fatal(err)
	}
	if c, err := alone.Connection(t.Context(), "b"); err != nil || c.Key == nil {
		t.Errorf("the secrets of another row open: %v", err)
	}
}

// After a crash in the middle of a rotation everything can be read. The crash is the end of
// the connection on the server's side, which a trigger causes after the first row was written.
func TestACrashInARotationChangesNothing(t *testing.T) {
	_, store := open(t)
	older, newer := secret.NewKey(), secret.NewKey()
	s := store.Connections(keys(t, older))
	for _, name := range []string{"a", "b", "c"} {
		save(t, s, stored(name))
	}
	sealed := func() (all []byte) {
		rows, err := store.Pool().Query(t.Context(), `SELECT secrets || files FROM connections ORDER BY name`)
		if err != nil {
			t.Fatal(err)
		}
		values, err := pgx.CollectRows(rows, pgx.RowTo[[]byte])
		if err != nil {
			t.Fatal(err)
		}
		return bytes.Join(values, nil)
	}
	before := sealed()
	_, err := store.Pool().Exec(t.Context(), `
		CREATE FUNCTION crash() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NEW; END $$;
		CREATE TRIGGER crash AFTER UPDATE ON connections FOR EACH ROW WHEN (NEW.name = 'b') EXECUTE FUNCTION crash()`)
	if err != nil {
		t.Fatal(err)
	}
	both := store.Connections(keys(t, newer, older))
	if r, err := both.Rotate(t.Context(), registry.Actor{}); err == nil {
		t.Fatalf("it did not crash: %+v", r)
	}
	if !bytes.Equal(before, sealed()) {
		t.Error("a part of the rotation was committed")
	}
	if locked, err := both.Locked(t.Context()); err != nil || len(locked) > 0 {
		t.Errorf("locked: %v, %v", locked, err)
	}
	if _, err := store.Pool().Exec(t.Context(), `DROP TRIGGER crash ON connections`); err != nil {
		t.Fatal(err)
	}
	if r, err := both.Rotate(t.Context(), registry.Actor{}); err != nil || r.Sealed != 6 {
		t.Errorf("the next rotation: %+v, %v", r, err)
	}
}

// Ids of the audit rise in commit order, so that a reader who continues after an id misses
// nothing.
func TestTheAuditIsReadInOrder(t *testing.T) {
	_, store := open(t)
	s := store.Connections(keys(t, secret.NewKey()))
	done := make(chan struct{})
	go func() {
		defer close(done)
		var wg sync.WaitGroup
		for i := range 40 {
			wg.Go(func() {
				c := stored(fmt.Sprintf("c%d", i))
				if err := s.SaveConnection(t.Context(), c, act); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
	}()
	var last int64
	seen := 0
	for ended := false; ; {
		acts, err := store.Access().Acts(t.Context(), access.Query{After: last, Ascending: true, Limit: 7})
		if err != nil {
			t.Fatal(err)
		}
		for _, a := range acts {
			last = a.ID
			seen++
		}
		if len(acts) == 0 && ended {
			break
		}
		select {
		case <-done:
			ended = true
		default:
		}
	}
	if seen != 40 {
		t.Errorf("%d of 40 acts were seen", seen)
	}
}
