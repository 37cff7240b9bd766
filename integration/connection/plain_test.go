package connection

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"urncast/producer/kafka/trial"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"urncast/integration/rig"
	"urncast/producer/connection"
)

// plain is a broker without TLS, SASL or ACLs.
type plain struct{ kafka *rig.Kafka }

func (p *plain) properties() map[string]string {
	return map[string]string{"bootstrap.servers": p.kafka.Bootstrap()}
}

func asked(topic string) connection.Test {
	return connection.Test{Topic: topic, Prefix: "tx", Bytes: 100_000}
}

var noScratch = "not-run: No scratch topic"

func TestPlain(t *testing.T) {
	t.Parallel()
	p := &plain{rig.StartKafka(t)}
	t.Run("good set-up", p.good)
	t.Run("unseen", p.unseen)
	t.Run("leaves little", p.leavesLittle)
	t.Run("scratch", p.scratch)
	t.Run("several servers", p.several)
	t.Run("topics", p.topics)
	t.Run("limits", p.limits)
	t.Run("broker's limit", p.brokersLimit)
	t.Run("without a topic", p.withoutTopic)
	t.Run("settings refused", p.settings)
	t.Run("cancelled", p.cancelled)
	t.Run("the broker hangs", p.hangs)
	t.Run("advertised listener unreachable", p.advertised) // closes the proxy, so it comes last
}

// On a good set-up every step passes, all steps are announced in their order before the first
// begins, and the scratch topic that the test created is deleted.
func (p *plain) good(t *testing.T) {
	asked := asked(structures(t, p.kafka, "good"))
	asked.Scratch, asked.MakeScratch = "good.scratch", true
	tr := test(t.Context(), &trial.Client{CreateTopic: true}, p.properties(), asked, nil)
	tr.expect(t, nil)
	if tr.err != nil {
		t.Errorf("the test returned %v", tr.err)
	}
	n := len(tr.order)
	for i, s := range tr.reports {
		waiting := s.State == connection.StepWaiting
		if waiting != (i < n) {
			t.Errorf("report %d is %s %s: every step must be announced before the first begins, and none later", i, s.ID,
				s.State)
		}
		if i >= n && s.State == connection.StepRunning && strings.HasPrefix(s.ID,
			"transaction-abort") && !strings.Contains(s.Finding, "read_committed") {
			t.Errorf("the step does not say beforehand who sees the messages: %s", s.Finding)
		}
	}
	if len(tr.reports) != 3*n {
		t.Errorf("%d reports of %d steps, want three of each", len(tr.reports), n)
	}
	if state := p.describe(t, "good.scratch"); state != 3 {
		t.Errorf("the scratch topic was not deleted: describing it returns Kafka error %d", state)
	}
	t.Logf("\n%s", tr)
}

// describe returns the error code that the broker returns for a topic.
func (p *plain) describe(t *testing.T, topic string) int16 {
	t.Helper()
	r := kmsg.NewPtrMetadataRequest()
	one := kmsg.NewMetadataRequestTopic()
	one.Topic = &topic
	r.Topics = append(r.Topics, one)
	answer, err := r.RequestWith(t.Context(), p.kafka.Client(t))
	if err != nil {
		t.Fatal(err)
	}
	return answer.Topics[0].ErrorCode
}

// A read_committed consumer that reads the topic during the test and after it sees nothing of the
// test. A read_uncommitted consumer sees its messages, each of which has a key.
func (p *plain) unseen(t *testing.T) {
	topic := structures(t, p.kafka, "unseen")
	producer := p.kafka.Client(t)
	if err := producer.ProduceSync(t.Context(), &kgo.Record{Topic: topic, Key: []byte("before"),
		Value: []byte("x")}).FirstErr(); err != nil {
		t.Fatal(err)
	}
	start := kgo.ConsumeResetOffset(kgo.NewOffset().AtStart())
	committed := p.kafka.Client(t, kgo.ConsumeTopics(topic), start, kgo.FetchIsolationLevel(kgo.ReadCommitted()))
	keys := make(chan string, 100)
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	go func() {
		for ctx.Err() == nil {
			committed.PollFetches(ctx).EachRecord(func(r *kgo.Record) { keys <- string(r.Key) })
		}
	}()
	asked := asked(topic)
	asked.Bytes = 1 << 20
	test(t.Context(), &trial.Client{}, p.properties(), asked, nil).expect(t,
		map[string]string{"transaction-commit": noScratch})
	if err := producer.ProduceSync(t.Context(), &kgo.Record{Topic: topic, Key: []byte("after"),
		Value: []byte("x")}).FirstErr(); err != nil {
		t.Fatal(err)
	}
	var seen []string
	for len(seen) == 0 || seen[len(seen)-1] != "after" {
		select {
		case key := <-keys:
			seen = append(seen, key)
		case <-time.After(20 * time.Second):
			t.Fatalf("an open transaction blocks the reader; it saw %q", seen)
		}
	}
	if !slices.Equal(seen, []string{"before", "after"}) {
		t.Errorf("a read_committed reader saw %q", seen)
	}
	all := p.kafka.Client(t, kgo.ConsumeTopics(topic), start)
	uncommitted, bytes := 0, 0
	for last := ""; last != "after"; {
		all.PollFetches(t.Context()).EachRecord(func(r *kgo.Record) {
			last = string(r.Key)
			if len(r.Key) == 0 {
				t.Error("a message has no key: a compacted topic would refuse it")
			}
			uncommitted, bytes = uncommitted+1, bytes+len(r.Value)
		})
	}
	if uncommitted != 4 || bytes < 1<<20 {
		t.Errorf("%d messages of %d bytes are on the topic, want four, of which the test sent two", uncommitted, bytes)
	}
}

