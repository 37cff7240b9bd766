package web

import (
	"bytes"
	"context"
	"math"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"urncast/producer"
	"urncast/web/console"
)

// tailsMax bounds those who follow a topic in this process: each has a consumer.
const tailsMax = 16

// tailPath is the stream of what comes behind the page of a topic.
func (s *server) tailPath(t *console.Topic) string {
	return "/live/topics/" + url.PathEscape(t.Topic) + "?producer=" + url.QueryEscape(t.Producer) + "&from=" + strconv.FormatInt(t.End, 10)
}

// tailTopic follows a topic for one reader, from an offset on: at most twice in a second
// it sends what was committed since, the newest first.
func (s *server) tailTopic(w http.ResponseWriter, r *http.Request) {
	t := s.topicOf(w, r, r.URL.Query().Get("producer"))
	if t == nil {
		return
	}
	from, bad := offsetIn(r.URL.Query().Get("from"))
	if bad || from < 0 {
		plain(w, http.StatusBadRequest, "from must be an offset, a number from 0 on.\n")
		return
	}
	defer s.tails.Add(-1)
	if s.tails.Add(1) > tailsMax {
		plain(w, http.StatusServiceUnavailable, "As many readers follow topics here as may. Reload the page instead.\n")
		return
	}
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	v, err := s.Reader.OpenTopic(ctx, t.Connection, t.Topic)
	if err != nil {
		plain(w, http.StatusBadGateway, sayFault(err)+"\n")
		return
	}
	defer v.Close()
	seen := make(chan console.TopicMessage)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = v.Read(ctx, from, math.MaxInt64, func(c *producer.Committed) error { // the browser connects again
			select {
			case seen <- console.TopicMessageOf(c):
				return nil
			case <-ctx.Done():
				return ctx.Err()
			}
		})
	}()
	s.sendTail(w, r, t, seen, ended)
	cancel()
	<-ended
}

// sendTail writes the stream until something ends it.
func (s *server) sendTail(w http.ResponseWriter, r *http.Request, t *console.Topic, seen <-chan console.TopicMessage, ended <-chan struct{}) {
	h := w.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Accel-Buffering", "no")
	flush := http.NewResponseController(w)
	pace, beat := time.NewTicker(livePace), time.NewTicker(liveBeat)
	defer pace.Stop()
	defer beat.Stop()
	next := []byte("retry: 2000\n\n")
	var last []console.TopicMessage
	fresh := false
	for {
		if next != nil {
			if _, err := w.Write(next); err != nil || flush.Flush() != nil {
				return
			}
			next = nil
		}
		select {
		case <-r.Context().Done():
			return
		case <-s.stopping:
			return
		case <-ended:
			return
		case m := <-seen:
			if last, fresh = append(last, m), true; len(last) > 2*topicShown {
				last = append(last[:0:0], last[len(last)-topicShown:]...)
			}
		case <-beat.C:
			next = []byte(":\n\n")
		case <-pace.C:
			if fresh {
				next, fresh = tailEvent(r.Context(), t, last), false
			}
		}
	}
}

// tailEvent draws the newest transactions.
func tailEvent(ctx context.Context, t *console.Topic, last []console.TopicMessage) []byte {
	all := console.Together(last[max(0, len(last)-topicShown):])
	slices.Reverse(all)
	var b bytes.Buffer
	if err := console.TopicTail(t, all).Render(ctx, &b); err != nil {
		return nil
	}
	return sseEvent("fragments", b.Bytes())
}
