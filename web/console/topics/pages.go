// Package topics serves the pages about topics: a topic's messages, new ones as they come,
// one message, and the comparison of a topic with the registry.
package topics

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"urncast/producer"
	"urncast/producer/topicview"
	"urncast/registry"
	"urncast/registry/access"
	"urncast/registry/plan"
	"urncast/web/answer"
	"urncast/web/console/live"
	"urncast/web/console/page"
	"urncast/web/console/record"
	"urncast/web/console/task"
	"urncast/web/console/ui"
	"urncast/web/guard"
)

// Pages serves the pages about topics.
type Pages struct {
	*page.Kit
	Registry *plan.Registry
	Record   *record.Reader
	Tasks    *task.Tasks
	// Reader opens topics; Live sends committed messages to readers of a topic's page.
	Reader topicview.Opener
	Live   *live.Streams
	// Lookers, Followers and Verifiers limit how many read a part of a topic, follow one,
	// and read a whole one.
	Lookers, Followers, Verifiers *answer.Readers
}

// Routes are for all who may read the registry, for messages hold its structures.
// Verifying is for admins, as it reads a whole topic.
func (s *Pages) Routes() []guard.Route {
	return []guard.Route{
		{Pattern: "GET /topics", Level: guard.Read, Handle: s.topicsPage},
		{Pattern: "GET /topics/{topic}", Level: guard.Read, Handle: s.topicPage},
		{Pattern: "GET /topics/{topic}/{offset}", Level: guard.Read, Handle: s.messagePage},
		{Pattern: "GET /topics/{topic}/verify", Level: guard.Admin, Act: "Verifying a topic", Handle: s.verification},
		{Pattern: "POST /topics/{topic}/verify", Level: guard.Admin, Act: "Verifying a topic", Handle: s.verifyTopic},
		{Pattern: "GET /live/topics/{topic}", Level: guard.Read, Long: true, Handle: s.tailTopic},
	}
}

const (
	topicsPath = "/topics"
	// topicShown is about how many messages a page lists: whole transactions, except for
	// one that is larger by itself.
	topicShown = 50
	// topicBytesMax and topicTimeout bound the reading for one page.
	topicBytesMax = 256 << 20
	topicTimeout  = 20 * time.Second
)

// topicRows are the topics of all producers.
func (s *Pages) topicRows(ctx context.Context) ([]TopicRow, error) {
	all, err := s.Producers.List(ctx)
	var rows []TopicRow
	for i := range all {
		for _, r := range all[i].Settings.Routes {
			rows = append(rows, TopicRow{Topic: r.Topic, Producer: all[i].Name, ProducerID: all[i].ID, Connection: all[i].Settings.Connection, Format: r.Format, Filter: ui.FilterWords(r.Filter), State: all[i].State})
		}
	}
	return rows, err
}

func (s *Pages) topicsPage(w http.ResponseWriter, r *http.Request) {
	rows, err := s.topicRows(r.Context())
	if err != nil {
		s.DrawTrouble(w, r, topicsPath, err)
		return
	}
	s.Draw(w, r, http.StatusOK, TopicsPage(s.Frame(r, "Topics", topicsPath), rows))
}

// topicOf finds the topic of a request among the producers' topics; others cannot be read.
// The topic is nil if the answer has been written.
func (s *Pages) topicOf(w http.ResponseWriter, r *http.Request, name string) *Topic {
	rows, err := s.topicRows(r.Context())
	if err != nil {
		s.DrawTrouble(w, r, topicsPath, err)
		return nil
	}
	for i := range rows {
		if rows[i].Topic == r.PathValue("topic") && (name == "" || rows[i].Producer == name) {
			return &Topic{TopicRow: rows[i], Older: -1, Newer: -1, MayVerify: page.IsAdmin(r)}
		}
	}
	s.DrawError(w, r, http.StatusNotFound, topicsPath, "No producer publishes to this topic", "Only topics that a producer has a route to are read here.")
	return nil
}

