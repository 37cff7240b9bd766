package web

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"urncast/registry/workspace"
	"urncast/web/console/task"
	"urncast/web/console/ui"
)

// TestFinishSaysWhatIsTrue checks that Finish says how many submissions it did not wait
// for, and returns nil where there were none even if its time is over.
func TestFinishSaysWhatIsTrue(t *testing.T) {
	s := newServer(complete(Options{}))
	h := s.handler()
	over, cancel := context.WithCancel(t.Context())
	cancel()
	end := make(chan struct{})
	begin := func(address string, writes bool) {
		_, err := s.tasks.Begin(t.Context(), task.Work{Task: workspace.Task{User: "anna", Address: address, Writes: writes}, Do: func(context.Context, *task.Task) []byte {
			<-end
			return nil
		}})
		if err != nil {
			t.Error(err)
		}
	}
	for i, c := range []struct{ writes, looks, told int }{{0, 0, 0}, {0, 2, 0}, {1, 0, 1}, {1, 0, 2}} {
		for j := range c.writes {
			begin(fmt.Sprint("/write/", i, j), true)
		}
		for j := range c.looks {
			begin(fmt.Sprint("/look/", i, j), false)
		}
		for range 50 {
			err := Finish(over, h)
			if (err != nil) != (c.told > 0) {
				t.Fatalf("%d under way, and it says %v", c.told, err)
			}
			if c.told > 0 && !strings.Contains(err.Error(), ui.Plural(c.told, "submission or rename was", "submissions or renames were")+" still under way") {
				t.Errorf("%d under way, and it says %v", c.told, err)
			}
		}
	}
	close(end)
	if err := Finish(t.Context(), h); err != nil {
		t.Errorf("all have ended, and it says %v", err)
	}
}

// TestReadyzEndsFirst checks that a client polling /readyz is told that the server is
// stopping before requests end, and that nothing is waited for where no client polls.
func TestReadyzEndsFirst(t *testing.T) {
	for asks := range 3 {
		asked := asks > 1
		h := New(complete(Options{}))
		for range asks {
			if resp := get(t, h, "/readyz"); resp.StatusCode != 200 {
				t.Fatalf("readyz says %d", resp.StatusCode)
			}
		}
		began, left := time.Now(), make(chan struct{})
		go func() {
			Leave(h)
			close(left)
		}()
		if asked {
			select {
			case <-left:
				t.Error("nobody was told")
			case <-time.After(100 * time.Millisecond):
			}
			for range 2 {
				if resp := get(t, h, "/readyz"); resp.StatusCode != 503 || !strings.Contains(text(t, resp), "the server is stopping") {
					t.Errorf("readyz says %d", resp.StatusCode)
				}
			}
			if resp := get(t, h, "/healthz"); resp.StatusCode != 200 {
				t.Errorf("healthz says %d", resp.StatusCode)
			}
		}
		<-left
		if took := time.Since(began); took > leaveMax/2 {
			t.Errorf("it took %s", took)
		}
	}
}

// TestShutdownEndsStreams checks that a stream of events does not delay the server's end.
func TestShutdownEndsStreams(t *testing.T) {
	s := newServer(complete(Options{}))
	h := s.handler()
	h.Handler = s.observe(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { s.live.SendEvents(w, r, make(chan []byte)) }))
	server := NewServer(h)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go server.Serve(l)
	c := dial(t, l.Addr().String(), "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
	if line, err := bufio.NewReader(c).ReadString('\n'); err != nil || !strings.Contains(line, "200") {
		t.Fatalf("%q, %v", line, err)
	}
	began := time.Now()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	if err := server.Shutdown(ctx); err != nil || time.Since(began) > 5*time.Second {
		t.Errorf("it took %s, %v", time.Since(began), err)
	}
}
