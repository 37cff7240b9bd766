package main

import (
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"urncast/web"
	"urncast/web/webtest"
)

// The health check asks /healthz, over what the server speaks, without an account even
// where reads are closed.
func TestHealth(t *testing.T) {
	h := web.New(webtest.Complete(web.Options{ReadsClosed: true}))
	plain, private := httptest.NewServer(h), httptest.NewTLSServer(h)
	defer plain.Close()
	defer private.Close()
	sick := httptest.NewServer(http.NotFoundHandler())
	sick.Close()
	address := func(s *httptest.Server) string { return s.Listener.Addr().String() }
	for name, c := range map[string]struct {
		command healthCommand
		well    bool
	}{
		"http":          {healthCommand{HTTP: address(plain)}, true},
		"everywhere":    {healthCommand{HTTP: strings.Replace(address(plain), "127.0.0.1", "0.0.0.0", 1)}, true},
		"any":           {healthCommand{HTTP: strings.TrimPrefix(address(plain), "127.0.0.1")}, true},
		"https":         {healthCommand{HTTP: address(private), TLSCert: "x"}, true},
		"http of https": {healthCommand{HTTP: address(private)}, false},
		"nobody":        {healthCommand{HTTP: address(sick)}, false},
		"no address":    {healthCommand{HTTP: "8080"}, false},
	} {
		if err := c.command.Run(t.Context()); (err == nil) != c.well {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// The image's health check is this verb, and not urncast status, which may need an account.
func TestImageAsksForHealth(t *testing.T) {
	b, err := os.ReadFile("../../Dockerfile")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(b), `CMD ["urncast", "health"]`) {
		t.Errorf("the Dockerfile's health check is another:\n%s", b)
	}
}
