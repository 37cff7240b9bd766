package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5/pgxpool"

	"urncast/integration/rig/pg"
	"urncast/producer"
	"urncast/registry"
	"urncast/registry/access"
	"urncast/registry/plan"
	"urncast/registry/postgres"
	"urncast/sdmx"
)

// exec runs SQL in place of the passing of time, or of another part of the program.
func exec(t testing.TB, s *postgres.Store, sql string, args ...any) {
	t.Helper()
	if _, err := s.Pool().Exec(context.Background(), sql, args...); err != nil {
		t.Fatal(err)
	}
}

// count returns the number that a query selects.
func count(t testing.TB, s *postgres.Store, sql string, args ...any) (n int64) {
	t.Helper()
	if err := s.Pool().QueryRow(context.Background(), sql, args...).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

// pass moves everything that is recorded some days into the past.
func pass(t testing.TB, s *postgres.Store, days int) {
	t.Helper()
	exec(t, s, `UPDATE transactions SET recorded_at = recorded_at - $1 * interval '1 day'`, days)
}

func keep(t testing.TB, r *plan.Registry, transactions int64, days int) {
	t.Helper()
	if _, err := r.SaveSettings(context.Background(), registry.Settings{Keep: registry.Keep{Transactions: transactions, Days: days}}, nil, registry.Actor{}); err != nil {
		t.Fatal(err)
	}
}

func housekeep(t testing.TB, r *plan.Registry) registry.Removal {
	t.Helper()
	done, err := r.Housekeep(context.Background(), registry.HousekeepingOrder{By: registry.Actor{User: "test"}})
	if err != nil {
		t.Fatal(err)
	}
	return done
}

// asOf returns the structures that were current after a transaction, with their codes.
func asOf(r *plan.Registry, n registry.Number) (string, error) {
	var all []string
	err := r.Find(context.Background(), registry.Query{AsOf: n}, nil, func(u sdmx.URN, body []byte) error {
		m, err := sdmx.ParseCanonical(u.Class, body)
		if err != nil {
			return err
		}
		all = append(all, u.ID+" "+strings.Join(sdmx.ItemIDs(m), ""))
		return nil
	})
	return strings.Join(all, ", "), err
}

// content returns the structures that a transaction stored.
func content(r *plan.Registry, n registry.Number) (string, error) {
	var all []string
	err := r.Content(context.Background(), n, nil, func(u sdmx.URN, body []byte) error {
		m, err := sdmx.ParseCanonical(u.Class, body)
		if err != nil {
			return err
		}
		all = append(all, u.ID+" "+strings.Join(sdmx.ItemIDs(m), ""))
		return nil
	})
	return strings.Join(all, ", "), err
}

// history records seven transactions on three lists: one is changed several times, one is
// deleted, and one stays.
func history(t testing.TB, r *plan.Registry) {
	t.Helper()
	submit(t, r, registry.ModeReplace, codelist("X", "1.0", "a"), codelist("STAYS", "1.0", "s"))
	submit(t, r, registry.ModeReplace, codelist("X", "1.0", "b"), codelist("Y", "1.0", "y"))
	submit(t, r, registry.ModeReplace, codelist("X", "1.0", "c"))
	submit(t, r, registry.ModeDelete, codelist("Y", "1.0"))
	submit(t, r, registry.ModeReplace, codelist("X", "1.0", "d"))
	submit(t, r, registry.ModeReplace, codelist("Y", "1.0", "z"))
	submit(t, r, registry.ModeReplace, codelist("X", "1.0", "e"))
}

// Old contents are removed; current ones and all records stay, and the feed has no gaps.
// Requests for times before the horizon are refused with an explanation, never answered in
// part.
func TestHousekeepingRemovesOldContent(t *testing.T) {
	r, s := open(t)
	ctx := context.Background()
	history(t, r)
	before, err := r.Transactions(ctx, 0, 100)
	if err != nil {
		t.Fatal(err)
	}
	pass(t, s, 1)
	if done := housekeep(t, r); done.Documents != 0 || done.Horizon != 0 {
		t.Errorf("the default removed something: %+v", done)
	}
	keep(t, r, 2, 0)
	dry, err := r.Housekeep(ctx, registry.HousekeepingOrder{Dry: true})
	if err != nil || dry.Transactions != 3 || dry.Documents != 4 || dry.Horizon != 5 {
		t.Errorf("the dry run: %+v, %v", dry, err)
	}
	if n := count(t, s, `SELECT count(*) FROM documents`); n != 8 {
		t.Errorf("after the dry run %d documents, want all 8", n)
	}
	done := housekeep(t, r)
	if done.Documents != dry.Documents || done.Bytes != dry.Bytes || done.Horizon != dry.Horizon || done.EndedAt.IsZero() {
		t.Errorf("the run %+v is not what the dry run said: %+v", done, dry)
	}
	if n := count(t, s, `SELECT count(*) FROM documents`); n != 4 {
		t.Errorf("%d documents are left, want 4", n)
	}
	for n, want := range map[registry.Number]string{5: "STAYS s, X d", 6: "STAYS s, X d, Y z", 7: "STAYS s, X e, Y z"} {
		if got, err := asOf(r, n); got != want || err != nil {
			t.Errorf("as of %d: %q, %v; want %q", n, got, err, want)
		}
	}
	for n, want := range map[registry.Number]string{4: "", 5: "X d", 6: "Y z", 7: "X e"} {
		if got, err := content(r, n); got != want || err != nil {
			t.Errorf("content of %d: %q, %v; want %q", n, got, err, want)
		}
	}
	var gone *registry.GoneError
	for n := registry.Number(1); n <= 4; n++ {
		if got, err := asOf(r, n); got != "" || !errors.As(err, &gone) || gone.Horizon != 5 || !strings.Contains(gone.Text, "(kept: the last 2 transactions)") {
			t.Errorf("as of %d: %q, %v", n, got, err)
		}
	}
	for n := registry.Number(1); n <= 3; n++ {
		if got, err := content(r, n); got != "" || !errors.As(err, &gone) || !strings.Contains(gone.Text, fmt.Sprintf("The content of transaction %d was removed by housekeeping on ", n)) {
			t.Errorf("content of %d: %q, %v", n, got, err)
		}
	}
	// No part of the program reads this; if one did, no tombstone must result.
	p, err := producerOf(t.Context(), s, producer.Config{}.WithDefaults(), "")
	if err != nil {
		t.Fatal(err)
	}
	if got, err := p.Pending(ctx, 0, 1<<20); err == nil || !strings.Contains(err.Error(), "was removed") {
		t.Errorf("content that is gone is handed over for publication: %+v, %v", got, err)
	}
	pass(t, s, -1)
	after, err := r.Transactions(ctx, 0, 100)
	if diff := cmp.Diff(before, after); diff != "" || err != nil {
		t.Errorf("the log is not what it was: %v\n%s", err, diff)
	}
	if h, err := r.Housekeeping(ctx); err != nil || h.Horizon != 5 || h.Last == nil || h.Last.Documents != 4 || h.Last.User != "test" {
		t.Errorf("the state says %+v, %v", h, err)
	}
	if again := housekeep(t, r); again.Documents != 0 || again.Horizon != 5 {
		t.Errorf("a second run removed %+v", again)
	}
}

// Everything that needs old contents keeps the horizon back, by itself and in combination, and
// Removal.Limit says so.
func TestHousekeepingLeavesWhatIsNeeded(t *testing.T) {
	server, places := pg.Shared(t), 0
	for name, c := range map[string]struct {
		need    string // SQL, with the producer's id as $1
		keep    registry.Keep
		horizon registry.Number
		limit   string
	}{
		"a started producer's cursor":                {`UPDATE cursors SET number = 3`, registry.Keep{Transactions: 1}, 3, "Producer urncast has sent what is recorded up to transaction 3"},
		"a producer that sent nothing yet":           {`DELETE FROM cursors`, registry.Keep{Transactions: 1}, 0, "up to transaction 0"},
		"no producer that was never started":         {`UPDATE producers SET started = false; UPDATE cursors SET number = 1`, registry.Keep{Transactions: 1}, 6, "The setting keeps"},
		"a job's as-of number":                       {`INSERT INTO jobs (producer, kind, as_of) SELECT id, 'baseline', 2 FROM producers`, registry.Keep{Transactions: 1}, 2, "A job publishes what was current after transaction 2"},
		"no job that has ended":                      {`INSERT INTO jobs (producer, kind, as_of, ended_at) SELECT id, 'baseline', 2, now() FROM producers`, registry.Keep{Transactions: 1}, 6, "The setting keeps"},
		"a failed transaction":                       {`INSERT INTO marks (producer, first, last, status) SELECT id, 5, 5, 'FAILED' FROM producers`, registry.Keep{Transactions: 1}, 4, "Transaction 5 failed"},
		"the last hour":                              {`UPDATE transactions SET recorded_at = now() - interval '50 minutes' WHERE number >= 4`, registry.Keep{Transactions: 1}, 3, "in the last hour"},
		"the last days":                              {`UPDATE transactions SET recorded_at = now() - interval '47 hours' WHERE number IN (5, 7)`, registry.Keep{Days: 2}, 4, "in the last 2 days"},
		"the number, where it is more than the days": {`SELECT 1`, registry.Keep{Transactions: 5, Days: 1}, 2, "The setting keeps the last 5 transactions and 1 days"},
	} {
		t.Run(name, func(t *testing.T) {
			places++
			r, s := openOn(t, server.Database(t, fmt.Sprint("needed", places)))
			ctx, cancel := context.WithCancel(context.Background())
			t.Cleanup(cancel)
			p, err := producerOf(ctx, s, producer.Config{}.WithDefaults(), "")
			if err != nil {
				t.Fatal(err)
			}
			history(t, r)
			pass(t, s, 10)
			exec(t, s, `UPDATE producers SET name = 'urncast', started = true`)
			exec(t, s, `INSERT INTO cursors (producer, number) VALUES ($1, 7)`, idOf(t, p))
			for sql := range strings.SplitSeq(c.need, ";") {
				exec(t, s, sql)
			}
			keep(t, r, c.keep.Transactions, c.keep.Days)
			done := housekeep(t, r)
			if done.Horizon != c.horizon || !strings.Contains(done.Limit, c.limit) {
				t.Errorf("the horizon moved to %d, want %d; %s", done.Horizon, c.horizon, done.Limit)
			}
			if n := count(t, s, `SELECT count(*) FROM changes WHERE kind = 1 AND (until_number IS NULL OR until_number > $1)
				AND NOT EXISTS (SELECT FROM documents d WHERE d.id = document_id)`, c.horizon); n != 0 {
				t.Errorf("%d documents that can be asked for are gone", n)
			}
			if n := count(t, s, `SELECT count(*) FROM changes JOIN documents d ON d.id = document_id WHERE until_number <= $1`, c.horizon); n != 0 {
				t.Errorf("%d documents are left that nobody can ask for", n)
			}
			pending, err := p.Pending(ctx, max(c.horizon, 0), 1<<20)
			if err != nil || len(pending) != 7-int(c.horizon) {
				t.Errorf("what follows the horizon cannot be published: %d transactions, %v", len(pending), err)
			}
		})
	}
}

// audited compares the acts of housekeeping in the audit: users and details.
func audited(t *testing.T, s *postgres.Store, want ...string) {
	t.Helper()
	acts, err := s.Access().Acts(t.Context(), access.Query{Ascending: true, Limit: 100})
	var got []string
	for _, a := range acts {
		if strings.HasPrefix(a.Action, "housekeeping") {
			got = append(got, a.User+" "+a.Action)
			if a.Action == registry.ActHousekeepingBroken && !strings.Contains(string(a.Detail), `"why"`) {
				t.Errorf("the audit does not say why: %s", a.Detail)
			}
		}
	}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("the audit has other entries: %v\n%s", err, diff)
	}
}

