package postgres_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"urncast/integration/rig/pg"
	"urncast/producer"
	"urncast/registry/postgres"
)

// awaited waits for the lease, and returns it with the holders that were reported meanwhile.
func (c *cluster) awaited(p *postgres.ProducerStore) (chan producer.Hold, chan string) {
	ctx, cancel := context.WithTimeout(c.t.Context(), 40*time.Second)
	c.t.Cleanup(cancel)
	got, told := make(chan producer.Hold, 1), make(chan string, 9)
	go func() {
		h, err := p.Acquire(ctx, func(holder string, term int64) { told <- fmt.Sprint(holder, " ", term) })
		if err != nil {
			c.t.Error(err)
		}
		got <- h
	}()
	return got, told
}

// wantTakeover checks a takeover as the new holder, any instance and the audit have it.
func (c *cluster) wantTakeover(h producer.Hold, by, from *postgres.ProducerStore, term int64, ending string) {
	c.t.Helper()
	row, s := c.load(h), c.status(from)
	for _, t := range []*producer.Takeover{row.Takeover, s.LastTakeover} {
		if t == nil || t.Term != term || t.Instance != by.Instance() || t.Former != from.Instance() || t.Ending != ending || time.Since(t.At) > time.Minute {
			c.t.Errorf("the takeover is %+v, want term %d of %s from %s, %s", t, term, by.Instance(), from.Instance(), ending)
		}
	}
	var detail string
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		err := c.a.Pool().QueryRow(c.t.Context(), `SELECT coalesce(string_agg(user_name || ' ' || subject || ' ' || detail::text, ' ' ORDER BY id), '') FROM audit WHERE action = $1`, producer.ActTakenOver).Scan(&detail)
		if err != nil {
			c.t.Fatal(err)
		}
		if strings.Contains(detail, fmt.Sprintf(`"term": %d`, term)) && strings.Contains(detail, by.Instance()) {
			return
		}
	}
	c.t.Errorf("the audit says %q", detail)
}

// A takeover records who took over from whom, and how the former holder lost the lease; an
// instance that waits is told who has it.
func TestTakeoversAreRecorded(t *testing.T) {
	c := newCluster(t, pg.Shared(t), "takeovers")
	first := c.acquire(c.a)
	if r, s := c.load(first), c.status(c.b); r.Takeover != nil || s.LastTakeover != nil || s.Takeovers != 0 {
		t.Errorf("the first holder took over from somebody: %+v, %+v", r.Takeover, s.LastTakeover)
	}
	next, told := c.awaited(c.b)
	if got := <-told; got != c.a.Instance()+" 1" {
		t.Errorf("who waits hears of %q", got)
	}
	first.Release()
	second := <-next
	c.wantTakeover(second, c.b, c.a, 2, producer.EndingReleased)

	next, told = c.awaited(c.a)
	if got := <-told; got != c.b.Instance()+" 2" {
		t.Errorf("who waits hears of %q", got)
	}
	c.exec(`SELECT pg_terminate_backend(backend) FROM leases`)
	third := <-next
	c.wantTakeover(third, c.a, c.b, 3, producer.EndingLost)
	if s := c.status(c.a); s.Takeovers != 2 {
		t.Errorf("%d takeovers", s.Takeovers)
	}
}

// The takeover of a lease that expired although its session was alive says so.
func TestATakeoverOfAnExpiredLease(t *testing.T) {
	t.Parallel()
	c := newCluster(t, pg.Shared(t), "expired")
	c.acquire(c.a)
	c.exec(`CREATE FUNCTION frozen() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
		IF NEW.term = OLD.term THEN RAISE 'frozen'; END IF; RETURN NEW; END $$`)
	c.exec(`CREATE TRIGGER frozen BEFORE UPDATE ON leases FOR EACH ROW EXECUTE FUNCTION frozen()`)
	next, _ := c.awaited(c.b)
	c.wantTakeover(<-next, c.b, c.a, 2, producer.EndingExpired)
}

// A restart is no takeover, nor is it one if an instance regains a lease that it lost, or if
// an older version of the program did not store the former holder's name.
func TestWhatIsNoTakeover(t *testing.T) {
	c := newCluster(t, pg.Shared(t), "none")
	c.acquire(c.a).Release()
	h := c.acquire(c.join())
	if r := c.load(h); r.Takeover != nil {
		t.Errorf("a restart: %+v", r.Takeover)
	}
	h.Release()
	c.exec(`UPDATE leases SET term = term + 1`) // as the version before takes and releases it
	h = c.acquire(c.a)
	if r := c.load(h); r.Takeover != nil {
		t.Errorf("after an unnamed holder: %+v", r.Takeover)
	}
	c.exec(`SELECT pg_terminate_backend(backend) FROM leases`)
	h = c.acquire(c.a)
	if r := c.load(h); r.Takeover != nil {
		t.Errorf("from itself: %+v", r.Takeover)
	}
	if s := c.status(c.a); s.Takeovers != 0 {
		t.Errorf("%d takeovers", s.Takeovers)
	}
}
