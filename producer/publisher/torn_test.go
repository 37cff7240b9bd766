package publisher

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"urncast/producer"
	"urncast/registry"
)

// "Continue" after a lost past does not take up a job that transactions have followed.
func TestContinueEndsAnOldJob(t *testing.T) {
	s, b := started(t, "fusion-json")
	s.record(registry.Replace, "1.0", "X")
	until(t, s, b, "sending", s.handled(1))
	before := s.row.Cursor
	s.wish(producer.Idle, producer.StartBaseline)
	until(t, s, b, "the baseline", s.baselined)
	s.record(registry.Replace, "1.0", "X")
	s.record(registry.Replace, "1.0", "X")
	s.record(registry.Replace, "1.0", "Y")
	until(t, s, b, "more", s.handled(4))
	// failover: job's end lost, and transaction 4
	s.txs = s.txs[:3]
	s.row.Job, s.row.Cursor = &producer.Job{ID: "job-1", Kind: producer.JobBaseline, AsOf: 1, Phase: producer.PhasePublish}, before
	until(t, s, b, "question", s.in(producer.Stopped, "lost transactions"))
	s.wish(producer.Idle, producer.StartContinue)
	until(t, s, b, "going on", func() bool {
		s.mu.Lock()
		defer s.mu.Unlock()
		return s.row.State == producer.Idle && s.row.Job == nil && s.row.Cursor.Number >= 3
	})
	if told := strings.Join(b.told(), "\n"); strings.Count(told, " job") != 1 {
		t.Errorf("the old job was sent again:\n%s", told)
	}
}

// onceFailing fails to begin a job once, as a process that is killed there.
type onceFailing struct {
	*modelHold
	fail *bool
}

func (h onceFailing) BeginJob(ctx context.Context, j producer.Job, w int64) (producer.Job, error) {
	if *h.fail {
		*h.fail = false
		return j, errors.New("killed")
	}
	return h.modelHold.BeginJob(ctx, j, w)
}

func TestFirstBaselineKilledIsFirst(t *testing.T) {
	s, b := newModelStore(), newModelBroker(nil)
	s.record(registry.Replace, "1.0", "X")
	s.broken("Y")
	s.wish(producer.Idle, producer.StartBaseline)
	fail := true
	p := newPublisher(s, b)
	p.Store = holding{s, func(h *modelHold) producer.Hold { return onceFailing{h, &fail} }}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { p.Run(ctx); close(ended) }()
	eventually(t, "failure", s.in(producer.Failed, "Y"))
	cancel()
	<-ended
	if !s.row.Job.First {
		t.Error("First was lost")
	}
}

// strictBroker hides from readers what an open transaction precedes.
type strictBroker struct {
	*modelBroker
	hold func() // called before the delivery reports come
}

func (b *strictBroker) Connect(context.Context, string) (producer.Broker, error) { return b, nil }
func (b *strictBroker) ReadBack(ctx context.Context, from, to map[string]int64, w func(string), yield func(*producer.Seen)) error {
	for {
		b.mu.Lock()
		hidden := false
		for _, open := range b.open {
			for _, r := range open {
				hidden = hidden || r.offset < to[r.Topic]
			}
		}
		b.mu.Unlock()
		if !hidden {
			return b.modelBroker.ReadBack(ctx, from, to, w, yield)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(time.Millisecond):
		}
	}
}
func (b *strictBroker) Open(ctx context.Context, topics, ids []string, timeout time.Duration) ([]producer.Lane, error) {
	ls, err := b.modelBroker.Open(ctx, topics, ids, timeout)
	for i := range ls {
		ls[i] = &strictLane{ls[i].(*modelLane), b}
	}
	return ls, err
}

type strictLane struct {
	*modelLane
	sb *strictBroker
}

func (l *strictLane) Delivered(ctx context.Context) (map[string]producer.Stretch, error) {
	if l.sb.hold != nil {
		l.sb.hold()
	}
	return l.modelLane.Delivered(ctx)
}

