package postgres_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/google/uuid"

	"urncast/integration/rig/pg"
	"urncast/registry"
	"urncast/registry/plan"
	"urncast/registry/postgres/workspace"
	held "urncast/registry/workspace"
	"urncast/sdmx"
)

// twoInstances are two registries on one database.
func twoInstances(t *testing.T) [2]*plan.Registry {
	t.Helper()
	url := pg.Shared(t).Database(t, "requestkeys")
	a, _ := openOn(t, url)
	b, _ := openOn(t, url)
	return [2]*plan.Registry{a, b}
}

func keyed(key, user string, mode registry.Mode, ms ...sdmx.Maintainable) registry.Submission {
	in := submission(mode, ms...)
	in.User, in.Key = user, key
	return in
}

// Of requests with one key, on whichever instances, one is written, and all are answered
// with its transactions; a pair is found whole. What wrote nothing has used no key up.
func TestARequestIsRecordedOnce(t *testing.T) {
	two := twoInstances(t)
	var mu sync.Mutex
	var repeated int
	made := map[string]int{}
	var group sync.WaitGroup
	for i := range 10 {
		group.Go(func() { // each with other content, so that the key alone tells
			o, err := two[i%2].Submit(context.Background(), keyed("k", "anna", registry.ModeReplace, codelist(fmt.Sprint("CL", i), "1.0", "a")))
			if err != nil {
				t.Error(err)
				return
			}
			mu.Lock()
			defer mu.Unlock()
			made[fmt.Sprint(o.Transactions)]++
			if o.Repeated {
				repeated++
			}
		})
	}
	group.Wait()
	if made["[1]"] != 10 || repeated != 9 {
		t.Errorf("they became %v, %d of them repeated", made, repeated)
	}
	submit := func(i int, in registry.Submission) *registry.Outcome {
		t.Helper()
		o, err := two[i].Submit(t.Context(), in)
		if err != nil {
			t.Fatal(err)
		}
		return o
	}
	if o := submit(0, keyed("k", "bert", registry.ModeReplace, codelist("X", "1.0", "a"))); o.Repeated || !slices.Equal(o.Transactions, []registry.Number{2}) {
		t.Errorf("somebody else's key: %+v", o)
	}
	dry := keyed("k", "anna", registry.ModeReplace, codelist("Y", "1.0", "a"))
	dry.DryRun = true
	if o := submit(1, dry); o.Repeated || len(o.Results) != 1 {
		t.Errorf("a dry run: %+v", o)
	}
	refused := keyed("r", "anna", registry.ModeReplace, concepts("CS", codelist("ABSENT", "1.0"), "c"))
	if o := submit(0, refused); !o.Refused() {
		t.Fatalf("it was not refused: %+v", o)
	}
	if o := submit(1, keyed("r", "anna", registry.ModeReplace, codelist("Z", "1.0", "a"))); o.Repeated || len(o.Transactions) != 1 {
		t.Errorf("after a refusal the key is of use: %+v", o)
	}
	rename := registry.Rename{Structure: sdmx.URNOf(codelist("X", "1.0")), NewID: "X2", Request: registry.Request{Actor: registry.Actor{User: "anna"}, Key: "n"}}
	first, err := two[0].Rename(t.Context(), rename)
	if err != nil || len(first.Transactions) != 2 {
		t.Fatalf("renaming: %+v, %v", first, err)
	}
	second, err := two[1].Rename(t.Context(), rename)
	if err != nil || !second.Repeated || !slices.Equal(second.Transactions, first.Transactions) {
		t.Errorf("renaming again: %+v, %v", second, err)
	}
	if found, err := two[1].Recorded(t.Context(), "anna", "n"); err != nil || !slices.Equal(found, first.Transactions) {
		t.Errorf("looked for, it is %v, %v", found, err)
	}
	if found, err := two[1].Recorded(t.Context(), "anna", "never"); err != nil || len(found) > 0 {
		t.Errorf("what never was is %v, %v", found, err)
	}
}

// Work that was told to have been broken off can no longer be recorded, though its instance was
// only stopped and goes on; work that is recorded is not abandoned.
func TestAbandonedWorkIsNotRecorded(t *testing.T) {
	r, s := openOn(t, pg.Shared(t).Database(t, "abandoned"))
	tasks := &workspace.Store{Pool: s.Pool(), Instance: "one"}
	begin := func(key string) string {
		t.Helper()
		there, err := tasks.BeginTask(t.Context(), &held.Task{User: "anna", Address: "/" + key, ID: uuid.NewString(), Kind: "delete", Writes: true, Key: key, Progress: []byte("{}")})
		if err != nil {
			t.Fatal(err)
		}
		return there.ID
	}
	abandon := func(id string, want bool) {
		t.Helper()
		if abandoned, err := tasks.AbandonTask(t.Context(), id); err != nil || abandoned != want {
			t.Errorf("abandoned %v, not %v, %v", abandoned, want, err)
		}
	}
	submit := func(key string) error {
		_, err := r.Submit(t.Context(), keyed(key, "anna", registry.ModeReplace, codelist("CL", "1.0", "a")))
		return err
	}
	stopped := begin("stopped")
	abandon(stopped, true)
	abandon(stopped, false)
	if err := submit("stopped"); err == nil {
		t.Error("abandoned work was recorded")
	}
	if made, err := r.Recorded(t.Context(), "anna", "stopped"); err != nil || len(made) > 0 {
		t.Errorf("abandoned work has become %v, %v", made, err)
	}
	done := begin("done")
	if err := submit("done"); err != nil {
		t.Fatal(err)
	}
	abandon(done, false)
	if there, err := tasks.Task(t.Context(), "anna", "/done"); err != nil || there == nil || there.ID != done {
		t.Errorf("the row of what is recorded is %+v, %v", there, err)
	}
}
