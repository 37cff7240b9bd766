package formats

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"urncast/sdmx"
	"urncast/sdmx/rules"
)

// schema20 returns the official schema of SDMX-JSON 2.0.
func schema20(t *testing.T) *jsonschema.Schema {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(shared(t), SDMXJSON20.Name, "sdmx-json-structure-schema.json"))
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := jsonschema.UnmarshalJSON(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	// It names the newest draft of JSON schema by an address that is none.
	parsed.(map[string]any)["$schema"] = "https://json-schema.org/draft/2020-12/schema"
	c := jsonschema.NewCompiler()
	if err := c.AddResource("sdmx.json", parsed); err != nil {
		t.Fatal(err)
	}
	schema, err := c.Compile("sdmx.json")
	if err != nil {
		t.Fatal(err)
	}
	return schema
}

// invalid20 returns what the schema says against a message; empty if it is valid.
func invalid20(t *testing.T, schema *jsonschema.Schema, message []byte) string {
	t.Helper()
	parsed, err := jsonschema.UnmarshalJSON(bytes.NewReader(message))
	if err != nil {
		return err.Error()
	}
	if err := schema.Validate(parsed); err != nil {
		return fmt.Sprintf("%#v", err)
	}
	return ""
}

// Whatever can be written as SDMX-JSON 2.0 is valid by its schema: all structures of the
// samples of every format, but for those with an agency id that begins with a digit, of which a
// loss tells.
func TestWrittenJSONIsValid(t *testing.T) {
	schema := schema20(t)
	files, _ := filepath.Glob(filepath.Join(shared(t), "samples", "*", "*"))
	for _, name := range samples() {
		files = append(files, filepath.Join("testdata", name))
	}
	written := 0
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		ms, _, err := readAll(t, file, data, ReadOptions{SkipUnsupported: true})
		if err != nil {
			continue
		}
		for _, m := range ms {
			if len(rules.Check(m)) > 0 || Expressible(SDMXJSON20, m) != nil || declaredInvalid(m) {
				continue
			}
			b, err := AppendMessage(nil, SDMXJSON20, header, m)
			if err != nil {
				t.Fatal(err)
			}
			if written++; len(b) > 1<<20 {
				continue // the schema's patterns are slow
			}
			if why := invalid20(t, schema, b); why != "" {
				t.Errorf("%s of %s: %s", sdmx.URNOf(m), filepath.Base(file), clip(why, 1500))
			}
		}
	}
	if written < 200 {
		t.Errorf("only %d structures were written", written)
	}
	t.Logf("%d structures written", written)
}

func declaredInvalid(m sdmx.Maintainable) bool {
	for _, l := range Losses(SDMXJSON20, m) {
		if strings.HasSuffix(l.What, "is not valid") {
			return true
		}
	}
	return false
}

// The same for structures in which one field after another is filled.
func TestFilledJSONIsValid(t *testing.T) {
	schema := schema20(t)
	filled := 0
	for _, name := range samples() {
		ms, _, err := readAll(t, name, sample(t, name), ReadOptions{})
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range ms {
			fill := filler{func(path string) {
				if sdmx.Complete(m) != nil || len(rules.Check(m)) > 0 || Expressible(SDMXJSON20, m) != nil || declaredInvalid(m) {
					return
				}
				filled++
				b, err := AppendMessage(nil, SDMXJSON20, header, m)
				if err != nil {
					t.Fatal(err)
				}
				if why := invalid20(t, schema, b); why != "" {
					t.Errorf("%s with %s filled: %s", m.Class(), path, clip(why, 600))
				}
			}}
			fill.walk("", reflect.ValueOf(m))
		}
	}
	if filled < 500 {
		t.Errorf("only %d fields were filled", filled)
	}
	t.Logf("%d fields filled", filled)
}
