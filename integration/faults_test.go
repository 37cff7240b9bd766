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

// strict is a broker with access control lists that also rejects requests of more than
// socketMost bytes.
type strict struct {
	*rig.Kafka
	postgres *pg.Server
}

// socketMost is the broker's socket.request.max.bytes.
const socketMost = 400_000

// Each fault is caused on a real broker. The producer must be in the right state with the
// right words in its reason, and once the cause is gone nothing is lost or duplicated. All
// cases share one broker, because each broker is a JVM.
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

// worldOf makes a world that connects as a user with the rights that publishing needs, and
// starts its producer idle.
func (s *strict) worldOf(t *testing.T, user, password string) *world {
	t.Helper()
	w := newStoppedWorld(t, s.Kafka, s.postgres, s.Address(rig.SASL), "security.protocol=sasl_plaintext", "sasl.mechanism=PLAIN",
		"sasl.username="+user, "sasl.password="+password)
	s.Grant(t, rig.Publishing(user, w.topic, "tx-")...)
	w.command("start", "idle")
	w.await(func(p producerStatus) bool { return p.Started && p.State == "IDLE" })
	return w
}

// wantFailed waits until the producer is FAILED, and checks that its reason contains words.
func (w *world) wantFailed(words ...string) producerStatus {
	w.t.Helper()
	p := w.await(func(p producerStatus) bool { return p.State == "FAILED" })
	w.wantReason(p, words...)
	return p
}

// wantReason checks that the producer's reason contains words.
func (w *world) wantReason(p producerStatus, words ...string) {
	w.t.Helper()
	w.t.Logf("%s: %s", p.State, p.Reason)
	for _, want := range words {
		if !strings.Contains(p.Reason, want) {
			w.t.Errorf("the reason %q does not contain %q", p.Reason, want)
		}
	}
}

// replace submits codelists, which must be accepted.
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
	w.wantFailed("transaction 2", "CL_LARGE(1.0)", w.topic, "max.message.bytes")
	refused := func(want string, args ...string) {
		t.Helper()
		if out, err := w.product.Run(t.Context(), append([]string{"producer", "skip", "--yes"}, args...)...); err == nil || !strings.Contains(out, want) {
			t.Errorf("urncast producer skip %v: %v %s, want an error that contains %q", args, err, out, want)
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
		t.Errorf("transaction 2 is %+v, %v, want it SKIPPED by admin with the reason of the command", tx, err)
	}
	if out, err := w.product.Run(t.Context(), "verify", "--bootstrap", s.Bootstrap()); err != nil || !strings.Contains(out, "transaction 2 was skipped by admin: It is a test.") {
		t.Errorf("verify: %v\n%s", err, out)
	}
	w.replace(rig.Codelist{ID: "CL_LARGE", Name: "Short", Codes: 1})
	w.settle()
	w.check() // it learns of skipped transactions only from the header urncast-skipped

	// The replaces and deletes of one submission are skipped together.
	if err := w.submit(http.MethodPost, "/sdmx/v2/structure?action=full-replace", rig.Message(rig.Codelist{ID: "CL_LARGE", Name: "Large", Codes: 1000})); err != nil {
		t.Fatal(err)
	}
	w.wantFailed("transaction 5")
	if out, err := w.product.Run(t.Context(), "producer", "skip", "--yes", "5", "--reason", "It is a pair."); err != nil {
		t.Fatalf("%v %s", err, out)
	}
	w.settle()
	for n := 5; n <= 6; n++ {
		if err := w.product.JSON(fmt.Sprintf("/api/v1/transactions/%d", n), &tx); err != nil || tx.Publications[0].Status != "SKIPPED" || tx.Publications[0].Reason != "It is a pair." {
			t.Errorf("transaction %d is %+v, %v, want it SKIPPED with the reason of the command", n, tx, err)
		}
	}
	w.replace(rig.Codelist{ID: "CL_A", Name: "A again", Codes: 1}, rig.Codelist{ID: "CL_LARGE", Name: "Short again", Codes: 1})
	w.settle()
	w.check()
}

func noTopicRight(t *testing.T, s *strict) {
	w := s.worldOf(t, "alice", "a")
	w.replace(rig.Codelist{ID: "CL_A", Name: "A", Codes: 1})
	w.settle()
	write := rig.TopicRight("alice", w.topic, kmsg.ACLOperationWrite)
	s.Revoke(t, write)
	w.replace(rig.Codelist{ID: "CL_B", Name: "B", Codes: 1})
	w.wantFailed("transaction 2", w.topic, "Grant WRITE")
	s.Grant(t, write)
	w.command("start", "")
	w.settle()
	w.check()
}

