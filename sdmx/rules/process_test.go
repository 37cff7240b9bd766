package rules

import (
	"slices"
	"strings"
	"testing"

	"urncast/sdmx"
)

func steps() *sdmx.Process {
	p := &sdmx.Process{}
	p.Agency, p.ID, p.Version = "AG", "P", "1.0"
	p.Items = []sdmx.ProcessStep{
		{Nameable: sdmx.Nameable{ID: "A"}, Items: []sdmx.ProcessStep{{Nameable: sdmx.Nameable{ID: "B"}}}, Inputs: []sdmx.ProcessObject{{LocalID: "I", Object: vtlRef(sdmx.ClassDataflow, "")}},
			Computation: &sdmx.Computation{Descriptions: sdmx.Texts{{Lang: "en", Value: "sum"}}},
			Transitions: []sdmx.Transition{{ID: "T", Target: "A.B", Conditions: sdmx.Texts{{Lang: "en", Value: "if"}}}, {Target: "C", Conditions: sdmx.Texts{{Lang: "en", Value: "else"}}}}},
		{Nameable: sdmx.Nameable{ID: "C"}},
	}
	return p
}

// A process that keeps the rules has no fault; one that was planted is found alone, with its path.
func TestProcessRules(t *testing.T) {
	if faults := Check(steps()); len(faults) > 0 {
		t.Fatal(faults)
	}
	for _, p := range []struct {
		path, words string
		plant       func(*sdmx.Process)
	}{
		{"Items[0].Items[1].ID", "twice", func(p *sdmx.Process) { p.Items[0].Items = append(p.Items[0].Items, p.Items[0].Items[0]) }},
		{"Items[0].Inputs[0].Object", "refers to an object", func(p *sdmx.Process) { p.Items[0].Inputs[0].Object = sdmx.Ref{} }},
		{"Items[0].Inputs[0].LocalID", "may not stand in an id", func(p *sdmx.Process) { p.Items[0].Inputs[0].LocalID = "a b" }},
		{"Items[0].Computation.Descriptions", "no description", func(p *sdmx.Process) { p.Items[0].Computation.Descriptions = nil }},
		{"Items[0].Transitions[0].Target", "no step of this process", func(p *sdmx.Process) { p.Items[0].Transitions[0].Target = "B" }},
		{"Items[0].Transitions[1].Target", "does not say", func(p *sdmx.Process) { p.Items[0].Transitions[1].Target = "" }},
		{"Items[0].Transitions[1].Conditions", "no condition", func(p *sdmx.Process) { p.Items[0].Transitions[1].Conditions = nil }},
		{"Items[0].Transitions[1].ID", "twice", func(p *sdmx.Process) { p.Items[0].Transitions[1].ID = "T" }},
	} {
		m := steps()
		p.plant(m)
		var paths []string
		for _, f := range Check(m) {
			if paths = append(paths, f.Path); !strings.Contains(f.Text, p.words) {
				t.Errorf("%s: %q does not say %q", f.Path, f.Text, p.words)
			}
		}
		if !slices.Equal(paths, []string{p.path}) {
			t.Errorf("faults at %q, not %q", paths, p.path)
		}
	}
}
