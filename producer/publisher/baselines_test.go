package publisher

import (
	"strings"
	"testing"
	"time"

	"urncast/producer"
	"urncast/registry"
)

// withBaselines gives a producer that has sent X, and then both settings.
func withBaselines(t *testing.T) (*modelStore, *modelBroker) {
	t.Helper()
	s, b := started(t, "fusion-json")
	s.record(registry.Replace, "1.0", "X")
	until(t, s, b, "sending", s.handled(1))
	s.row.Config.BaselineAtEveryStart, s.row.Config.BaselineWhenConnectionChanges = true, true
	return s, b
}

// jobsBegun counts them, and gives why they were.
func (s *modelStore) jobsBegun() (n int, why string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.begun, strings.Join(s.whys, ", ")
}

func (s *modelStore) calm() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.row.State == producer.Idle && s.row.Job == nil && s.row.Taken == s.row.Wish.Sequence && int(s.row.Cursor.Number) == len(s.txs)
}

// calmWith waits until everything is sent and so many jobs were begun, and sees that
// none follows.
func (s *modelStore) calmWith(t *testing.T, what string, jobs int) {
	t.Helper()
	eventually(t, what, func() bool { n, _ := s.jobsBegun(); return s.calm() && n >= jobs })
	signal(s.wishes)
	time.Sleep(20 * time.Millisecond)
	eventually(t, what, s.calm)
	if n, why := s.jobsBegun(); n != jobs {
		t.Errorf("%s: %d jobs were begun, want %d (%s)", what, n, jobs, why)
	}
}

// A baseline comes first whenever an admin starts the producer and whenever its process
// restarts, and never otherwise.
func TestBaselineAtEveryStart(t *testing.T) {
	s, b := withBaselines(t)
	s.row.Config.BaselineAtEveryStart = false
	_, stop := running(t, s, b)
	s.calmWith(t, "a restart without the setting", 0)
	change := func(fn func()) {
		s.mu.Lock()
		fn()
		s.mu.Unlock()
		signal(s.wishes)
	}
	change(func() { s.row.Config.BaselineAtEveryStart = true; s.row.Config.Revision++ })
	time.Sleep(20 * time.Millisecond)
	s.calmWith(t, "a change of the settings", 0)
	stop()

	s.record(registry.Replace, "1.0", "Y")
	_, stop = running(t, s, b)
	s.calmWith(t, "a restart", 1)
	wantTold(t, b, "1 replace A:X(1.0) 1/1", "2 replace A:X(1.0) 1/2 job", "2 replace A:Y(1.0) 2/2 job")

	change(func() { b.faults(3) })
	s.record(registry.Replace, "1.0", "Z")
	s.calmWith(t, "attempts after faults", 1)

	change(func() { s.row.Wish.Sequence++; s.row.Wish.Run, s.row.Wish.How = producer.Idle, "" })
	s.calmWith(t, "an admin's start", 2)

	change(func() { s.row.Wish.Sequence++; s.row.Wish.Run, s.row.Wish.Keep = producer.Suspended, true })
	eventually(t, "the suspension", s.in(producer.Suspended, "by hand"))
	if err := newAdministrator(s, "").Resume(); err != nil {
		t.Fatal(err)
	}
	s.calmWith(t, "a resumption", 2)

	change(func() { s.row.Config.Revision++ })
	time.Sleep(20 * time.Millisecond)
	s.calmWith(t, "a change of other settings", 2)
	stop()

	s.takenOver = true
	running(t, s, b)
	s.calmWith(t, "a takeover", 2)
	if _, why := s.jobsBegun(); why != "baseline at every start, baseline at every start" {
		t.Errorf("the jobs were begun because of %q", why)
	}
}

// faults lets so many of the next calls fail.
func (b *modelBroker) faults(n int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.chance = func() bool { n--; return n >= 0 }
}

// A restart whose first attempts fail makes its baseline once the brokers answer.
func TestBaselineOfAStartThatHadToWait(t *testing.T) {
	s, b := withBaselines(t)
	n := 3
	b.chance = func() bool { n--; return n >= 0 }
	running(t, s, b)
	s.calmWith(t, "the baseline", 1)
}

// A baseline that a crash interrupted goes on, and is the restart's: otherwise one that
// takes longer than the process lives would never end.
func TestBaselineAtStartGoesOn(t *testing.T) {
	s, b := withBaselines(t)
	s.row.Job, s.begun = &producer.Job{ID: "job-1", Kind: producer.JobBaseline, AsOf: 1, Phase: producer.PhasePublish}, 1
	s.record(registry.Replace, "1.0", "Y")
	running(t, s, b)
	s.calmWith(t, "the end of the baseline", 1)
	wantTold(t, b, "1 replace A:X(1.0) 1/1", "1 replace A:X(1.0) 1/1 job", "2 replace A:Y(1.0) 1/1")
}

