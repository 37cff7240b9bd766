package integration

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"urncast/integration/rig"
	"urncast/integration/topiccheck"
)

// A tail is an urncast tail --json that runs, with its output in the file log.
type tail struct {
	t       *testing.T
	log     string
	process *rig.Process
}

func (w *world) tail(args ...string) *tail {
	w.t.Helper()
	x := &tail{t: w.t, log: filepath.Join(w.t.TempDir(), "tail.log")}
	var err error
	if x.process, err = w.product.Verb(x.log, append([]string{"tail", "--json"}, args...)...); err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(x.process.Kill)
	return x
}

// A tailLine is a message as a line of the output shows it.
type tailLine struct {
	Offset                       int64
	Transaction, Position, Count string
	URN                          string
	Bytes                        int
}

// lines returns the messages that it has printed, and all other text that it has printed.
func (x *tail) lines() (messages []tailLine, words string) {
	x.t.Helper()
	text, err := os.ReadFile(x.log)
	if err != nil {
		x.t.Fatal(err)
	}
	for line := range bytes.Lines(text) {
		var m tailLine
		if err := json.Unmarshal(line, &m); err == nil && line[len(line)-1] == '\n' {
			messages = append(messages, m)
		} else if line[0] != '{' {
			words += string(line)
		}
	}
	return messages, words
}

// await waits until the output is as wanted; what names that for the log.
func (x *tail) await(what string, patience time.Duration, wanted func(messages []tailLine, words string) bool) {
	x.t.Helper()
	began := time.Now()
	for ; time.Since(began) < patience; time.Sleep(20 * time.Millisecond) {
		if wanted(x.lines()) {
			x.t.Logf("%s after %s", what, time.Since(began).Round(10*time.Millisecond))
			return
		}
	}
	messages, words := x.lines()
	x.t.Fatalf("%s: not within %s; the tail has printed %d messages and the text %q", what, patience, len(messages), words)
}

// wantAll waits until it has shown as many messages as the topic has, and checks that they are
// the same.
func (x *tail) wantAll(w *world) {
	w.t.Helper()
	l, err := topiccheck.Read(w.t.Context(), w.kafka.Bootstrap(), w.topic)
	if err != nil {
		w.t.Fatal(err)
	}
	x.await("all messages", 20*time.Second, func(m []tailLine, _ string) bool { return len(m) >= len(l.Messages) })
	messages, _ := x.lines()
	for i, m := range messages {
		if i >= len(l.Messages) {
			w.t.Fatalf("the tail shows %d messages, the topic has %d", len(messages), len(l.Messages))
		}
		is := l.Messages[i]
		if m.Offset != is.Offset || m.URN != is.Key || m.Transaction != fmt.Sprint(is.Number) || m.Position != fmt.Sprint(is.Position) || m.Bytes != len(is.Value) {
			w.t.Fatalf("message %d: the tail shows %+v, the topic has %s at offset %d", i, m, is.Key, is.Offset)
		}
	}
}

func (w *world) submitSome(prefix string, n int) {
	w.t.Helper()
	for i := range n {
		lists := []rig.Codelist{{ID: fmt.Sprintf("%s_%d", prefix, i), Name: "One", Codes: 3}, {ID: fmt.Sprintf("%s_%d_B", prefix, i), Name: "Two", Codes: 1}}
		if err := w.submit(http.MethodPost, "/sdmx/v2/structure", rig.Message(lists...)); err != nil {
			w.t.Fatal(err)
		}
	}
}

// failsWithin is how long urncast tail and verify may take until they report what is wrong.
const failsWithin = 10 * time.Second

// wantCommandFails checks that an urncast command fails within failsWithin, prints the words
// and prints no secret.
func (w *world) wantCommandFails(args []string, words ...string) {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.t.Context(), 2*failsWithin)
	defer cancel()
	began := time.Now()
	out, err := w.product.Run(ctx, args...)
	took := time.Since(began).Round(10 * time.Millisecond)
	w.t.Logf("urncast %s, %s: %s", strings.Join(args, " "), took, strings.TrimSpace(out))
	if err == nil || took > failsWithin {
		w.t.Errorf("urncast %s ended after %s with %v, want an error within %s", strings.Join(args, " "), took, err, failsWithin)
	}
	for _, want := range words {
		if !strings.Contains(out, want) {
			w.t.Errorf("urncast %s does not print %q: %s", strings.Join(args, " "), want, out)
		}
	}
	for _, secret := range []string{alicesPassword, alicesSecret} {
		if strings.Contains(out, secret) {
			w.t.Errorf("urncast %s prints a secret", strings.Join(args, " "))
		}
	}
}

