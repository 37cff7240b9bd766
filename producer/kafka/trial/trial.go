package trial

import (
	"context"
	"fmt"
	"runtime/debug"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"urncast/internal/panics"
	"urncast/producer/connection"
	"urncast/producer/kafka"
	"urncast/producer/kafka/admin"
	"urncast/producer/kafka/probe"
	"urncast/producer/kafka/properties"
)

const (
	// stepLimit, largeBytes and prefixDefault are the defaults of a test. A message of largeBytes,
	// with its framing, passes a broker with Kafka's own defaults.
	stepLimit     = 10 * time.Second
	largeBytes    = 1_000_000
	prefixDefault = "tx"
	// cleanLimit bounds what must still be done when a test was cancelled.
	cleanLimit = 10 * time.Second
	// almost is how much before its limit a step counts as having used up its time.
	almost = 20 * time.Millisecond
)

// A trial is one connection test under way.
type trial struct {
	client     *Client
	connection *connection.Connection
	asked      connection.Test
	settings   *properties.Resolved
	findings   []connection.Finding
	unresolved error
	dialer     *probe.Dialer
	id         string // the transactional id of every transaction of the test
	sizeAsked  bool   // somebody asked for the size of the large message

	madeScratch atomic.Bool // this test made the scratch topic, and has not deleted it

	steps  []*step
	report func(connection.Step)
	mu     sync.Mutex // of report and of every step's state

	brokers *admin.Cluster
	found   facts
	broker  *kafka.Broker  // goes through the client library; nil until a step needs it
	calls   sync.WaitGroup // into the client library, which go on when their context is cancelled
}

// A step is a connection.Step and what is needed to perform it.
type step struct {
	connection.Step
	after []string // the ids of the steps that must have passed
	note  string   // said when it begins
	do    func(context.Context) outcome
}

// An outcome is the result of a step.
type outcome struct {
	state         connection.StepState
	finding, cure string
	needs         string
}

func passed(format string, args ...any) outcome {
	return outcome{state: connection.StepPassed, finding: fmt.Sprintf(format, args...)}
}

func notRun(needs, format string, args ...any) outcome {
	return outcome{state: connection.StepNotRun, finding: fmt.Sprintf(format, args...), needs: needs}
}

func failed(err error) outcome {
	t := probe.Of(err)
	return outcome{state: connection.StepFailed, finding: t.Text, cure: t.Cure}
}

// warned returns the outcome of a step with which something is to be looked at. The test goes on.
func warned(finding string, t *probe.Trouble) outcome {
	if finding != "" {
		finding += " "
	}
	return outcome{state: connection.StepWarning, finding: finding + t.Text, cure: t.Cure}
}

// Test implements connection.Client. It returns an error only if the test was cancelled; what it
// found is in the reports of the steps.
func (c *Client) Test(ctx context.Context, to *connection.Connection, asked connection.Test,
	report func(connection.Step)) error {
	if asked.StepTimeout <= 0 {
		asked.StepTimeout = stepLimit
	}
	sizeAsked := asked.Bytes > 0
	if !sizeAsked {
		asked.Bytes = largeBytes
	}
	if asked.Prefix == "" {
		asked.Prefix = prefixDefault
	}
	t := &trial{client: c, connection: to, asked: asked, report: report, sizeAsked: sizeAsked}
	t.settings, t.findings, t.unresolved = properties.Resolve(to)
	t.id = asked.Prefix + "-test-" + uuid.NewString()[:8]
	defer t.dial()()
	t.plan()
	defer t.clean()
	for _, s := range t.steps {
		t.tell(s, connection.StepWaiting, outcome{finding: s.note})
	}
	t.run(ctx, t.steps[:1])
	t.eachServer(ctx)
	t.run(ctx, t.steps[t.serverless():])
	return ctx.Err()
}

// dial makes the dialer and the admin client of the test, which connect later. done ends what the
// dialer began.
func (t *trial) dial() (done func()) {
	t.dialer, done = kafka.NewDialer(t.settings, t.client.Log)
	var servers []string
	if t.settings != nil {
		servers = t.settings.Bootstrap
	}
	t.brokers = admin.New(t.dialer.Open, servers)
	return done
}

