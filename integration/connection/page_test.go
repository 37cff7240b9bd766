package connection

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"urncast/integration/rig"
	"urncast/integration/rig/pg"
)

// The page of a topic is answered in time and says so when an open transaction of another program
// hides the end: it shows what stands before that transaction, and everything once the transaction
// has ended.
func TestTopicPageEndsInTime(t *testing.T) {
	t.Parallel()
	k := rig.SharedKafka(t)
	topic := structures(t, k, "hidden")
	p := rig.NewProduct(t, rig.Settings{Database: pg.Shared(t).Database(t, "hidden"), Bootstrap: k.Bootstrap(), Topic: topic, Patience: time.Minute})
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	page := func(path string, want int, words ...string) {
		t.Helper()
		status, body, err := p.Get("/topics/" + topic + path)
		if err != nil || status != want {
			t.Fatalf("%s: %d %v, want %d", path, status, err, want)
		}
		for _, w := range words {
			if !strings.Contains(string(body), w) {
				t.Errorf("%s does not say %q", path, w)
			}
		}
	}
	l := newLooker(k, k.Bootstrap())
	w := l.writer(t, topic)
	w.commit("standing-before")
	page("", http.StatusOK)
	open := &writer{t, k.Client(t, kgo.TransactionalID("another"), kgo.DefaultProduceTopic(topic), kgo.TransactionTimeout(50*time.Second)), w.at}
	sent := open.send("standing-open")
	w.commit("standing-behind")
	began := time.Now()
	page("", http.StatusBadGateway, "another program&#39;s open transaction hides this part")
	if took := time.Since(began); took > 25*time.Second {
		t.Errorf("the page was complete only after %s", took)
	}
	page("/0", http.StatusOK, "standing-before")
	open.end(sent, kgo.TryCommit)
	page("/1", http.StatusOK, "standing-open")
	page("/3", http.StatusOK, "standing-behind")
}
