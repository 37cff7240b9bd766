package workspace_test

import (
	"bytes"
	"errors"
	"strings"
	"sync"
	"testing"

	"github.com/google/uuid"

	"urncast/integration/rig/pg"
	"urncast/internal/secret"
	"urncast/registry"
	"urncast/registry/postgres"
	pgworkspace "urncast/registry/postgres/workspace"
	"urncast/registry/workspace"
)

// Work that is single is begun once while it is under way, and anew when it was broken off;
// other work that only looks gives way.
func TestSingleWorkIsBegunOnce(t *testing.T) {
	all, pool := instances(t, 2, nil)
	begin := func(i int, single bool) string {
		t.Helper()
		there, err := all[i].BeginTask(t.Context(), &workspace.Task{User: "anna", Address: "/verify", ID: uuid.NewString(), Kind: "verify", Single: single, Progress: []byte("{}")})
		if err != nil {
			t.Fatal(err)
		}
		return there.ID
	}
	first := begin(0, true)
	if again := begin(1, true); again != first {
		t.Error("a second click began it again")
	}
	run(t, pool, `UPDATE tasks SET beat_at = clock_timestamp() - interval '11 seconds'`)
	second := begin(1, true)
	if second == first {
		t.Error("what was broken off cannot be begun anew")
	}
	if third := begin(0, false); third == second {
		t.Error("what only looks does not give way")
	}
}

// A piece of work is known to every instance by its user and address, and begun once; one
// whose signs of life stay away is taken for broken off, and finds that out.
func TestWorkIsOneOverInstances(t *testing.T) {
	all, pool := instances(t, 3, nil)
	asked := workspace.Task{User: "anna", Address: "/submit/1", Kind: "submit", Writes: true, Key: "1", Progress: []byte(`{"n": 0}`)}
	var mu sync.Mutex
	ids := map[string]int{}
	var group sync.WaitGroup
	for i := range 12 {
		group.Go(func() {
			mine := asked
			mine.ID = uuid.NewString()
			there, err := all[i%3].BeginTask(t.Context(), &mine)
			if err != nil {
				t.Error(err)
				return
			}
			mu.Lock()
			defer mu.Unlock()
			ids[there.ID]++
		})
	}
	group.Wait()
	if len(ids) != 1 {
		t.Fatalf("twelve clicks began %v", ids)
	}
	there, err := all[1].Task(t.Context(), "anna", "/submit/1")
	if err != nil || !there.Runs() || there.Key != "1" {
		t.Fatalf("it is %+v, %v", there, err)
	}
	if none, err := all[1].Task(t.Context(), "bert", "/submit/1"); err != nil || none != nil {
		t.Errorf("somebody else finds %+v, %v", none, err)
	}
	if cancelled, err := all[0].Beat(t.Context(), there.ID, []byte(`{"n": 7}`)); err != nil || cancelled {
		t.Errorf("cancelled %v, %v", cancelled, err)
	}
	if err := all[1].CancelTask(t.Context(), there.ID); err != nil {
		t.Fatal(err)
	}
	if cancelled, err := all[0].Beat(t.Context(), there.ID, []byte(`{"n": 7}`)); err != nil || cancelled {
		t.Errorf("what writes was cancelled %v, %v", cancelled, err)
	}
	if now, err := all[2].Task(t.Context(), "anna", "/submit/1"); err != nil || !bytes.Contains(now.Progress, []byte("7")) {
		t.Errorf("another instance sees %+v, %v", now, err)
	}
	run(t, pool, `UPDATE tasks SET beat_at = clock_timestamp() - interval '11 seconds'`)
	if now, err := all[2].Task(t.Context(), "anna", "/submit/1"); err != nil || !now.Lost || now.Runs() {
		t.Errorf("without a sign of life it is %+v, %v", now, err)
	}
	asked.ID = uuid.NewString()
	again, err := all[2].BeginTask(t.Context(), &asked)
	if err != nil || again.ID == there.ID || again.Instance != "instance 2" {
		t.Fatalf("after that it is begun anew as %+v, %v", again, err)
	}
	if _, err := all[0].Beat(t.Context(), there.ID, []byte("{}")); !errors.Is(err, workspace.ErrSuperseded) {
		t.Errorf("the first is told %v", err)
	}
	if err := all[0].EndTask(t.Context(), there.ID, []byte("{}"), []byte("first")); !errors.Is(err, workspace.ErrSuperseded) {
		t.Errorf("the first ends with %v", err)
	}
	if err := all[2].EndTask(t.Context(), again.ID, []byte("{}"), []byte("second")); err != nil {
		t.Fatal(err)
	}
	answer, err := all[0].Answer(t.Context(), again.ID)
	if now, _ := all[1].Task(t.Context(), "anna", "/submit/1"); err != nil || string(answer) != "second" || !now.Ended || now.Lost {
		t.Errorf("what came of it is %q of %+v, %v", answer, now, err)
	}
}

