package rest

import (
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// A client that stays and does not read counts as gone: it would keep a reader of Kafka
// for ever.
func TestLinesEndWithAClientThatDoesNotRead(t *testing.T) {
	defer func(was time.Duration) { lineMax = was }(lineMax)
	lineMax = 100 * time.Millisecond
	ended := make(chan error, 1)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		out := lines{w: w}
		text := strings.Repeat("x", 1<<20)
		for {
			if err := out.write(text); err != nil {
				ended <- err
				return
			}
		}
	}))
	defer s.Close()
	c, err := net.Dial("tcp", s.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, err := c.Write([]byte("GET / HTTP/1.1\r\nHost: x\r\n\r\n")); err != nil {
		t.Fatal(err)
	}
	select {
	case err := <-ended:
		t.Log(err)
	case <-time.After(20 * time.Second):
		t.Error("it is written to for ever")
	}
}
