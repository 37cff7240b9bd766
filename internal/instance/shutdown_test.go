package instance

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"urncast/integration/rig/pg"
	"urncast/producer"
	"urncast/producer/control"
	"urncast/producer/kafka"
	"urncast/producer/producertest"
)

// Where the start fails once everything runs, all of it ends before the database is
// closed under it.
func TestFailedStartEndsAll(t *testing.T) {
	failed := errors.New("it does not start")
	log := &safeBuffer{}
	settings := producer.Config{Connection: producer.NameDefault}.WithDefaults()
	i := &Instance{
		Database: pg.Shared(t).Database(t, "failed_start"), HTTP: "127.0.0.1:0", Client: &producertest.Client{}, Topics: producertest.NoTopics{}, Producer: &settings,
		Kafka: kafka.Cluster{CreateTopic: true, Replication: 1}, Password: "correct-horse",
		Started: func(string, *control.Producers) error { return failed },
	}
	if err := i.Run(t.Context(), slog.New(slog.NewTextHandler(log, nil))); !errors.Is(err, failed) {
		t.Errorf("it ended with %v", err)
	}
	time.Sleep(2 * time.Second)
	if strings.Contains(log.String(), "closed pool") {
		t.Errorf("something went on without a database:\n%s", log)
	}
}

// A request that does not end is cut off, and what it uses is closed after it.
func TestRequestsAreCutOff(t *testing.T) {
	began, ended := make(chan struct{}), make(chan struct{})
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		close(began)
		<-r.Context().Done()
		time.Sleep(300 * time.Millisecond) // it lets go of a connection of the pool
		close(ended)
	})}
	requests := counted(server)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go server.Serve(l)
	go func() {
		if r, err := http.Get("http://" + l.Addr().String()); err == nil {
			io.Copy(io.Discard, r.Body)
			r.Body.Close()
		}
	}()
	<-began
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	if err := shutdown(ctx, server, requests); err == nil || !strings.Contains(err.Error(), "1 had not ended in time and were cut off") || strings.Contains(err.Error(), "went on") {
		t.Errorf("it ended with %v", err)
	}
	select {
	case <-ended:
	default:
		t.Error("the request was still under way")
	}
}
