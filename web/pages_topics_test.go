package web

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"urncast/producer"
	"urncast/producer/control"
	"urncast/producer/producertest"
	"urncast/producer/topicview"
)

// A topicStub is a topic in memory that is read as a real one is: offsets have gaps, and
// Read waits at the end.
type topicStub struct {
	mu      sync.Mutex
	records []topicview.Committed
	end     int64
	asked   string
	err     error
	bad     bool // its reads panic
}

func (s *topicStub) OpenTopic(_ context.Context, connection, topic string) (topicview.View, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked = connection + "/" + topic
	return s, s.err
}

func (s *topicStub) Close() {}

func (s *topicStub) Ends(context.Context) (start, end int64, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return 0, s.end, nil
}

func (s *topicStub) Read(ctx context.Context, from, to int64, yield func(*topicview.Committed) error) error {
	if s.bad {
		panic("boom")
	}
	for at := from; at < to; {
		s.mu.Lock()
		end, found := s.end, (*topicview.Committed)(nil)
		for i := range s.records {
			if s.records[i].Offset >= at {
				found = &s.records[i]
				break
			}
		}
		s.mu.Unlock()
		switch {
		case found != nil && found.Offset < to:
			if err := yield(found); err != nil {
				return err
			}
			at = found.Offset + 1
		case end >= to:
			return nil
		default:
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-time.After(5 * time.Millisecond):
			}
		}
	}
	return nil
}

// add appends a transaction with a marker behind it; a body of "" makes tombstones.
func (s *topicStub) add(number, count int, body, job string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for position := 1; position <= count; position++ {
		c := topicview.Committed{Offset: s.end, At: time.Unix(1_750_000_000, 0).UTC()}
		c.Key = fmt.Appendf(nil, "urn:sdmx:org.sdmx.infomodel.codelist.Codelist=A:CL_%d_%d(1.0)", number, position)
		action := "delete"
		if body != "" {
			c.Value, action = []byte(body), "replace"
		}
		for name, value := range map[string]string{producer.HeaderTransaction: strconv.Itoa(number), producer.HeaderPosition: strconv.Itoa(position),
			producer.HeaderCount: strconv.Itoa(count), producer.HeaderAction: action, producer.HeaderRegistry: "r", producer.HeaderJob: job} {
			c.Headers = append(c.Headers, producer.Header{Key: name, Value: []byte(value)})
		}
		s.records = append(s.records, c)
		s.end++
	}
	s.end++
}

func newTopicDoor(t *testing.T) (*topicStub, *httptest.Server) {
	t.Helper()
	stub := &topicStub{}
	directory := producertest.Directory{{Settings: producer.Config{Name: "main", Connection: "prod", Routes: []producer.Route{{Topic: "structures", Format: "fusion-json"}}}, State: producer.Idle}}
	directory[0].Name = "main"
	s := httptest.NewServer(New(complete(Options{Producers: &control.Producers{Directory: directory}, Reader: stub, BehindProxy: true})))
	t.Cleanup(s.Close)
	return stub, s
}

func getPage(t *testing.T, url string, status int) string {
	t.Helper()
	resp, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != status {
		t.Fatalf("%s: %d, %v, want %d: %s", url, resp.StatusCode, err, status, b)
	}
	return string(b)
}

func contains(t *testing.T, text string, parts ...string) {
	t.Helper()
	for _, p := range parts {
		if !strings.Contains(text, p) {
			t.Errorf("no %q in %s", p, text)
		}
	}
}

