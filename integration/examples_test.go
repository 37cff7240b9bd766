package integration

import (
	"context"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/twmb/franz-go/pkg/kgo"

	"urncast/integration/rig"
	"urncast/integration/topiccheck"
)

// Each example consumer ends with the replica that the messages describe, having applied each
// transaction once and as a whole.
func TestExampleConsumers(t *testing.T) {
	t.Parallel()
	k := rig.StartKafka(t)
	const topic = "examples"
	k.CreateTopic(t, topic, "cleanup.policy=compact")
	writeExampleTopic(t, k, topic)
	l, err := topiccheck.Read(t.Context(), k.Bootstrap(), topic)
	if err != nil {
		t.Fatal(err)
	}
	if p := l.Problems(1); len(p) > 0 {
		t.Fatalf("the topic that the examples read breaks the contract: %q", p)
	}
	replica := l.Replica()
	var want []string
	for _, urn := range slices.Sorted(maps.Keys(replica)) {
		want = append(want, fmt.Sprintf("%d\t%s", len(replica[urn]), urn))
	}
	want = append([]string{
		"transaction 1: replace 3, 3 structures",
		"transaction 2: replace 1, 3 structures",
		"transaction 3: delete 2, 1 structures",
		"transaction 5: replace 2, 2 structures",
		"transaction 5: delete 1, 1 structures",
	}, want...)

	commands := map[string]func(t *testing.T) []string{
		"go": func(t *testing.T) []string {
			binary := filepath.Join(t.TempDir(), "replica")
			run(t, "go", "build", "-o", binary, "../examples/consumers/go")
			return []string{binary, "-once", "-bootstrap", k.Bootstrap(), "-topic", topic}
		},
		"java": func(t *testing.T) []string {
			return []string{"java", "-cp", filepath.Join(rig.Jars(t), "*"), "../examples/consumers/java/Replica.java", k.Bootstrap(), topic, "once"}
		},
		"python": func(t *testing.T) []string {
			return []string{python(t), "../examples/consumers/python/replica.py", k.Bootstrap(), topic, "once"}
		},
	}
	for name, command := range commands {
		t.Run(name, func(t *testing.T) {
			args := command(t)
			got := strings.Split(strings.TrimSpace(run(t, args[0], args[1:]...)), "\n")
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("want -, got +:\n%s", diff)
			}
		})
	}
}

// python returns the interpreter of a virtual environment that has the example's requirements.
func python(t *testing.T) string {
	t.Helper()
	wanted, err := os.ReadFile("../examples/consumers/python/requirements.txt")
	if err != nil {
		t.Fatal(err)
	}
	return rig.Python(t, strings.Fields(string(wanted))...)
}

// run runs a program until it ends and returns its standard output.
func run(t *testing.T, name string, args ...string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	c := exec.CommandContext(ctx, name, args...)
	var stderr strings.Builder
	c.Stderr = &stderr
	out, err := c.Output()
	if err != nil {
		t.Fatalf("%s %q: %v\n%s%s", name, args, err, out, stderr.String())
	}
	return string(out)
}

// writeExampleTopic writes one of each case that the message contract describes: replaces,
// tombstones, a skipped transaction, a second part under the same number, and an aborted
// transaction that no reader may see.
func writeExampleTopic(t *testing.T, k *rig.Kafka, topic string) {
	t.Helper()
	c := k.Client(t, kgo.DefaultProduceTopic(topic), kgo.TransactionalID("example"))
	send := func(end kgo.TransactionEndTry, number int, action, skipped string, ids ...string) {
		t.Helper()
		if err := c.BeginTransaction(); err != nil {
			t.Fatal(err)
		}
		for i, id := range ids {
			h := map[string]string{
				"urncast-txn": fmt.Sprint(number), "urncast-txn-id": fmt.Sprintf("id-%d", number),
				"urncast-txn-position": fmt.Sprint(i + 1), "urncast-txn-count": fmt.Sprint(len(ids)), "urncast-action": action,
				"urncast-registry": "r", "urncast-producer": "p", "urncast-recorded-at": "2026-01-02T03:04:05Z",
				"X-Correlation-Id": "c", "traceparent": "00-0-0-00",
			}
			r := &kgo.Record{Key: []byte("urn:sdmx:org.sdmx.infomodel.codelist.Codelist=EX:" + id + "(1.0)")}
			if action == "replace" {
				r.Value = []byte(fmt.Sprintf(`{"transaction":%d,"id":%q}`, number, id))
				h["content-type"] = "application/json"
			}
			if skipped != "" && i == 0 {
				h["urncast-skipped"] = skipped
			}
			for key, value := range h {
				r.Headers = append(r.Headers, kgo.RecordHeader{Key: key, Value: []byte(value)})
			}
			if err := c.ProduceSync(t.Context(), r).FirstErr(); err != nil {
				t.Fatal(err)
			}
		}
		if err := c.EndTransaction(t.Context(), end); err != nil {
			t.Fatal(err)
		}
	}
	send(kgo.TryCommit, 1, "replace", "", "CL_A", "CL_B", "CL_C")
	send(kgo.TryAbort, 2, "replace", "", "CL_LOST")
	send(kgo.TryCommit, 2, "replace", "", "CL_B")
	send(kgo.TryCommit, 3, "delete", "", "CL_C", "CL_A")
	send(kgo.TryCommit, 5, "replace", "4", "CL_D", "CL_B")
	send(kgo.TryCommit, 5, "delete", "", "CL_D")
}
