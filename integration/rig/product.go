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

// Password is the password of the user admin in every test.
const Password = "rig-password"

// A Product is one instance of urncast serve.
type Product struct {
	// URL is the address of its HTTP server.
	URL string
	// Log is the file with its output.
	Log string

	binary  string
	env     []string
	args    []string
	process *Process
	client  *http.Client
}

// Settings configures a Product.
type Settings struct {
	Database  string // URL of PostgreSQL
	Bootstrap string
	Topic     string        // if empty, no topic is configured, and producers are those in the database
	Kafka     []string      // further properties of the Kafka connection, name=value
	Format    string        // fusion-json if empty
	Env       []string      // added to the environment, NAME=value
	Tags      string        // build tags of the binary
	Patience  time.Duration // timeout of one HTTP request; 10 s if 0
}

var builds struct {
	sync.Mutex
	paths map[string]string
}

// Build returns the path of urncast's binary, which it builds once for each set of build tags.
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

// removeBuilds deletes the binaries that Build made.
func removeBuilds() {
	builds.Lock()
	defer builds.Unlock()
	for _, path := range builds.paths {
		os.Remove(path)
	}
}

// NewProduct prepares an instance on a free port; Start starts it. It ends with the test, and
// the end of its log is logged if the test failed.
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

// Launch starts the instance with env added to its environment, and does not wait until it is
// ready.
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

// Ready waits until the instance is ready. Its error wraps ErrEnded if the instance has ended.
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

// ErrEnded reports that an instance ended before it was ready.
var ErrEnded = errors.New("urncast ended")

// Kill ends the instance with SIGKILL, if it runs.
func (p *Product) Kill() {
	if p.process != nil {
		p.process.Kill()
	}
}

// Stop ends the instance with SIGTERM.
func (p *Product) Stop() error { return p.process.Stop(20 * time.Second) }

// Process returns the process of the instance.
func (p *Product) Process() *Process { return p.process }

// Pause stops the instance's process with SIGSTOP, until Continue.
func (p *Product) Pause() { p.process.Pause() }

// Continue lets a paused instance go on.
func (p *Product) Continue() { p.process.Continue() }

// Run runs another command of urncast against the instance and returns its output, stdout and
// stderr together.
func (p *Product) Run(ctx context.Context, args ...string) (string, error) {
	c := exec.CommandContext(ctx, p.binary, args...)
	c.Env = append(os.Environ(), p.verbEnv()...)
	out, err := c.CombinedOutput()
	return string(out), err
}

// Verb starts another command of urncast against the instance, and appends its stdout and
// stderr to the file log.
func (p *Product) Verb(log string, args ...string) (*Process, error) {
	return Launch(log, p.verbEnv(), p.binary, args...)
}

// verbEnv returns the environment for commands that talk to the instance. It includes that of
// urncast serve, for commands that use its database, such as secrets rotate.
func (p *Product) verbEnv() []string {
	return append([]string{"URNCAST_URL=" + p.URL, "URNCAST_PASSWORD=" + Password}, p.env...)
}

// Get makes a GET request as the administrator.
func (p *Product) Get(path string) (status int, body []byte, err error) {
	return p.Do(http.MethodGet, path, "", nil)
}

// Do makes a request as the administrator.
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

// JSON makes a GET request and decodes the response into v.
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
