package doors

import (
	"context"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"urncast/integration/rig"
	"urncast/registry"
	"urncast/registry/plan"
	"urncast/registry/postgres"
	"urncast/web"
)

// A desk is a registry, and a file that was checked and can be submitted.
type desk struct {
	t     *testing.T
	s     *httptest.Server
	store *postgres.Store
	path  string // of the check
}

func newDesk(t *testing.T, b *breakable) *desk {
	d := &desk{t: t}
	d.s = serve(t, func(o *web.Options, store *postgres.Store) {
		d.store, b.Store = store, store
		o.Registry = plan.New(b)
	})
	body, media := form(t, map[string]string{"action": "replace"}, "list.json", list("L1", "One"))
	status, checked := call(t, d.s, "POST", "/submit", body, "Content-Type", media)
	want(t, "check", status, checked, 200, "1 structure would be written")
	d.path = regexp.MustCompile(`action="(/submit/[0-9a-f]+)"`).FindStringSubmatch(checked)[1]
	return d
}

// button returns the form of a button on the page of the current check.
func (d *desk) button(do string) string {
	d.t.Helper()
	var id string
	if err := d.store.Pool().QueryRow(d.t.Context(), `SELECT id::text FROM tasks WHERE address = $1`, d.path).Scan(&id); err != nil {
		d.t.Fatal(err)
	}
	return "do=" + do + "&check=" + id
}

// press presses a button of the check, and does not follow the redirect.
func (d *desk) press(do string) {
	d.t.Helper()
	r, err := http.NewRequestWithContext(d.t.Context(), "POST", d.s.URL+d.path, strings.NewReader(d.button(do)))
	if err != nil {
		d.t.Fatal(err)
	}
	r.SetBasicAuth("admin", password)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	c := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	resp, err := c.Do(r)
	if err != nil {
		d.t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusSeeOther {
		d.t.Fatalf("%s is answered with %s", do, resp.Status)
	}
}

// awaitBlocked waits until a statement of the program is blocked by the lock.
func (d *desk) awaitBlocked() {
	d.t.Helper()
	const sql = `SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()`
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		var n int
		if err := d.store.Pool().QueryRow(d.t.Context(), sql).Scan(&n); err != nil {
			d.t.Fatal(err)
		}
		if n > 0 {
			return
		}
		if time.Now().After(deadline) {
			d.t.Fatal("no statement is blocked by the lock")
		}
	}
}

// cut ends the database connection whose statement is blocked by the lock.
func (d *desk) cut() {
	d.t.Helper()
	const sql = `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()`
	if _, err := d.store.Pool().Exec(d.t.Context(), sql); err != nil {
		d.t.Error(err)
	}
}

// finish does what the program does at its shutdown.
func (d *desk) finish(patience time.Duration) error {
	ctx, cancel := context.WithTimeout(d.t.Context(), patience)
	defer cancel()
	return web.Finish(ctx, d.s.Config.Handler)
}

func (d *desk) wantTransactions(n registry.Number) {
	d.t.Helper()
	if last, err := d.store.Last(d.t.Context()); err != nil || last != n {
		d.t.Errorf("the last transaction is %d, %v; want %d", last, err, n)
	}
}

// A submission continues after its request has ended, and the shutdown waits for it up to its
// deadline.
func TestEndWaitsForASubmission(t *testing.T) {
	d := newDesk(t, &breakable{})
	release := rig.LockRegistry(t, d.store.Pool())
	d.press("submit")
	d.awaitBlocked()
	if err := d.finish(100 * time.Millisecond); err == nil || !strings.Contains(err.Error(), "1 submission or rename was still under way") {
		t.Errorf("a shutdown that did not wait long enough returned %v", err)
	}
	d.wantTransactions(0)
	release()
	if err := d.finish(10 * time.Second); err != nil {
		t.Error(err)
	}
	d.wantTransactions(1)
}

// A discarded check ends at once, even while it is blocked, and leaves nothing behind.
func TestDiscardEndsACheck(t *testing.T) {
	d := newDesk(t, &breakable{})
	release := rig.LockDocuments(t, d.store.Pool())
	defer release()
	d.press("check")
	d.awaitBlocked()
	d.press("discard")
	if err := d.finish(5 * time.Second); err != nil {
		t.Error(err)
	}
	if status, body := call(t, d.s, "GET", d.path, nil); status != 404 {
		t.Errorf("a discarded check is still there: %d %s", status, body)
	}
	d.wantTransactions(0)
}

