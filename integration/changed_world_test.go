package integration

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"urncast/integration/rig"
	"urncast/integration/rig/pg"
	"urncast/integration/topiccheck"
)

// A change is what is done to the world under a living publisher, and what must come
// of it.
type change struct {
	w *world
	// words are what the question must say.
	words []string
	// quiet says that the world changes while there is nothing to send, and resumed
	// that there is something again after that.
	quiet, resumed bool
	// hidden says that a transaction without an end hides what follows from readers.
	hidden bool
}

// asked changes the world, under load unless it is to be quiet, and waits for the
// question. Nothing may be published past the hole before it is answered: from is the
// offset at which that would begin.
func (c *change) asked(do func() (from int64)) producerStatus {
	w := c.w
	w.t.Helper()
	var s producerStatus
	var from int64
	run := func() {
		w.published(time.Now())
		if c.quiet {
			return
		}
		from = do()
		s = w.awaitQuestion()
		time.Sleep(500 * time.Millisecond) // submissions go on meanwhile
	}
	w.loadFor(run)
	if c.quiet {
		w.settle()
		from = do()
		if c.resumed {
			w.loadFor(func() { s = w.awaitQuestion() })
		} else {
			s = w.awaitQuestion()
		}
	}
	w.says(s, c.words...)
	if c.hidden {
		return s
	}
	if n := len(w.log().Since(from).Of(w.registryID()).Messages); n > 0 {
		w.t.Errorf("%d messages were published past the hole before anybody was asked", n)
	}
	if now, err := w.status(); err != nil || now.State != "STOPPED" || now.Sent != s.Sent {
		w.t.Errorf("while the question stands, the producer is %+v, %v", now, err)
	}
	return s
}

// answered gives an answer under load, and judges what comes of it.
func (c *change) answered(s producerStatus, how string, agreed int64) {
	w := c.w
	w.t.Helper()
	from := w.kafka.End(w.t, w.topic)
	w.loadFor(func() {
		w.command("start", how)
		w.published(time.Now())
	})
	w.settle()
	if how == "continue" {
		w.judge(w.log().Of(w.registryID()).Since(from), agreed+1)
		w.command("start", "baseline") // which mends the replicas
		w.awaitBaseline(from)
		w.loadFor(func() { w.published(time.Now()) })
		w.settle()
	}
	w.checkSinceBaseline()
}

// log reads the topic.
func (w *world) log() *topiccheck.Log {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.t.Context(), time.Minute)
	defer cancel()
	l, err := topiccheck.Read(ctx, w.kafka.Bootstrap(), w.topic)
	if err != nil {
		w.t.Fatalf("reading topic %s: %v", w.topic, err)
	}
	return l
}

// awaitBaseline waits until a baseline that began at an offset or later is on the topic
// and everything is sent.
func (w *world) awaitBaseline(from int64) {
	w.t.Helper()
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(100 * time.Millisecond) {
		if _, asOf := w.log().Since(from).SinceBaseline(); asOf > 0 {
			break
		}
		if time.Now().After(deadline) {
			w.t.Fatal("no baseline came within a minute")
		}
	}
	w.settle()
}

// judge finds what is wrong with a part of the topic, which should begin with a number.
func (w *world) judge(l *topiccheck.Log, first int64) {
	w.t.Helper()
	feed, err := topiccheck.ReadFeed(w.product.URL)
	if err != nil {
		w.t.Fatal(err)
	}
	if problems := append(l.Problems(first), l.CompareFeed(feed)...); len(problems) > 0 {
		w.t.Errorf("topic %s, %d messages:\n%s", w.topic, len(l.Messages), strings.Join(problems, "\n"))
	}
	if len(l.Messages) == 0 {
		w.t.Errorf("topic %s: nothing is there to be judged", w.topic)
	}
}

// checkSinceBaseline judges the topic from its last baseline on, and the replica of who
// has read it from the beginning.
func (w *world) checkSinceBaseline() {
	w.t.Helper()
	own := w.log().Of(w.registryID())
	since, asOf := own.SinceBaseline()
	if asOf == 0 {
		w.t.Error("the topic has no baseline")
	}
	w.judge(since, 0)
	content, err := topiccheck.ReadStructures(w.product.URL)
	if err != nil {
		w.t.Fatal(err)
	}
	if problems := append(since.CompareStructures(content), own.CompareStructures(content)...); len(problems) > 0 {
		w.t.Errorf("topic %s:\n%s", w.topic, strings.Join(problems, "\n"))
	}
}

