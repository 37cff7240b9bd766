package integration

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kmsg"

	"urncast/integration/rig"
	"urncast/integration/rig/pg"
)

// strict is a broker that refuses what a user was not allowed, and requests of more
// bytes than socketMost.
type strict struct {
	*rig.Kafka
	postgres *pg.Server
}

// socketMost is the broker's socket.request.max.bytes.
const socketMost = 400_000

// Each fault is met on a real broker: the producer is in the state and says the
// words that it should, and when the cause is gone, nothing is lost or doubled. One
// broker serves all, for each is a JVM.
func TestFaults(t *testing.T) {
	t.Parallel()
	s := &strict{postgres: pg.Shared(t)}
	s.Kafka = rig.StartSecureKafka(t, rig.Secure{Authority: rig.NewAuthority(t), ACLs: true, Users: map[string]string{"alice": "a", "bob": "b", "carol": "c", "admin": "d"},
		Properties: []string{fmt.Sprintf("socket.request.max.bytes=%d", socketMost)}})
	for name, run := range map[string]func(*testing.T, *strict){
		"skip":                         skippedByHand,
		"no right to the topic":        noTopicRight,
		"no right to the id":           noIDRight,
		"too large for the connection": tooLargeForTheSocket,
		"too large for the client":     tooLargeForTheClient,
		"small batches":                smallBatches,
		"topic deleted":                topicDeleted,
		"commit timed out":             commitTimedOut,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			run(t, s)
		})
	}
}

// of makes a world of a user's, with the rights that publishing needs, that is started.
func (s *strict) of(t *testing.T, user, password string) *world {
	t.Helper()
	w := newStoppedWorld(t, s.Kafka, s.postgres, s.Address(rig.SASL), "security.protocol=sasl_plaintext", "sasl.mechanism=PLAIN",
		"sasl.username="+user, "sasl.password="+password)
	s.Grant(t, rig.Publishing(user, w.topic, "tx-")...)
	w.command("start", "idle")
	w.await(func(p producerStatus) bool { return p.Started && p.State == "IDLE" })
	return w
}

// failed waits until the producer has failed, and asserts what it says.
func (w *world) failed(words ...string) producerStatus {
	w.t.Helper()
	p := w.await(func(p producerStatus) bool { return p.State == "FAILED" })
	w.says(p, words...)
	return p
}

func (w *world) says(p producerStatus, words ...string) {
	w.t.Helper()
	w.t.Logf("%s: %s", p.State, p.Reason)
	for _, want := range words {
		if !strings.Contains(p.Reason, want) {
			w.t.Errorf("%q does not say %q", p.Reason, want)
		}
	}
}

func (w *world) replace(lists ...rig.Codelist) {
	w.t.Helper()
	if err := w.submit(http.MethodPost, "/sdmx/v2/structure", rig.Message(lists...)); err != nil {
		w.t.Fatal(err)
	}
}

func skippedByHand(t *testing.T, s *strict) {
	w := newWorld(t, s.Kafka, s.postgres, s.Bootstrap())
	s.SetTopic(t, w.topic, "max.message.bytes", "20000")
	w.replace(rig.Codelist{ID: "CL_A", Name: "A", Codes: 1})
	w.replace(rig.Codelist{ID: "CL_LARGE", Name: "Large", Codes: 1000})
	w.replace(rig.Codelist{ID: "CL_A", Name: "Second", Codes: 1})
	w.failed("transaction 2", "CL_LARGE(1.0)", w.topic, "max.message.bytes")
	refused := func(want string, args ...string) {
		t.Helper()
		if out, err := w.product.Run(t.Context(), append([]string{"producer", "skip", "--yes"}, args...)...); err == nil || !strings.Contains(out, want) {
			t.Errorf("skip %v: %v %s; want %q", args, err, out, want)
		}
	}
	refused("only that one", "3", "--reason", "why")
	refused("needs a reason", "2", "--reason", " ")
	if out, err := w.product.Run(t.Context(), "producer", "skip", "--yes", "2", "--reason", "It is a test."); err != nil {
		t.Fatalf("%v %s", err, out)
	}
	w.settle()
	refused("the producer is IDLE", "2", "--reason", "why")
	var tx struct {
		Publications []struct{ Status, Reason, User string }
	}
	if err := w.product.JSON("/api/v1/transactions/2", &tx); err != nil || tx.Publications[0].Status != "SKIPPED" || tx.Publications[0].Reason != "It is a test." || tx.Publications[0].User != "admin" {
		t.Errorf("transaction 2 is %+v, %v", tx, err)
	}
	if out, err := w.product.Run(t.Context(), "verify", "--bootstrap", s.Bootstrap()); err != nil || !strings.Contains(out, "transaction 2 was skipped by admin: It is a test.") {
		t.Errorf("verify: %v\n%s", err, out)
	}
	w.replace(rig.Codelist{ID: "CL_LARGE", Name: "Short", Codes: 1})
	w.settle()
	w.check() // which knows of absent transactions only what the header says

	// Replaces and deletes of one submission go together.
	if err := w.submit(http.MethodPost, "/sdmx/v2/structure?action=full-replace", rig.Message(rig.Codelist{ID: "CL_LARGE", Name: "Large", Codes: 1000})); err != nil {
		t.Fatal(err)
	}
	w.failed("transaction 5")
	if out, err := w.product.Run(t.Context(), "producer", "skip", "--yes", "5", "--reason", "It is a pair."); err != nil {
		t.Fatalf("%v %s", err, out)
	}
	w.settle()
	for n := 5; n <= 6; n++ {
		if err := w.product.JSON(fmt.Sprintf("/api/v1/transactions/%d", n), &tx); err != nil || tx.Publications[0].Status != "SKIPPED" || tx.Publications[0].Reason != "It is a pair." {
			t.Errorf("transaction %d is %+v, %v", n, tx, err)
		}
	}
	w.replace(rig.Codelist{ID: "CL_A", Name: "A again", Codes: 1}, rig.Codelist{ID: "CL_LARGE", Name: "Short again", Codes: 1})
	w.settle()
	w.check()
}

