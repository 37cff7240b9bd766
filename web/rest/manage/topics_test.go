package manage

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"urncast/producer"
	"urncast/producer/control"
	"urncast/producer/producertest"
	"urncast/producer/topicview"
	"urncast/web/answer"
)

// A longTopic holds that many records of a kilobyte.
type longTopic int64

func (n longTopic) OpenTopic(context.Context, string, string) (topicview.View, error) {
	return n, nil
}

func (n longTopic) Close() {}

func (n longTopic) Ends(context.Context) (start, end int64, err error) { return 0, int64(n), nil }

func (n longTopic) Read(ctx context.Context, from, to int64, yield func(*topicview.Committed) error) error {
	for at := from; at < min(to, int64(n)); at++ {
		c := &topicview.Committed{Offset: at}
		c.Value = []byte(strings.Repeat("x", 1000))
		if err := yield(c); err != nil {
			return err
		}
	}
	if to <= int64(n) {
		return nil
	}
	<-ctx.Done()
	return ctx.Err()
}

// TestRecordsInParts checks that an answer is bounded in bytes and time and says where to
// continue, and that answer by answer a client gets every record once.
func TestRecordsInParts(t *testing.T) {
	bytes, took := answerBytesMax, answerTimeMax
	defer func() { answerBytesMax, answerTimeMax = bytes, took }()
	answerBytesMax = 50_000
	config := producer.Config{Name: "main", Routes: []producer.Route{{Topic: "structures", Format: "fusion-json"}}}
	topics := &Topics{Producers: &control.Producers{Directory: producertest.Directory{{Name: "main", Settings: config}}}, Reader: longTopic(500), Readers: answer.NewReaders(), Stopping: make(chan struct{})}
	read := func(query string) (records []int64, last TopicLine) {
		t.Helper()
		r := httptest.NewRequest("GET", "/?value=true&"+query, nil)
		r.SetPathValue("name", "main")
		r.SetPathValue("topic", "structures")
		w := &noted{ResponseRecorder: httptest.NewRecorder()}
		if topics.records(w, r); w.cause != nil {
			t.Errorf("%s: the log has a bound for an error: %v", query, w.cause)
		}
		if n := w.Body.Len(); w.Code != 200 || n > 60_000 {
			t.Fatalf("%s: %d, %d bytes", query, w.Code, n)
		}
		for line := range strings.Lines(w.Body.String()) {
			last = TopicLine{}
			if err := json.Unmarshal([]byte(line), &last); err != nil {
				t.Fatal(err)
			}
			if last.Record != nil {
				records = append(records, last.Record.Offset)
			}
		}
		return records, last
	}
	next, answers := int64(0), 0
	for next < 500 {
		records, last := read(fmt.Sprint("from=", next))
		for _, at := range records {
			if at != next {
				t.Fatalf("offset %d follows %d", at, next-1)
			}
			next++
		}
		if answers++; (next < 500) != (last.Temporary && strings.Contains(last.Error, "Read on")) || last.Next == nil || *last.Next != next {
			t.Fatalf("after offset %d the last line is %+v", next-1, last)
		}
	}
	if answers < 5 {
		t.Errorf("%d answers told all", answers)
	}
	answerTimeMax = 50 * time.Millisecond
	if _, last := read("from=490&follow=true"); !last.Temporary || !strings.Contains(last.Error, "as long as one reading may") || last.Next == nil || *last.Next != 500 {
		t.Errorf("what took too long ends with %+v", last)
	}
}

// A noted is an answer that keeps errors for the log.
type noted struct {
	*httptest.ResponseRecorder
	cause error
}

func (n *noted) Note(err error) { n.cause = err }