// What only looks gives way to what comes after it, is cancelled from any instance, and is
// forgotten in time.
func TestWorkThatLooksGivesWay(t *testing.T) {
	all, pool := instances(t, 2, nil)
	begin := func(i int, address string, writes bool) *workspace.Task {
		t.Helper()
		there, err := all[i].BeginTask(t.Context(), &workspace.Task{ID: uuid.NewString(), User: "anna", Address: address, Kind: "rename", Writes: writes, Progress: []byte("{}")})
		if err != nil {
			t.Fatal(err)
		}
		return there
	}
	look := begin(0, "/a", false)
	if err := all[1].ClearOthers(t.Context(), "anna", "rename", "/b"); err != nil {
		t.Fatal(err)
	}
	if cancelled, err := all[0].Beat(t.Context(), look.ID, []byte("{}")); err != nil || !cancelled {
		t.Errorf("cancelled %v, %v", cancelled, err)
	}
	if write := begin(1, "/a", true); write.ID == look.ID || !write.Writes || write.Cancelled {
		t.Errorf("it is %+v", write)
	}
	for i := range 2 * workspace.UserTasksMax {
		ended := begin(i%2, string(rune('A'+i)), false)
		if err := all[0].EndTask(t.Context(), ended.ID, []byte("{}"), nil); err != nil {
			t.Fatal(err)
		}
	}
	if n := count(t, pool, `SELECT count(*) FROM tasks`); n > workspace.UserTasksMax+2 {
		t.Errorf("%d pieces of work are remembered", n)
	}
	if there, err := all[0].Task(t.Context(), "anna", "/a"); err != nil || there == nil {
		t.Errorf("what is under way was forgotten: %v", err)
	}
	run(t, pool, `UPDATE tasks SET beat_at = clock_timestamp() - interval '2 hours'`)
	if err := all[1].Sweep(t.Context()); err != nil || count(t, pool, `SELECT count(*) FROM tasks`) != 0 {
		t.Errorf("old work is there, or %v", err)
	}
}