func noIDRight(t *testing.T, s *strict) {
	w := s.worldOf(t, "bob", "b")
	w.replace(rig.Codelist{ID: "CL_A", Name: "A", Codes: 1})
	w.settle()
	deny := rig.TransactionalRight("bob", "tx-", kmsg.ACLOperationWrite)
	deny.Deny = true
	s.Grant(t, deny)
	w.replace(rig.Codelist{ID: "CL_B", Name: "B", Codes: 1})
	w.wantFailed("transaction 2", "transactional ids", "Grant WRITE and DESCRIBE")
	s.Revoke(t, deny)
	w.command("start", "")
	w.settle()
	w.check()
}

func topicDeleted(t *testing.T, s *strict) {
	w := s.worldOf(t, "carol", "c") // carol has no right to create topics
	w.replace(rig.Codelist{ID: "CL_A", Name: "A", Codes: 1})
	w.settle()
	s.DeleteTopic(t, w.topic)
	w.replace(rig.Codelist{ID: "CL_B", Name: "B", Codes: 1})
	w.wantFailed(w.topic, "Create the topic, or grant CREATE")
	s.CreateTopic(t, w.topic, "cleanup.policy=compact")
	w.command("start", "")
	p := w.await(func(p producerStatus) bool { return p.State == "STOPPED" && len(p.Ask) > 0 })
	w.wantReason(p, w.topic, "made anew")
	w.command("start", "baseline")
	w.settle()
	w.replace(rig.Codelist{ID: "CL_B", Name: "Second", Codes: 1})
	w.settle()
	w.checkReplica()
	if out, err := w.product.Run(t.Context(), "verify", "--from-baseline", "--bootstrap", s.Bootstrap()); err != nil {
		t.Errorf("verify: %v\n%s", err, out)
	}
}

// warningsFor submits a codelist and returns the warnings of the response.
func (w *world) warningsFor(query string, list rig.Codelist) string {
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

// tooLargeForTheSocket submits a structure that the broker will reject as too large. A dry run
// and the submission must both warn of that.
func tooLargeForTheSocket(t *testing.T, s *strict) {
	w := newWorld(t, s.Kafka, s.postgres, s.Bootstrap())
	small, large := rig.Codelist{ID: "CL_A", Name: "A", Codes: 1}, rig.Codelist{ID: "CL_LARGE", Name: "Large", Codes: 6000}
	if text := w.warningsFor("?dryRun=true", small); text != "" {
		t.Errorf("a codelist that fits got the warning %s", text)
	}
	for _, query := range []string{"?dryRun=true", ""} {
		text := w.warningsFor(query, large)
		for _, want := range []string{large.URN(), w.topic, fmt.Sprintf("socket.request.max.bytes=%d", socketMost)} {
			if !strings.Contains(text, want) {
				t.Errorf("with query %q the warning %q does not contain %q", query, text, want)
			}
		}
	}
	w.wantFailed("transaction 1", large.URN(), "socket.request.max.bytes")
	if out, err := w.product.Run(t.Context(), "producer", "skip", "--yes", "1", "--reason", "too large"); err != nil {
		t.Fatalf("%v %s", err, out)
	}
	large.Codes = 10
	w.replace(large)
	w.settle()
	w.check()
}

// tooLargeForTheClient submits a structure that is larger than the client's max.request.size.
// The dry run warns of that without a connection to the broker.
func tooLargeForTheClient(t *testing.T, s *strict) {
	w := newWorld(t, s.Kafka, s.postgres, s.Bootstrap(), "max.request.size=20000")
	large := rig.Codelist{ID: "CL_LARGE", Name: "Large", Codes: 1000}
	if text := w.warningsFor("?dryRun=true", large); !strings.Contains(text, large.URN()) || !strings.Contains(text, "max.request.size=20000") {
		t.Errorf("the dry run warns %q, want a warning that names the structure and max.request.size", text)
	}
	w.replace(large)
	w.wantFailed("transaction 1", large.URN(), w.topic, "max.request.size=20000")
	w.product.Kill()
	w.settings.Kafka = nil
	w.product = rig.NewProduct(t, w.settings)
	w.start() // without the limit; a restart tries again, so the pending transaction is sent
	w.settle()
	w.check()
}

// commitTimedOut delays EndTxn requests until urncast gives the commit up. Its outcome is then
// unknown, and urncast recovers.
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

// A broker whose disk is full stops. The producer keeps what is pending, decides nothing while
// the broker is away, and publishes again without help once it is back.
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
	w.wantReason(p, "What is pending is kept")
	if p.Pending == 0 {
		t.Error("everything was sent in spite of the full disk: nothing was tested")
	}
	k.Kill() // unless the full disk has ended it
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