// killed turns a run that is recorded as broken off into one whose process was killed before
// it could record that, and checks that it is found. lock is the connection of another
// instance.
func killed(t *testing.T, r *plan.Registry, s *postgres.Store, lock *pgxpool.Conn) {
	t.Helper()
	ctx := t.Context()
	const key = `(hashtextextended('urncast housekeeping ' || current_schema(), 0))`
	if again, err := r.NoteBrokenHousekeeping(ctx); again != nil || err != nil {
		t.Errorf("what is noted is noted again: %+v, %v", again, err)
	}
	exec(t, s, `UPDATE housekeeping_runs SET broken_at = NULL, broken_why = ''`)
	if h, err := r.Housekeeping(ctx); err != nil || !h.Last.BrokenAt.IsZero() || !strings.HasPrefix(h.Last.Why, "Its process ended") {
		t.Errorf("before anybody notes it the state says %+v, %v", h.Last, err)
	}
	if _, err := lock.Exec(ctx, `SELECT pg_advisory_lock`+key); err != nil {
		t.Fatal(err)
	}
	if h, err := r.Housekeeping(ctx); err != nil || h.Last.Why != "" {
		t.Errorf("while it runs the state says %+v, %v", h.Last, err)
	}
	if _, err := r.NoteBrokenHousekeeping(ctx); !errors.Is(err, registry.ErrBusy) {
		t.Errorf("a run under way is noted: %v", err)
	}
	if _, err := lock.Exec(ctx, `SELECT pg_advisory_unlock`+key); err != nil {
		t.Fatal(err)
	}
	if killed, err := r.NoteBrokenHousekeeping(ctx); killed == nil || killed.Horizon != 2 || err != nil {
		t.Errorf("the next start finds %+v, %v", killed, err)
	}
	audited(t, s, "test housekeeping broken off", "test housekeeping broken off")
}