func noTopicRight(t *testing.T, s *strict) {
	w := s.of(t, "alice", "a")
	w.replace(rig.Codelist{ID: "CL_A", Name: "A", Codes: 1})
	w.settle()
	write := rig.TopicRight("alice", w.topic, kmsg.ACLOperationWrite)
	s.Revoke(t, write)
	w.replace(rig.Codelist{ID: "CL_B", Name: "B", Codes: 1})
	w.failed("transaction 2", w.topic, "grant WRITE")
	s.Grant(t, write)
	w.command("start", "")
	w.settle()
	w.check()
}

func noIDRight(t *testing.T, s *strict) {
	w := s.of(t, "bob", "b")
	w.replace(rig.Codelist{ID: "CL_A", Name: "A", Codes: 1})
	w.settle()
	deny := rig.TransactionalRight("bob", "tx-", kmsg.ACLOperationWrite)
	deny.Deny = true
	s.Grant(t, deny)
	w.replace(rig.Codelist{ID: "CL_B", Name: "B", Codes: 1})
	w.failed("transaction 2", "transactional ids", "grant WRITE and DESCRIBE")
	s.Revoke(t, deny)
	w.command("start", "")
	w.settle()
	w.check()
}

func topicDeleted(t *testing.T, s *strict) {
	w := s.of(t, "carol", "c") // who may create no topic
	w.replace(rig.Codelist{ID: "CL_A", Name: "A", Codes: 1})
	w.settle()
	s.DeleteTopic(t, w.topic)
	w.replace(rig.Codelist{ID: "CL_B", Name: "B", Codes: 1})
	w.failed(w.topic, "create the topic, or grant CREATE")
	s.CreateTopic(t, w.topic, "cleanup.policy=compact")
	w.command("start", "")
	p := w.await(func(p producerStatus) bool { return p.State == "STOPPED" && len(p.Ask) > 0 })
	w.says(p, w.topic, "made anew")
	w.command("start", "baseline")
	w.settle()
	w.replace(rig.Codelist{ID: "CL_B", Name: "Second", Codes: 1})
	w.settle()
	w.checkReplica()
	if out, err := w.product.Run(t.Context(), "verify", "--from-baseline", "--bootstrap", s.Bootstrap()); err != nil {
		t.Errorf("verify: %v\n%s", err, out)
	}
}

// warned submits a codelist, and gives what the answer warns of.
func (w *world) warned(query string, list rig.Codelist) string {
	w.t.Helper()
	status, body, err := w.product.Do(http.MethodPost, "/sdmx/v2/structure"+query, "application/xml", rig.Message(list))
	var answer struct{ Warnings []struct{ Text string } }
	if err == nil {
		err = json.Unmarshal(body, &answer)
	}
	if err != nil || status >= 300 {
		w.t.Fatalf("%d %s %v", status, body, err)
	}
	var texts []string
	for _, x := range answer.Warnings {
		texts = append(texts, x.Text)
	}
	return strings.Join(texts, "\n")
}

