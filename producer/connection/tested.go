package connection

import (
	"context"
	"encoding/json"
	"fmt"
	"time"
)

// ActTested is the action of the audit for a test, whose detail is a TestRecord.
const ActTested = "connection tested"

// A TestRecord is what the audit keeps of a test.
type TestRecord struct {
	Edited  bool     `json:"edited"` // settings were tested that are not saved
	Failed  []string `json:"failed"` // ids of steps
	Ended   bool     `json:"ended"`
	Topic   string   `json:"topic"`
	Scratch string   `json:"scratch"`
}

// An Outcome says how a test went.
type Outcome string

// The outcomes. A test is interrupted if whoever asked for it left, or the process stopped.
const (
	TestPassed      Outcome = "passed"
	TestFailed      Outcome = "failed"
	TestInterrupted Outcome = "interrupted"
)

// Tested is the last test of a connection as it was saved.
type Tested struct {
	At      time.Time `json:"at"`
	By      string    `json:"by"`
	Outcome Outcome   `json:"outcome"`
	Failed  []string  `json:"failed,omitempty"` // ids of steps
	// Outdated says that the connection was changed after the test.
	Outdated bool `json:"outdated,omitempty"`
}

// addTests adds to connections what their last tests found. It reads that from the audit,
// which has each test already and is never cut.
func (c *Connections) addTests(ctx context.Context, all []Shown) error {
	names := make([]string, len(all))
	for i := range all {
		names[i] = all[i].Name
	}
	acts, err := c.Store.LastTests(ctx, names)
	if err != nil {
		return err
	}
	for _, a := range acts {
		var r TestRecord
		if err := json.Unmarshal(a.Detail, &r); err != nil {
			return fmt.Errorf("entry %d of the audit, a test of connection %s: %w", a.ID, a.Subject, err)
		}
		t := &Tested{At: a.At, By: a.User, Outcome: TestPassed, Failed: r.Failed}
		switch {
		case len(r.Failed) > 0:
			t.Outcome = TestFailed
		case !r.Ended:
			t.Outcome = TestInterrupted
		}
		for i := range all {
			if all[i].Name == a.Subject {
				t.Outdated = t.At.Before(all[i].ChangedAt)
				all[i].LastTest = t
			}
		}
	}
	return nil
}
