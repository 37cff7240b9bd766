// Package producertest stands in for the store and the client library behind
// connection.Connections, in tests that are about neither.
package producertest

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"urncast/producer/connection"
	"urncast/registry"
)

// A Store keeps connections in memory.
type Store struct {
	mu   sync.Mutex
	all  map[string]connection.Stored
	acts []registry.Act
	last int64
	// Users are the producers that take a connection; Key is why nothing can be
	// opened, if it is set.
	Users map[string][]string
	Key   error
}

func (s *Store) give(c connection.Stored) connection.Stored {
	c.UsedBy = s.Users[c.Name]
	c.Properties, c.Files = maps.Clone(c.Properties), maps.Clone(c.Files)
	if s.Key != nil {
		c.Key, c.Secrets, c.Contents = s.Key, nil, nil
	}
	return c
}

// Connections implements connection.Store.
func (s *Store) Connections(context.Context) ([]connection.Stored, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []connection.Stored
	for _, name := range slices.Sorted(maps.Keys(s.all)) {
		out = append(out, s.give(s.all[name]))
	}
	return out, nil
}

// Connection implements connection.Store.
func (s *Store) Connection(_ context.Context, name string) (*connection.Stored, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c, ok := s.all[name]
	if !ok {
		return nil, registry.ErrNotFound
	}
	c = s.give(c)
	return &c, nil
}

// SaveConnection implements connection.Store.
func (s *Store) SaveConnection(_ context.Context, c *connection.Stored, a registry.Act) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if now := s.all[c.Name]; now.Revision != c.Revision {
		return &connection.ConflictError{Name: c.Name, Base: c.Revision, Now: now.Revision, By: now.ChangedBy, At: now.ChangedAt}
	}
	s.last++
	c.Revision, c.ChangedBy, c.ChangedAt = s.last, a.User, time.Now()
	if s.all == nil {
		s.all = map[string]connection.Stored{}
	}
	s.all[c.Name] = *c
	s.audit(a)
	return nil
}

func (s *Store) audit(a registry.Act) {
	a.ID, a.At = int64(len(s.acts)+1), time.Now()
	s.acts = append(s.acts, a)
}

// DeleteConnection implements connection.Store.
func (s *Store) DeleteConnection(_ context.Context, name string, revision int64, a registry.Act) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if users := s.Users[name]; len(users) > 0 {
		return &connection.InUseError{Name: name, Producers: users}
	}
	now, ok := s.all[name]
	switch {
	case !ok:
		return registry.ErrNotFound
	case now.Revision != revision:
		return &connection.ConflictError{Name: name, Base: revision, Now: now.Revision, By: now.ChangedBy, At: now.ChangedAt}
	}
	delete(s.all, name)
	s.audit(a)
	return nil
}

// RecordAct implements connection.Store.
func (s *Store) RecordAct(_ context.Context, a registry.Act) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.audit(a)
	return nil
}

// LastTests implements connection.Store.
func (s *Store) LastTests(_ context.Context, names []string) (out []registry.Act, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, name := range names {
		for _, a := range slices.Backward(s.acts) {
			var r connection.TestRecord
			if a.Action == connection.ActTested && a.Subject == name && json.Unmarshal(a.Detail, &r) == nil && !r.Edited {
				out = append(out, a)
				break
			}
		}
	}
	return out, nil
}

// Acts gives what was audited after so many entries.
func (s *Store) Acts(_ context.Context, after int64, limit int) ([]registry.Act, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	acts := s.acts[min(int(after), len(s.acts)):]
	return acts[:min(limit, len(acts))], nil
}

// A Client judges by a few rules: acks is refused, names with "password" or
// "jaas" are secret, servers whose names begin with "bad" fail. A test of topic
// "slow" lasts until its context ends, and closes Cancelled then.
type Client struct {
	Cancelled chan struct{}
	mu        sync.Mutex
	tried     []map[string]string
}

// Tried are the properties of each connection that was tried or tested.
func (c *Client) Tried() []map[string]string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.tried)
}

func (c *Client) try(in *connection.Connection) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.tried = append(c.tried, maps.Clone(in.Properties))
}