// goesOnOrAsks changes the world under load where nothing need be in doubt: either the
// producer goes on, and the topic is whole from what was sent last before on, or it asks,
// names the cause, and goes on after the answer.
func (c *change) goesOnOrAsks(do func()) {
	w := c.w
	w.t.Helper()
	var before, s producerStatus
	w.loadFor(func() {
		w.published(time.Now())
		do()
		before = w.await(func(producerStatus) bool { return true })
		s = w.await(func(p producerStatus) bool { return len(p.Ask) > 0 || p.State != "STOPPED" && p.Sent > before.Sent+10 })
	})
	if len(s.Ask) == 0 {
		s = w.await(func(p producerStatus) bool { return len(p.Ask) > 0 || p.State == "IDLE" && p.Sent == p.Last })
	}
	if len(s.Ask) > 0 {
		w.t.Logf("it asks: %s", s.Reason)
		w.says(s, c.words...)
		c.answered(s, "baseline", 0)
		return
	}
	w.t.Log("it goes on")
	log := w.log()
	whole := slices.IndexFunc(log.Messages, func(m topiccheck.Message) bool { return m.Position == 1 }) // what was deleted may end within a transaction
	w.judge(log.Since(log.Messages[whole].Offset), 0)
	w.command("start", "baseline")
	w.awaitBaseline(0)
	w.checkSinceBaseline()
}

// topicConfig is what the topics of worlds are made with.
var topicConfig = []string{"cleanup.policy=compact", "min.compaction.lag.ms=604800000"}

// The topic changes under a living publisher. It goes on with nothing lost, or it stops
// and names the true cause, publishes nothing past the hole, and goes on as it is told.
func TestTopicChanged(t *testing.T) {
	t.Parallel()
	k, s := rig.StartKafka(t), pg.Shared(t)
	remade := func(quiet bool, how string) func(*testing.T, *world) {
		return func(t *testing.T, w *world) {
			c := &change{w: w, words: []string{w.topic, "made anew"}, quiet: quiet}
			asked := c.asked(func() int64 { k.RemakeTopic(t, w.topic, topicConfig...); return 0 })
			c.answered(asked, how, asked.Sent)
		}
	}
	for _, c := range []struct {
		name string
		run  func(*testing.T, *world)
	}{
		{"made anew, baseline", remade(false, "baseline")},
		{"made anew, continue", remade(false, "continue")},
		{"made anew while idle", remade(true, "baseline")},
		{"deleted", deletedUnderLoad},
		{"end lost", endLost(false, false)},
		{"end lost, and a marker", endLost(true, false)},
		{"end lost, and a marker, while the product is away", endLost(true, true)},
		{"records deleted up to the middle", recordsDeleted(func(w *world) int64 { return w.kafka.End(w.t, w.topic) / 2 })},
		{"records deleted up to the end", recordsDeleted(func(*world) int64 { return -1 })},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t, k, s, k.Bootstrap())
			c.run(t, w)
			w.product.Kill()
		})
	}
}

// A topic that is deleted is missed, whoever makes it anew, and when: the producer, for
// it may, or an admin. It is never published to before that was answered.
func deletedUnderLoad(t *testing.T, w *world) {
	c := &change{w: w, words: []string{w.topic}}
	var s producerStatus
	w.loadFor(func() {
		w.published(time.Now())
		w.kafka.DeleteTopic(t, w.topic)
		s = w.await(func(p producerStatus) bool { return p.State == "FAILED" || p.State == "STOPPED" })
	})
	w.says(s, w.topic)
	if !w.kafka.HasTopic(t, w.topic) {
		w.kafka.CreateTopic(t, w.topic, topicConfig...)
	}
	if s.State == "FAILED" {
		w.command("start", "")
		s = w.awaitQuestion()
	}
	w.says(s, w.topic, "made anew")
	if n := len(w.log().Messages); n > 0 {
		t.Errorf("%d messages were published before anybody was asked", n)
	}
	c.answered(s, "baseline", 0)
}

// endLost makes the topic lose its end while the broker is down for a moment, as an
// unclean election does. Where the marker of a transaction is lost and its records are
// not, the broker takes it for open, though its coordinator has long ended it: it hides
// whatever follows, until somebody ends it.
func endLost(marker, away bool) func(*testing.T, *world) {
	return func(t *testing.T, w *world) {
		// A publisher that has something under way begins with ending that, and ends the
		// other transaction with it.
		c := &change{w: w, words: []string{w.topic, "lost"}, quiet: marker, resumed: marker && !away, hidden: away}
		w.loadFor(func() {
			for range 4 {
				w.published(time.Now()) // so that there is something to be lost
			}
		})
		s := c.asked(func() int64 {
			if away {
				w.product.Kill()
				defer w.start()
			}
			w.kafka.Kill()
			lost, open := w.kafka.LoseEnd(t, w.topic, 10)
			for marker != open {
				more, now := w.kafka.LoseEnd(t, w.topic, 1)
				if more == 0 {
					t.Fatal("the log does not end as it should anywhere")
				}
				lost, open = lost+more, now
			}
			if err := w.kafka.Start(); err != nil {
				t.Fatal(err)
			}
			t.Logf("%d batches were lost", lost)
			return w.kafka.End(t, w.topic)
		})
		c.answered(s, "baseline", s.Sent)
	}
}

func recordsDeleted(before func(*world) int64) func(*testing.T, *world) {
	return func(t *testing.T, w *world) {
		w.setTopic("cleanup.policy", "compact,delete") // else the broker refuses
		w.setTopic("retention.ms", "-1")
		c := &change{w: w, words: []string{w.topic, "deleted"}}
		c.goesOnOrAsks(func() { w.kafka.DeleteRecords(t, w.topic, before(w)) })
	}
}