// A submission that loses the database connection says so, and can be submitted after another
// check.
func TestDatabaseLostWhileSubmitting(t *testing.T) {
	d := newDesk(t, &breakable{})
	release := rig.LockRegistry(t, d.store.Pool())
	d.press("submit")
	d.awaitBlocked()
	d.cut()
	if err := d.finish(10 * time.Second); err != nil {
		t.Fatal(err)
	}
	release()
	page(t, d.s, d.path, "The submission broke off", "terminating connection", "check again, and submit")
	d.wantTransactions(0)
	d.press("check")
	page(t, d.s, d.path, "1 structure would be written")
	d.press("submit")
	if err := d.finish(10 * time.Second); err != nil {
		t.Fatal(err)
	}
	page(t, d.s, d.path, "Replaced 1 structure")
	d.wantTransactions(1)
}

// A panic during a submission ends neither the program nor the page.
func TestPanicWhileSubmitting(t *testing.T) {
	broken := &breakable{}
	d := newDesk(t, broken)
	broken.broken = true
	d.press("submit")
	if err := d.finish(10 * time.Second); err != nil {
		t.Fatal(err)
	}
	page(t, d.s, d.path, "a defect of the program", "correlation id")
	broken.broken = false
	d.press("check")
	page(t, d.s, d.path, "1 structure would be written")
	d.press("submit")
	page(t, d.s, d.path, "Replaced 1 structure")
	d.wantTransactions(1)
}

// A panic or a lost database connection during a rename ends neither the program nor the page, and
// the rename succeeds when it is requested again.
func TestRenameBreaksOff(t *testing.T) {
	broken := &breakable{}
	d := newDesk(t, broken)
	d.press("submit")
	if err := d.finish(10 * time.Second); err != nil {
		t.Fatal(err)
	}
	const path = "/structures/codelist/A/L1/1.0/rename"
	rename := func(method string, status int, words ...string) {
		t.Helper()
		got, body := call(t, d.s, method, path+"?id=L2", []byte("id=L2"), "Content-Type", "application/x-www-form-urlencoded")
		want(t, method, got, body, status, words...)
	}
	broken.broken = true
	rename("GET", 500, "This page cannot be shown", "a defect of the program")
	rename("POST", 500, "The rename broke off", "a defect of the program")
	broken.broken = false

	release := rig.LockRegistry(t, d.store.Pool())
	lost := make(chan struct{})
	go func() {
		defer close(lost)
		d.awaitBlocked()
		time.Sleep(time.Second) // until a page shows the progress
		d.cut()
	}()
	rename("POST", 200, "Renaming", "Waits for its turn", "Show what came of it")
	<-lost
	release()
	rename("GET", 500, "The rename broke off", "terminating connection")
	rename("GET", 200, "L1 would be called L2")
	d.wantTransactions(1)
	rename("POST", 200, "Replaced 1 structure")
	rename("POST", 200, "Replaced 1 structure") // a second click
	rename("GET", 200, "Replaced 1 structure")
	d.wantTransactions(3)
	status, body := call(t, d.s, "POST", "/structures/codelist/A/L2/1.0/rename?id=L1", []byte("id=L1"), "Content-Type", "application/x-www-form-urlencoded")
	want(t, "back", status, body, 200, "Replaced 1 structure")
	rename("POST", 200, "Replaced 1 structure") // not a second click: the structure has its old id again
	d.wantTransactions(7)
}

// A second click is redirected to the transaction even if the first click ends while the second is
// being answered.
func TestTheFirstClickEndsDuringTheSecond(t *testing.T) {
	for _, method := range []string{"GET", "POST"} {
		t.Run(method, func(t *testing.T) {
			b := &breakable{}
			d := newDesk(t, b)
			b.onRecorded = func() {
				d.press("submit")
				if err := d.finish(10 * time.Second); err != nil {
					t.Error(err)
				}
			}
			status, body := call(t, d.s, method, d.path, []byte(d.button("submit")), "Content-Type", "application/x-www-form-urlencoded")
			want(t, method, status, body, 200, "Transaction 1")
			d.wantTransactions(1)
		})
	}
}

// A breakable store panics on demand.
type breakable struct {
	registry.Store
	broken bool
	// onRecorded is called once, before Recorded returns; nil if nothing is to be done.
	onRecorded func()
}

func (b *breakable) Recorded(ctx context.Context, user, key string) ([]registry.Number, error) {
	made, err := b.Store.Recorded(ctx, user, key)
	if do := b.onRecorded; do != nil {
		b.onRecorded = nil
		do()
	}
	return made, err
}

func (b *breakable) Update(ctx context.Context, a registry.Ahead, f func(registry.Tx) error) error {
	if b.broken {
		panic("a planted defect")
	}
	return b.Store.Update(ctx, a, f)
}
