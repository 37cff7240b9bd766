package formats

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"urncast/sdmx"
	"urncast/sdmx/rules"
)

// ofConstraints reports whether a class is one of constraints, or that of metadataflows.
func ofConstraints(c sdmx.Class) bool {
	return c == sdmx.ClassDataConstraint || c == sdmx.ClassMetadataConstraint || c == sdmx.ClassAttachmentConstraint || c == sdmx.ClassMetadataflow
}

// Constraints and metadataflows of the real files are the same after they were written and read in the format in
// which they came; what is written is valid.
func TestRealConstraintsAndMetadataflows(t *testing.T) {
	schema := filepath.Join(shared(t), "sdmx-ml-2.1", "SDMXMessage.xsd")
	_, noLint := exec.LookPath("xmllint")
	if noLint != nil {
		t.Log("xmllint is not here: what is written as SDMX-ML is not validated")
	}
	for folder, f := range map[string]*Format{"sdmx-ml-2.1": SDMXML21, "fusion-json": FusionJSON, "sdmx-json-2.0": SDMXJSON20, "sdmx-json-2.1": SDMXJSON20} {
		files, _ := filepath.Glob(filepath.Join(shared(t), "samples", folder, "*"))
		read, refused := 0, 0
		for _, file := range files {
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			ms, sum, err := readAll(t, filepath.Base(file), data, ReadOptions{SkipUnsupported: true})
			if bytes.Contains(bytes.ToLower(data), []byte("constraint")) {
				if err != nil {
					t.Logf("%s: %v", filepath.Base(file), err)
				}
				for _, w := range sum.Warnings.First {
					if strings.Contains(w.String(), "onstraint") {
						t.Logf("%s: %s", filepath.Base(file), w)
					}
				}
			}
			for _, m := range ms {
				if !ofConstraints(m.Class()) {
					continue
				}
				if faults := rules.Check(m); len(faults) > 0 {
					refused++
					t.Logf("%s of %s: %v", sdmx.URNOf(m), filepath.Base(file), faults)
					continue
				}
				read++
				if back, err := again(f, m); len(Losses(f, m)) == 0 && (err != nil || back != string(sdmx.AppendCanonical(nil, m))) {
					t.Errorf("%s of %s has changed: %v", sdmx.URNOf(m), filepath.Base(file), err)
				}
				if f != SDMXML21 || noLint != nil {
					continue
				}
				b, err := AppendMessage(nil, f, header, m)
				if err != nil {
					t.Fatal(err)
				}
				lint := exec.Command("xmllint", "--noout", "--schema", schema, "-")
				lint.Stdin = bytes.NewReader(b)
				if out, err := lint.CombinedOutput(); err != nil {
					t.Errorf("%s of %s: %s", sdmx.URNOf(m), filepath.Base(file), clip(string(out), 600))
				}
			}
		}
		t.Logf("%s: %d structures read, %d refused by the rules", folder, read, refused)
		if read == 0 {
			t.Errorf("nothing of %s was read", folder)
		}
	}
}

// A key of SDMX-ML 2.1 may say of its values that they are included: nothing else is possible.
func TestIncludedValuesOfKeys(t *testing.T) {
	for include, want := range map[string]int{"true": 0, "false": 1} {
		in := xml21("Constraints", `<s:ContentConstraint id="K" agencyID="T"><c:Name>n</c:Name><s:DataKeySet isIncluded="true"><s:Key include="true">`+
			`<c:KeyValue id="AREA" include="`+include+`"><c:Value>A</c:Value></c:KeyValue></s:Key></s:DataKeySet></s:ContentConstraint>`)
		_, sum, err := readAll(t, "f", []byte(in), ReadOptions{})
		if err != nil || sum.Warnings.Count != want {
			t.Errorf("include=%s: %v, %v", include, err, sum.Warnings.First)
		}
	}
}