// A stranger's few records are found though a look came while our own were on their way.
func TestStrangerBesideSlowRecordsIsTold(t *testing.T) {
	s, b := started(t, "fusion-json")
	sb := &strictBroker{modelBroker: b, hold: func() { time.Sleep(60 * time.Millisecond) }}
	p := newPublisher(s, b)
	p.Cluster = sb
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { p.Run(ctx); close(ended) }()
	defer func() { cancel(); <-ended }()
	s.record(registry.Replace, "1.0", "A", "B", "C", "D", "E")
	eventually(t, "sent", s.handled(1))
	time.Sleep(50 * time.Millisecond)
	b.mu.Lock()
	b.stranger("other", 2)
	b.mu.Unlock()
	eventually(t, "the question", s.in(producer.Stopped, "registry other"))
}

// The guard may look at a job's own records while the job ends; for the race detector.
func TestGuardBesideJobs(t *testing.T) {
	s, b := started(t, "fusion-json")
	sb := &strictBroker{modelBroker: b, hold: func() { time.Sleep(30 * time.Millisecond) }}
	p := newPublisher(s, b)
	p.Cluster = sb
	p.beat = time.Millisecond
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { p.Run(ctx); close(ended) }()
	defer func() { cancel(); <-ended }()
	var keys []string
	for i := range 300 {
		keys = append(keys, fmt.Sprintf("K%d", i))
	}
	s.record(registry.Replace, "1.0", keys...)
	eventually(t, "sent", s.handled(1))
	for range 5 {
		n := s.begun
		s.wish(producer.Idle, producer.StartBaseline)
		eventually(t, "baseline", func() bool { s.mu.Lock(); defer s.mu.Unlock(); return s.begun > n && s.row.Job == nil })
	}
}

// tearHold fails to adopt so many times.
type tearHold struct {
	*modelHold
	fail *int
}

func (h tearHold) Adopt(ctx context.Context, r producer.Published, system string, c producer.Cursor, w int64) error {
	if *h.fail > 0 {
		*h.fail--
		return errors.New("statement timeout")
	}
	return h.modelHold.Adopt(ctx, r, system, c, w)
}

func TestTearIsKeptUntilWritten(t *testing.T) {
	s, b := started(t, "fusion-json")
	fail := 0
	p := newPublisher(s, b)
	p.Store = holding{s, func(h *modelHold) producer.Hold { return tearHold{h, &fail} }}
	p.beat = time.Hour
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { p.Run(ctx); close(ended) }()
	defer func() { cancel(); <-ended }()
	s.record(registry.Replace, "1.0", "A")
	eventually(t, "sent", s.handled(1))
	s.record(registry.Replace, "1.0", "B")
	eventually(t, "sent", s.handled(2))
	time.Sleep(20 * time.Millisecond)
	fail = 1
	b.mu.Lock()
	b.cut(len(b.logs[producer.TopicDefault]) - 2)
	b.mu.Unlock()
	s.record(registry.Replace, "1.0", "C", "D", "E")
	eventually(t, "handled 3 or question", func() bool { return s.handled(3)() || s.in(producer.Stopped, "lost")() })
	if !strings.Contains(s.asked(), "lost") {
		t.Error("the loss was passed over in silence")
	}
}

// Topics that are torn at once are all told.
func TestAllTornTopicsAreTold(t *testing.T) {
	told := map[string]int{}
	for range 6 {
		s, b := newModelStore(), newModelBroker(nil)
		second := s.row.Config.Routes[0]
		second.Topic = "second"
		s.row.Config.Routes = append(s.row.Config.Routes, second)
		s.wish(producer.Idle, producer.StartIdle)
		until(t, s, b, "start", s.handled(0))
		p := newPublisher(s, b)
		p.beat = time.Hour
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan struct{})
		go func() { p.Run(ctx); close(ended) }()
		s.record(registry.Replace, "1.0", "A")
		eventually(t, "sent", s.handled(1))
		s.record(registry.Replace, "1.0", "B")
		eventually(t, "sent", s.handled(2))
		time.Sleep(20 * time.Millisecond)
		b.mu.Lock()
		for _, topic := range []string{producer.TopicDefault, "second"} {
			log := b.logs[topic]
			for _, r := range log[len(log)-2:] {
				if r != nil {
					r.committed, r.lost = false, true
				}
			}
			b.logs[topic] = log[: len(log)-2 : len(log)-2]
		}
		b.mu.Unlock()
		s.record(registry.Replace, "1.0", "C", "D", "E")
		for i := 0; i < 3000 && !s.in(producer.Stopped, "lost")(); i++ {
			time.Sleep(time.Millisecond)
		}
		if !s.in(producer.Stopped, "lost")() {
			s.mu.Lock()
			t.Log(s.row.State, s.row.Reason, s.row.Cursor, len(b.logs[producer.TopicDefault]), len(b.logs["second"]))
			s.mu.Unlock()
			cancel()
			<-ended
			told["none"]++
			continue
		}
		n := strings.Count(s.asked(), "it has lost records")
		told[fmt.Sprint(n, " topics named")]++
		cancel()
		<-ended
	}
	if told["2 topics named"] != 6 {
		t.Error("one torn topic was passed over")
	}
}