// urncast tail and verify read a cluster that requires TLS and a login through the registry,
// which holds the connection. tail shows what was published, verify confirms it, and both
// report what is wrong.
func TestReaders(t *testing.T) {
	t.Parallel()
	s := startSecured(t)
	t.Run("refused", s.readRefused)
	t.Run("missing", s.readMissing)
	t.Run("several", s.readSeveral)
	t.Run("configurations", s.readConfigs)
	t.Run("past the registry", s.readPast)
	t.Run("away", s.readAway)
}

// readConfigs reads with each configuration of a secured connection.
func (s *secured) readConfigs(t *testing.T) {
	var rows sync.WaitGroup
	for _, v := range s.clientConfigs() {
		rows.Go(func() {
			t.Run(v.name, func(t *testing.T) {
				w := s.newWorld(t, v)
				w.command("start", "idle")
				w.await(func(p producerStatus) bool { return p.Started && p.State == "IDLE" })
				x := w.tail()
				w.submitSome("CL_WAY", 5)
				w.settle()
				x.wantAll(w)
				if out, err := w.product.Run(t.Context(), "verify"); err != nil || strings.Count(out, "proven  ") != 7 {
					t.Errorf("urncast verify: %v\n%s", err, out)
				}
			})
		})
	}
	rows.Wait()
}

// readRefused checks that both commands report a login or a certificate that is refused.
func (s *secured) readRefused(t *testing.T) {
	for _, c := range []struct {
		clientConfig
		words string
	}{
		{clientConfig{"wrong password", rig.SASLTLS, s.login("sasl_ssl", "SCRAM-SHA-512", "no")}, "Check username and password"},
		{clientConfig{"foreign authority", rig.TLS, []string{"security.protocol=ssl", "ssl.ca.location=" + s.foreign.File}}, "urncast rig CA"},
		{clientConfig{"no client certificate", rig.MutualTLS, s.trusting()}, "client certificate"},
		{clientConfig{"wrong client secret", rig.SASLTLS, s.bearer(s.tokens.HTTP, "no")}, "invalid_client"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := s.newWorld(t, c.clientConfig)
			w.wantCommandFails([]string{"tail"}, c.words)
			w.wantCommandFails([]string{"verify"}, c.words)
		})
	}
}

// readMissing reads a topic that does not exist, and one that no producer publishes to.
func (s *secured) readMissing(t *testing.T) {
	w := s.newWorld(t, clientConfig{"", rig.SASLTLS, s.login("sasl_ssl", "SCRAM-SHA-512", alicesPassword)})
	w.wantCommandFails([]string{"tail", "--topic", "other"}, "does not publish to topic other", w.topic)
	w.wantCommandFails([]string{"verify", "--from-baseline"}, "holds no baseline", "--from-baseline")
	s.DeleteTopic(t, w.topic)
	w.wantCommandFails([]string{"tail"}, w.topic)
	w.wantCommandFails([]string{"verify"}, w.topic)
}

// readSeveral starts as many tails as one user may have. Each shows everything, one more is
// refused with a message, and those that are killed leave no Kafka consumer behind.
func (s *secured) readSeveral(t *testing.T) {
	const most = 4
	w := s.newWorld(t, clientConfig{"", rig.SASLTLS, s.login("sasl_ssl", "SCRAM-SHA-512", alicesPassword)})
	w.command("start", "idle")
	w.await(func(p producerStatus) bool { return p.Started && p.State == "IDLE" })
	w.submitSome("CL_BEFORE", 3)
	w.settle()
	before := w.clientThreads()
	var tails []*tail
	for range most {
		tails = append(tails, w.tail())
	}
	for _, x := range tails {
		x.wantAll(w)
	}
	w.submitSome("CL_DURING", 3)
	w.settle()
	for _, x := range tails {
		x.wantAll(w)
	}
	w.wantCommandFails([]string{"tail"}, "You have 4 streams")
	during := w.clientThreads()
	for _, x := range tails {
		x.process.Kill()
	}
	deadline := time.Now().Add(20 * time.Second)
	for w.clientThreads() > before && time.Now().Before(deadline) {
		time.Sleep(50 * time.Millisecond)
	}
	if after := w.clientThreads(); after > before || during < before+most {
		t.Errorf("the client had %d threads before, %d with %d tails, %d after they were killed", before, during, most, after)
	}
	w.tail().wantAll(w)
}