// That a structure will not fit is known at a dry run, and said with its answer.
func tooLargeForTheSocket(t *testing.T, s *strict) {
	w := newWorld(t, s.Kafka, s.postgres, s.Bootstrap())
	small, large := rig.Codelist{ID: "CL_A", Name: "A", Codes: 1}, rig.Codelist{ID: "CL_LARGE", Name: "Large", Codes: 6000}
	if text := w.warned("?dryRun=true", small); text != "" {
		t.Errorf("what fits was warned of: %s", text)
	}
	for _, query := range []string{"?dryRun=true", ""} {
		text := w.warned(query, large)
		for _, want := range []string{large.URN(), w.topic, fmt.Sprintf("socket.request.max.bytes=%d", socketMost)} {
			if !strings.Contains(text, want) {
				t.Errorf("%q: %q does not say %q", query, text, want)
			}
		}
	}
	w.failed("transaction 1", large.URN(), "socket.request.max.bytes")
	if out, err := w.product.Run(t.Context(), "producer", "skip", "--yes", "1", "--reason", "too large"); err != nil {
		t.Fatalf("%v %s", err, out)
	}
	large.Codes = 10
	w.replace(large)
	w.settle()
	w.check()
}

// The client's own limit is known before anything is connected to.
func tooLargeForTheClient(t *testing.T, s *strict) {
	w := newWorld(t, s.Kafka, s.postgres, s.Bootstrap(), "max.request.size=20000")
	large := rig.Codelist{ID: "CL_LARGE", Name: "Large", Codes: 1000}
	if text := w.warned("?dryRun=true", large); !strings.Contains(text, large.URN()) || !strings.Contains(text, "max.request.size=20000") {
		t.Errorf("the dry run warns of %q", text)
	}
	w.replace(large)
	w.failed("transaction 1", large.URN(), w.topic, "max.request.size=20000")
	w.product.Kill()
	w.settings.Kafka = nil
	w.product = rig.NewProduct(t, w.settings)
	w.start() // with the limit raised, which is a restart: it sends what waits
	w.settle()
	w.check()
}

func commitTimedOut(t *testing.T, s *strict) {
	w := newWorld(t, s.Kafka, s.postgres, s.Kafka.Proxy.Address())
	w.replace(rig.Codelist{ID: "CL_A", Name: "A", Codes: 1})
	w.settle()
	hold, held := make(chan struct{}), make(chan struct{}, 100)
	s.Kafka.Proxy.Rule(func(r rig.Request) rig.Ruling {
		if r.Key == rig.EndTxn {
			held <- struct{}{}
			return rig.Ruling{Hold: hold}
		}
		return rig.Ruling{}
	})
	w.replace(rig.Codelist{ID: "CL_B", Name: "B", Codes: 1})
	<-held
	w.awaitFor(30*time.Second, func(p producerStatus) bool { return p.State == "RECOVERING" })
	if log, err := os.ReadFile(w.product.Log); err != nil || !strings.Contains(string(log), "while committing") {
		t.Errorf("the log does not say that the commit timed out: %v", err)
	}
	s.Kafka.Proxy.Rule(nil)
	close(hold)
	w.settle()
	w.check()
}

// A broker whose disk is full stops, and nothing is decided without it: the producer
// waits, and goes on by itself when the broker is there again.
func TestDiskFull(t *testing.T) {
	t.Parallel()
	disk, err := rig.NewDisk(t, 64)
	if err != nil {
		t.Skip(err)
	}
	k := rig.StartSecureKafka(t, rig.Secure{Authority: rig.NewAuthority(t), Properties: []string{"log.dirs=" + filepath.Join(disk.Dir, "data")}})
	w := newWorld(t, k, pg.Shared(t), k.Bootstrap())
	w.replace(rig.Codelist{ID: "CL_A", Name: "A", Codes: 1})
	w.settle()
	full, end := context.WithCancel(t.Context())
	filled := make(chan error, 1)
	go func() { filled <- disk.Fill(full) }()
	for i := range 5 {
		w.replace(rig.Codelist{ID: fmt.Sprintf("CL_%d", i), Name: "Large", Codes: 1000})
	}
	p := w.await(func(p producerStatus) bool { return p.State == "DEGRADED" })
	w.says(p, "What is pending is kept")
	if p.Pending == 0 {
		t.Error("on a full disk everything was sent: the test has shown nothing")
	}
	k.Kill() // if it has not ended
	end()
	if err := <-filled; err != nil {
		t.Fatal(err)
	}
	if err := k.Start(); err != nil {
		t.Fatal(err)
	}
	w.settle()
	w.check()
}