// Properties implements connection.Client.
func (c *Client) Properties() []connection.PropertyInfo {
	return []connection.PropertyInfo{{Name: "bootstrap.servers", Type: "list"}, {Name: "sasl.password", Type: "password", Secret: true}}
}

// Secret implements connection.Client.
func (c *Client) Secret(name string) bool {
	return strings.Contains(name, "password") || strings.Contains(name, "jaas")
}

// Parse implements connection.Client.
func (c *Client) Parse(text string) (map[string]string, []connection.Finding) {
	out := map[string]string{}
	var findings []connection.Finding
	for i, line := range strings.Split(text, "\n") {
		name, value, ok := strings.Cut(line, "=")
		if ok {
			out[name] = value
		} else if line != "" {
			findings = append(findings, connection.Finding{Line: i + 1, Name: line, Verdict: connection.Refused, Text: "It is no name=value."})
		}
	}
	return out, findings
}

// Lines implements connection.Client.
func (c *Client) Lines(text string) map[string]int {
	out := map[string]int{}
	for i, line := range strings.Split(text, "\n") {
		if name, _, ok := strings.Cut(line, "="); ok {
			out[name] = i + 1
		}
	}
	return out
}

// Check implements connection.Client. Its words repeat the value, as another's may.
func (c *Client) Check(in *connection.Connection) []connection.Finding {
	var out []connection.Finding
	for _, name := range slices.Sorted(maps.Keys(in.Properties)) {
		f := connection.Finding{Name: name, Verdict: connection.Taken, Becomes: []string{name}, Text: "It is " + in.Properties[name] + "."}
		if name == "acks" {
			f.Verdict, f.Text = connection.Refused, "It would break P3."
		}
		out = append(out, f)
	}
	if in.Properties["bootstrap.servers"] == "" {
		out = append(out, connection.Finding{Name: "bootstrap.servers", Verdict: connection.Refused, Text: "It is missing."})
	}
	return out
}

// Endings implements connection.Client: an uploaded file is a certificate that ends in
// the second that its content counts.
func (c *Client) Endings(in *connection.Connection) (out []connection.Ending) {
	for name, content := range in.Files {
		if at, err := strconv.ParseInt(string(content), 10, 64); err == nil {
			out = append(out, connection.Ending{Where: "ssl.keystore.location", What: "CN=" + name, At: time.Unix(at, 0)})
		}
	}
	return out
}

// Try implements connection.Client.
func (c *Client) Try(_ context.Context, in *connection.Connection) []connection.Tried {
	c.try(in)
	var out []connection.Tried
	for _, server := range strings.Split(in.Properties["bootstrap.servers"], ",") {
		bad := strings.HasPrefix(server, "bad")
		t := connection.Tried{Server: server, OK: !bad, Took: 3 * time.Millisecond, Text: "It answered."}
		if bad {
			t.Text, t.Cure = "It refused "+in.Properties["sasl.password"]+".", "Mend it."
		}
		out = append(out, t)
	}
	return out
}

// Test implements connection.Client.
func (c *Client) Test(ctx context.Context, in *connection.Connection, t connection.Test, report func(connection.Step)) error {
	c.try(in)
	bad := strings.HasPrefix(in.Properties["bootstrap.servers"], "bad")
	if bad {
		for _, name := range []string{"Resolve", "Authenticate", "Cluster"} {
			report(connection.Step{ID: strings.ToLower(name), Name: name, State: connection.StepWaiting})
		}
	}
	report(connection.Step{ID: "resolve", Name: "Resolve", State: connection.StepRunning})
	report(connection.Step{ID: "resolve", Name: "Resolve", State: connection.StepPassed, Took: 2 * time.Millisecond, Finding: "Topic " + t.Topic + ", prefix " + t.Prefix + "."})
	if t.Topic == "slow" {
		<-ctx.Done()
		close(c.Cancelled)
		return ctx.Err()
	}
	if bad {
		report(connection.Step{ID: "authenticate", Name: "Authenticate", State: connection.StepFailed, Finding: "Refused: " + in.Properties["sasl.jaas.config"], Cure: "Mend it."})
		report(connection.Step{ID: "cluster", Name: "Cluster", State: connection.StepNotRun, Needs: "authenticate"})
	}
	return nil
}
