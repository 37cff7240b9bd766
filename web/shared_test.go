package web

import (
	"context"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"urncast/producer"
	"urncast/producer/control"
	"urncast/producer/producertest"
)

// A stalled is a directory whose look-ups can be made to hang, as those of a database do
// that does not answer.
type stalled struct {
	producertest.Directory
	asked atomic.Int64
	mu    sync.Mutex
	until chan struct{} // nil while it answers
}

func (s *stalled) stall(on bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if on {
		s.until = make(chan struct{})
	} else {
		close(s.until)
		s.until = nil
	}
}

func (s *stalled) Producers(ctx context.Context) ([]producer.Named, error) {
	s.asked.Add(1)
	s.mu.Lock()
	until := s.until
	s.mu.Unlock()
	if until != nil {
		select {
		case <-until:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	return s.Directory.Producers(ctx)
}

// TestOneStalledQueryStallsNoOtherPage checks that while the state of producers, which
// every page shows, cannot be read, pages that need nothing else answer within a second,
// however many there are, and the database is asked once. They say how old the state is,
// and show the present one once the database answers again.
func TestOneStalledQueryStallsNoOtherPage(t *testing.T) {
	d := &stalled{Directory: producertest.Directory{{Name: "main", Holder: "node-7/1", State: producer.Idle}}}
	s := httptest.NewServer(New(complete(Options{Producers: &control.Producers{Directory: d}})))
	defer s.Close()
	address := s.URL + "/nothing"
	look := func() string {
		t.Helper()
		resp, err := s.Client().Do(pageRequest(t, address))
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		return text(t, resp)
	}
	contains(t, look(), "Publishing: <b>node-7")
	time.Sleep(time.Second) // the greatest age of a state that is shown
	d.stall(true)
	before := d.asked.Load()
	began := time.Now()
	var all sync.WaitGroup
	for range 100 {
		all.Go(func() {
			if body := look(); !strings.Contains(body, "Publishing: <b>node-7") || !strings.Contains(body, "the database is slow") {
				t.Errorf("a page does not say since when it does not know: %s", body)
			}
		})
	}
	all.Wait()
	took, asked := time.Since(began), d.asked.Load()-before
	if took > 10*time.Second || asked != 1 { // a second, and what a busy machine adds
		t.Errorf("100 pages took %v while one look-up hung, and asked %d times", took, asked)
	}
	t.Logf("100 pages took %v", took)
	d.stall(false)
	deadline := time.Now().Add(5 * time.Second)
	for strings.Contains(look(), "the database is slow") {
		if time.Now().After(deadline) {
			t.Fatal("the pages do not recover")
		}
		time.Sleep(20 * time.Millisecond)
	}
}
