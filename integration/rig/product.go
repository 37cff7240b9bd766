package rig

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"urncast/integration/rig/port"
)

// Password is the administrator's in every test.
const Password = "rig-password"

// A Product is one instance of urncast serve.
type Product struct {
	// URL is where it serves.
	URL string
	// Log is the file that holds its output.
	Log string

	binary  string
	env     []string
	args    []string
	process *Process
	client  *http.Client
}

// Settings of a Product.
type Settings struct {
	Database  string // URL of PostgreSQL
	Bootstrap string
	Topic     string        // none if empty: producers are then what is saved
	Kafka     []string      // further properties of the connection, name=value
	Format    string        // fusion-json if empty
	Env       []string      // more of the environment, NAME=value
	Tags      string        // build tags of the binary
	Patience  time.Duration // with one request; 10 s if 0
}

var builds struct {
	sync.Mutex
	paths map[string]string
}

// Build builds the product's binary, once for each set of tags.
func Build(tb testing.TB, tags string) string {
	tb.Helper()
	builds.Lock()
	defer builds.Unlock()
	if path := builds.paths[tags]; path != "" {
		return path
	}
	path := filepath.Join(Cache(tb), fmt.Sprintf("urncast-%d-%s", os.Getpid(), tags))
	if out, err := exec.Command("go", "build", "-tags", tags, "-o", path, "urncast/cmd/urncast").CombinedOutput(); err != nil {
		tb.Fatalf("building urncast: %v\n%s", err, out)
	}
	if builds.paths == nil {
		builds.paths = map[string]string{}
	}
	builds.paths[tags] = path
	return path
}

// removeBuilds deletes what Build made.
func removeBuilds() {
	builds.Lock()
	defer builds.Unlock()
	for _, path := range builds.paths {
		os.Remove(path)
	}
}

// NewProduct prepares an instance on a port of its own; Start starts it. It ends
// with the test, whose failure shows the end of its log.
func NewProduct(tb testing.TB, s Settings) *Product {
	tb.Helper()
	port, err := port.Free()
	if err != nil {
		tb.Fatal(err)
	}
	if s.Patience == 0 {
		s.Patience = 10 * time.Second
	}
	if s.Format == "" && s.Topic != "" {
		s.Format = "fusion-json"
	}
	p := &Product{
		URL:    fmt.Sprintf("http://127.0.0.1:%d", port),
		Log:    filepath.Join(tb.TempDir(), "urncast.log"),
		binary: Build(tb, s.Tags),
		client: &http.Client{Timeout: s.Patience},
	}
	p.env = append([]string{
		"URNCAST_HTTP=" + fmt.Sprintf("127.0.0.1:%d", port),
		"URNCAST_DATABASE=" + s.Database,
		"URNCAST_BOOTSTRAP=" + s.Bootstrap,
		"URNCAST_ADMIN_PASSWORD=" + Password,
	}, s.Env...)
	if s.Topic != "" {
		p.env = append(p.env, "URNCAST_TOPIC="+s.Topic, "URNCAST_FORMAT="+s.Format)
	}
	for _, property := range s.Kafka {
		p.args = append(p.args, "--kafka", property)
	}
	tb.Cleanup(func() {
		p.Kill()
		if tb.Failed() {
			tb.Logf("the end of %s:\n%s", p.Log, Tail(p.Log))
		}
	})
	return p
}

// Launch starts the instance, with more of the environment, and does not wait.
func (p *Product) Launch(env ...string) error {
	process, err := Launch(p.Log, append(append([]string{}, p.env...), env...), p.binary, append([]string{"serve"}, p.args...)...)
	p.process = process
	return err
}

// Start starts the instance and waits until it is ready.
func (p *Product) Start(env ...string) error {
	if err := p.Launch(env...); err != nil {
		return err
	}
	return p.Ready(30 * time.Second)
}

// Ready waits until the instance serves. Its error wraps ErrEnded when it has
// ended.
func (p *Product) Ready(patience time.Duration) error {
	deadline := time.Now().Add(patience)
	for {
		status, _, err := p.Get("/readyz")
		if err == nil && status == http.StatusOK {
			return nil
		}
		select {
		case <-p.process.Done():
			return fmt.Errorf("%w\n%s", ErrEnded, Tail(p.Log))
		case <-time.After(10 * time.Millisecond):
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("urncast was not ready within %s: status %d, %v\n%s", patience, status, err, Tail(p.Log))
		}
	}
}

// ErrEnded says that the instance ended by itself.
var ErrEnded = errors.New("urncast ended")

// Kill ends the instance at once, if it runs.
func (p *Product) Kill() {
	if p.process != nil {
		p.process.Kill()
	}
}

// Stop ends the instance in good order.
func (p *Product) Stop() error { return p.process.Stop(20 * time.Second) }

// Process is the running instance.
func (p *Product) Process() *Process { return p.process }

// Pause and Continue stop the instance's threads and let them go on.
func (p *Product) Pause() { p.process.Pause() }

// Continue lets a paused instance go on.
func (p *Product) Continue() { p.process.Continue() }

// Run runs one of the program's other verbs against the instance and gives its
// output, both streams.
func (p *Product) Run(ctx context.Context, args ...string) (string, error) {
	c := exec.CommandContext(ctx, p.binary, args...)
	c.Env = append(os.Environ(), p.verbEnv()...)
	out, err := c.CombinedOutput()
	return string(out), err
}

// Verb starts one of the program's other verbs against the instance, with its output, both
// streams, appended to the file log.
func (p *Product) Verb(log string, args ...string) (*Process, error) {
	return Launch(log, p.verbEnv(), p.binary, args...)
}

// verbEnv is the environment of the verbs that talk to the instance. Those that need its
// database, as secrets rotate does, find that of serve there, too.
func (p *Product) verbEnv() []string {
	return append([]string{"URNCAST_URL=" + p.URL, "URNCAST_PASSWORD=" + Password}, p.env...)
}

// Get asks for a path.
func (p *Product) Get(path string) (status int, body []byte, err error) {
	return p.Do(http.MethodGet, path, "", nil)
}

// Do makes a request with the administrator's password.
func (p *Product) Do(method, path, contentType string, body []byte) (int, []byte, error) {
	r, err := http.NewRequest(method, p.URL+path, bytes.NewReader(body))
	if err != nil {
		return 0, nil, err
	}
	r.SetBasicAuth("admin", Password)
	if contentType != "" {
		r.Header.Set("Content-Type", contentType)
	}
	r.Header.Set("Accept", "application/json")
	resp, err := p.client.Do(r)
	if err != nil {
		return 0, nil, err
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	return resp.StatusCode, answer, err
}

// JSON asks for a path and reads its answer into v.
func (p *Product) JSON(path string, v any) error {
	status, body, err := p.Get(path)
	if err != nil {
		return err
	}
	if status != http.StatusOK {
		return fmt.Errorf("GET %s: %d %s", path, status, body)
	}
	return json.Unmarshal(body, v)
}
