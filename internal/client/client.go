// Package client asks a running registry over its HTTP API, for the program's verbs. What a
// registry refuses is a *Refusal; every other error means that it could not be asked.
package client

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A Client asks one registry. The tags are the flags and variables of the verbs.
type Client struct {
	URL      string `env:"URNCAST_URL" default:"http://127.0.0.1:8080" help:"Where the registry serves."`
	User     string `env:"URNCAST_USER" default:"admin" help:"User name."`
	Password string `env:"URNCAST_PASSWORD" help:"Password."`
	Token    string `env:"URNCAST_TOKEN" help:"API token, in place of user name and password."`
	CA       string `env:"URNCAST_CA" name:"ca" placeholder:"FILE" type:"path" help:"Certificates (PEM) of authorities to trust, beside those of the system."`

	http *http.Client // made by the first request
	// patience is the time to wait in silence for an answer; answerPatience if zero.
	patience time.Duration
}

// answerPatience is the time to wait for an answer before telling the user so.
const answerPatience = 10 * time.Second

// Open sends a request. The caller closes the answer's body.
func (c *Client) Open(ctx context.Context, method, path string, header map[string]string, body io.Reader) (*http.Response, error) {
	if !strings.HasPrefix(c.URL, "http://") && !strings.HasPrefix(c.URL, "https://") {
		return nil, fmt.Errorf("%q is not the address of a registry, which begins with http:// or https:// (--url, URNCAST_URL)", c.URL)
	}
	r, err := http.NewRequestWithContext(ctx, method, strings.TrimSuffix(c.URL, "/")+path, body)
	if err != nil {
		return nil, err
	}
	switch {
	case c.Token != "":
		r.Header.Set("Authorization", "Bearer "+c.Token)
	case c.Password != "":
		r.SetBasicAuth(c.User, c.Password)
	}
	r.Header.Set("Accept", "application/json")
	for k, v := range header {
		r.Header.Set(k, v)
	}
	if c.http == nil {
		if c.http, err = httpClient(c.CA); err != nil {
			return nil, err
		}
	}
	stderr := os.Stderr
	waiting := time.AfterFunc(cmp.Or(c.patience, answerPatience), func() {
		fmt.Fprintf(stderr, "urncast: waiting for the answer of %s; if that is no registry, give the address of one (--url, URNCAST_URL)\n", c.URL)
	})
	defer waiting.Stop()
	resp, err := c.http.Do(r)
	if err != nil {
		return nil, c.unreached(r, err)
	}
	if to := resp.Header.Get("Location"); resp.StatusCode >= 300 && resp.StatusCode < 400 && to != "" {
		resp.Body.Close()
		return nil, fmt.Errorf("the registry at %s redirects to %s: give that address (--url, URNCAST_URL)", c.URL, to)
	}
	return resp, nil
}

// Do sends a request and reads the answer whole. A status of 400 and above is an error with the
// server's words, unless it is one that the caller accepts.
func (c *Client) Do(ctx context.Context, method, path string, header map[string]string, body io.Reader, accepted ...int) ([]byte, int, error) {
	resp, err := c.Open(ctx, method, path, header, body)
	if err != nil {
		return nil, 0, err
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, 0, fmt.Errorf("%s %s: %w", method, path, err)
	}
	if resp.StatusCode >= 400 && !slices.Contains(accepted, resp.StatusCode) {
		return nil, resp.StatusCode, Failed(method, path, resp, answer)
	}
	return answer, resp.StatusCode, nil
}

// Failed returns the error that an answer of 400 and above means: a *Refusal, or that the registry
// could not be asked.
func Failed(method, path string, resp *http.Response, answer []byte) error {
	switch code := resp.StatusCode; {
	case code == http.StatusBadRequest && strings.Contains(string(answer), "HTTP request to an HTTPS server"):
		return fmt.Errorf("the registry at %s speaks HTTPS on this port: write https:// (--url, URNCAST_URL)", resp.Request.URL.Host)
	case code == http.StatusServiceUnavailable && retryAfter(resp) > 0:
		return &BusyError{Detail(answer), retryAfter(resp)}
	case code == http.StatusUnauthorized:
		return fmt.Errorf("%s (Say who you are with URNCAST_TOKEN, or URNCAST_USER and URNCAST_PASSWORD; or with --token-file, or --user and --password-file.)", Detail(answer))
	case (code == http.StatusBadGateway || code == http.StatusServiceUnavailable) && resp.Header.Get("Content-Type") == "application/problem+json":
		return errors.New(Detail(answer)) // the cluster or the database could not be asked, as the text says
	case code >= 500 || Detail(answer) == "":
		return fmt.Errorf("%s %s: %s: %s", method, path, resp.Status, Detail(answer))
	}
	return &Refusal{Detail(answer)}
}

// A Refusal says why the registry does not do what it was asked, or why it has not what it was
// asked for.
type Refusal struct{ Text string }

// Refusef formats the text of a Refusal.
func Refusef(format string, args ...any) *Refusal { return &Refusal{fmt.Sprintf(format, args...)} }

// Error implements error.
func (r *Refusal) Error() string { return r.Text }

// A BusyError says that the registry takes the same request after a while.
type BusyError struct {
	text  string
	After time.Duration
}

// Error implements error.
func (e *BusyError) Error() string { return e.text }

// retryAfter returns the seconds of the header Retry-After; 0 without them.
func retryAfter(resp *http.Response) time.Duration {
	seconds, err := strconv.Atoi(resp.Header.Get("Retry-After"))
	if err != nil {
		return 0
	}
	return time.Duration(seconds) * time.Second
}

// Detail returns the sentence of a problem answer; the whole answer if it is none.
func Detail(answer []byte) string {
	var problem struct {
		Detail string `json:"detail"`
	}
	if json.Unmarshal(answer, &problem) == nil && problem.Detail != "" {
		return problem.Detail
	}
	return strings.TrimSpace(string(answer))
}

// JSONBody is the header of a request that carries JSON.
var JSONBody = map[string]string{"Content-Type": "application/json"}

// Exchange sends body as JSON, unless it is nil, and reads the answer's JSON into into, unless
// that is nil. It returns the answer as it came, too.
func (c *Client) Exchange(ctx context.Context, method, path string, body, into any) ([]byte, error) {
	var in io.Reader
	var header map[string]string
	if body != nil {
		b, err := json.Marshal(body)
		if err != nil {
			return nil, err
		}
		in, header = bytes.NewReader(b), JSONBody
	}
	answer, _, err := c.Do(ctx, method, path, header, in)
	if err != nil || into == nil {
		return answer, err
	}
	if err := json.Unmarshal(answer, into); err != nil {
		return answer, fmt.Errorf("%s %s: the answer is not the JSON of a registry (--url or URNCAST_URL says where it is): %w", method, path, err)
	}
	return answer, nil
}

// Get asks for path. See Exchange.
func (c *Client) Get(ctx context.Context, path string, into any) ([]byte, error) {
	return c.Exchange(ctx, http.MethodGet, path, nil, into)
}

// Post sends body to path. See Exchange.
func (c *Client) Post(ctx context.Context, path string, body, into any) ([]byte, error) {
	return c.Exchange(ctx, http.MethodPost, path, body, into)
}
