package signin_test

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"urncast/integration/rig/pg"
	"urncast/registry/access"
	"urncast/registry/postgres"
	"urncast/registry/postgres/signin"
)

func TestMain(m *testing.M) { os.Exit(pg.Run(m)) }

func open(t *testing.T, url string) *postgres.Store {
	t.Helper()
	s, err := postgres.Open(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

func failures(s *postgres.Store) *signin.Failures {
	return &signin.Failures{Pool: s.Pool(), Registry: s.RegistryID()}
}

// Failures are counted over all instances by the limits of one, on the clock of the
// database: what is failed here has to wait there.
func TestFailuresAreCountedOverInstances(t *testing.T) {
	url := pg.Shared(t).Database(t, "two")
	one, two := open(t, url), open(t, url)
	counts := [2]access.Failures{failures(one), failures(two)}
	wait := func(i int, a access.Attempt, low, high time.Duration) {
		t.Helper()
		if w, err := counts[i].Wait(t.Context(), a); err != nil || w < low || w > high {
			t.Errorf("%v waits %s, not %s to %s, %v", a, w, low, high, err)
		}
	}
	fail := func(i int, a access.Attempt) {
		t.Helper()
		if err := counts[i].Fail(t.Context(), a); err != nil {
			t.Fatal(err)
		}
	}
	elsewhere, home := access.Attempt{Name: "anna", Address: "203.0.113.9"}, access.Attempt{Name: "anna", Address: "198.51.100.7"}
	if err := counts[0].Succeed(t.Context(), home); err != nil {
		t.Fatal(err)
	}
	var group sync.WaitGroup
	for i := range 4 {
		group.Go(func() { fail(i%2, elsewhere) })
	}
	group.Wait()
	wait(0, elsewhere, 0, 0)
	fail(1, elsewhere)
	wait(0, elsewhere, 3*time.Second, 5*time.Second)
	fail(0, elsewhere)
	wait(1, elsewhere, 8*time.Second, 10*time.Second)
	wait(1, access.Attempt{Name: "bert", Address: "203.0.113.9"}, 0, 0)
	for i := range 20 { // of one account from many addresses
		fail(i%2, access.Attempt{Name: "anna", Address: fmt.Sprintf("203.0.113.%d", 10+i)})
	}
	wait(1, access.Attempt{Name: "anna", Address: "192.0.2.1"}, time.Minute, 15*time.Minute)
	wait(1, home, 0, 0) // is known, and had no failures
	for range 5 {
		fail(1, home)
	}
	wait(0, home, 3*time.Second, 5*time.Second)
	if err := counts[0].Succeed(t.Context(), home); err != nil {
		t.Fatal(err)
	}
	wait(1, home, 0, 0)
	for i := range 30 {
		fail(0, access.Attempt{Name: "x", Address: "203.0.113.200"})
		if i == 20 {
			wait(1, access.Attempt{Name: "x", Address: "203.0.113.200"}, 14*time.Minute, 15*time.Minute)
		}
	}
}

// What is old is forgotten, and what is more than the bound: the oldest first.
func TestFailuresAreBounded(t *testing.T) {
	s := open(t, pg.Shared(t).Database(t, strings.ToLower(t.Name())))
	counts := failures(s)
	old := access.Attempt{Name: "anna", Address: "203.0.113.9"}
	for range 6 {
		if err := counts.Fail(t.Context(), old); err != nil {
			t.Fatal(err)
		}
	}
	run := func(sql string, args ...any) {
		t.Helper()
		if _, err := s.Pool().Exec(t.Context(), sql, args...); err != nil {
			t.Fatal(err)
		}
	}
	run(`UPDATE login_failures SET last_at = clock_timestamp() - interval '31 minutes', until_at = clock_timestamp()`)
	if err := counts.Fail(t.Context(), old); err != nil {
		t.Fatal(err)
	}
	if w, err := counts.Wait(t.Context(), old); err != nil || w != 0 {
		t.Errorf("after half an hour it is counted on: %s, %v", w, err)
	}
	run(`UPDATE login_failures SET last_at = clock_timestamp() - interval '1 minute'`)
	run(`INSERT INTO login_failures SELECT int8send(g), 1, clock_timestamp(), clock_timestamp() FROM generate_series(1, $1) g`, access.RememberMax)
	run(`INSERT INTO login_addresses SELECT int8send(g), clock_timestamp() - interval '31 days' FROM generate_series(1, 10) g`)
	if err := counts.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	for table, want := range map[string]int{"login_failures": access.RememberMax, "login_addresses": 0} {
		var n int
		if err := s.Pool().QueryRow(t.Context(), `SELECT count(*) FROM `+table).Scan(&n); err != nil || n != want {
			t.Errorf("%s has %d rows, not %d, %v", table, n, want, err)
		}
	}
}

// A flood of other names and addresses ends no wait, though it is more than is remembered.
func TestAFloodOfNamesEndsNoWait(t *testing.T) {
	s := open(t, pg.Shared(t).Database(t, strings.ToLower(t.Name())))
	counts := failures(s)
	guess := access.Attempt{Name: "anna", Address: "203.0.113.9"}
	for range 8 {
		if err := counts.Fail(t.Context(), guess); err != nil {
			t.Fatal(err)
		}
	}
	_, err := s.Pool().Exec(t.Context(), `INSERT INTO login_failures SELECT int8send(g), 1, clock_timestamp(), clock_timestamp() FROM generate_series(1, $1) g`, access.RememberMax)
	if err == nil {
		err = counts.Sweep(t.Context())
	}
	if err != nil {
		t.Fatal(err)
	}
	if w, err := counts.Wait(t.Context(), guess); err != nil || w < 20*time.Second {
		t.Errorf("after the flood the wait is %s, %v", w, err)
	}
}

// While the database is away the administrator of the flags signs in all the same, and who
// guesses his password is slowed down by each process.
func TestGuessingIsSlowWithoutTheDatabase(t *testing.T) {
	s := open(t, pg.Shared(t).Database(t, strings.ToLower(t.Name())))
	c := &access.Control{Store: s.Access(), Failures: failures(s), User: "root", Password: "correct-horse", Log: slog.New(slog.DiscardHandler)}
	verify := func(password string) error {
		_, err := c.Verify(t.Context(), "root", password, "203.0.113.9:1")
		return err
	}
	if err := verify("correct-horse"); err != nil {
		t.Fatal(err)
	}
	s.Close()
	if err := verify("correct-horse"); err != nil {
		t.Errorf("the right password: %v", err)
	}
	var err error
	for range 6 {
		if err = verify("wrong"); err == nil {
			t.Fatal("a wrong password is right")
		}
	}
	var refused *access.Refusal
	if !errors.As(err, &refused) || refused.Why != access.TooMany {
		t.Errorf("the sixth guess is told %s", err)
	}
}
