package main

import (
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"urncast/internal/client"
)

// A registry that is busy is asked again when it says, and gets the whole file each time.
func TestSubmitComesAgain(t *testing.T) {
	var bodies []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body) // what came is looked at
		bodies = append(bodies, string(b))
		w.Header().Set("Content-Type", "application/problem+json")
		if len(bodies) < 3 {
			w.Header().Set("Retry-After", "1")
			w.WriteHeader(http.StatusServiceUnavailable)
			w.Write([]byte(`{"detail": "Too many submissions."}`))
			return
		}
		w.Write([]byte(`{"transactions": [1]}`))
	}))
	defer server.Close()
	file := filepath.Join(t.TempDir(), "structures.xml")
	if err := os.WriteFile(file, []byte("<x/>"), 0o600); err != nil {
		t.Fatal(err)
	}
	c := &submitCommand{registryFlags: registryFlags{Client: client.Client{URL: server.URL}}, Files: []string{file}, Action: "replace"}
	if err := c.Run(t.Context()); err != nil || !slices.Equal(bodies, []string{"<x/>", "<x/>", "<x/>"}) {
		t.Errorf("after %q: %v", bodies, err)
	}
}

// A force says why, and a reason without a force means nothing.
func TestForceAndReasonGoTogether(t *testing.T) {
	for _, c := range []submitCommand{{Force: true}, {Force: true, Reason: " "}, {Reason: "by mistake"}} {
		if err := c.Run(t.Context()); err == nil || !strings.Contains(err.Error(), "go together") {
			t.Errorf("%+v: %v", c, err)
		}
	}
	both := submitCommand{Force: true, Reason: "by mistake", yesFlag: yesFlag{Yes: true}}
	if err := both.Run(t.Context()); err != nil {
		t.Error(err)
	}
}

// Messages call standard input by its name, not by the - of the command line.
func TestSubmitNamesStandardInput(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body) // what came is looked at
		if string(b) != "<x/>\n" {
			w.Header().Set("Content-Type", "application/problem+json")
			w.WriteHeader(http.StatusBadRequest)
			w.Write([]byte(`{"detail": "The message is empty."}`))
			return
		}
		w.Write([]byte(`{"transactions": [7]}`))
	}))
	defer server.Close()
	t.Setenv("URNCAST_URL", server.URL)
	stdin(t, "<x/>\n")
	out, _, err := captured(t, func() error {
		_, k, err := parsed(t, "submit", "-")
		if err != nil {
			return err
		}
		return k.Run()
	})
	if err != nil || !strings.Contains(out, "standard input: transaction 7") {
		t.Errorf("%q, %v", out, err)
	}
	stdin(t, "")
	if _, err := verbStatus(t, "submit", "-"); err == nil || !strings.HasPrefix(err.Error(), "standard input: ") {
		t.Errorf("an empty message: %v", err)
	}
	if _, err := verbStatus(t, "submit", "--action", "delete", "-"); err == nil || !strings.Contains(err.Error(), "delete the structures of standard input, say --yes") {
		t.Errorf("a delete: %v", err)
	}
}
