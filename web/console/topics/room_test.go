package topics

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"urncast/producer"
	"urncast/producer/control"
	"urncast/producer/producertest"
	"urncast/producer/topicview"
	"urncast/registry/access"
	"urncast/web/answer"
	"urncast/web/console/page"
	"urncast/web/guard"
)

// A oneMessage is a topic with one message.
type oneMessage struct{}

func (oneMessage) OpenTopic(context.Context, string, string) (topicview.View, error) {
	return oneMessage{}, nil
}

func (oneMessage) Ends(context.Context) (start, end int64, err error) { return 0, 1, nil }

func (oneMessage) Read(_ context.Context, from, to int64, yield func(*topicview.Committed) error) error {
	if from > 0 || to < 1 {
		return nil
	}
	return yield(&topicview.Committed{Record: producer.Record{Key: []byte("x"), Value: []byte("x")}, At: time.Unix(1_750_000_000, 0)})
}

func (oneMessage) Close() {}

// TestTopicPagesAreBounded checks that a page that reads a topic takes room, and gives it
// back.
func TestTopicPagesAreBounded(t *testing.T) {
	directory := producertest.Directory{{Name: "main", State: producer.Idle, Settings: producer.Config{Name: "main", Routes: []producer.Route{{Topic: "structures"}}}}}
	all := &control.Producers{Directory: directory}
	kit := page.New(&page.Kit{Guard: &guard.Guard{Access: &access.Control{}}, Log: slog.New(slog.DiscardHandler), Now: time.Now, Producers: all})
	pages := &Pages{Kit: kit, Reader: oneMessage{}, Lookers: answer.NewLookers()}
	mux := http.NewServeMux()
	routes := pages.Routes()
	kit.Guard.Know(routes)
	for _, rt := range routes {
		mux.HandleFunc(rt.Pattern, rt.Handle)
	}
	look := func(path string, status int) string {
		t.Helper()
		w := httptest.NewRecorder()
		mux.ServeHTTP(w, httptest.NewRequest("GET", path, nil))
		if w.Code != status {
			t.Errorf("%s: %d, want %d: %s", path, w.Code, status, w.Body)
		}
		return w.Body.String()
	}
	var leave []func()
	for i := range 8 {
		out, busy := pages.Lookers.Enter(access.Principal{Name: fmt.Sprint("u", i/4), Role: access.Reader})
		if busy != nil {
			t.Fatal(busy)
		}
		leave = append(leave, out)
	}
	for _, path := range []string{"/topics/structures", "/topics/structures/0"} {
		if body := look(path, 503); !strings.Contains(body, "There are 8 pages that read topics here") || !strings.Contains(body, "<h1>Too many read topics now") {
			t.Errorf("%s says %s", path, body)
		}
	}
	leave[0]()
	for range 3 {
		look("/topics/structures", 200)
		look("/topics/structures/0", 200)
	}
}
