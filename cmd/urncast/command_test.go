package main

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"urncast/internal/client"
	"urncast/producer"
	"urncast/producer/control"
)

// suspend returns once the producer is suspended, which is after the transaction under way, or
// when its patience ends.
func TestSuspendWaitsForTheTransactionUnderWay(t *testing.T) {
	states := []producer.State{producer.Publishing, producer.Publishing, producer.Publishing, producer.Suspended}
	var asked []string
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked = append(asked, r.Method)
		if r.Method == http.MethodPost {
			w.WriteHeader(http.StatusNoContent)
			return
		}
		status := control.Status{State: states[0]}
		status.Name = "p"
		if len(states) > 1 {
			states = states[1:]
		}
		w.Header().Set("Content-Type", "application/json")
		if err := json.NewEncoder(w).Encode(status); err != nil {
			t.Error(err)
		}
	}))
	defer s.Close()
	c := &producerSuspend{registryFlags: registryFlags{Client: client.Client{URL: s.URL}}, which: which{Producer: "p"}}
	if err := c.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	if want := []string{"GET", "POST", "GET", "GET", "GET"}; !slices.Equal(asked, want) {
		t.Errorf("the server was asked %v, not %v", asked, want)
	}
	states, asked = []producer.State{producer.Publishing}, nil
	began := time.Now()
	if err := c.await(t.Context(), &c.registryFlags, 300*time.Millisecond); err != nil || time.Since(began) > 3*time.Second || len(asked) < 2 {
		t.Errorf("%v after %s, %v", err, time.Since(began), asked)
	}
}

// A mistake on the command line leaves the standard output to programs: nothing is there.
func TestMistakesAreToldOnTheErrorOutput(t *testing.T) {
	var out, said bytes.Buffer
	status := 0
	p := newParser(t.Context(), &cli{})
	p.Stdout, p.Stderr, p.Exit = &out, &said, func(code int) { status = code }
	commandLine(p, []string{"submit", "/no/such/file"})
	if status == 0 || out.Len() > 0 || !strings.Contains(said.String(), "Usage: urncast submit") || !strings.Contains(said.String(), "no such file") {
		t.Errorf("status %d, printed %q, said %q", status, &out, &said)
	}
}

// A configuration file that cannot be read is told with its name and what to do, without the usage
// of the verb, which says nothing of it.
func TestUnreadableConfigurationIsToldAlone(t *testing.T) {
	var out, said bytes.Buffer
	status := 0
	p := newParser(t.Context(), &cli{})
	p.Stdout, p.Stderr, p.Exit = &out, &said, func(code int) { status = code }
	commandLine(p, []string{"serve", "--config", "/no/such/file"})
	got := said.String()
	if status != statusUnasked || strings.Contains(got, "Usage") || strings.Count(got, "/no/such/file") != 1 || !strings.Contains(got, "URNCAST_CONFIG") {
		t.Errorf("status %d, said %q", status, got)
	}
}
