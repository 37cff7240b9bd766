package postgres_test

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"urncast/producer/connection"
	"urncast/registry"
	"urncast/registry/access"
	"urncast/registry/postgres"
)

// A submission and its act are committed together. A refused submission, a dry run, one that
// changes nothing, and settings that are saved unchanged have no act.
func TestChangesAreAuditedWithThem(t *testing.T) {
	r, store := open(t)
	lines := func() (out []string) {
		t.Helper()
		acts, err := store.Access().Acts(t.Context(), access.Query{Ascending: true, Limit: 100})
		if err != nil {
			t.Fatal(err)
		}
		for _, a := range acts {
			out = append(out, a.User+" from "+a.Remote+": "+a.Action+", "+a.Subject)
		}
		return out
	}
	send := func(mode registry.Mode, dry bool, id string) {
		t.Helper()
		s := submission(mode, codelist(id, "1.0", "X"))
		s.User, s.Remote, s.DryRun = "anna", "10.0.0.7 by token ci", dry
		if _, err := r.Submit(t.Context(), s); err != nil {
			t.Fatal(err)
		}
	}
	save := func(want bool, s registry.Settings) {
		t.Helper()
		if changed, err := r.SaveSettings(t.Context(), s, nil, registry.Actor{User: "root", Remote: "10.0.0.8"}); err != nil || changed != want {
			t.Errorf("saving %+v changed %v, %v", s, changed, err)
		}
	}
	send(registry.ModeReplace, true, "A")
	send(registry.ModeReplace, false, "A")
	send(registry.ModeReplace, false, "A")
	send(registry.ModeDelete, false, "NOT_THERE")
	save(true, registry.Settings{AllowDangling: true})
	save(false, registry.Settings{AllowDangling: true})
	send(registry.ModeDelete, false, "A")
	want := []string{
		"anna from 10.0.0.7 by token ci: structures changed, transaction 1",
		"root from 10.0.0.8: settings saved, registry",
		"anna from 10.0.0.7 by token ci: structures changed, transaction 2",
	}
	if got := lines(); !slices.Equal(got, want) {
		t.Errorf("the audit says %q, want %q", got, want)
	}
}

// The last test of a connection is the latest of what was saved, found by its index.
func TestLastTests(t *testing.T) {
	_, store := open(t)
	c := store.Connections(nil)
	for _, r := range []connection.TestRecord{{Topic: "1"}, {Topic: "2"}, {Topic: "3", Edited: true}} {
		for _, name := range []string{"a", "b"} {
			if err := c.RecordAct(t.Context(), registry.Actor{User: "anna"}.Did(connection.ActTested, name, r)); err != nil {
				t.Fatal(err)
			}
		}
	}
	acts, err := c.LastTests(t.Context(), []string{"b", "none"})
	if err != nil || len(acts) != 1 || acts[0].Subject != "b" || acts[0].User != "anna" || !strings.Contains(string(acts[0].Detail), `"topic": "2"`) {
		t.Errorf("%+v, %v", acts, err)
	}
}

// Many transactions record acts and end in any order, while the table is vacuumed all the
// time: none waits for a vacuum, ids have no gaps, times do not decrease, and a reader that
// continues after an id misses nothing.
func TestTheAuditTakesNoTableLock(t *testing.T) {
	_, store := open(t)
	a := store.Access()
	ctx, cancel := context.WithCancel(t.Context())
	const writers, each, stall = 6, 150, 10 * time.Second
	// A vacuum of a long table, for as long as the test lasts.
	vacuum, err := store.Pool().Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer vacuum.Rollback(context.Background())
	if _, err := vacuum.Exec(t.Context(), `LOCK TABLE audit IN SHARE UPDATE EXCLUSIVE MODE`); err != nil {
		t.Fatal(err)
	}
	var followed []int64
	var reading sync.WaitGroup
	reading.Go(func() {
		for last := int64(0); ctx.Err() == nil; {
			acts, err := a.Acts(context.Background(), access.Query{After: last, Ascending: true, Limit: 50})
			if err != nil {
				t.Error(err)
				return
			}
			for _, act := range acts {
				followed, last = append(followed, act.ID), act.ID
			}
		}
	})
	var group sync.WaitGroup
	worst := make([]time.Duration, writers)
	for w := range writers {
		group.Go(func() {
			for i := range each {
				began := time.Now()
				act := registry.Actor{User: "w"}.Did("tried", strconv.Itoa(i), nil)
				var err error
				if w%2 == 0 {
					err = a.Record(ctx, act)
				} else { // rolled back as often as not
					err = postgres.RecordIn(ctx, store, act, time.Duration(i%3)*time.Millisecond, i%2 == 0)
				}
				if err != nil {
					t.Error(err)
					return
				}
				worst[w] = max(worst[w], time.Since(began))
			}
		})
	}
	group.Wait()
	time.Sleep(100 * time.Millisecond)
	cancel()
	reading.Wait()
	if n := count(t, store, `SELECT count(*) FROM audit`); n != writers/2*each*3/2 || int(n) != len(followed) {
		t.Errorf("%d acts are recorded, and %d were seen by whoever followed", n, len(followed))
	}
	for i, id := range followed {
		if id != int64(i+1) {
			t.Fatalf("act %d was seen as number %d", id, i+1)
		}
	}
	if n := count(t, store, `SELECT count(*) FROM (SELECT at < lag(at) OVER (ORDER BY id) AS falls FROM audit) x WHERE falls`); n != 0 {
		t.Errorf("%d times fall", n)
	}
	if longest := slices.Max(worst); longest > stall {
		t.Errorf("an act waited %s", longest)
	} else {
		t.Logf("the longest act took %s", longest)
	}
}

// Existing ids stay, and acts that an older version of the program records beside this one are
// numbered with the others.
func TestAnUpgradeKeepsTheAudit(t *testing.T) {
	url, db := olderSchema(t, 17)
	older := func() {
		t.Helper()
		for range 3 {
			if _, err := db.Exec(`BEGIN; LOCK TABLE audit IN SHARE ROW EXCLUSIVE MODE;
				INSERT INTO audit (at, user_name, remote, action, subject, detail) VALUES (clock_timestamp(), 'older', '', 'a', 's', '{}'); COMMIT`); err != nil {
				t.Fatal(err)
			}
		}
	}
	older()
	if _, err := db.Exec(`DELETE FROM audit WHERE id = 2`); err != nil {
		t.Fatal(err)
	}
	_, s := openOn(t, url)
	if err := s.Access().Record(t.Context(), registry.Actor{User: "newer"}.Did("a", "s", nil)); err != nil {
		t.Fatal(err)
	}
	older()
	acts, err := s.Access().Acts(t.Context(), access.Query{Ascending: true, Limit: 10})
	var got []string
	for _, a := range acts {
		got = append(got, strconv.FormatInt(a.ID, 10)+a.User)
	}
	if want := []string{"1older", "3older", "4newer", "5older", "6older", "7older"}; err != nil || !slices.Equal(got, want) {
		t.Errorf("the audit is %q, %v; want %q", got, err, want)
	}
}
