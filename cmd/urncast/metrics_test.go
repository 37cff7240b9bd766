package main

import (
	"io"
	"net/http"
	"os"
	"strings"
	"testing"

	"urncast/integration/rig/pg"
)

// Every figure that a process shows is explained in the documentation.
func TestMetricsAreDocumented(t *testing.T) {
	docs, err := os.ReadFile("../../docs/operations.md")
	if err != nil {
		t.Fatal(err)
	}
	s := serveStored(t, pg.Shared(t).Database(t, "metrics"), nil)
	r, err := http.Get(s.url + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	body, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for line := range strings.Lines(string(body)) {
		name, ok := strings.CutPrefix(line, "# TYPE urncast_")
		if !ok {
			continue
		}
		found++
		name, _, _ = strings.Cut("urncast_"+name, " ")
		if !strings.Contains(string(docs), "`"+name+"`") {
			t.Errorf("docs/operations.md does not explain %s", name)
		}
	}
	for _, want := range []string{"urncast_build_info{", "urncast_producer_takeovers_total{", "urncast_producer_standby_instances{"} {
		if !strings.Contains(string(body), want) {
			t.Errorf("there is no %s among %d figures", want, found)
		}
	}
}
