package formats

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"urncast/formats/structures"
	"urncast/sdmx"
	"urncast/sdmx/rules"
)

// listsOf returns the classes of lists of codes and hierarchies, as the counter of a test.
func listsOf() map[sdmx.Class]int {
	return map[sdmx.Class]int{sdmx.ClassValueList: 0, sdmx.ClassGeographicCodelist: 0, sdmx.ClassGeoGridCodelist: 0,
		sdmx.ClassHierarchicalCodelist: 0, sdmx.ClassHierarchy: 0, sdmx.ClassHierarchyAssociation: 0}
}

// The lists of codes and hierarchies of real files are written in the format they came in as
// they came, and what is written as SDMX-ML is valid.
func TestListsOfRealFiles(t *testing.T) {
	dir := shared(t)
	out, tmp := written{}, t.TempDir()
	for _, f := range All() {
		files, _ := filepath.Glob(filepath.Join(dir, "samples", f.Name, "*"))
		if f == SDMXJSON20 {
			newer, _ := filepath.Glob(filepath.Join(dir, "samples", "sdmx-json-2.1", "*"))
			files = append(files, newer...)
		}
		ours := filepath.Join("testdata", map[*Format]string{SDMXML21: "everything-2.1.xml", FusionJSON: "everything-fusion.json", SDMXJSON20: "everything-json-2.0.json"}[f])
		n, broken := listsOf(), 0
		for _, file := range append(files, ours) {
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			ms, _, err := readAll(t, file, bytes.Replace(data, []byte(`"errors"`), []byte(`"warnings"`), 1), ReadOptions{SkipUnsupported: true})
			if err != nil {
				continue // TestRealFiles looks at those
			}
			for _, m := range ms {
				if _, counts := n[m.Class()]; !counts {
					continue
				}
				n[m.Class()]++
				if faults := rules.Check(m); len(faults) > 0 {
					broken++
					t.Logf("%s of %s breaks rules: %v", sdmx.URNOf(m), filepath.Base(file), faults[0])
					continue
				}
				back, err := again(f, m)
				if lost := Losses(f, m); err != nil || len(lost) == 0 && back != string(sdmx.AppendCanonical(nil, m)) {
					t.Errorf("%s of %s is not what it was: %v", sdmx.URNOf(m), filepath.Base(file), err)
				}
				if f == SDMXML21 {
					out.add(t, tmp, m)
				}
			}
		}
		t.Logf("%s: %v, of which %d break rules", f.Name, n, broken)
		for c, count := range n {
			if _, _, in := structures.Names(f.dialect, c); in && c.As(f.Generation()) == c && count == 0 {
				t.Errorf("%s: no %s was read", f.Name, c)
			}
		}
	}
	out.validate(t)
}

// A written collects structures as SDMX-ML, for one run of the validator.
type written struct{ files []string }

func (w *written) add(t *testing.T, dir string, m sdmx.Maintainable) {
	t.Helper()
	b, err := AppendMessage(nil, SDMXML21, header, m)
	if err != nil {
		t.Fatal(err)
	}
	w.files = append(w.files, filepath.Join(dir, fmt.Sprintf("%d.xml", len(w.files))))
	if err := os.WriteFile(w.files[len(w.files)-1], b, 0o600); err != nil {
		t.Fatal(err)
	}
}

// validate reports what the schema of SDMX-ML 2.1 has against the structures.
func (w *written) validate(t *testing.T) {
	t.Helper()
	lint, err := exec.LookPath("xmllint")
	if err != nil {
		t.Skip("xmllint is not installed (Debian: libxml2-utils)")
	}
	schema := filepath.Join(shared(t), "sdmx-ml-2.1", "SDMXMessage.xsd")
	message, err := exec.Command(lint, append([]string{"--noout", "--nonet", "--huge", "--schema", schema}, w.files...)...).CombinedOutput()
	if err == nil {
		return
	}
	for line := range strings.Lines(string(message)) {
		if !strings.HasSuffix(line, " validates\n") {
			t.Error(clip(line, 300))
		}
	}
}

// A hierarchical codelist in which one field after another is filled is valid by the schema, if
// it keeps the rules.
func TestFilledHierarchicalCodelistIsValid(t *testing.T) {
	shared(t)
	ms, _, err := readAll(t, "f", sample(t, "everything-2.1.xml"), ReadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	out, dir := written{}, t.TempDir()
	for _, m := range ms {
		if m.Class() != sdmx.ClassHierarchicalCodelist {
			continue
		}
		fill := filler{func(string) {
			if sdmx.Complete(m) == nil && len(rules.Check(m)) == 0 && Expressible(SDMXML21, m) == nil {
				out.add(t, dir, m)
			}
		}}
		fill.walk("", reflect.ValueOf(m))
	}
	if len(out.files) < 50 {
		t.Errorf("only %d fields were filled", len(out.files))
	}
	t.Logf("%d fields filled", len(out.files))
	out.validate(t)
}