// TestTopicIsReadBack checks that a topic is read transaction by transaction, the newest
// first, back to its beginning, none left out and none shown twice, whatever gaps there
// are.
func TestTopicIsReadBack(t *testing.T) {
	stub, s := newTopicDoor(t)
	contains(t, getPage(t, s.URL+"/topics", 200), "structures", "main")
	contains(t, getPage(t, s.URL+"/topics/structures", 200), "Nothing is committed here")
	for n := 1; n <= 300; n++ {
		stub.add(n, 1+n%3, `{"a": 1}`, "")
	}
	stub.add(301, 2, "", "")
	stub.add(302, 1, "<a/>", "baseline 7f 1/1")
	first := getPage(t, s.URL+"/topics/structures", 200)
	contains(t, first, "Tombstone", "Replace", "Baseline", "2 messages, offset", `data-live="/live/topics/structures?producer=main&amp;from=`+strconv.FormatInt(stub.end, 10), "CL_301_2")
	if strings.Index(first, "CL_302_1") > strings.Index(first, "CL_301_1") || strings.Index(first, "CL_301_1") > strings.Index(first, "CL_301_2") {
		t.Error("the newest transaction is not the first, or the messages of one are out of order")
	}
	if stub.asked != "prod/structures" {
		t.Errorf("it was read over %s", stub.asked)
	}
	seen := map[string]int{}
	text, pages := first, 0
	for ; pages < 40; pages++ {
		for _, part := range strings.Split(text, "<b>CL_")[1:] {
			id, _, _ := strings.Cut(part, "<")
			seen[id]++
		}
		_, rest, ok := strings.Cut(text, "&amp;before=")
		if !ok {
			break
		}
		offset, _, _ := strings.Cut(rest, `"`)
		text = getPage(t, s.URL+"/topics/structures?producer=main&before="+offset, 200)
	}
	if len(seen) != len(stub.records) || pages < 3 {
		t.Errorf("%d pages show %d of %d messages", pages, len(seen), len(stub.records))
	}
	for id, n := range seen {
		if n != 1 {
			t.Errorf("%s is shown %d times", id, n)
		}
	}
	contains(t, getPage(t, s.URL+"/topics/structures?from=0", 200), "CL_1_1", "Newer", "Newest")
	contains(t, getPage(t, s.URL+"/topics/structures?from=x", 400), "An offset or a transaction is a number", `value="x"`)
	getPage(t, s.URL+"/topics/structures?before=99999999999999999999", 400)
	contains(t, getPage(t, s.URL+"/topics/other", 404), "No producer publishes to this topic")
	getPage(t, s.URL+"/topics/structures?producer=other", 404)
	stub.err = &producer.Fault{Kind: producer.Permanent, Text: "No login"}
	contains(t, getPage(t, s.URL+"/topics/structures", 502), "No login")
	getPage(t, s.URL+"/topics/structures/1", 502)
}

// TestMessageInFull checks that a message is shown with its headers and body, and that an
// offset without a committed message shows the next one.
func TestMessageInFull(t *testing.T) {
	stub, s := newTopicDoor(t)
	stub.add(1, 1, `{"id":"CL_AREA","items":[1,2]}`, "")
	stub.add(2, 1, "", "")
	contains(t, getPage(t, s.URL+"/topics/structures/0", 200), producer.HeaderTransaction, "CL_1_1", "<b>&#34;items&#34;</b>", "of fusion-json, written by main")
	contains(t, getPage(t, s.URL+"/topics/structures/2", 200), "A tombstone", "The body is null", "CL_2_1")
	contains(t, getPage(t, s.URL+"/topics/structures/1", 200), "At offset 1 is no committed message", "offset 2")
	contains(t, getPage(t, s.URL+"/topics/structures/3", 404), "No committed message")
	getPage(t, s.URL+"/topics/structures/-1", 404)
	getPage(t, s.URL+"/topics/structures/verify", 401)
}

// TestTopicTail checks that a reader who follows a topic is sent what is committed later.
func TestTopicTail(t *testing.T) {
	stub, s := newTopicDoor(t)
	stub.add(1, 1, "x", "")
	ctx, stop := context.WithTimeout(t.Context(), 10*time.Second)
	defer stop()
	r, err := http.NewRequestWithContext(ctx, "GET", s.URL+"/live/topics/structures?producer=main&from=2", nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	lines := bufio.NewScanner(resp.Body)
	lines.Buffer(nil, 1<<20)
	stub.add(2, 1, "y", "")
	for lines.Scan() {
		if text := lines.Text(); strings.Contains(text, "CL_2_1") {
			if strings.Contains(text, "CL_1_1") || !strings.Contains(text, `id="tail"`) {
				t.Error(text)
			}
			return
		}
	}
	t.Error("the stream ended without the message:", lines.Err())
}
