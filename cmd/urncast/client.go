package main

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
	"strconv"
	"strings"
	"time"

	"github.com/alecthomas/kong"
)

// client are the flags of every verb that talks to a running registry.
type client struct {
	URL          string `env:"URNCAST_URL" default:"http://127.0.0.1:8080" help:"Where the registry serves."`
	User         string `env:"URNCAST_USER" default:"admin" help:"User name."`
	Password     string `env:"URNCAST_PASSWORD" help:"Password."`
	PasswordFile string `env:"URNCAST_PASSWORD_FILE" placeholder:"FILE" help:"File whose first line is the password."`
	Token        string `env:"URNCAST_TOKEN" help:"API token, in place of user name and password."`
	TokenFile    string `env:"URNCAST_TOKEN_FILE" placeholder:"FILE" help:"File whose first line is the API token."`
	CA           string `env:"URNCAST_CA" name:"ca" placeholder:"FILE" help:"Certificates (PEM) of authorities to trust, beside those of the system."`

	http *http.Client // made by the first request
	// patience is how long an answer is waited for in silence; answerPatience if zero.
	patience time.Duration
}

// answerPatience is how long a verb waits for an answer before it says that it does.
const answerPatience = 10 * time.Second

// AfterApply settles who asks. What the command line says of it counts alone: a token in the
// environment does not overrule a password that was given by hand.
func (c *client) AfterApply(k *kong.Context) (err error) {
	ways := map[string]*string{"password": &c.Password, "password-file": &c.PasswordFile, "token": &c.Token, "token-file": &c.TokenFile}
	given := map[string]bool{}
	for _, p := range k.Path {
		if p.Flag != nil && !p.Resolved && ways[p.Flag.Name] != nil {
			given[p.Flag.Name] = true
		}
	}
	for name, value := range ways {
		if len(given) > 0 && !given[name] {
			*value = ""
		}
	}
	if c.Password, err = oneOf("the password", c.Password, c.PasswordFile); err != nil {
		return err
	}
	c.Token, err = oneOf("the API token", c.Token, c.TokenFile)
	return err
}

// open makes a request; the caller closes the answer's body.
func (c *client) open(ctx context.Context, method, path string, header map[string]string, body io.Reader) (*http.Response, error) {
	if !strings.HasPrefix(c.URL, "http://") && !strings.HasPrefix(c.URL, "https://") {
		return nil, fmt.Errorf("%q is no address of a registry: it begins with http:// or https:// (--url, URNCAST_URL)", c.URL)
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
	told := os.Stderr
	waiting := time.AfterFunc(cmp.Or(c.patience, answerPatience), func() {
		fmt.Fprintf(told, "urncast: waiting for the answer of %s; if that is no registry, give the address of one (--url, URNCAST_URL)\n", c.URL)
	})
	defer waiting.Stop()
	resp, err := c.http.Do(r)
	if err != nil {
		return nil, c.unreached(r, err)
	}
	if to := resp.Header.Get("Location"); resp.StatusCode >= 300 && resp.StatusCode < 400 && to != "" {
		resp.Body.Close()
		return nil, fmt.Errorf("the registry at %s sends on to %s: give the address that it means (--url, URNCAST_URL)", c.URL, to)
	}
	return resp, nil
}

// do makes a request. An answer of 400 and above, unless the caller takes it, is
// an error that carries the server's words.
func (c *client) do(ctx context.Context, method, path string, header map[string]string, body io.Reader, takes ...int) ([]byte, int, error) {
	resp, err := c.open(ctx, method, path, header, body)
	if err != nil {
		return nil, 0, err
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, 0, fmt.Errorf("%s %s: %w", method, path, err)
	}
	for _, t := range takes {
		if resp.StatusCode == t {
			return answer, resp.StatusCode, nil
		}
	}
	if resp.StatusCode >= 400 {
		return nil, resp.StatusCode, refusal(method, path, resp, answer)
	}
	return answer, resp.StatusCode, nil
}

// refusal makes an error of an answer of 400 and above.
func refusal(method, path string, resp *http.Response, answer []byte) error {
	switch code := resp.StatusCode; {
	case code == http.StatusBadRequest && strings.Contains(string(answer), "HTTP request to an HTTPS server"):
		return fmt.Errorf("the registry at %s speaks HTTPS on this port: write https:// (--url, URNCAST_URL)", resp.Request.URL.Host)
	case code == http.StatusServiceUnavailable && laterThan(resp) > 0:
		return &laterError{said(answer), laterThan(resp)}
	case code == http.StatusUnauthorized:
		return fmt.Errorf("%s (URNCAST_TOKEN, or URNCAST_USER and URNCAST_PASSWORD, say who you are; or --token, or --user and --password, and their files.)", said(answer))
	case (code == http.StatusBadGateway || code == http.StatusServiceUnavailable) && resp.Header.Get("Content-Type") == "application/problem+json":
		return errors.New(said(answer)) // of the cluster, or for now: the words tell all
	case code >= 500 || said(answer) == "":
		return fmt.Errorf("%s %s: %s: %s", method, path, resp.Status, said(answer))
	}
	return errors.New(said(answer))
}

// A laterError is a refusal for now: the same request may succeed later.
type laterError struct {
	text  string
	after time.Duration
}

// Error implements error.
func (e *laterError) Error() string { return e.text }

// laterThan is when an answer asks to come again; 0 if it does not say so in seconds.
func laterThan(resp *http.Response) time.Duration {
	seconds, err := strconv.Atoi(resp.Header.Get("Retry-After"))
	if err != nil {
		return 0
	}
	return time.Duration(seconds) * time.Second
}

// said takes the sentence out of a problem answer.
func said(answer []byte) string {
	var problem struct {
		Detail string `json:"detail"`
	}
	if json.Unmarshal(answer, &problem) == nil && problem.Detail != "" {
		return problem.Detail
	}
	return strings.TrimSpace(string(answer))
}

var jsonBody = map[string]string{"Content-Type": "application/json"}

// exchange sends JSON, unless body is nil, and reads JSON, unless into is nil; the
// answer is given as it came, too.
func (c *client) exchange(ctx context.Context, method, path string, body, into any) ([]byte, error) {
	var in io.Reader
	var header map[string]string
	if body != nil {
		b, err := json.Marshal(body)
		if err != nil {
			return nil, err
		}
		in, header = bytes.NewReader(b), jsonBody
	}
	answer, _, err := c.do(ctx, method, path, header, in)
	if err != nil || into == nil {
		return answer, err
	}
	if err := json.Unmarshal(answer, into); err != nil {
		return answer, fmt.Errorf("%s %s: %w", method, path, err)
	}
	return answer, nil
}

func (c *client) get(ctx context.Context, path string, into any) ([]byte, error) {
	return c.exchange(ctx, http.MethodGet, path, nil, into)
}

func (c *client) post(ctx context.Context, path string, body, into any) ([]byte, error) {
	return c.exchange(ctx, http.MethodPost, path, body, into)
}
