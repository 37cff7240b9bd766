package web

import (
	"net/http"
	"strings"
	"testing"

	"urncast/producer"
	"urncast/producer/connection"
	"urncast/producer/control"
	"urncast/producer/producertest"
)

// TestNoProducers checks what the empty list explains: to an admin what to do first, to a
// reader what a producer is. No reader sees what the role does not reach.
func TestNoProducers(t *testing.T) {
	connections := &connection.Connections{Store: &producertest.Store{}, Client: &producertest.Client{}}
	serve := func(d control.Directory) http.Handler { // behind a proxy, for the test's address is no loopback
		return New(complete(Options{BehindProxy: true, Producers: &control.Producers{Directory: d}, Connections: connections}))
	}
	admin := []string{"Authorization", "Basic YWRtaW46Y29ycmVjdC1ob3JzZQ=="}
	shows := func(h http.Handler, header []string, want, not string) {
		t.Helper()
		page := text(t, get(t, h, "/producers", header...))
		if !strings.Contains(page, want) || strings.Contains(page, not) {
			t.Errorf("it does not show %q, or shows %q:\n%s", want, not, page[strings.Index(page, "<main"):])
		}
	}
	h := serve(producertest.Directory{})
	shows(h, admin, "It needs a connection first.", "starts stopped")
	shows(h, nil, "An admin makes one", "New producer…")
	connections.Fixed = &connection.Connection{Name: "default"}
	shows(h, admin, "It starts stopped", "It needs a connection first.")
	one := serve(producertest.Directory{{Name: "one", State: producer.Idle, Settings: producer.Config{Routes: []producer.Route{{Topic: "sdmx.one"}}}, Holder: "host:1/2", Term: 7}})
	shows(one, nil, "sdmx.one", "New producer…")
	if page := text(t, get(t, one, "/producers")); !strings.Contains(page, "host:1") || !strings.Contains(page, "term 7") || !strings.Contains(page, `href="/producers/one"`) {
		t.Errorf("the list lacks lease, term or the way to the producer:\n%s", page)
	}
}
