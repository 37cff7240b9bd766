package postgres_test

import (
	"math"
	"reflect"
	"testing"
	"time"

	"urncast/integration/rig/pg"
	"urncast/producer"
	"urncast/producer/control"
	"urncast/registry"
)

// The places of transactions on topics and the times of acknowledgement are stored with the
// move of the cursor, by the database's clock, and are not replaced by what recovery finds.
func TestSentIsKept(t *testing.T) {
	c := newCluster(t, pg.Shared(t), "sent")
	c.exec(`INSERT INTO transactions (number, id, kind, recorded_at, structures, bytes, user_name, origin, traceparent, correlation_id)
		SELECT n, gen_random_uuid(), 1, clock_timestamp() - n * interval '1 second', 1, 1, 'u', 'replace', '', '' FROM generate_series(1, 4) n`)
	h := c.acquire(c.a)
	done := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	began := time.Now().Add(-time.Minute)
	done(h.Adopt(t.Context(), producer.Published{}, "s", producer.Cursor{}, 0))
	at := func(first, end int64) map[string]producer.Stretch {
		return map[string]producer.Stretch{"b": {First: first, End: end}, "a": {First: first + 100, End: end + 100}}
	}
	done(h.Move(t.Context(), producer.Cursor{Number: 2}, []producer.Landed{
		{Number: 1, Stretches: at(0, 2), At: time.Now()}, {Number: 2, Stretches: at(3, 4), At: time.Now().Add(-500 * time.Millisecond)}}))
	done(h.Move(t.Context(), producer.Cursor{Number: 3}, []producer.Landed{{Number: 1, Stretches: at(77, 78)}, {Number: 3, Stretches: at(5, 9)}}))

	became, err := c.b.Statuses(t.Context(), 1, 4)
	done(err)
	for n, want := range map[registry.Number]struct {
		first, end int64
		lag        time.Duration
	}{1: {0, 2, time.Second}, 2: {3, 4, 1500 * time.Millisecond}, 3: {5, 9, 0}} {
		b := became[n]
		where := []control.OnTopic{{Topic: "a", Stretch: producer.Stretch{First: want.first + 100, End: want.end + 100}}, {Topic: "b", Stretch: producer.Stretch{First: want.first, End: want.end}}}
		if b.Status != producer.StatusSent || !reflect.DeepEqual(b.Where, where) {
			t.Errorf("transaction %d is %+v, want it at %+v", n, b, where)
		}
		if off := (b.Lag - want.lag).Abs(); off > 400*time.Millisecond || b.AcknowledgedAt.IsZero() != (want.lag == 0) {
			t.Errorf("transaction %d was acknowledged %s, %s after its record; want %s", n, b.AcknowledgedAt, b.Lag, want.lag)
		}
	}
	if b := became[4]; b.Status != producer.StatusPending || b.Where != nil {
		t.Errorf("a pending transaction is %+v", b)
	}
	done(h.Forget(t.Context(), map[string]int64{"b": 4, "a": 0, "c": 0}))
	became, err = c.b.Statuses(t.Context(), 1, 3)
	done(err)
	for n, want := range map[registry.Number][]control.OnTopic{
		1: {{Topic: "b", Stretch: producer.Stretch{First: 0, End: 2}}}, 2: {{Topic: "b", Stretch: producer.Stretch{First: 3, End: 4}}}, 3: nil} {
		if got := became[n].Where; !reflect.DeepEqual(got, want) {
			t.Errorf("after a topic was made anew and another lost its end, transaction %d is at %v, want %v", n, got, want)
		}
	}

	lags, err := c.b.Lags(t.Context(), began, time.Hour)
	done(err)
	if lags.All.Sent != 2 || len(lags.Steps) != 1 || lags.Steps[0] != lags.All || math.Abs(lags.All.Median.Seconds()-1.25) > 0.4 || lags.All.P99 < lags.All.Median {
		t.Errorf("the lags are %+v", lags)
	}
	if later, err := c.b.Lags(t.Context(), time.Now().Add(time.Hour), time.Hour); err != nil || later.All != (control.Lags{}) || len(later.Steps) != 0 {
		t.Errorf("of a time in which nothing was sent the lags are %+v, %v", later, err)
	}
}
