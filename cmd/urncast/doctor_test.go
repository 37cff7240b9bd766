package main

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"urncast/producer/kafka/trial"

	"github.com/twmb/franz-go/pkg/kfake"

	"urncast/producer"
	"urncast/producer/connection"
	"urncast/producer/control"
	"urncast/producer/diagnosis"
	"urncast/producer/producertest"
	"urncast/web"
	"urncast/web/webtest"
)

// The verbs make a topic, say what is wrong with one, mend it and say what they
// changed; their status says whether anything is left. The broker is one in the
// process: what the brokers' answers mean, integration/connection shows on a real one.
func TestDoctorVerbs(t *testing.T) {
	v := newVerbs(t)
	cluster, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.SeedTopics(1, "bad"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(cluster.Close)
	fixed := &connection.Connection{Name: "default", Properties: map[string]string{"bootstrap.servers": strings.Join(cluster.ListenAddrs(), ",")}, Fixed: true}
	client := &trial.Client{CreateTopic: true}
	doctor := &diagnosis.Doctor{Connections: &connection.Connections{Store: v.store, Client: client, Fixed: fixed}, Topics: client,
		Retention: 168 * time.Hour,
		Largest:   producertest.NoLargest}
	serve := func(connection string) {
		v.server = httptest.NewServer(web.New(webtest.Complete(web.Options{Doctor: doctor,
			Producers: &control.Producers{Directory: producertest.Directory{{Name: "one", Settings: producer.Config{Connection: connection, Routes: []producer.Route{{Topic: "good"}}, Prefix: "tx"}}}}})))
		t.Cleanup(v.server.Close)
	}
	serve("")

	v.run(1, "", []string{"doctor"}, "does not exist", "urncast topic create good")
	v.run(0, "", []string{"topic", "create", "good"}, "created topic good with 1 partition", "cleanup.policy=compact")
	v.run(1, "", []string{"topic", "create", "good"}, "exists already")
	v.run(1, "", []string{"doctor", "--all"}, "replication-factor: ", "ok ")
	v.run(1, "", []string{"doctor", "--topic", "bad"}, "error", "cleanup.policy=delete", "kafka-configs --bootstrap-server", "--add-config cleanup.policy=compact")
	v.run(1, "", []string{"doctor", "--topic", "bad", "--fix", "cleanup-policy"}, "cleanup.policy is now compact; it was delete", "tombstones")
	v.run(1, "", []string{"doctor", "--topic", "bad", "--fix"}, "delete.retention.ms is now 604800000")
	v.run(1, "", []string{"doctor", "--topic", "bad", "--fix"}, "Nothing was changed")
	v.run(1, "", []string{"doctor", "--topic", "bad", "--json"}, `"id":"cleanup-policy"`)
	v.run(2, "", []string{"doctor", "cleanup-policy"}, "say --fix")

	// A topic is made where its producer publishes, or where it is said.
	serve("other")
	v.run(1, "", []string{"topic", "create", "good"}, "Connection other is not defined")
	v.run(1, "", []string{"topic", "create", "free"}, "Connection other is not defined")
	v.run(0, "", []string{"topic", "create", "free", "--connection", "default"}, "created topic free")
	v.run(1, "", []string{"topic", "create", "more", "--connection", "third"}, "Connection third is not defined")
}

// A topic is made over the connection of the producer for which it is, whose limits count:
// over the default one the doctor would warn of it afterwards.
func TestTopicCreateTakesTheProducersConnection(t *testing.T) {
	one := control.Status{Name: "one", Settings: producer.Config{Connection: "wide", Prefix: "px"}}
	all := []control.Status{one}
	var asked diagnosis.NewTopic
	var mu sync.Mutex // for the server's goroutines
	mux := http.NewServeMux()
	mux.HandleFunc("GET /api/v1/producers", func(w http.ResponseWriter, _ *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		_ = json.NewEncoder(w).Encode(all)
	})
	mux.HandleFunc("GET /api/v1/producers/{name}", func(w http.ResponseWriter, _ *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		_ = json.NewEncoder(w).Encode(all[0])
	})
	mux.HandleFunc("POST /api/v1/topics", func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		asked = diagnosis.NewTopic{}
		_ = json.NewDecoder(r.Body).Decode(&asked)
		w.WriteHeader(http.StatusCreated)
		_ = json.NewEncoder(w).Encode(diagnosis.MadeTopic{Topic: asked.Topic, Partitions: 1})
	})
	v := newVerbs(t)
	v.server = httptest.NewServer(mux)
	t.Cleanup(v.server.Close)
	v.run(0, "", []string{"topic", "create", "t"}, "created topic t")
	taken := func(producers ...control.Status) diagnosis.NewTopic {
		mu.Lock()
		defer mu.Unlock()
		all = producers
		return asked
	}
	if got := taken(one, control.Status{Name: "two"}); got.Connection != "wide" || got.Prefix != "px" {
		t.Errorf("for the only producer it asked for %+v", got)
	}
	v.run(1, "", []string{"topic", "create", "t"}, "several producers", "one, two")
	v.run(0, "", []string{"topic", "create", "t", "--producer", "one"}, "created topic t")
	if got := taken(); got.Connection != "wide" {
		t.Errorf("for a named producer it asked for %+v", got)
	}
	v.run(0, "", []string{"topic", "create", "t"}, "created topic t")
	if got := taken(); got.Connection != "" {
		t.Errorf("without a producer it asked for %+v", got)
	}
}
