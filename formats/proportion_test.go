package formats

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"urncast/sdmx"
)

// soon fails the test if something takes as long as it would if each part were compared with all
// others.
func soon(t *testing.T, what string, do func()) {
	t.Helper()
	began := time.Now()
	do()
	if took := time.Since(began); took > 10*time.Second {
		t.Errorf("%s takes %s", what, took)
	}
}

const manyParts = 200_000

// quotedParts returns many texts of JSON, with commas.
func quotedParts() string {
	var b strings.Builder
	for i := range manyParts {
		fmt.Fprintf(&b, `,"V%d"`, i)
	}
	return b.String()[1:]
}

// The time to read and to write what has many values is in proportion to them, in whatever order
// the message has its parts.
func TestManyValuesTakeLittle(t *testing.T) {
	values := quotedParts()
	for name, region := range map[string]string{
		"values first":  `{"values":[` + values + `],"removePrefix":true}`,
		"cascade":       `{"values":[` + values + `],"cascade":[` + values + `]}`,
		"cascade first": `{"cascade":[` + values + `],"removePrefix":true,"values":[` + values + `]}`,
	} {
		text := `{"DataConstraint":[{"id":"C","agencyId":"A","version":"1.0","type":"CubeRegionConstraint","includeCube":{"AREA":` + region + `}}]}`
		soon(t, name, func() {
			ms, _, err := readAll(t, name, []byte(text), ReadOptions{})
			if err != nil {
				t.Fatal(err)
			}
			got := ms[0].(*sdmx.DataConstraint).Cubes[0].Keys[0]
			last, cascade := got.Values[len(got.Values)-1], ""
			if strings.Contains(region, "cascade") {
				cascade = "true"
			}
			if len(got.Values) != manyParts || last != (sdmx.ComponentValue{Value: fmt.Sprintf("V%d", manyParts-1), Cascade: cascade}) {
				t.Errorf("%s: %d values, the last is %+v", name, len(got.Values), last)
			}
			if _, err := AppendMessage(nil, FusionJSON, header, ms[0]); err != nil {
				t.Error(err)
			}
		})
	}
}

// So is the time to look for losses, and what is said of a structure that cannot be written has a
// bound, although it names each reference.
func TestManyLossesTakeLittle(t *testing.T) {
	list, process := &sdmx.Codelist{}, &sdmx.Process{Items: []sdmx.ProcessStep{{}}}
	for _, m := range []sdmx.Maintainable{list, process} {
		a := m.Common()
		a.ID, a.Agency, a.Version, a.Names = "X", "A", "1.0", sdmx.Texts{{Lang: "en", Value: "x"}}
	}
	list.Extensions = []sdmx.CodelistExtension{{Codelist: sdmx.RefTo(sdmx.URN{Class: sdmx.ClassCodelist, Agency: "A", ID: "L", Version: "1.0"})}}
	step := &process.Items[0]
	step.ID, step.Names = "S", process.Names
	for i := range manyParts {
		list.Extensions[0].Selection = append(list.Extensions[0].Selection, sdmx.MemberValue{Value: fmt.Sprintf("V%d", i)})
		set := sdmx.URN{Class: sdmx.ClassStructureSet, Agency: "A", ID: fmt.Sprintf("S%d", i), Version: "1.0"}
		step.Inputs = append(step.Inputs, sdmx.ProcessObject{Object: sdmx.RefTo(set)})
	}
	soon(t, "a selection of many codes", func() {
		if _, err := AppendMessage(nil, SDMXJSON20, header, list); err != nil {
			t.Error(err)
		}
	})
	soon(t, "a process of many inputs", func() {
		remarks, fatal := LossRemarks(SDMXJSON20, process)
		if said := remarks.First[0].String(); !fatal || len(said) > 10_000 || !strings.Contains(said, "more parts") {
			t.Errorf("fatal is %t, and %d bytes are said", fatal, len(said))
		}
	})
}
