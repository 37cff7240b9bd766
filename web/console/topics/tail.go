package topics

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"sync"
	"time"

	"urncast/producer/topicview"
	"urncast/registry/access"
	"urncast/web/answer"
	"urncast/web/background"
	"urncast/web/console/live"
)

// tailPath is the stream of messages after those on the page of a topic.
func (s *Pages) tailPath(t *Topic) string {
	return "/live/topics/" + url.PathEscape(t.Topic) + "?producer=" + url.QueryEscape(t.Producer) + "&from=" + strconv.FormatInt(t.End, 10)
}

// tailTopic follows a topic for one reader, from an offset on: at most twice a second it
// sends what was committed since, newest first.
func (s *Pages) tailTopic(w http.ResponseWriter, r *http.Request) {
	t := s.topicOf(w, r, r.URL.Query().Get("producer"))
	if t == nil {
		return
	}
	from, bad := offsetIn(r.URL.Query().Get("from"))
	if bad || from < 0 {
		answer.Plain(w, http.StatusBadRequest, "from must be an offset, a number from 0 on.\n")
		return
	}
	leave, busy := s.Followers.Enter(access.From(r.Context()))
	if busy != nil {
		busy.Tell(w.Header())
		answer.Plain(w, busy.Status, busy.Text+"\n")
		return
	}
	defer leave()
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	v, err := s.Reader.OpenTopic(ctx, t.Connection, t.Topic)
	if err != nil {
		answer.Plain(w, http.StatusBadGateway, s.sayFault(w, r, err)+"\n")
		return
	}
	defer v.Close()
	seen := make(chan TopicMessage)
	events := make(chan []byte)
	begun := make(chan error, 1)
	reading := topicview.Reading{From: from, Follow: true, Alive: func() error { return nil },
		Begun: func(_, _, _ int64) error {
			begun <- nil
			return nil
		},
		Yield: func(c *topicview.Committed) error {
			select {
			case seen <- TopicMessageOf(c):
				return nil
			case <-ctx.Done():
				return ctx.Err()
			}
		}}
	var work sync.WaitGroup
	defer work.Wait()
	defer cancel()
	work.Go(func() {
		defer close(seen)
		err := background.Guarded(ctx, s.Log, "topic reader", r.Header.Get("X-Correlation-Id"), func() error { return reading.Run(ctx, v) })
		select {
		case begun <- err:
		default: // the stream has begun: it ends, and the browser connects again
		}
	})
	if err := <-begun; err != nil {
		status := http.StatusBadGateway
		if errors.Is(err, topicview.ErrRemade) {
			status = http.StatusRequestedRangeNotSatisfiable
		}
		answer.Plain(w, status, s.sayFault(w, r, err)+"\n")
		return
	}
	work.Go(func() {
		defer close(events)
		_ = background.Guarded(ctx, s.Log, "topic page", r.Header.Get("X-Correlation-Id"), func() error { // the stream ends, and the browser connects again
			drawTail(ctx, t, seen, events)
			return nil
		})
	})
	s.Live.SendEvents(w, r, events)
}

// drawTail draws the messages from seen at the pace of live pages, until seen is closed or
// the context ends.
func drawTail(ctx context.Context, t *Topic, seen <-chan TopicMessage, events chan<- []byte) {
	pace := time.NewTicker(live.Pace)
	defer pace.Stop()
	var last []TopicMessage
	changed := false
	for {
		select {
		case m, open := <-seen:
			if !open {
				return
			}
			if last, changed = append(last, m), true; len(last) > 2*topicShown {
				last = append(last[:0:0], last[len(last)-topicShown:]...)
			}
		case <-pace.C:
			if !changed {
				continue
			}
			changed = false
			select {
			case events <- tailEvent(ctx, t, last):
			case <-ctx.Done():
				return
			}
		}
	}
}

// tailEvent draws the newest transactions.
func tailEvent(ctx context.Context, t *Topic, last []TopicMessage) []byte {
	all := Together(last[max(0, len(last)-topicShown):])
	slices.Reverse(all)
	var b bytes.Buffer
	if err := TopicTail(t, all).Render(ctx, &b); err != nil {
		return nil
	}
	return live.Event("fragments", b.Bytes())
}
