package live

import (
	"bytes"
	"context"
	"log/slog"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/a-h/templ"

	"urncast/registry"
)

func testStreams() *Streams {
	return &Streams{Log: slog.New(slog.DiscardHandler), pace: time.Millisecond}
}

// TestReadersComeAndGo checks, with hundreds of readers who come and go, that each gets
// the whole page first, that no two goroutines gather for one page at a time, and that
// nothing is gathered once all have left. It is meant for -race, too.
func TestReadersComeAndGo(t *testing.T) {
	ls := testStreams()
	var begun, asked atomic.Int64
	begin := func() Gatherer {
		begun.Add(1)
		before := 0 // a Gatherer's memory, without a lock
		return func(context.Context) ([]Part, string, error) {
			before++
			asked.Add(1)
			return []Part{{"a", templ.Raw("all")}, {"b", templ.Raw(strings.Repeat("x", before%7))}}, "", nil
		}
	}
	goroutines := runtime.NumGoroutine()
	var all sync.WaitGroup
	for i := range 400 {
		all.Go(func() {
			for round := range 10 {
				events, leave := ls.join(i%3, begin)
				if (i+round)%4 > 0 { // the others leave at once
					first, ok := <-events
					if !ok || !bytes.Contains(first, []byte("all")) {
						t.Errorf("the first event of a reader is %q", first)
					}
				}
				leave()
			}
		})
	}
	all.Wait()
	if len(ls.all) > 0 {
		t.Errorf("%d pages are left that nobody reads", len(ls.all))
	}
	deadline := time.Now().Add(5 * time.Second)
	for runtime.NumGoroutine() > goroutines && time.Now().Before(deadline) {
		time.Sleep(time.Millisecond)
	}
	before := asked.Load()
	time.Sleep(30 * time.Millisecond)
	if n, now := runtime.NumGoroutine(), asked.Load(); n > goroutines || now != before {
		t.Errorf("after the last reader %d goroutines of %d are left, and %d questions were asked", n, goroutines, now-before)
	}
	t.Logf("4000 visits, %d pages begun, %d looks", begun.Load(), asked.Load())
}

// TestPageOfWhatIsGone checks that a page whose subject is gone, or whose Gatherer panics,
// says so to its readers and ends, and that a passing failure ends nothing.
func TestPageOfWhatIsGone(t *testing.T) {
	for name, c := range map[string]struct {
		gather Gatherer
		want   string
	}{
		"deleted": {func(context.Context) ([]Part, string, error) { return nil, "", registry.ErrNotFound }, "event: gone"},
		"defect":  {func(context.Context) ([]Part, string, error) { panic("planted") }, ""},
	} {
		t.Run(name, func(t *testing.T) {
			ls := testStreams()
			looks := 0
			events, leave := ls.join("page", func() Gatherer {
				return func(ctx context.Context) ([]Part, string, error) {
					if looks++; looks < 3 {
						return nil, "", context.DeadlineExceeded
					}
					return c.gather(ctx)
				}
			})
			defer leave()
			got := ""
			for e := range events {
				got += string(e)
			}
			if looks != 3 || !strings.HasPrefix(got, c.want) || (got == "") != (c.want == "") {
				t.Errorf("after %d looks its reader was told %q", looks, got)
			}
			ls.mu.Lock()
			defer ls.mu.Unlock()
			if len(ls.all) > 0 {
				t.Error("the page is still looked at")
			}
		})
	}
}

// TestSlowReader checks that a reader that takes nothing is cut off, and that gathering
// ends with the last reader.
func TestSlowReader(t *testing.T) {
	ls := testStreams()
	events, leave := ls.join("page", func() Gatherer {
		n := 0
		return func(context.Context) ([]Part, string, error) {
			n++
			return []Part{{"a", templ.Raw(strings.Repeat("x", n))}}, "", nil
		}
	})
	defer leave()
	deadline := time.Now().Add(5 * time.Second)
	for ls.reading() && time.Now().Before(deadline) {
		time.Sleep(time.Millisecond)
	}
	if ls.reading() {
		t.Error("a page is looked at for a reader that was cut off")
	}
	n := 0
	for range events {
		n++
	}
	if n != liveQueue {
		t.Errorf("the reader has %d events to take, want %d", n, liveQueue)
	}
}

func (ls *Streams) reading() bool {
	ls.mu.Lock()
	defer ls.mu.Unlock()
	return len(ls.all) > 0
}
