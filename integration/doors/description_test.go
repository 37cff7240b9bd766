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

// A description is what the server serves of itself, made strict: a field that it does
// not name is a fault.
type description struct {
	once sync.Once
	doc  *openapi3.T
	err  error
	mu   sync.Mutex
	seen map[string]bool // "GET /path 200" of every answer that was compared
}

var served = &description{seen: map[string]bool{}}

// read takes the description from a server; it is the same on all.
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

// strict forbids what is not described, in every object whose fields are.
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

// operation finds the operation of a request; nil if the path is none of the
// management API's. A path that names every part stands before one with braces.
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

// compare compares an answer of the management API with its description.
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
			t.Errorf("%s %s answers %d, and is not described", r.Method, r.URL.Path, resp.StatusCode)
		}
		return
	}
	if err := fits(op, resp, body); err != nil {
		t.Errorf("%s %s answers %d, and not as described: %v\n%s", r.Method, r.URL.Path, resp.StatusCode, err, body)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.seen[fmt.Sprintf("%s %s %d", r.Method, pattern, resp.StatusCode)] = true
}

// fits says how an answer differs from what an operation may answer.
func fits(op *openapi3.Operation, resp *http.Response, body []byte) error {
	described := op.Responses.Status(resp.StatusCode)
	if described == nil && resp.StatusCode >= 400 {
		described = op.Responses.Default()
	}
	if described == nil {
		return fmt.Errorf("there is no answer with status %d", resp.StatusCode)
	}
	content := described.Value.Content
	if len(content) == 0 {
		if len(body) > 0 {
			return fmt.Errorf("there should be no body")
		}
		return nil
	}
	media := resp.Header.Get("Content-Type")
	as, ok := content[media]
	if !ok {
		kind, _, _ := mime.ParseMediaType(media)
		if as, ok = content[kind]; !ok {
			return fmt.Errorf("there is no media type %s", media)
		}
		media = kind
	}
	if !strings.Contains(media, "json") || strings.HasPrefix(media, "application/vnd.") {
		return nil // of SDMX messages, Atom and RSS the description says no more
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