// A scratch topic that exists is used and kept; one that does not exist is created only if that is
// allowed; the tested topic itself is refused as the scratch topic.
func (p *plain) scratch(t *testing.T) {
	topic, scratch := structures(t, p.kafka, "scratched"), structures(t, p.kafka, "kept")
	for _, c := range []struct {
		scratch string
		state   string
	}{
		{scratch, "passed: read back"},
		{"not.there", "failed: making it was not allowed"},
		{topic, "failed: the topic scratched itself"},
	} {
		asked := asked(topic)
		asked.Scratch = c.scratch
		large := "passed: A message of 100000 bytes"
		if c.scratch == "not.there" {
			large = "not-run: It goes to the scratch topic"
		}
		test(t.Context(), &trial.Client{}, p.properties(), asked, nil).expect(t,
			map[string]string{"transaction-commit": c.state, "large-message": large})
	}
	if p.describe(t, scratch) != 0 {
		t.Error("the test deleted a scratch topic that it did not create")
	}
}

// Each bootstrap server has its own steps; if one server fails, the steps that need any one of them
// still run.
func (p *plain) several(t *testing.T) {
	topic := structures(t, p.kafka, "several")
	properties := map[string]string{"bootstrap.servers": "127.0.0.1:1, " + p.kafka.Bootstrap() + ",no-such-host.invalid:9092"}
	tr := test(t.Context(), &trial.Client{}, properties, asked(topic), nil)
	for key, state := range map[string]connection.StepState{
		"connect 127.0.0.1:1": connection.StepFailed, "kafka 127.0.0.1:1": connection.StepNotRun,
		"resolve no-such-host.invalid:9092": connection.StepFailed, "connect no-such-host.invalid:9092": connection.StepNotRun,
		"authenticate " + p.kafka.Bootstrap(): connection.StepPassed,
		"cluster":                             connection.StepPassed, "transaction-abort": connection.StepPassed, "large-message": connection.StepPassed,
	} {
		if tr.last[key].State != state {
			t.Errorf("%s is %s, want %s", key, tr.last[key].State, state)
		}
	}
	if needs := tr.last["kafka 127.0.0.1:1"].Needs; needs != "connect" {
		t.Errorf("the step needs %q, want connect", needs)
	}
	tried := (&trial.Client{}).Try(t.Context(), reached(properties))
	if len(tried) != 3 || tried[0].OK || !tried[1].OK || tried[2].OK {
		t.Errorf("trying the servers at a save returned %+v", tried)
	}
}

// A connection can be tested before a topic is chosen.
func (p *plain) withoutTopic(t *testing.T) {
	tr := test(t.Context(), &trial.Client{CreateTopic: true}, p.properties(), connection.Test{}, nil)
	none := "not-run: No topic was named"
	tr.expect(t, map[string]string{"topic": none, "rights-describe": none, "rights-write": none, "rights-read": none,
		"rights-create":           none,
		"rights-transactional-id": "passed: begin with tx-", "transaction-abort": "not-run: topic", "transaction-commit": noScratch, "large-message": "not-run"})
}

// Refused settings end the test before anything is connected to.
func (p *plain) settings(t *testing.T) {
	properties := p.properties()
	properties["transactional.id"] = "mine"
	tr := test(t.Context(), &trial.Client{}, properties, asked("any"), nil)
	if s := tr.step("properties"); s.State != connection.StepFailed || !strings.Contains(s.Finding, "transactional.id") {
		t.Errorf("the step is %+v", s)
	}
	for _, key := range tr.order[1:] {
		if s := tr.last[key]; s.State != connection.StepNotRun || s.Needs == "" {
			t.Errorf("step %s is %s", key, s.State)
		}
	}
	if tried := (&trial.Client{}).Try(t.Context(),
		reached(properties)); len(tried) != 1 || tried[0].OK || !strings.Contains(tried[0].Text, "transactional.id") {
		t.Errorf("trying the servers at a save returned %+v", tried)
	}
}