// topicPage draws a part of a topic: the newest messages, those before an offset, or those
// from one on.
func (s *Pages) topicPage(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	t := s.topicOf(w, r, q.Get("producer"))
	if t == nil {
		return
	}
	leave, ok := s.enter(w, r, s.Lookers)
	if !ok {
		return
	}
	defer leave()
	t.From = q.Get("from")
	ctx, cancel := context.WithTimeout(r.Context(), topicTimeout)
	defer cancel()
	from, badFrom := offsetIn(t.From)
	before, badBefore := offsetIn(q.Get("before"))
	number, badNumber := offsetIn(q.Get("transaction"))
	status := http.StatusOK
	switch {
	case badFrom || badBefore || badNumber:
		status, t.Wrong = http.StatusBadRequest, "An offset or a transaction is a number from 0 on."
	default:
		if err := s.readPart(ctx, t, from, before, registry.Number(number)); err != nil {
			status, t.Wrong = http.StatusBadGateway, s.sayFault(w, r, err)
		}
	}
	f := s.Frame(r, "Topic "+t.Topic, topicsPath)
	if from < 0 && before < 0 && number < 0 && t.Wrong == "" {
		f.Live = s.tailPath(t)
	}
	s.Draw(w, r, status, TopicPage(f, t))
}

// enter takes room to read a topic. If ok is false, there was none and the answer has been
// written.
func (s *Pages) enter(w http.ResponseWriter, r *http.Request, room *answer.Readers) (leave func(), ok bool) {
	leave, busy := room.Enter(access.From(r.Context()))
	if busy != nil {
		s.DrawBusy(w, r, topicsPath, "Too many read topics now", busy)
		return nil, false
	}
	return leave, true
}

// offsetIn reads an offset; -1 if the text is empty.
func offsetIn(text string) (offset int64, bad bool) {
	if text = strings.TrimSpace(text); text == "" {
		return -1, false
	}
	n, err := strconv.ParseInt(text, 10, 64)
	return n, err != nil || n < 0
}

// sayFault says why a topic cannot be read, and what helps. Only admins are shown an error
// that is not a broker's answer.
func (s *Pages) sayFault(w http.ResponseWriter, r *http.Request, err error) string {
	if errors.Is(err, context.DeadlineExceeded) {
		return "The topic was not read within " + topicTimeout.String() + ": the brokers are slow, or another program's open transaction hides this part. Read another part, or test the connection."
	}
	if !errors.As(err, new(*producer.Fault)) {
		return "Topic or registry could not be read: " + answer.Private(w, r, err).Error() + ". Reload the page when the cause is gone."
	}
	return "The topic cannot be read: " + strings.TrimRight(err.Error(), ".") + ". Test its connection to see why."
}

// readPart reads what a page shows: messages from an offset on, before one, from a
// transaction on, or the newest. Arguments that were not given are negative.
func (s *Pages) readPart(ctx context.Context, t *Topic, from, before int64, number registry.Number) error {
	v, err := s.Reader.OpenTopic(ctx, t.Connection, t.Topic)
	if err != nil {
		return err
	}
	defer v.Close()
	if t.Start, t.End, err = v.Ends(ctx); err != nil {
		return err
	}
	if number >= 0 {
		if from, err = s.locate(ctx, v, t, number); err != nil {
			return err
		}
	}
	var found []TopicMessage
	if from >= 0 {
		from = min(max(from, t.Start), t.End)
		found, err = readForward(ctx, v, from, t.End)
	} else {
		end := t.End
		if before >= 0 {
			end = min(max(before, t.Start), t.End)
		}
		from, found, err = readBackward(ctx, v, t.Start, end)
	}
	if err != nil {
		return err
	}
	t.Transactions = Together(found)
	slices.Reverse(t.Transactions) // the newest first
	if from > t.Start {
		t.Older = from
	}
	if n := len(found); n > 0 {
		if last := found[n-1].Offset + 1; last < t.End && (before >= 0 || n >= topicShown) {
			t.Newer = last
		}
	} else if before >= 0 {
		t.Newer = before
	}
	return nil
}

// errEnough ends a read that has found what it looked for.
var errEnough = errors.New("enough")

