package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"urncast/integration/rig"
	"urncast/integration/rig/pg"
	"urncast/registry"
	"urncast/registry/plan"
	"urncast/registry/postgres"
)

// stalledFor is how long others may have to wait for a process that is stopped.
const stalledFor = 30 * time.Second

// through returns the URL of a database through a link that can be cut.
func through(t *testing.T, database string) (string, *rig.Link) {
	t.Helper()
	u, err := url.Parse(database)
	if err != nil {
		t.Fatal(err)
	}
	link := rig.NewLink(t, "127.0.0.1:0", u.Host)
	u.Host = link.Address()
	return u.String(), link
}

// submitsWithin submits a list, and checks how long that takes.
func submitsWithin(t *testing.T, r *plan.Registry, limit time.Duration) time.Duration {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*limit)
	defer cancel()
	began := time.Now()
	o, err := r.Submit(ctx, submission(registry.ModeReplace, codelist(fmt.Sprintf("CL_%d", began.UnixNano()), "1.0", "a")))
	took := time.Since(began)
	if err != nil || len(o.Transactions) != 1 {
		t.Fatalf("after %s: %+v, %v", took, o, err)
	}
	if took > limit {
		t.Errorf("it took %s, longer than %s", took, limit)
	}
	return took
}

// holdCounter locks the counter row as a submission does, until let is closed.
func holdCounter(t *testing.T, s *postgres.Store, let <-chan struct{}) (ended chan error) {
	t.Helper()
	holds := make(chan struct{})
	ended = make(chan error, 1)
	go func() {
		ended <- s.Update(context.Background(), registry.Ahead{}, func(registry.Tx) error {
			close(holds)
			<-let
			return nil
		})
	}()
	select {
	case <-holds:
	case err := <-ended:
		t.Fatal(err)
	}
	return ended
}

// A machine that is cut off, or a process that is stopped, while it has the counter row
// locked, blocks others for seconds only.
func TestAHolderThatIsCutOffHoldsUpForSeconds(t *testing.T) {
	t.Parallel()
	database := pg.Shared(t).Database(t, "stalled")
	r, _ := openOn(t, database)
	over, link := through(t, database)
	_, cut := openOn(t, over)
	let := make(chan struct{})
	ended := holdCounter(t, cut, let)
	swallowed := make(chan error, 1)
	go func() { swallowed <- link.Swallow(stalledFor + 5*time.Second) }()
	time.Sleep(time.Second)
	t.Logf("a submission waited %s", submitsWithin(t, r, stalledFor))
	close(let)
	if err := <-ended; err == nil {
		t.Error("whoever was cut off committed all the same")
	}
	if err := <-swallowed; err != nil {
		t.Fatal(err)
	}
}

// The session of an older version of the program, or of a process that was stopped in the
// middle of a batch, is ended by those that wait for its lock; sessions of other programs are
// left alone.
func TestASessionThatSaysNothingIsEnded(t *testing.T) {
	t.Parallel()
	database := pg.Shared(t).Database(t, "silent")
	r, s := openOn(t, database)
	silent := func(application string) *pgx.Conn {
		t.Helper()
		c, err := pgx.Connect(t.Context(), database+"&application_name="+application)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { c.Close(context.Background()) })
		return c
	}
	older, other := silent("urncast"), silent("psql")
	if _, err := older.Exec(t.Context(), `BEGIN; SELECT FROM registry FOR UPDATE`); err != nil {
		t.Fatal(err)
	}
	t.Logf("a submission waited %s", submitsWithin(t, r, stalledFor))
	if err := older.Ping(t.Context()); err == nil {
		t.Error("the session that said nothing is still there")
	}
	if _, err := other.Exec(t.Context(), `BEGIN; SELECT FROM registry FOR UPDATE`); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), stalledFor)
	defer cancel()
	if _, err := r.Submit(ctx, submission(registry.ModeReplace, codelist("LATER", "1.0", "a"))); err == nil {
		t.Error("somebody else's lock was passed over")
	}
	if err := other.Ping(t.Context()); err != nil {
		t.Errorf("another program's session was ended: %v", err)
	}
	if n := count(t, s, `SELECT last_number FROM registry`); n != 1 {
		t.Errorf("the last number is %d", n)
	}
}

