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

// A tail is urncast tail --json under way.
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

// A tailed is a line of it.
type tailed struct {
	Offset                       int64
	Transaction, Position, Count string
	URN                          string
	Bytes                        int
}

// lines are the messages, and apart from them the words, that it has printed.
func (x *tail) lines() (messages []tailed, words string) {
	x.t.Helper()
	text, err := os.ReadFile(x.log)
	if err != nil {
		x.t.Fatal(err)
	}
	for line := range bytes.Lines(text) {
		var m tailed
		if err := json.Unmarshal(line, &m); err == nil && line[len(line)-1] == '\n' {
			messages = append(messages, m)
		} else if line[0] != '{' {
			words += string(line)
		}
	}
	return messages, words
}

// await waits until it has printed what is wanted.
func (x *tail) await(what string, patience time.Duration, wanted func(messages []tailed, words string) bool) {
	x.t.Helper()
	began := time.Now()
	for ; time.Since(began) < patience; time.Sleep(20 * time.Millisecond) {
		if wanted(x.lines()) {
			x.t.Logf("%s after %s", what, time.Since(began).Round(10*time.Millisecond))
			return
		}
	}
	messages, words := x.lines()
	x.t.Fatalf("%s: not within %s; it printed %d messages and said %q", what, patience, len(messages), words)
}

// published waits until it has shown exactly what is on the topic.
func (x *tail) published(w *world) {
	w.t.Helper()
	l, err := topiccheck.Read(w.t.Context(), w.kafka.Bootstrap(), w.topic)
	if err != nil {
		w.t.Fatal(err)
	}
	x.await("all messages", 20*time.Second, func(m []tailed, _ string) bool { return len(m) >= len(l.Messages) })
	messages, _ := x.lines()
	for i, m := range messages {
		if i >= len(l.Messages) {
			w.t.Fatalf("it shows %d messages, the topic has %d", len(messages), len(l.Messages))
		}
		is := l.Messages[i]
		if m.Offset != is.Offset || m.URN != is.Key || m.Transaction != fmt.Sprint(is.Number) || m.Position != fmt.Sprint(is.Position) || m.Bytes != len(is.Value) {
			w.t.Fatalf("message %d: it shows %+v, the topic has %s at offset %d", i, m, is.Key, is.Offset)
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

// toldWithin is how long a reader may take to say in words what is wrong.
const toldWithin = 10 * time.Second

// refusedVerb asserts that a verb ends with words within seconds.
func (w *world) refusedVerb(args []string, words ...string) {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.t.Context(), 2*toldWithin)
	defer cancel()
	began := time.Now()
	out, err := w.product.Run(ctx, args...)
	took := time.Since(began).Round(10 * time.Millisecond)
	w.t.Logf("urncast %s, %s: %s", strings.Join(args, " "), took, strings.TrimSpace(out))
	if err == nil || took > toldWithin {
		w.t.Errorf("urncast %s ended after %s with %v", strings.Join(args, " "), took, err)
	}
	for _, want := range words {
		if !strings.Contains(out, want) {
			w.t.Errorf("urncast %s does not say %q: %s", strings.Join(args, " "), want, out)
		}
	}
	for _, secret := range []string{alicesPassword, alicesSecret} {
		if strings.Contains(out, secret) {
			w.t.Errorf("urncast %s gives a secret away", strings.Join(args, " "))
		}
	}
}

// A cluster that asks for TLS and a login is read through the registry, which has the
// connection: tail shows what was published, verify proves it, and what is wrong is told.
func TestReaders(t *testing.T) {
	t.Parallel()
	s := startSecured(t)
	t.Run("refused", s.readRefused)
	t.Run("missing", s.readMissing)
	t.Run("several", s.readSeveral)
	t.Run("ways", s.readWays)
	t.Run("past the registry", s.readPast)
	t.Run("away", s.readAway)
}

// readWays reads in each way of securing a connection.
func (s *secured) readWays(t *testing.T) {
	var rows sync.WaitGroup
	for _, v := range s.ways() {
		rows.Go(func() {
			t.Run(v.name, func(t *testing.T) {
				w := s.newWorld(t, v)
				w.command("start", "idle")
				w.await(func(p producerStatus) bool { return p.Started && p.State == "IDLE" })
				x := w.tail()
				w.submitSome("CL_WAY", 5)
				w.settle()
				x.published(w)
				if out, err := w.product.Run(t.Context(), "verify"); err != nil || strings.Count(out, "proven  ") != 7 {
					t.Errorf("urncast verify: %v\n%s", err, out)
				}
			})
		})
	}
	rows.Wait()
}

// readRefused: a login or a certificate that is refused is told by both verbs.
func (s *secured) readRefused(t *testing.T) {
	for _, c := range []struct {
		way
		words string
	}{
		{way{"wrong password", rig.SASLTLS, s.login("sasl_ssl", "SCRAM-SHA-512", "no")}, "Check username and password"},
		{way{"foreign authority", rig.TLS, []string{"security.protocol=ssl", "ssl.ca.location=" + s.foreign.File}}, "urncast rig CA"},
		{way{"no client certificate", rig.MutualTLS, s.trusting()}, "client certificate"},
		{way{"wrong client secret", rig.SASLTLS, s.bearer(s.tokens.HTTP, "no")}, "invalid_client"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := s.newWorld(t, c.way)
			w.refusedVerb([]string{"tail"}, c.words)
			w.refusedVerb([]string{"verify"}, c.words)
		})
	}
}

// readMissing: a topic that is not there, or that no producer publishes to.
func (s *secured) readMissing(t *testing.T) {
	w := s.newWorld(t, way{"", rig.SASLTLS, s.login("sasl_ssl", "SCRAM-SHA-512", alicesPassword)})
	w.refusedVerb([]string{"tail", "--topic", "other"}, "does not publish to topic other", w.topic)
	w.refusedVerb([]string{"verify", "--from-baseline"}, "holds no baseline", "--from-baseline")
	s.DeleteTopic(t, w.topic)
	w.refusedVerb([]string{"tail"}, w.topic)
	w.refusedVerb([]string{"verify"}, w.topic)
}

// readSeveral: as many tails as one user may have each see everything, one more is refused
// in words, and those that are killed leave no consumer behind.
func (s *secured) readSeveral(t *testing.T) {
	const most = 4
	w := s.newWorld(t, way{"", rig.SASLTLS, s.login("sasl_ssl", "SCRAM-SHA-512", alicesPassword)})
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
		x.published(w)
	}
	w.submitSome("CL_DURING", 3)
	w.settle()
	for _, x := range tails {
		x.published(w)
	}
	w.refusedVerb([]string{"tail"}, "You have 4 streams")
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
	w.tail().published(w)
}

