package client

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"time"

	"urncast/web/rest/structure"
)

// A Submission says what the registry is to do with files of structures.
type Submission struct {
	Action                  string // append, merge, replace, full-replace or delete
	DryRun, SkipUnsupported bool
	Force                   string // the reason, if final and stable structures may change

	stdin []byte // what standard input held, once it is read
}

// busyPatience is the time for which a file is sent again to a busy registry.
const busyPatience = 2 * time.Minute

// Submit submits a file, or standard input if name is "-". While the registry is busy, it sends the
// file again. A refusal of structures is an answer, not an error.
func (c *Client) Submit(ctx context.Context, name string, s *Submission) (*structure.SubmitAnswer, error) {
	for deadline := time.Now().Add(busyPatience); ; {
		a, err := c.submit(ctx, name, s)
		var busy *BusyError
		if !errors.As(err, &busy) || time.Now().Add(busy.After).After(deadline) {
			return a, err
		}
		fmt.Fprintf(os.Stderr, "%s: the registry is busy; sending it again in %s\n", SourceName(name), busy.After)
		select {
		case <-time.After(busy.After):
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// SourceName returns how messages name a file to submit, which is - for standard input.
func SourceName(file string) string {
	if file == "-" {
		return "standard input"
	}
	return file
}

func (c *Client) submit(ctx context.Context, name string, s *Submission) (*structure.SubmitAnswer, error) {
	in, size, err := s.open(name)
	if err != nil {
		return nil, err
	}
	defer in.Close()
	path := fmt.Sprintf("/sdmx/v2/structure?action=%s&dryRun=%t&skipUnsupported=%t", s.Action, s.DryRun, s.SkipUnsupported)
	if s.Force != "" {
		path += "&force=" + url.QueryEscape(s.Force)
	}
	header := map[string]string{"Content-Type": "application/octet-stream"}
	b, status, err := c.Do(ctx, http.MethodPost, path, header, &progress{r: in, name: SourceName(name), size: size, next: time.Now().Add(2 * time.Second)},
		http.StatusForbidden, http.StatusConflict, http.StatusUnprocessableEntity, http.StatusNotFound, http.StatusNotModified)
	if err != nil {
		return nil, err
	}
	if status >= http.StatusBadRequest && !bytes.Contains(b, []byte(`"results"`)) { // not a verdict on structures: the role may submit nothing
		return nil, &Refusal{Detail(b)}
	}
	a := &structure.SubmitAnswer{}
	if len(b) == 0 {
		return a, nil
	}
	if err := json.Unmarshal(b, a); err != nil {
		return nil, fmt.Errorf("the answer is not the JSON of a registry (--url or URNCAST_URL says where it is): %w: %.200s", err, b)
	}
	return a, nil
}

// open opens a file, or what standard input held: standard input can be read once, and a busy
// registry is sent it several times.
func (s *Submission) open(name string) (in io.ReadCloser, size int64, err error) {
	if name == "-" {
		if s.stdin == nil {
			if s.stdin, err = io.ReadAll(os.Stdin); err != nil {
				return nil, 0, fmt.Errorf("reading standard input: %w", err)
			}
		}
		return io.NopCloser(bytes.NewReader(s.stdin)), int64(len(s.stdin)), nil
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, 0, err
	}
	info, err := f.Stat()
	if err != nil {
		f.Close()
		return nil, 0, err
	}
	return f, info.Size(), nil
}

// progress reports a long upload on standard error.
type progress struct {
	r          io.Reader
	name       string
	sent, size int64
	next       time.Time
}

// Read implements io.Reader.
func (p *progress) Read(b []byte) (int, error) {
	n, err := p.r.Read(b)
	p.sent += int64(n)
	if now := time.Now(); now.After(p.next) {
		p.next = now.Add(time.Second)
		fmt.Fprintf(os.Stderr, "%s: %d of %d MB\n", p.name, p.sent>>20, p.size>>20)
	}
	return n, err
}