// Saving settings waits for the same lock as a submission, and ends a stopped holder as well;
// submissions of the same process queue behind it.
func TestSettingsWaitForSeconds(t *testing.T) {
	t.Parallel()
	database := pg.Shared(t).Database(t, "silentsettings")
	r, _ := openOn(t, database)
	older, err := pgx.Connect(t.Context(), database+"&application_name=urncast")
	if err != nil {
		t.Fatal(err)
	}
	defer older.Close(context.Background())
	if _, err := older.Exec(t.Context(), `BEGIN; SELECT FROM registry FOR UPDATE`); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), stalledFor)
	defer cancel()
	if changed, err := r.SaveSettings(ctx, registry.Settings{AllowDangling: true}, nil, registry.Actor{}); err != nil || !changed {
		t.Errorf("changed %v, %v", changed, err)
	}
}

// A process that is stopped in the middle of housekeeping blocks others for seconds only,
// although its session is in no transaction and the server does not end it.
func TestStoppedHousekeepingIsTakenOver(t *testing.T) {
	t.Parallel()
	database := pg.Shared(t).Database(t, "stoppedhousekeeping")
	r, _ := openOn(t, database)
	stopped, err := pgx.Connect(t.Context(), database+"&application_name=urncast")
	if err != nil {
		t.Fatal(err)
	}
	defer stopped.Close(context.Background())
	if _, err := stopped.Exec(t.Context(), `SELECT pg_advisory_lock(hashtextextended('urncast housekeeping ' || current_schema(), 0))`); err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	for busy := true; busy; time.Sleep(time.Second) {
		_, err := r.Housekeep(t.Context(), registry.HousekeepingOrder{By: registry.Actor{User: "test"}})
		busy = errors.Is(err, registry.ErrBusy)
		switch took := time.Since(began); {
		case err != nil && !busy:
			t.Fatal(err)
		case took > stalledFor:
			t.Fatalf("after %s it is still said to run", took)
		case !busy && took < 10*time.Second:
			t.Errorf("after %s a run under way was broken off", took)
		}
	}
}

// A submission may compute for longer than idle_in_transaction_session_timeout allows a
// session to be idle.
func TestAHolderThatComputesKeepsItsLock(t *testing.T) {
	t.Parallel()
	_, s := open(t)
	let := make(chan struct{})
	ended := holdCounter(t, s, let)
	time.Sleep(postgres.IdleMax + 3*time.Second)
	close(let)
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

// No parameter of a session depends on the configuration of the server, the database or the
// role.
func TestSessionsAreSet(t *testing.T) {
	server := pg.Start(t)
	database := server.Database(t, "odd")
	c, err := pgx.Connect(t.Context(), database)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close(t.Context())
	settings := map[string][2]string{ // what is set, and what a session must have
		"default_transaction_isolation":       {"serializable", "read committed"},
		"default_transaction_read_only":       {"on", "off"},
		"default_transaction_deferrable":      {"on", "off"},
		"synchronous_commit":                  {"off", "on"},
		"idle_in_transaction_session_timeout": {"0", "10s"},
		"tcp_keepalives_idle":                 {"7200", "5"},
		"tcp_keepalives_interval":             {"75", "5"},
		"tcp_keepalives_count":                {"9", "3"},
		"tcp_user_timeout":                    {"0", "15000"},
	}
	for name, v := range settings {
		if _, err := c.Exec(t.Context(), fmt.Sprintf(`ALTER ROLE postgres SET %s = '%s'`, name, v[0])); err != nil {
			t.Fatal(err)
		}
	}
	r, s := openOn(t, database)
	want(t, submit(t, r, registry.ModeReplace, codelist("CL", "1.0", "a")), "1 created")
	held, err := postgres.ConnectHold(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	defer held.Close(t.Context())
	for name, v := range settings {
		var pooled, alone string
		if err := s.Pool().QueryRow(t.Context(), `SELECT current_setting($1)`, name).Scan(&pooled); err != nil {
			t.Fatal(err)
		}
		if err := held.QueryRow(t.Context(), `SELECT current_setting($1)`, name).Scan(&alone); err != nil {
			t.Fatal(err)
		}
		if pooled != v[1] || alone != v[1] {
			t.Errorf("%s is %q in the pool and %q in the lease's session, want %q", name, pooled, alone, v[1])
		}
	}
}