// slowReads says of each reading that it stands still.
type slowReads struct {
	*modelBroker
	on *bool
}

func (b *slowReads) Connect(context.Context, string) (producer.Broker, error) { return b, nil }
func (b *slowReads) ReadBack(ctx context.Context, from, to map[string]int64, w func(string), yield func(*producer.Seen)) error {
	if *b.on {
		w("Topic x is read slowly")
	}
	return b.modelBroker.ReadBack(ctx, from, to, w, yield)
}

func TestSlowReadingOfAJobPasses(t *testing.T) {
	s, b := started(t, "fusion-json")
	on := false
	p := newPublisher(s, b)
	p.Cluster = &slowReads{b, &on}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { p.Run(ctx); close(ended) }()
	defer func() { cancel(); <-ended }()
	s.record(registry.Replace, "1.0", "A")
	eventually(t, "sent", s.handled(1))
	on = true
	s.mu.Lock()
	s.jobs = append(s.jobs, producer.Job{Kind: producer.JobBaseline})
	s.mu.Unlock()
	signal(s.wishes)
	eventually(t, "job", func() bool { s.mu.Lock(); defer s.mu.Unlock(); return s.begun == 1 && s.row.Job == nil })
	s.record(registry.Replace, "1.0", "B")
	time.Sleep(300 * time.Millisecond)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.row.State != producer.Idle {
		t.Error("stuck in", s.row.State)
	}
}

// A topic that lost nothing but the last marker has lost its end, too.
func TestLostMarkerIsTold(t *testing.T) {
	s, b := started(t, "fusion-json")
	_, stop := running(t, s, b)
	defer stop()
	s.record(registry.Replace, "1.0", "A")
	eventually(t, "sent", s.handled(1))
	time.Sleep(100 * time.Millisecond)
	b.mu.Lock()
	log := b.logs[producer.TopicDefault]
	b.logs[producer.TopicDefault] = log[: len(log)-1 : len(log)-1]
	b.mu.Unlock()
	time.Sleep(200 * time.Millisecond)
	s.record(registry.Replace, "1.0", "B")
	time.Sleep(200 * time.Millisecond)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.row.State != producer.Stopped {
		t.Error("nobody was asked:", s.row.State, s.row.Cursor)
	}
}

// A failover that loses the note of a job's end does not repeat the job: transactions that
// followed it are on the topic, and old content must not follow newer.
func TestJobWhoseEndWasLostIsOver(t *testing.T) {
	for _, following := range []int{1, 2} {
		s, b := started(t, "fusion-json")
		s.record(registry.Replace, "1.0", "X")
		until(t, s, b, "sending", s.handled(1))
		before := s.row.Cursor
		s.wish(producer.Idle, producer.StartBaseline)
		until(t, s, b, "the baseline", s.baselined)
		for range following {
			s.record(registry.Replace, "1.0", "X")
		}
		until(t, s, b, "sending what follows", s.handled(1+following))
		told := b.told()
		s.row.Job, s.row.Cursor = &producer.Job{ID: "job-1", Kind: producer.JobBaseline, AsOf: 1, Phase: producer.PhasePublish}, before
		s.record(registry.Replace, "1.0", "Y")
		until(t, s, b, "going on", s.handled(2+following))
		wantTold(t, b, append(told, fmt.Sprintf("%d replace A:Y(1.0) 1/1", 2+following))...)
		if s.row.Job != nil {
			t.Errorf("the job is open still: %+v", s.row.Job)
		}
	}
}
