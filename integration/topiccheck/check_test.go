package topiccheck

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"urncast/integration/rig"
)

// A topic builds a log as a publisher with two lanes writes it.
type topic struct{ Log }

func (t *topic) message(number, position, count int, key string, value []byte) *Message {
	action := "replace"
	if value == nil {
		action = "delete"
	}
	m := Message{
		Offset: t.End, ProducerID: int64(number % 2), Key: "urn:sdmx:org.sdmx.infomodel.codelist.Codelist=A:" + key + "(1.0)", Value: value,
		Number: int64(number), Position: position, Count: count,
		Headers: map[string]string{
			"urncast-txn-id": fmt.Sprint("id-", number), "urncast-registry": "r", "urncast-producer": "p", "urncast-action": action,
			"urncast-recorded-at": "2026-01-02T03:04:05.6Z", "X-Correlation-Id": "c", "traceparent": "t",
		},
	}
	if value != nil {
		m.Headers["content-type"] = "application/json"
	}
	t.Messages = append(t.Messages, m)
	t.End++
	return &t.Messages[len(t.Messages)-1]
}

func (t *topic) commit(number int) {
	t.Commits = append(t.Commits, Commit{t.End, int64(number % 2)})
	t.End++
}

// good returns a topic without problems: three transactions of two overlapping sessions. The
// second has tombstones for structures that left the route, the third follows a skipped one.
func good() *topic {
	t := &topic{}
	t.message(1, 1, 2, "A", []byte("a"))
	t.message(1, 2, 2, "B", []byte("b"))
	t.message(2, 1, 1, "B", []byte("b2"))
	t.commit(1)
	t.commit(2)
	t.message(2, 1, 1, "A", nil)
	t.commit(2)
	t.message(4, 1, 1, "C", []byte("c")).Headers["urncast-skipped"] = "3"
	t.commit(4)
	return t
}

// Problems finds each violation of the message contract, and none on a correct topic.
func TestProblems(t *testing.T) {
	tests := []struct {
		name   string
		damage func(*topic)
		want   string
	}{
		{"nothing", func(*topic) {}, ""},
		{"lost message", func(l *topic) { l.Messages = slices.Delete(l.Messages, 1, 2) }, "1 of 2 messages"},
		{"lost first message", func(l *topic) { l.Messages = slices.Delete(l.Messages, 0, 1) }, "position 2, expected 1"},
		{"lost transaction", func(l *topic) { delete(l.Messages[4].Headers, "urncast-skipped") }, "3 is missing"},
		{"lost beginning", func(l *topic) { l.Messages, l.Commits = l.Messages[2:], l.Commits[1:] }, "1 is missing"},
		{"sent twice", func(l *topic) { l.message(4, 1, 1, "C", []byte("c")); l.commit(4) }, "comes after transaction 4"},
		{"sent backwards", func(l *topic) { l.message(3, 1, 1, "C", []byte("c")); l.commit(3) }, "comes after transaction 4"},
		{"never committed", func(l *topic) { l.message(5, 1, 1, "C", []byte("c")) }, "without a commit"},
		{"split by a commit", func(l *topic) {
			l.message(5, 1, 2, "C", []byte("c"))
			l.commit(5)
			l.message(5, 2, 2, "D", []byte("d"))
			l.commit(5)
		}, "is split"},
		{"two in one", func(l *topic) {
			l.message(6, 1, 1, "C", []byte("c")).Headers["urncast-skipped"] = "5"
			l.message(8, 1, 1, "C", []byte("c")).Headers["urncast-skipped"] = "7"
			l.commit(8)
		}, "are in one Kafka transaction"},
		{"key twice", func(l *topic) { l.Messages[1].Key = l.Messages[0].Key }, "twice"},
		{"empty in place of null", func(l *topic) { l.Messages[3].Value = []byte{} }, "a delete with a value"},
		{"null in a replace", func(l *topic) { l.Messages[0].Value = nil }, "a replace without a value"},
		{"typed tombstone", func(l *topic) { l.Messages[3].Headers["content-type"] = "x" }, "a tombstone with content-type"},
		{"local time", func(l *topic) { l.Messages[0].Headers["urncast-recorded-at"] = "2026-01-02T03:04:05+01:00" }, "not a time in UTC"},
		{"no id", func(l *topic) { delete(l.Messages[0].Headers, "urncast-txn-id") }, "urncast-txn-id is missing"},
		{"behind its successor", func(l *topic) { l.Messages[0].Epoch, l.Messages[4].Epoch = 7, 8; l.Messages[2].Epoch = 9 }, "written in epoch"},
		{"header twice", func(l *topic) { l.Messages[0].Repeated = []string{"x"} }, "appears twice"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			l := good()
			tt.damage(l)
			got := l.Problems(1)
			found := slices.ContainsFunc(got, func(p string) bool { return strings.Contains(p, tt.want) })
			if tt.want == "" && len(got) > 0 || tt.want != "" && !found {
				t.Errorf("problems %q, want one with %q", got, tt.want)
			}
		})
	}
}

// Read returns the committed records of a real broker in order, without the aborted ones, and
// the commit markers.
func TestRead(t *testing.T) {
	k := rig.StartKafka(t)
	k.CreateTopic(t, "read")
	c := k.Client(t, kgo.DefaultProduceTopic("read"), kgo.TransactionalID("x"))
	for i, end := range []kgo.TransactionEndTry{kgo.TryCommit, kgo.TryAbort, kgo.TryCommit, kgo.TryAbort} {
		if err := c.BeginTransaction(); err != nil {
			t.Fatal(err)
		}
		r := &kgo.Record{Key: []byte("k" + strconv.Itoa(i)), Value: []byte("v"), Headers: []kgo.RecordHeader{{Key: "urncast-txn", Value: []byte(strconv.Itoa(i))}}}
		if i == 2 {
			r.Value = nil
		}
		if err := c.ProduceSync(t.Context(), r).FirstErr(); err != nil {
			t.Fatal(err)
		}
		if err := c.EndTransaction(t.Context(), end); err != nil {
			t.Fatal(err)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	l, err := Read(ctx, k.Bootstrap(), "read")
	if err != nil {
		t.Fatal(err)
	}
	if len(l.Messages) != 2 || l.Messages[0].Key != "k0" || l.Messages[1].Key != "k2" || l.Messages[1].Number != 2 || l.Messages[1].Value != nil {
		t.Errorf("messages %+v, want k0 and the tombstone k2", l.Messages)
	}
	if len(l.Commits) != 2 || l.End != 8 {
		t.Errorf("commits %v, end %d; want two commits and 8", l.Commits, l.End)
	}
}