func ring(t *testing.T) *secret.Ring {
	t.Helper()
	r, err := secret.Parse(secret.NewKey())
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// A draft is gone on with on any instance, by one at a time, and what is secret in it is
// in the database by a key alone.
func TestDraftsAreSealedAndShared(t *testing.T) {
	all, pool := instances(t, 2, ring(t))
	d := &workspace.Draft{User: "anna", Path: "main", Content: []byte(`{"acks": "all"}`), Secrets: []byte(`{"sasl.password": "four more words"}`)}
	if err := all[0].CreateDraft(t.Context(), d); err != nil {
		t.Fatal(err)
	}
	found, err := all[1].Draft(t.Context(), d.ID, "anna")
	if err != nil || string(found.Secrets) != string(d.Secrets) || string(found.Content) != string(d.Content) || found.Path != "main" {
		t.Fatalf("another instance finds %+v, %v", found, err)
	}
	if _, err := all[1].Draft(t.Context(), d.ID, "bert"); !errors.Is(err, registry.ErrNotFound) {
		t.Errorf("somebody else finds it: %v", err)
	}
	if n := count(t, pool, `SELECT count(*) FROM drafts WHERE position('more words'::bytea IN secrets) > 0 OR position('more words'::bytea IN content) > 0`); n != 0 {
		t.Error("the database shows a secret")
	}
	found.Content = []byte(`{"acks": "1"}`)
	if err := all[1].SaveDraft(t.Context(), found); err != nil {
		t.Fatal(err)
	}
	if err := all[0].SaveDraft(t.Context(), d); !errors.Is(err, workspace.ErrChanged) {
		t.Errorf("saving over what was gone on with: %v", err)
	}
	all[1].Ring = ring(t)
	if other, err := all[1].Draft(t.Context(), d.ID, "anna"); err != nil || other.Gone == "" || other.Content != nil {
		t.Errorf("without its key it is %+v, %v", other, err)
	}
	all[1].Ring = nil
	if err := all[1].CreateDraft(t.Context(), &workspace.Draft{User: "bert", Content: []byte("{}"), Secrets: []byte("{}")}); !errors.Is(err, secret.ErrNoKey) {
		t.Errorf("secrets without a key: %v", err)
	}
	if err := all[1].CreateDraft(t.Context(), &workspace.Draft{User: "bert", Content: []byte("{}")}); err != nil {
		t.Errorf("no secrets, and no key: %v", err)
	}
	if err := all[0].CreateDraft(t.Context(), &workspace.Draft{User: "bert", Content: make([]byte, workspace.DraftBytesMax+1)}); !errors.Is(err, workspace.ErrLarge) {
		t.Errorf("one that is too large: %v", err)
	}
	if err := all[0].DropDraft(t.Context(), d.ID, "anna"); err != nil {
		t.Fatal(err)
	}
	if err := all[0].SaveDraft(t.Context(), found); !errors.Is(err, registry.ErrNotFound) {
		t.Errorf("saving what was dropped: %v", err)
	}
}

// A draft outlives the rotation of the key that sealed its secrets. One that a key sealed which
// nobody gives any more is gone in words, and keeps nothing from being rotated.
func TestDraftsOutliveARotation(t *testing.T) {
	store, err := postgres.Open(t.Context(), pg.Shared(t).Database(t, "rotated"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(store.Close)
	older, newer := secret.NewKey(), secret.NewKey()
	keep := func(keys string) *workspace.Draft {
		t.Helper()
		r, err := secret.Parse(keys)
		if err != nil {
			t.Fatal(err)
		}
		d := &workspace.Draft{User: "anna", Content: []byte("{}"), Secrets: []byte("four more words")}
		if err := (&pgworkspace.Store{Pool: store.Pool(), Ring: r}).CreateDraft(t.Context(), d); err != nil {
			t.Fatal(err)
		}
		return d
	}
	mine, lost := keep(older), keep(secret.NewKey())
	both, err := secret.Parse(newer + " " + older)
	if err != nil {
		t.Fatal(err)
	}
	if r, err := store.Connections(both).Rotate(t.Context(), registry.Actor{User: "root"}); err != nil || r.Sealed != 1 {
		t.Fatalf("%+v, %v", r, err)
	}
	alone, err := secret.Parse(newer)
	if err != nil {
		t.Fatal(err)
	}
	s := &pgworkspace.Store{Pool: store.Pool(), Ring: alone}
	if d, err := s.Draft(t.Context(), mine.ID, "anna"); err != nil || d.Gone != "" || string(d.Secrets) != "four more words" {
		t.Errorf("with the new key alone it is %+v, %v", d, err)
	}
	if err := s.SaveDraft(t.Context(), mine); err != nil {
		t.Errorf("it cannot be gone on with: %v", err)
	}
	if d, err := s.Draft(t.Context(), lost.ID, "anna"); err != nil || !strings.Contains(d.Gone, "which was rotated or is not given to this instance") || d.Secrets != nil {
		t.Errorf("one of another key is %+v, %v", d, err)
	}
}

// Drafts are bounded: the oldest goes, and its owner is told; nobody's goes for another's
// while there is room.
func TestDraftsAreBounded(t *testing.T) {
	all, pool := instances(t, 2, nil)
	berts := &workspace.Draft{User: "bert", Content: []byte("{}")}
	if err := all[0].CreateDraft(t.Context(), berts); err != nil {
		t.Fatal(err)
	}
	var first *workspace.Draft
	for i := range workspace.UserDraftsMax + 1 {
		d := &workspace.Draft{User: "anna", Content: []byte("{}")}
		if err := all[i%2].CreateDraft(t.Context(), d); err != nil {
			t.Fatal(err)
		}
		if first == nil {
			first = d
		}
	}
	if found, err := all[1].Draft(t.Context(), first.ID, "anna"); err != nil || found.Gone == "" {
		t.Errorf("the oldest is %+v, %v", found, err)
	}
	if n := count(t, pool, `SELECT count(*) FROM drafts WHERE gone IS NULL AND user_name = 'anna'`); n != workspace.UserDraftsMax {
		t.Errorf("%d are kept", n)
	}
	if found, err := all[1].Draft(t.Context(), berts.ID, "bert"); err != nil || found.Gone != "" {
		t.Errorf("bert's is %+v, %v", found, err)
	}
	run(t, pool, `UPDATE drafts SET used_at = clock_timestamp() - interval '61 minutes'`)
	if err := all[0].Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	if found, err := all[1].Draft(t.Context(), berts.ID, "bert"); err != nil || found.Gone != "nobody went on with them for an hour" {
		t.Errorf("after an hour it is %+v, %v", found, err)
	}
}