// A cancelled test ends at once, whichever step it is at; it leaves no open transaction and no
// scratch topic.
func (p *plain) cancelled(t *testing.T) {
	topic := structures(t, p.kafka, "cancelled")
	for _, at := range []string{"resolve", "cluster", "rights-transactional-id", "transaction-init",
		"transaction-abort", "transaction-commit", "large-message"} {
		t.Run(at, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			asked := asked(topic)
			asked.Bytes, asked.Scratch, asked.MakeScratch = 8<<20, "cancelled.scratch", true
			var when time.Time
			tr := test(ctx, &trial.Client{}, p.properties(), asked, func(s connection.Step) {
				if s.ID == at && s.State == connection.StepRunning {
					delay := time.Duration(0)
					if strings.HasPrefix(at, "transaction") || at == "large-message" {
						delay = 60 * time.Millisecond
					}
					time.AfterFunc(delay, func() {
						when = time.Now()
						cancel()
					})
				}
			})
			if !errors.Is(tr.err, context.Canceled) {
				t.Errorf("the test returned %v", tr.err)
			}
			if took := time.Since(when); took > 3*time.Second {
				t.Errorf("it ended %s after it was cancelled", took)
			}
			for _, key := range tr.order {
				if s := tr.last[key]; s.State == connection.StepWaiting || s.State == connection.StepRunning {
					t.Errorf("step %s is left %s", key, s.State)
				}
			}
			p.nothingOpen(t, topic)
			if state := p.describe(t, "cancelled.scratch"); state != 3 {
				t.Errorf("the scratch topic is still there: %d", state)
			}
		})
	}
}

// nothingOpen asserts that no open transaction blocks the readers of the topic.
func (p *plain) nothingOpen(t *testing.T, topic string) {
	t.Helper()
	ends := func(level int8) int64 {
		r := kmsg.NewPtrListOffsetsRequest()
		r.ReplicaID, r.IsolationLevel = -1, level
		one, partition := kmsg.NewListOffsetsRequestTopic(), kmsg.NewListOffsetsRequestTopicPartition()
		partition.Timestamp = -1
		one.Topic, one.Partitions = topic, append(one.Partitions, partition)
		r.Topics = append(r.Topics, one)
		answer, err := r.RequestWith(t.Context(), p.kafka.Client(t))
		if err != nil {
			t.Fatal(err)
		}
		return answer.Topics[0].Partitions[0].Offset
	}
	stable, high := ends(1), ends(0)
	if stable != high {
		t.Errorf("a transaction is open on %s: the last stable offset is %d, the end %d", topic, stable, high)
	}
}

// When the broker hangs in the middle of a step, the step fails at its time limit and says so, and
// the steps that need it are not run.
func (p *plain) hangs(t *testing.T) {
	topic := structures(t, p.kafka, "standing")
	for _, at := range []string{"cluster", "transaction-abort"} {
		asked := asked(topic)
		asked.StepTimeout = 3 * time.Second
		tr := test(t.Context(), &trial.Client{}, p.properties(), asked, func(s connection.Step) {
			if s.ID == at && s.State == connection.StepRunning {
				p.kafka.Pause()
				time.Sleep(100 * time.Millisecond) // until every thread of the broker has received the signal
			}
			if s.ID == at && s.State == connection.StepFailed {
				p.kafka.Continue()
			}
		})
		p.kafka.Continue()
		s := tr.step(at)
		late := s.Took > asked.StepTimeout+time.Second
		if s.State != connection.StepFailed || !strings.Contains(s.Finding, "limit of 3s") || s.Cure == "" || late {
			t.Errorf("step %s is %+v", at, s)
		}
	}
}

// An advertised listener that cannot be reached is reported as such, although the bootstrap
// listener can be reached; steps that need only the bootstrap listener are run.
func (p *plain) advertised(t *testing.T) {
	topic := structures(t, p.kafka, "advertised")
	closeProxy(t, p.kafka)
	properties := map[string]string{"bootstrap.servers": p.kafka.Address("VIA")}
	tr := test(t.Context(), &trial.Client{}, properties, asked(topic), nil)
	tr.expect(t, map[string]string{"listeners": "failed: advertised.listeners",
		"rights-transactional-id": "failed: nothing listens",
		"transaction-init":        "not-run", "transaction-abort": "not-run", "transaction-commit": "not-run", "large-message": "not-run"})
	if !strings.Contains(tr.step("listeners").Finding, p.kafka.Proxy.Address()) {
		t.Errorf("the address is not named: %s", tr.step("listeners").Finding)
	}
}