// eachServer performs the steps of the bootstrap servers, for all servers at the same time.
func (t *trial) eachServer(ctx context.Context) {
	var servers panics.Group
	for at := 1; at < t.serverless(); {
		end := at
		for end < t.serverless() && t.steps[end].Server == t.steps[at].Server {
			end++
		}
		group := t.steps[at:end]
		servers.Go(func() { t.run(ctx, group) })
		at = end
	}
	servers.Wait()
}

// serverless returns the index of the first step after those of the bootstrap servers.
func (t *trial) serverless() int {
	n := 1
	for n < len(t.steps) && t.steps[n].Server != "" {
		n++
	}
	return n
}

// run performs steps one after the other.
func (t *trial) run(ctx context.Context, steps []*step) {
	for _, s := range steps {
		if ctx.Err() != nil {
			t.tell(s, connection.StepNotRun, outcome{finding: probe.Met(probe.Cancelled, nil).Text})
			continue
		}
		if needs := t.lacks(s); needs != "" {
			t.tell(s, connection.StepNotRun, outcome{needs: needs})
			continue
		}
		t.tell(s, connection.StepRunning, outcome{finding: s.note})
		began := time.Now()
		o := t.bounded(ctx, s)
		s.Took = time.Since(began)
		t.tell(s, o.state, o)
	}
}

// bounded performs a step within the limit of a step.
func (t *trial) bounded(parent context.Context, s *step) outcome {
	ctx, cancel := context.WithTimeout(parent, t.asked.StepTimeout)
	defer cancel()
	began := time.Now()
	o := s.do(ctx)
	if o.state != connection.StepFailed {
		return o
	}
	switch {
	case parent.Err() != nil:
		return failed(probe.Met(probe.Cancelled, nil))
	case time.Since(began) > t.asked.StepTimeout-almost: // a deadline of a connection is met a moment before
		limit := probe.Met(probe.TimeLimit, nil, "limit", probe.Rounded(t.asked.StepTimeout))
		if o.finding == "" {
			o.cure = limit.Cure
		}
		return outcome{state: connection.StepFailed, finding: strings.TrimSpace(limit.Text + " " + o.finding), cure: o.cure}
	}
	return o
}

// lacks returns the id of a step that must have passed before s, and has not; empty if there is
// none.
func (t *trial) lacks(s *step) string {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, id := range s.after {
		good := false
		for _, other := range t.steps {
			if other.ID == id && (other.Server == "" || s.Server == "" || other.Server == s.Server) {
				good = good || other.State == connection.StepPassed || other.State == connection.StepWarning
			}
		}
		if !good {
			return id
		}
	}
	return ""
}

// tell reports the state of a step. It makes one report at a time.
func (t *trial) tell(s *step, state connection.StepState, o outcome) {
	t.mu.Lock()
	defer t.mu.Unlock()
	s.State, s.Finding, s.Cure, s.Needs = state, o.finding, runnable(o.cure, t.settings), o.needs
	t.report(s.Step)
}

// call runs f, which calls the client library, and returns its outcome, or a failure if ctx ends
// first. The library knows timeouts only, so f may go on; clean waits for it.
func (t *trial) call(ctx context.Context, f func() outcome) outcome {
	done := make(chan outcome, 1)
	t.calls.Go(func() {
		defer func() {
			if p := recover(); p != nil { // in this goroutine nobody else recovers, and the step must end
				if t.client.Log != nil {
					t.client.Log.Error("panic in a connection test", "connection", t.connection.Name, "panic", p, "stack", string(debug.Stack()))
				}
				done <- outcome{state: connection.StepFailed, finding: "This hit a defect of the program; the server's log has the cause."}
			}
		}()
		done <- f()
	})
	select {
	case o := <-done:
		return o
	case <-ctx.Done():
	}
	select { // the library's own timeout is as long, and its answer says more
	case o := <-done:
		return o
	case <-time.After(200 * time.Millisecond):
		return outcome{state: connection.StepFailed} // bounded says why
	}
}

// clean ends what the test began, so that no transaction stays open, and no topic stays that the
// test made.
func (t *trial) clean() {
	t.calls.Wait()
	if t.madeScratch.Load() {
		_ = t.deleteScratch(t.asked.Scratch) // the step that says what comes of it was not run
	}
	if t.broker != nil {
		t.broker.Close()
	}
	t.brokers.Close()
}