// A run that is broken off leaves nothing half done, and the next one completes it; another
// instance cannot begin meanwhile.
func TestHousekeepingBrokenOff(t *testing.T) {
	r, s := open(t)
	var a, b []sdmx.Maintainable
	for i := range 2500 {
		a, b = append(a, codelist(fmt.Sprintf("CL_%d", i), "1.0", "a")), append(b, codelist(fmt.Sprintf("CL_%d", i), "1.0", "b"))
	}
	submit(t, r, registry.ModeReplace, a...)
	submit(t, r, registry.ModeReplace, b...)
	submit(t, r, registry.ModeReplace, codelist("LAST", "1.0", "x"))
	pass(t, s, 1)
	keep(t, r, 1, 0)
	lock, err := s.Pool().Acquire(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	defer lock.Release()
	ctx := context.Background()
	const key = `(hashtextextended('urncast housekeeping ' || current_schema(), 0))`
	if _, err := lock.Exec(ctx, `SELECT pg_advisory_lock`+key); err != nil {
		t.Fatal(err)
	}
	if _, err := r.Housekeep(ctx, registry.HousekeepingOrder{By: registry.Actor{User: "test"}}); !errors.Is(err, registry.ErrBusy) {
		t.Errorf("two run at once: %v", err)
	}
	if _, err := lock.Exec(ctx, `SELECT pg_advisory_unlock`+key); err != nil {
		t.Fatal(err)
	}
	// The contents that transaction 2 replaced are deleted in several steps, and the second fails.
	exec(t, s, `CREATE FUNCTION stop() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN IF OLD.swept_number = 2 THEN RAISE EXCEPTION ''the disk is full''; END IF; RETURN NEW; END'`)
	exec(t, s, `CREATE TRIGGER stop BEFORE UPDATE ON housekeeping FOR EACH ROW EXECUTE FUNCTION stop()`)
	if _, err := r.Housekeep(ctx, registry.HousekeepingOrder{By: registry.Actor{User: "test"}}); err == nil || !strings.Contains(err.Error(), "the disk is full") {
		t.Fatalf("the run was not broken off: %v", err)
	}
	broken, err := r.Housekeeping(ctx)
	if err != nil || broken.Last.BrokenAt.IsZero() || !broken.Last.EndedAt.IsZero() || !strings.Contains(broken.Last.Why, "the disk is full") {
		t.Errorf("the state says of the run that was broken off %+v, %v", broken.Last, err)
	}
	audited(t, s, "test housekeeping broken off")
	left := count(t, s, `SELECT count(*) FROM documents`)
	if left != 5001-500 {
		t.Errorf("%d documents are left", left)
	}
	var gone *registry.GoneError
	if _, err := content(r, 1); !errors.As(err, &gone) {
		t.Errorf("half of transaction 1 was answered: %v", err)
	}
	killed(t, r, s, lock)
	exec(t, s, `DROP TRIGGER stop ON housekeeping`)
	if done := housekeep(t, r); done.Documents != left-2501 {
		t.Errorf("the next run removed %d documents, want the other %d", done.Documents, left-2501)
	}
	h, err := r.Housekeeping(context.Background())
	if err != nil || h.Last.Documents != 2500 || h.Last.EndedAt.IsZero() || !h.Last.BrokenAt.IsZero() {
		t.Errorf("the two runs together: %+v, %v", h.Last, err)
	}
	audited(t, s, "test housekeeping broken off", "test housekeeping broken off", "test housekeeping run")
	housekeep(t, r)
	audited(t, s, "test housekeeping broken off", "test housekeeping broken off", "test housekeeping run")
	if _, err := r.Housekeep(ctx, registry.HousekeepingOrder{Keep: &registry.Keep{Days: 3}}); !errors.Is(err, registry.ErrKeepChanged) {
		t.Errorf("by other rules than those that were told: %v", err)
	}
}

// While submissions, reads as of a transaction and housekeeping run concurrently, every answer
// is complete or refused.
func TestHousekeepingWhileSubmitting(t *testing.T) {
	r, s := open(t)
	keep(t, r, 3, 0)
	var all sync.WaitGroup
	stop := make(chan struct{})
	all.Go(func() {
		defer close(stop)
		for i := range 150 {
			submit(t, r, registry.ModeReplace, codelist("A", "1.0", fmt.Sprint("x", i)), codelist("B", "1.0", fmt.Sprint("x", i)))
			if i%5 == 0 {
				pass(t, s, 1)
			}
		}
	})
	all.Go(func() {
		for running := true; running; {
			select {
			case <-stop:
				running = false
			default:
			}
			if done, err := r.Housekeep(context.Background(), registry.HousekeepingOrder{By: registry.Actor{User: "test"}}); err != nil {
				t.Errorf("housekeeping: %+v, %v", done, err)
			}
		}
	})
	all.Go(func() {
		for {
			select {
			case <-stop:
				return
			default:
			}
			_, last, err := r.Counts(context.Background())
			if err != nil || last == 0 {
				continue
			}
			var gone *registry.GoneError
			for n := max(1, last-8); n <= last; n++ {
				got, err := asOf(r, n)
				if want := fmt.Sprintf("A x%d, B x%d", n-1, n-1); got != want && !errors.As(err, &gone) {
					t.Errorf("as of %d: %q, %v; want %q", n, got, err, want)
				}
			}
		}
	})
	all.Wait()
	housekeep(t, r)
	if n := count(t, s, `SELECT count(*) FROM documents`); n > 150 {
		t.Errorf("housekeeping left %d of 300 documents", n)
	}
}