// clientThreads returns the number of threads of librdkafka in the instance's process: each
// consumer has some.
func (w *world) clientThreads() (n int) {
	w.t.Helper()
	names, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/comm", w.product.Process().PID()))
	if err != nil {
		w.t.Fatal(err)
	}
	for _, name := range names {
		if b, err := os.ReadFile(name); err == nil && strings.HasPrefix(string(b), "rdk:") {
			n++
		}
	}
	return n
}

// readPast reads from brokers directly instead of through the registry: from a list of
// servers, and with a properties file as Kafka's own tools take it.
func (s *secured) readPast(t *testing.T) {
	w := s.newWorld(t, clientConfig{"", rig.SASLTLS, s.login("sasl_ssl", "SCRAM-SHA-512", alicesPassword)})
	w.command("start", "idle")
	w.await(func(p producerStatus) bool { return p.Started && p.State == "IDLE" })
	w.submitSome("CL_PAST", 3)
	w.settle()
	config := filepath.Join(t.TempDir(), "client.properties")
	text := "bootstrap.servers=" + s.Address(rig.SASLTLS) + "\nsecurity.protocol=SASL_SSL\nsasl.mechanism=SCRAM-SHA-256\n" +
		"ssl.truststore.type=PEM\nssl.truststore.location=" + s.authority.File + "\nsasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required \\\n" +
		"  username=\"alice\" password=\"" + alicesPassword + "\";\n"
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, how := range [][]string{{"--bootstrap", "localhost:1," + s.Bootstrap() + "," + s.Bootstrap()}, {"--command-config", config}} {
		w.tail(how...).wantAll(w)
		if out, err := w.product.Run(t.Context(), append([]string{"verify"}, how...)...); err != nil || strings.Count(out, "proven  ") != 7 {
			t.Errorf("urncast verify %s: %v\n%s", how, err, out)
		}
	}
	w.wantCommandFails([]string{"tail", "--topic", w.topic, "--bootstrap", "localhost:1,127.0.0.1:1"}, "refuses the connection")
	w.wantCommandFails([]string{"tail", "--topic", "never-made", "--bootstrap", s.Bootstrap()}, "opic never-made does not exist")
}

// readAway stops the cluster and later the registry. A tail reports each, and then continues
// where it was, so that it shows no message twice and omits none.
func (s *secured) readAway(t *testing.T) {
	w := s.newWorld(t, clientConfig{"", rig.SASLTLS, s.login("sasl_ssl", "SCRAM-SHA-512", alicesPassword)})
	w.command("start", "idle")
	w.await(func(p producerStatus) bool { return p.Started && p.State == "IDLE" })
	w.submitSome("CL_FIRST", 3)
	w.settle()
	x, past, ends := w.tail(), w.tail("--bootstrap", s.Bootstrap()), w.tail("--no-from-start")
	x.wantAll(w)
	past.wantAll(w)
	time.Sleep(3 * time.Second) // until the tail that shows only new messages has begun

	s.Kill()
	for _, one := range []*tail{x, past, ends} {
		one.await("broker away", 2*failsWithin, func(_ []tailLine, words string) bool { return strings.Contains(words, "refuses the connection") })
	}
	w.wantCommandFails([]string{"tail"}, "refuses the connection")
	w.wantCommandFails([]string{"verify"}, "refuses the connection")
	w.submitSome("CL_AWAY", 3)
	if err := s.Start(); err != nil {
		t.Fatal(err)
	}
	w.settle()
	x.wantAll(w)
	past.wantAll(w)

	w.product.Kill()
	x.await("registry away", failsWithin, func(_ []tailLine, words string) bool { return strings.Contains(words, w.product.URL) })
	w.start()
	w.submitSome("CL_AGAIN", 3)
	w.settle()
	x.wantAll(w)
	ends.await("only what came later", 20*time.Second, func(m []tailLine, _ string) bool {
		return len(m) == 12 && strings.Contains(m[0].URN, "CL_AWAY_0") && strings.Contains(m[11].URN, "CL_AGAIN_2_B")
	})
	w.product.Kill()
	w.wantCommandFails([]string{"tail"}, "does not answer")
}
