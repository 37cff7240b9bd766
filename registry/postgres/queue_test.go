package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"urncast/registry"
)

// Submissions that wait use no connection, so that readers do not wait for them. Beyond
// waitingMax they are refused at once, and nothing of them is written.
func TestSubmissionsThatWaitStarveNobody(t *testing.T) {
	r, s := open(t)
	let := make(chan struct{})
	ended := holdCounter(t, s, let)
	const waiting = 300
	var group sync.WaitGroup
	var mu sync.Mutex
	var refused, written int
	for i := range waiting {
		group.Go(func() {
			o, err := r.Submit(context.Background(), submission(registry.ModeReplace, codelist(fmt.Sprint("CL", i), "1.0", "a")))
			mu.Lock()
			defer mu.Unlock()
			switch {
			case errors.Is(err, registry.ErrOverloaded):
				refused++
			case err != nil:
				t.Error(err)
			default:
				written += len(o.Transactions)
			}
		})
	}
	time.Sleep(time.Second)
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	began := time.Now()
	for range 20 {
		if _, _, err := r.Counts(ctx); err != nil {
			t.Fatalf("a reader starves: %v", err)
		}
	}
	t.Logf("20 reads took %s while %d submissions wait", time.Since(began), waiting)
	if n := s.Pool().Stat().AcquiredConns(); n > 2 {
		t.Errorf("%d connections are held", n)
	}
	close(let)
	if err := <-ended; err != nil {
		t.Error(err)
	}
	group.Wait()
	if refused != waiting-256 || written != 256 {
		t.Errorf("%d were refused and %d written, want %d and 256", refused, written, waiting-256)
	}
	if n := count(t, s, `SELECT last_number FROM registry`); n != int64(written) {
		t.Errorf("the last number is %d", n)
	}
}

// Dry runs leave connections to readers.
func TestDryRunsStarveNobody(t *testing.T) {
	r, s := open(t)
	let := make(chan struct{})
	var group sync.WaitGroup
	for range 40 {
		group.Go(func() {
			if err := s.Update(context.Background(), registry.Ahead{ReadOnly: true}, func(registry.Tx) error { <-let; return nil }); err != nil {
				t.Error(err)
			}
		})
	}
	time.Sleep(time.Second)
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	if _, _, err := r.Counts(ctx); err != nil {
		t.Errorf("a reader starves: %v", err)
	}
	close(let)
	group.Wait()
}

// The time of a transaction is the database's, and never earlier than that of the transaction
// before.
func TestTheDatabasesClockNeverFalls(t *testing.T) {
	r, s := open(t)
	submit(t, r, registry.ModeReplace, codelist("CL", "1.0", "a"))
	// An older version of the program, on a machine whose clock is an hour ahead.
	exec(t, s, `UPDATE transactions SET recorded_at = clock_timestamp() + interval '1 hour'`)
	submit(t, r, registry.ModeReplace, codelist("CL", "1.0", "b"))
	submit(t, r, registry.ModeFullReplace, codelist("CL2", "1.0", "b"))
	ts, err := r.Transactions(t.Context(), 0, 10)
	if err != nil || len(ts) != 4 {
		t.Fatalf("%+v, %v", ts, err)
	}
	for i := 1; i < len(ts); i++ {
		if ts[i].RecordedAt.Before(ts[i-1].RecordedAt) {
			t.Errorf("transaction %d was recorded at %s, and the one before at %s", ts[i].Number, ts[i].RecordedAt, ts[i-1].RecordedAt)
		}
	}
}
