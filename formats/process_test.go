package formats

import (
	"testing"

	"urncast/sdmx"
	"urncast/sdmx/rules"
)

// The process of our samples is the same in every format, but for isFinal, which SDMX 3.0 does
// not have.
func TestProcessInEveryFormat(t *testing.T) {
	first := ""
	for _, name := range []string{"process-2.1.xml", "process-fusion.json", "process-json-2.0.json"} {
		ms, sum, err := readAll(t, name, sample(t, name), ReadOptions{})
		if err != nil || sum.Warnings.Count > 0 || len(ms) != 1 {
			t.Fatalf("%s: %v, %v", name, err, sum.Warnings)
		}
		if faults := rules.Check(ms[0]); len(faults) > 0 {
			t.Errorf("%s: %v", name, faults)
		}
		for _, f := range All() {
			roundTrip(t, f, ms[0])
		}
		ms[0].Common().Final = true
		if kept := asKept(ms); first == "" {
			first = kept
		} else if kept != first {
			t.Errorf("%s is another process than the first sample:\n%q\n%q", name, kept, first)
		}
		var paths []string
		sdmx.EachItem(ms[0], func(it sdmx.Item) { paths = append(paths, it.Class.String()+" "+it.Path) })
		if len(paths) != 5 || paths[1] != "Transition S1.T1" || paths[2] != "ProcessStep S1.S1A" {
			t.Errorf("%s: the items are %q", name, paths)
		}
	}
}
