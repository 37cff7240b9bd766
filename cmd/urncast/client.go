package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
)

// client are the flags of every verb that talks to a running registry.
type client struct {
	URL      string `default:"http://127.0.0.1:8080" help:"Where the registry serves."`
	User     string `default:"admin" help:"User name."`
	Password string `help:"Password."`
}

// open makes a request; the caller closes the answer's body.
func (c *client) open(ctx context.Context, method, path string, header map[string]string, body io.Reader) (*http.Response, error) {
	r, err := http.NewRequestWithContext(ctx, method, strings.TrimSuffix(c.URL, "/")+path, body)
	if err != nil {
		return nil, err
	}
	if c.Password != "" {
		r.SetBasicAuth(c.User, c.Password)
	}
	r.Header.Set("Accept", "application/json")
	for k, v := range header {
		r.Header.Set(k, v)
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		return nil, fmt.Errorf("the registry at %s does not answer (URNCAST_URL or --url says where it is): %w", c.URL, err)
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
	switch code := resp.StatusCode; {
	case code == http.StatusUnauthorized:
		return nil, code, fmt.Errorf("%s (URNCAST_USER and URNCAST_PASSWORD, or --user and --password, say who you are.)", said(answer))
	case code >= 500 || code >= 400 && said(answer) == "":
		return nil, code, fmt.Errorf("%s %s: %s: %s", method, path, resp.Status, said(answer))
	case code >= 400:
		return nil, code, errors.New(said(answer))
	}
	return answer, resp.StatusCode, nil
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

// get reads a JSON answer into v.
func (c *client) get(ctx context.Context, path string, v any) error {
	b, _, err := c.do(ctx, http.MethodGet, path, nil, nil)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(b, v); err != nil {
		return fmt.Errorf("GET %s: %w", path, err)
	}
	return nil
}