// clientThreads counts the threads of Kafka's client in the product: each of its
// consumers has some.
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

// readPast: servers that are named, several of them, are read past the registry; secured
// ones with a file such as Kafka's own tools take.
func (s *secured) readPast(t *testing.T) {
	w := s.newWorld(t, way{"", rig.SASLTLS, s.login("sasl_ssl", "SCRAM-SHA-512", alicesPassword)})
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
		w.tail(how...).published(w)
		if out, err := w.product.Run(t.Context(), append([]string{"verify"}, how...)...); err != nil || strings.Count(out, "proven  ") != 7 {
			t.Errorf("urncast verify %s: %v\n%s", how, err, out)
		}
	}
	w.refusedVerb([]string{"tail", "--topic", w.topic, "--bootstrap", "localhost:1,127.0.0.1:1"}, "refuses the connection")
	w.refusedVerb([]string{"tail", "--topic", "never-made", "--bootstrap", s.Bootstrap()}, "opic never-made does not exist")
}

// readAway: a tail says that the cluster is away, or the registry, and then goes on where
// it was: nothing is shown twice, and nothing is left out.
func (s *secured) readAway(t *testing.T) {
	w := s.newWorld(t, way{"", rig.SASLTLS, s.login("sasl_ssl", "SCRAM-SHA-512", alicesPassword)})
	w.command("start", "idle")
	w.await(func(p producerStatus) bool { return p.Started && p.State == "IDLE" })
	w.submitSome("CL_FIRST", 3)
	w.settle()
	x, past, ends := w.tail(), w.tail("--bootstrap", s.Bootstrap()), w.tail("--no-from-start")
	x.published(w)
	past.published(w)
	time.Sleep(3 * time.Second) // until the last one has begun

	s.Kill()
	for _, one := range []*tail{x, past, ends} {
		one.await("broker away", 2*toldWithin, func(_ []tailed, words string) bool { return strings.Contains(words, "refuses the connection") })
	}
	w.refusedVerb([]string{"tail"}, "refuses the connection")
	w.refusedVerb([]string{"verify"}, "refuses the connection")
	w.submitSome("CL_AWAY", 3)
	if err := s.Start(); err != nil {
		t.Fatal(err)
	}
	w.settle()
	x.published(w)
	past.published(w)

	w.product.Kill()
	x.await("registry away", toldWithin, func(_ []tailed, words string) bool { return strings.Contains(words, w.product.URL) })
	w.start()
	w.submitSome("CL_AGAIN", 3)
	w.settle()
	x.published(w)
	ends.await("only what came later", 20*time.Second, func(m []tailed, _ string) bool {
		return len(m) == 12 && strings.Contains(m[0].URN, "CL_AWAY_0") && strings.Contains(m[11].URN, "CL_AGAIN_2_B")
	})
	w.product.Kill()
	w.refusedVerb([]string{"tail"}, "does not answer")
}
