package web

import (
	"bufio"
	"bytes"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// hasty is a patience short enough for tests to wait out.
var hasty = patience{header: 300 * time.Millisecond, body: 300 * time.Millisecond, write: 300 * time.Millisecond}

// serveHasty serves a handler over plain HTTP with the middleware that is around every
// route and little patience; nil stands for the server's own handler. It returns the
// address.
func serveHasty(t *testing.T, own http.HandlerFunc) string {
	t.Helper()
	s := newServer(complete(Options{}))
	s.patience = hasty
	h := s.handler()
	if own != nil {
		h.Handler = s.observe(own)
	}
	server := NewServer(h)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go server.Serve(l)
	t.Cleanup(func() { server.Close() })
	return l.Addr().String()
}

func dial(t *testing.T, address, first string) net.Conn {
	t.Helper()
	c, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	if _, err := io.WriteString(c, first); err != nil {
		t.Fatal(err)
	}
	return c
}

// TestSlowSendersAreCutOff checks that a client which sends its header or its body a byte
// at a time is cut off, also where no handler reads the body.
func TestSlowSendersAreCutOff(t *testing.T) {
	address := serveHasty(t, nil)
	for name, c := range map[string]struct{ first, answer string }{
		"header":      {"GET / HTTP/1.1\r\nHost: x\r\nX-Slow: ", ""},
		"form":        {"POST /theme HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 5000\r\n\r\n", "408"},
		"in chunks":   {"POST /theme HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n", "408"},
		"nobody asks": {"POST /sdmx/v2/structure HTTP/1.1\r\nHost: x\r\nContent-Length: 5000\r\n\r\n", "401"},
		"no route":    {"POST /nowhere HTTP/1.1\r\nHost: x\r\nContent-Length: 5000\r\n\r\n", "404"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			conn := dial(t, address, c.first)
			go func() { // until the connection is closed
				for piece := "1"; ; time.Sleep(20 * time.Millisecond) {
					if name == "in chunks" {
						piece = "1\r\na\r\n"
					}
					if _, err := io.WriteString(conn, piece); err != nil {
						return
					}
				}
			}()
			began := time.Now()
			_ = conn.SetReadDeadline(began.Add(10 * time.Second))
			b, err := io.ReadAll(conn)
			if took := time.Since(began); took > 5*time.Second {
				t.Errorf("it was held for %s: %v", took, err)
			}
			if c.answer != "" && !strings.HasPrefix(string(b), "HTTP/1.1 "+c.answer) {
				t.Errorf("the answer is %q", b)
			}
		})
	}
}

// TestSlowReadersAreCutOff checks that a client which does not read its stream of events
// or its download does not block the handler that writes them.
func TestSlowReadersAreCutOff(t *testing.T) {
	s := &server{stopping: make(chan struct{})}
	for name, write := range map[string]http.HandlerFunc{
		"events": func(w http.ResponseWriter, r *http.Request) {
			events := make(chan []byte)
			go func() {
				defer close(events)
				for event := bytes.Repeat([]byte("x"), 1<<20); ; {
					select {
					case events <- event:
					case <-r.Context().Done():
						return
					}
				}
			}()
			s.live.SendEvents(w, r, events)
		},
		"download": func(w http.ResponseWriter, _ *http.Request) { _, _ = io.Copy(w, io.LimitReader(endless{}, 1<<30)) },
		"stream": func(w http.ResponseWriter, _ *http.Request) {
			for flush := http.NewResponseController(w); flush.Flush() == nil; {
				_, _ = w.Write(make([]byte, 1000)) // the flush reports the error
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ended := make(chan struct{})
			dial(t, serveHasty(t, func(w http.ResponseWriter, r *http.Request) {
				defer close(ended)
				write(w, r)
			}), "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
			select {
			case <-ended:
			case <-time.After(10 * time.Second):
				t.Error("it is written to for ever")
			}
		})
	}
}

// TestPausesOfOursAreNoSlowClient checks that a handler may pause longer than a client
// may: over HTTP/1 and HTTP/2, after a body was read, and on a connection that was used
// before.
func TestPausesOfOursAreNoSlowClient(t *testing.T) {
	s := newServer(complete(Options{}))
	s.patience = hasty
	s.metrics = newMetrics(s.Register, s.Registry, s.Log)
	ours := s.observe(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body) // compared below, as it is sent back
		for range 2 {
			time.Sleep(2 * hasty.write)
			_, _ = w.Write(b)
			_ = http.NewResponseController(w).Flush() // the client's answer counts
		}
		if err := r.Context().Err(); err != nil {
			t.Errorf("the request was given up: %v", err)
		}
	}))
	server := httptest.NewUnstartedServer(ours)
	server.Config = NewServer(&handler{ours, s})
	server.EnableHTTP2 = true
	server.StartTLS()
	defer server.Close()
	for _, protocol := range []string{"HTTP/2.0", "HTTP/1.1"} {
		client := server.Client()
		if protocol == "HTTP/1.1" {
			plain := client.Transport.(*http.Transport).TLSClientConfig.Clone()
			plain.NextProtos = []string{"http/1.1"}
			client = &http.Client{Transport: &http.Transport{TLSClientConfig: plain}}
		}
		for range 2 {
			resp, err := client.Post(server.URL, "text/plain", bufio.NewReader(strings.NewReader("four")))
			if err != nil {
				t.Fatalf("%s: %v", protocol, err)
			}
			b, err := io.ReadAll(resp.Body)
			resp.Body.Close()
			if string(b) != "fourfour" || err != nil || resp.Proto != protocol {
				t.Errorf("%s, %s: %q, %v", protocol, resp.Proto, b, err)
			}
		}
	}
}
