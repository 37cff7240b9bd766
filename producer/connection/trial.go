package connection

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"urncast/producer"
)

// A Test says what a connection test does.
type Test struct {
	// Topic is the topic that the producer publishes to. The test writes only aborted
	// transactions to it.
	Topic string
	// Scratch is a topic for a committed transaction that is read back; empty leaves that
	// step out. MakeScratch allows the test to create the topic, which it deletes again.
	Scratch     string
	MakeScratch bool
	// Prefix is the prefix of the transactional ids of the producer whose rights are
	// tested. The test's own ids begin with it too.
	Prefix string
	// Bytes is the size of the large message that is sent to the scratch topic or, without
	// one, to the topic. With 0 a message of 1,000,000 bytes is compared with the limits
	// that can be read, and sent to a scratch topic only. Compressible fills the message
	// with text instead of noise.
	Bytes        int
	Compressible bool
	// StepTimeout bounds each step; 10 s if 0.
	StepTimeout time.Duration
}

// A StepState says how far a step of a connection test is.
type StepState string

// The states of a step.
const (
	StepWaiting StepState = "waiting" // known, not begun
	StepRunning StepState = "running"
	StepPassed  StepState = "passed"
	StepWarning StepState = "warning" // it works, and something should be mended
	StepFailed  StepState = "failed"
	StepNotRun  StepState = "not-run" // it depends on a failed step, or was not asked for
)

// A Step is one step of a connection test. All steps are reported as waiting, in order,
// before the first begins; then each when it begins and when it ends. Servers are tested
// side by side, each with its own steps, which Server tells apart.
type Step struct {
	ID      string        `json:"id"`   // such as "tls" or "rights-write"
	Name    string        `json:"name"` // for people
	Server  string        `json:"server,omitempty"`
	State   StepState     `json:"state"`
	Took    time.Duration `json:"-"`
	Finding string        `json:"finding,omitempty"` // what was found, in a sentence or two
	Cure    string        `json:"cure,omitempty"`    // of a failed step or a warning: what to do
	Needs   string        `json:"needs,omitempty"`   // the id of the step because of which this one was not run
}

// testsAtOnce bounds the tests under way in one process: each has clients and a
// large message of its own.
const testsAtOnce = 3

// ErrBusy says that testsAtOnce tests are running already.
var ErrBusy = errors.New("three connection tests are under way here already; wait until one of them has ended")

// messageBytesMax bounds the large message of a test: the client's own limit.
const messageBytesMax = 1_000_000_000

// Test runs the steps of a test on an edit; an edit without properties and files stands
// for the saved connection. report is called by one goroutine at a time.
func (c *Connections) Test(ctx context.Context, e Edit, t Test, report func(Step)) error {
	if t.Bytes < 0 || t.Bytes > messageBytesMax {
		return producer.BadEdit("The large message of a test has from 1 to %d bytes, not %d", messageBytesMax, t.Bytes)
	}
	topic, prefix := c.Route(ctx, e.Name)
	t.Topic, t.Prefix = cmp.Or(t.Topic, topic), cmp.Or(t.Prefix, prefix)
	if e.Text == "" && e.Properties == nil && e.Files == nil {
		s, err := c.Get(ctx, e.Name)
		if err != nil {
			return err
		}
		e.Properties, e.Files = s.Properties, s.Files
	}
	d, err := c.draft(ctx, e)
	if err != nil {
		return err
	}
	if slices.ContainsFunc(d.findings, func(f Finding) bool { return f.Verdict == Refused }) {
		return &RefusedError{Findings: d.findings}
	}
	defer c.testing.Add(-1)
	if c.testing.Add(1) > testsAtOnce {
		return ErrBusy
	}
	var reporting sync.Mutex
	return c.Client.Test(ctx, d.next, t, func(s Step) {
		reporting.Lock()
		defer reporting.Unlock()
		s.Finding, s.Cure = d.redact.Replace(s.Finding), d.redact.Replace(s.Cure)
		report(s)
	})
}