// readForward reads from an offset on, until a page is full.
func readForward(ctx context.Context, v topicview.View, from, end int64) (found []TopicMessage, err error) {
	size := 0
	err = v.Read(ctx, from, end, func(c *topicview.Committed) error {
		m := TopicMessageOf(c)
		if size += m.Bytes; len(found) >= topicShown && (m.Position <= 1 || len(found) >= 4*topicShown) || size > topicBytesMax {
			return errEnough
		}
		found = append(found, m)
		return nil
	})
	if errors.Is(err, errEnough) {
		err = nil
	}
	return found, err
}

// readBackward reads about a page of messages before an offset, and returns the offset
// where they begin. It reads a range, and a larger one while that holds too few: aborted
// records and compaction leave gaps.
func readBackward(ctx context.Context, v topicview.View, start, end int64) (from int64, found []TopicMessage, err error) {
	for span := int64(2 * topicShown); ; span *= 8 {
		from, found = max(start, end-span), nil
		size := 0
		err = v.Read(ctx, from, end, func(c *topicview.Committed) error {
			m := TopicMessageOf(c)
			size += m.Bytes
			found = append(found, m)
			if len(found) > 8*topicShown {
				found = append(found[:0:0], found[len(found)-4*topicShown:]...)
			}
			if size > topicBytesMax {
				return errEnough
			}
			return nil
		})
		switch {
		case errors.Is(err, errEnough):
		case err != nil:
			return 0, nil, err
		case len(found) < topicShown && from > start:
			continue
		}
		return cutFront(from, start, found)
	}
}

// cutFront drops the first messages, so that about a page of whole transactions is left.
func cutFront(from, start int64, found []TopicMessage) (int64, []TopicMessage, error) {
	first := max(0, len(found)-topicShown)
	if first == 0 && from == start {
		return from, found, nil
	}
	at := first
	for at < len(found) && found[at].Position > 1 {
		at++
	}
	if at == len(found) {
		at = first // one transaction fills the page
	}
	if len(found) == 0 {
		return from, nil, nil
	}
	return found[at].Offset, found[at:], nil
}

// messagePage draws the message at an offset, or the next committed one.
func (s *Pages) messagePage(w http.ResponseWriter, r *http.Request) {
	t := s.topicOf(w, r, r.URL.Query().Get("producer"))
	if t == nil {
		return
	}
	none := func() {
		s.DrawError(w, r, http.StatusNotFound, topicsPath, "There is no message at "+r.PathValue("offset"), "No committed message stands at this offset or behind it.")
	}
	at, bad := offsetIn(r.PathValue("offset"))
	if bad || at < 0 {
		none()
		return
	}
	leave, ok := s.enter(w, r, s.Lookers)
	if !ok {
		return
	}
	defer leave()
	ctx, cancel := context.WithTimeout(r.Context(), topicTimeout)
	defer cancel()
	c, err := s.readOne(ctx, t, at)
	switch {
	case err != nil:
		s.DrawError(w, r, http.StatusBadGateway, topicsPath, "The message cannot be read", s.sayFault(w, r, err))
		return
	case c == nil:
		none()
		return
	}
	m := &Message{Topic: *t, TopicMessage: TopicMessageOf(c), Headers: c.Headers, Asked: at}
	m.Text, m.Cut = ui.Indented(c.Value)
	s.Draw(w, r, http.StatusOK, MessagePage(s.Frame(r, "Message at "+strconv.FormatInt(m.Offset, 10), topicsPath), m))
}

// readOne reads the first committed record from an offset on; nil if there is none.
func (s *Pages) readOne(ctx context.Context, t *Topic, at int64) (found *topicview.Committed, err error) {
	v, err := s.Reader.OpenTopic(ctx, t.Connection, t.Topic)
	if err != nil {
		return nil, err
	}
	defer v.Close()
	if t.Start, t.End, err = v.Ends(ctx); err != nil {
		return nil, err
	}
	err = v.Read(ctx, max(at, t.Start), t.End, func(c *topicview.Committed) error {
		found = c
		return errEnough
	})
	if errors.Is(err, errEnough) {
		err = nil
	}
	return found, err
}