// An admin's own answer is no start: to go on is to go on.
func TestBaselineAtEveryStartLeavesAnswersAlone(t *testing.T) {
	for _, how := range []string{producer.StartContinue, producer.WishSkip, producer.WishResume} {
		s, b := withBaselines(t)
		s.takenOver = true
		s.wish(producer.Idle, how)
		running(t, s, b)
		s.calmWith(t, how, 0)
	}
}

// Another cluster is what the setting is for: the question is answered with a baseline,
// and the reason kept.
func TestBaselineWhenConnectionChanges(t *testing.T) {
	s, b := withBaselines(t)
	s.row.Config.BaselineAtEveryStart = false
	s.record(registry.Replace, "1.0", "Y")
	b.topic.Cluster, b.topic.ID, b.logs[producer.TopicDefault] = "other", "topic-2", nil
	running(t, s, b)
	s.calmWith(t, "the baseline", 1)
	wantTold(t, b, "2 replace A:X(1.0) 1/2 job", "2 replace A:Y(1.0) 2/2 job")
	if _, why := s.jobsBegun(); why != "baseline when the connection changes" {
		t.Errorf("the job was begun because of %q", why)
	}
	if s.row.Sent.Cluster != "other" {
		t.Errorf("the producer is said to publish to cluster %s", s.row.Sent.Cluster)
	}
}

func TestWithoutTheSettingAnotherClusterAsks(t *testing.T) {
	s, b := withBaselines(t)
	s.row.Config.BaselineWhenConnectionChanges = false
	b.topic.Cluster, b.topic.ID, b.logs[producer.TopicDefault] = "other", "topic-2", nil
	until(t, s, b, "the question", s.in(producer.Stopped, "cluster other"))
}

// No setting decides what a lost past means, nor what a change of the routes does.
func TestBaselineSettingsNeverAnswerARewind(t *testing.T) {
	foreign := func(registryID, producerID, id, number string) []*modelRecord {
		return []*modelRecord{{Record: producer.Record{Topic: producer.TopicDefault, Key: []byte("k"), Value: []byte("v"), Headers: []producer.Header{
			{Key: producer.HeaderRegistry, Value: []byte(registryID)}, {Key: producer.HeaderProducer, Value: []byte(producerID)}, {Key: producer.HeaderTransaction, Value: []byte(number)}, {Key: producer.HeaderTransactionID, Value: []byte(id)}}}, committed: true}}
	}
	elsewhere := func(b *modelBroker, log []*modelRecord) {
		b.topic.Cluster, b.topic.ID, b.logs[producer.TopicDefault] = "other", "topic-2", log
	}
	for name, c := range map[string]struct {
		spoil func(*modelStore, *modelBroker)
		want  string
	}{
		"topic made anew":     {func(_ *modelStore, b *modelBroker) { b.topic.ID, b.logs[producer.TopicDefault] = "topic-2", nil }, "deleted and made anew"},
		"records lost":        {func(_ *modelStore, b *modelBroker) { b.logs[producer.TopicDefault] = nil }, "has lost records"},
		"cloned database":     {func(s *modelStore, _ *modelBroker) { s.row.System = "elsewhere" }, "copy"},
		"lost transactions":   {func(s *modelStore, _ *modelBroker) { s.txs, s.row.Cursor = nil, producer.Cursor{} }, "has lost transactions"},
		"numbers given anew":  {func(s *modelStore, _ *modelBroker) { s.row.Cursor, s.txs[0].ID = producer.Cursor{}, "another" }, "given their numbers anew"},
		"changed format":      {func(s *modelStore, _ *modelBroker) { s.row.Config.Routes[0].Format = "sdmx-ml-2.1" }, "format was changed"},
		"copy, other cluster": {func(s *modelStore, b *modelBroker) { s.row.System = "elsewhere"; elsewhere(b, nil) }, "copy"},
		"other cluster, foreign topic": {func(_ *modelStore, b *modelBroker) { elsewhere(b, foreign("stranger", "p", "id-1", "1")) },
			"belongs to registry stranger"},
		"other cluster, newer own records": {func(_ *modelStore, b *modelBroker) { elsewhere(b, foreign("r", "p", "id-9", "9")) }, "has lost transactions"},
		"other cluster, other own records": {func(_ *modelStore, b *modelBroker) { elsewhere(b, foreign("r", "p", "another", "1")) }, "given their numbers anew"},
	} {
		t.Run(name, func(t *testing.T) {
			s, b := withBaselines(t)
			c.spoil(s, b)
			before := len(b.told())
			until(t, s, b, "the question", s.in(producer.Stopped, c.want))
			until(t, s, b, "the question after a restart", s.in(producer.Stopped, c.want))
			if n, why := s.jobsBegun(); n != 0 || len(b.told()) != before {
				t.Errorf("%d jobs were begun (%s), and the topic holds %q", n, why, b.told())
			}
		})
	}
}
