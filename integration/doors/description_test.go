package doors

import (
	"bytes"
	"encoding/json"
	"fmt"
	"mime"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
)

// A description is the OpenAPI description that the server serves, made strict: a field that it
// does not name is an error.
type description struct {
	once sync.Once
	doc  *openapi3.T
	err  error
	mu   sync.Mutex
	seen map[string]bool // "GET /path 200" of every answer that was compared
}

var served = &description{seen: map[string]bool{}}

// read fetches the description from a server; all servers have the same.
func (d *description) read(base string) (*openapi3.T, error) {
	d.once.Do(func() {
		r, err := http.NewRequest(http.MethodGet, base+"/api/v1/openapi.json", nil)
		if err != nil {
			d.err = err
			return
		}
		r.SetBasicAuth("admin", password)
		resp, err := http.DefaultClient.Do(r)
		if err != nil {
			d.err = err
			return
		}
		defer resp.Body.Close()
		var all map[string]any
		if d.err = json.NewDecoder(resp.Body).Decode(&all); d.err != nil {
			return
		}
		strict(all)
		b, err := json.Marshal(all)
		if err == nil {
			d.doc, err = openapi3.NewLoader().LoadFromData(b)
		}
		d.err = err
	})
	return d.doc, d.err
}

// strict forbids undescribed fields in every object whose fields are described.
func strict(v any) {
	switch v := v.(type) {
	case map[string]any:
		if _, fields := v["properties"].(map[string]any); fields && v["type"] == "object" {
			v["additionalProperties"] = false
		}
		for _, part := range v {
			strict(part)
		}
	case []any:
		for _, part := range v {
			strict(part)
		}
	}
}

// operation returns the operation of a request, or nil if the path is not one of the management
// API. A path without braces takes precedence over one with braces.
func operation(doc *openapi3.T, method, path string) (*openapi3.Operation, string) {
	path, _, _ = strings.Cut(path, "?")
	best, fewest := "", 100
	for pattern, item := range doc.Paths.Map() {
		parts, asked := strings.Split(pattern, "/"), strings.Split(path, "/")
		if len(parts) != len(asked) || item.GetOperation(method) == nil {
			continue
		}
		fits, braces := true, 0
		for i, part := range parts {
			if strings.HasPrefix(part, "{") && asked[i] != "" {
				braces++
			} else if part != asked[i] {
				fits = false
			}
		}
		if fits && braces < fewest {
			best, fewest = pattern, braces
		}
	}
	if best == "" {
		return nil, ""
	}
	return doc.Paths.Value(best).GetOperation(method), best
}

// compare fails the test if an answer of the management API differs from its description.
func (d *description) compare(t *testing.T, base string, r *http.Request, resp *http.Response, body []byte) {
	t.Helper()
	if !strings.HasPrefix(r.URL.Path, "/api/v1/") {
		return
	}
	doc, err := d.read(base)
	if err != nil {
		t.Fatalf("the description cannot be read: %v", err)
	}
	op, pattern := operation(doc, r.Method, r.URL.Path)
	if op == nil {
		if resp.StatusCode != http.StatusNotFound && resp.StatusCode != http.StatusMethodNotAllowed {
			t.Errorf("%s %s answers %d, but the operation is not described", r.Method, r.URL.Path, resp.StatusCode)
		}
		return
	}
	if err := mismatch(op, resp, body); err != nil {
		t.Errorf("%s %s answers %d, but not as described: %v\n%s", r.Method, r.URL.Path, resp.StatusCode, err, body)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.seen[fmt.Sprintf("%s %s %d", r.Method, pattern, resp.StatusCode)] = true
}

// mismatch returns an error that says how an answer differs from an operation's description; nil if
// it does not.
func mismatch(op *openapi3.Operation, resp *http.Response, body []byte) error {
	described := op.Responses.Status(resp.StatusCode)
	if described == nil && resp.StatusCode >= 400 {
		described = op.Responses.Default()
	}
	if described == nil {
		return fmt.Errorf("status %d is not described", resp.StatusCode)
	}
	content := described.Value.Content
	if len(content) == 0 {
		if len(body) > 0 {
			return fmt.Errorf("the description has no body")
		}
		return nil
	}
	media := resp.Header.Get("Content-Type")
	as, ok := content[media]
	if !ok {
		kind, _, _ := mime.ParseMediaType(media)
		if as, ok = content[kind]; !ok {
			return fmt.Errorf("the media type %s is not described", media)
		}
		media = kind
	}
	if !strings.Contains(media, "json") || strings.HasPrefix(media, "application/vnd.") {
		return nil // the description says nothing about the content of SDMX messages, Atom and RSS
	}
	parts := [][]byte{body}
	if media == "application/x-ndjson" {
		parts = bytes.Split(bytes.TrimSuffix(body, []byte("\n")), []byte("\n"))
	}
	for _, part := range parts {
		var v any
		if err := json.Unmarshal(part, &v); err != nil {
			return err
		}
		if err := as.Schema.Value.VisitJSON(v, openapi3.EnableJSONSchema2020(), openapi3.MultiErrors(), openapi3.EnableFormatValidation()); err != nil {
			return err
		}
	}
	return nil
}
