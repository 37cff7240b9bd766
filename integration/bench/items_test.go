//go:build bench

package bench

import (
	"bytes"
	"fmt"
	"net/http"
	"testing"
	"time"

	"urncast/integration/rig"
	"urncast/integration/rig/pg"
)

// manyCodes is the number of codes in the largest codelist, which has branches of a hundred codes.
const manyCodes = 1_000_000

// manyCodesMessage returns a Fusion-JSON message with a codelist of manyCodes codes.
func manyCodesMessage() []byte {
	var b bytes.Buffer
	b.WriteString(`{"Codelist":[{"id":"MANY","agencyId":"RIG","version":"1.0","names":[{"locale":"en","value":"Many"}],"items":[`)
	for i := range manyCodes {
		parent := ""
		if i%100 != 0 {
			parent = fmt.Sprintf(`,"parentCode":"C%d"`, i-i%100)
		}
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, `{"id":"C%d","names":[{"locale":"en","value":"Code number %d of a million"}]%s}`, i, i, parent)
	}
	b.WriteString(`]}]}`)
	return b.Bytes()
}

// TestItems measures the page of a codelist of a million codes: the first request, which reads the
// codelist, and then each kind of request.
func TestItems(t *testing.T) {
	out := &table{}
	defer out.print()
	p := rig.NewProduct(t, rig.Settings{Database: pg.StartIn(t, "").Database(t, "items"), Patience: 5 * time.Minute})
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	if code, body, err := p.Do(http.MethodPost, "/sdmx/v2/structure", "application/json", manyCodesMessage()); err != nil || code >= 300 {
		t.Fatalf("submitting: %d %.300s %v", code, body, err)
	}
	list := "/structures/codelist/RIG/MANY/1.0"
	for _, page := range []struct {
		name, path string
		times      int
		aim        string
	}{
		{"a million codes, first open", list, 1, ""},
		{"opened again", list, 20, "< 100"},
		{"filter that few match", list + "?items=999983", 20, "< 100"},
		{"filter that all match", list + "?items=million", 20, "< 100"},
		{"filter that none matches", list + "?items=zzzz", 20, "< 100"},
		{"filter by a part of an id", list + "?items=C5000", 20, "< 100"},
		{"one branch, at the end", list + "?branch=C999900", 20, "< 100"},
		{"jump into the tree", list + "?from=500000", 20, "< 100"},
		{"jump into the table", list + "?view=table&from=999900", 20, "< 100"},
	} {
		all := make([]time.Duration, page.times)
		for i := range all {
			began := time.Now()
			code, body, err := p.Get(page.path)
			if all[i] = time.Since(began); err != nil || code != http.StatusOK {
				t.Fatalf("%s: %d %.200s %v", page.path, code, body, err)
			}
		}
		out.rows = append(out.rows, row{what: page.name + ", p50", unit: "ms", ours: figure{percentile(all, 0.5)}, aim: page.aim})
		if page.times > 1 {
			out.rows = append(out.rows, row{what: page.name + ", p99", unit: "ms", ours: figure{percentile(all, 0.99)}, aim: page.aim})
		}
	}
}
