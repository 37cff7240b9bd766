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

// A change is a fault that a test causes in the topic or the database of a publisher that
// runs, with what the producer must then say.
type change struct {
	w *world
	// words must be in the reason of the producer that stopped to ask an admin.
	words []string
	// quiet causes the fault while nothing is pending. resumed then submits changes again
	// after it: without them the producer would not notice the fault.
	quiet, resumed bool
	// hidden says that an open transaction hides the records after it from read_committed
	// readers, so that the topic cannot be checked before the answer.
	hidden bool
}

// causeAndAwaitQuestion causes the fault with do, under load unless c is quiet, and waits
// until the producer stops and asks. do returns the offset from which new records would be
// written: nothing may be published there before an admin has answered.
func (c *change) causeAndAwaitQuestion(do func() (from int64)) producerStatus {
	w := c.w
	w.t.Helper()
	var s producerStatus
	var from int64
	run := func() {
		w.awaitPublished(time.Now())
		if c.quiet {
			return
		}
		from = do()
		s = w.awaitQuestion()
		time.Sleep(500 * time.Millisecond) // clients go on submitting
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
	w.wantReason(s, c.words...)
	if c.hidden {
		return s
	}
	if n := len(w.log().Since(from).Of(w.registryID()).Messages); n > 0 {
		w.t.Errorf("%d messages were published behind the gap before an admin was asked", n)
	}
	if now, err := w.status(); err != nil || now.State != "STOPPED" || now.Sent != s.Sent {
		w.t.Errorf("while the question is not answered, the producer is %+v, %v, want it STOPPED as before", now, err)
	}
	return s
}

// answer starts the producer under load in the way how, and checks what is published then.
// agreed is the last number that topic and registry have in common.
func (c *change) answer(s producerStatus, how string, agreed int64) {
	w := c.w
	w.t.Helper()
	from := w.kafka.End(w.t, w.topic)
	w.loadFor(func() {
		w.command("start", how)
		w.awaitPublished(time.Now())
	})
	w.settle()
	if how == "continue" {
		w.wantValid(w.log().Of(w.registryID()).Since(from), agreed+1)
		w.command("start", "baseline") // makes readers' replicas equal to the registry again
		w.awaitBaseline(from)
		w.loadFor(func() { w.awaitPublished(time.Now()) })
		w.settle()
	}
	w.checkSinceBaseline()
}

// log reads the whole topic.
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

// awaitBaseline waits until the topic has a baseline that began at an offset or later, and
// everything is sent.
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

// wantValid checks a part of the topic against the message contract and the feed. first is the
// number that it must begin with; 0 allows any.
func (w *world) wantValid(l *topiccheck.Log, first int64) {
	w.t.Helper()
	feed, err := topiccheck.ReadFeed(w.product.URL)
	if err != nil {
		w.t.Fatal(err)
	}
	if problems := append(l.Problems(first), l.CompareFeed(feed)...); len(problems) > 0 {
		w.t.Errorf("topic %s, %d messages:\n%s", w.topic, len(l.Messages), strings.Join(problems, "\n"))
	}
	if len(l.Messages) == 0 {
		w.t.Errorf("topic %s: there are no messages to check", w.topic)
	}
}

// checkSinceBaseline checks the topic from its last baseline on. It compares two replicas with
// the registry: that of a reader that began at the baseline, and that of one that began at the
// start.
func (w *world) checkSinceBaseline() {
	w.t.Helper()
	own := w.log().Of(w.registryID())
	since, asOf := own.SinceBaseline()
	if asOf == 0 {
		w.t.Error("the topic has no baseline")
	}
	w.wantValid(since, 0)
	content, err := topiccheck.ReadStructures(w.product.URL)
	if err != nil {
		w.t.Fatal(err)
	}
	if problems := append(since.CompareStructures(content), own.CompareStructures(content)...); len(problems) > 0 {
		w.t.Errorf("topic %s:\n%s", w.topic, strings.Join(problems, "\n"))
	}
}

// continuesOrAsks causes a fault under load that need not make anything unknown. Either the
// producer continues, and the topic is complete from its first whole transaction on; or it
// stops, names the cause, and continues after the answer.
func (c *change) continuesOrAsks(do func()) {
	w := c.w
	w.t.Helper()
	var before, s producerStatus
	w.loadFor(func() {
		w.awaitPublished(time.Now())
		do()
		before = w.await(func(producerStatus) bool { return true })
		s = w.await(func(p producerStatus) bool { return len(p.Ask) > 0 || p.State != "STOPPED" && p.Sent > before.Sent+10 })
	})
	if len(s.Ask) == 0 {
		s = w.await(func(p producerStatus) bool { return len(p.Ask) > 0 || p.State == "IDLE" && p.Sent == p.Last })
	}
	if len(s.Ask) > 0 {
		w.t.Logf("the producer asks: %s", s.Reason)
		w.wantReason(s, c.words...)
		c.answer(s, "baseline", 0)
		return
	}
	w.t.Log("the producer continues without asking")
	log := w.log()
	wholeFrom := slices.IndexFunc(log.Messages, func(m topiccheck.Message) bool { return m.Position == 1 }) // the deletion may have cut a transaction
	w.wantValid(log.Since(log.Messages[wholeFrom].Offset), 0)
	w.command("start", "baseline")
	w.awaitBaseline(0)
	w.checkSinceBaseline()
}

// topicConfig is the configuration of the topics of worlds.
var topicConfig = []string{"cleanup.policy=compact", "min.compaction.lag.ms=604800000"}

// The topic is changed under a publisher that runs. The publisher either continues with
// nothing lost, or stops and names the true cause, publishes nothing behind the gap, and then
// does what the admin answers.
func TestTopicChanged(t *testing.T) {
	t.Parallel()
	k, s := rig.StartKafka(t), pg.Shared(t)
	recreated := func(quiet bool, how string) func(*testing.T, *world) {
		return func(t *testing.T, w *world) {
			c := &change{w: w, words: []string{w.topic, "made anew"}, quiet: quiet}
			asked := c.causeAndAwaitQuestion(func() int64 { k.RemakeTopic(t, w.topic, topicConfig...); return 0 })
			c.answer(asked, how, asked.Sent)
		}
	}
	for _, c := range []struct {
		name string
		run  func(*testing.T, *world)
	}{
		{"created again, baseline", recreated(false, "baseline")},
		{"created again, continue", recreated(false, "continue")},
		{"created again while idle", recreated(true, "baseline")},
		{"deleted", deletedUnderLoad},
		{"end lost", endLost(false, false)},
		{"end lost, and a marker", endLost(true, false)},
		{"end lost, and a marker, while urncast does not run", endLost(true, true)},
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

// deletedUnderLoad deletes the topic. The publisher must notice, no matter whether it or an
// admin creates the topic again, and when. It must not publish to the new topic before an
// admin has answered.
func deletedUnderLoad(t *testing.T, w *world) {
	c := &change{w: w, words: []string{w.topic}}
	var s producerStatus
	w.loadFor(func() {
		w.awaitPublished(time.Now())
		w.kafka.DeleteTopic(t, w.topic)
		s = w.await(func(p producerStatus) bool { return p.State == "FAILED" || p.State == "STOPPED" })
	})
	w.wantReason(s, w.topic)
	if !w.kafka.HasTopic(t, w.topic) {
		w.kafka.CreateTopic(t, w.topic, topicConfig...)
	}
	if s.State == "FAILED" {
		w.command("start", "")
		s = w.awaitQuestion()
	}
	w.wantReason(s, w.topic, "made anew")
	if n := len(w.log().Messages); n > 0 {
		t.Errorf("%d messages were published before an admin was asked", n)
	}
	c.answer(s, "baseline", 0)
}

// endLost makes the topic lose its last records while the broker is down for a moment, as an
// unclean election does. If the marker of a transaction is lost but its records are not, the
// broker takes that transaction for open although its coordinator has ended it long ago. It
// then hides all later records from read_committed readers until something ends it.
func endLost(marker, away bool) func(*testing.T, *world) {
	return func(t *testing.T, w *world) {
		// A publisher that has a transaction open first ends it. That also ends the other one,
		// which the broker takes for open.
		c := &change{w: w, words: []string{w.topic, "lost"}, quiet: marker, resumed: marker && !away, hidden: away}
		w.loadFor(func() {
			for range 4 {
				w.awaitPublished(time.Now()) // so that the topic has records to lose
			}
		})
		s := c.causeAndAwaitQuestion(func() int64 {
			if away {
				w.product.Kill()
				defer w.start()
			}
			w.kafka.Kill()
			lost, open := w.kafka.LoseEnd(t, w.topic, 10)
			for marker != open {
				more, now := w.kafka.LoseEnd(t, w.topic, 1)
				if more == 0 {
					t.Fatalf("no end of the log has open=%v as the test needs it", marker)
				}
				lost, open = lost+more, now
			}
			if err := w.kafka.Start(); err != nil {
				t.Fatal(err)
			}
			t.Logf("%d batches were lost", lost)
			return w.kafka.End(t, w.topic)
		})
		c.answer(s, "baseline", s.Sent)
	}
}

// recordsDeleted deletes the topic's records before an offset.
func recordsDeleted(before func(*world) int64) func(*testing.T, *world) {
	return func(t *testing.T, w *world) {
		w.setTopic("cleanup.policy", "compact,delete") // DeleteRecords requires it
		w.setTopic("retention.ms", "-1")
		c := &change{w: w, words: []string{w.topic, "deleted"}}
		c.continuesOrAsks(func() { w.kafka.DeleteRecords(t, w.topic, before(w)) })
	}
}
