package rules

import (
	"slices"
	"strings"
	"testing"

	"urncast/sdmx"
)

func vtlRef(class sdmx.Class, item string) sdmx.Ref {
	u := sdmx.URN{Class: class, Agency: "AG", ID: "X", Version: "1.0"}
	if item != "" {
		return sdmx.RefToItem(sdmx.ClassConcept, u.Agency, u.ID, u.Version, item)
	}
	return sdmx.RefTo(u)
}

func vtlMappings() *sdmx.VtlMappingScheme {
	s := &sdmx.VtlMappingScheme{}
	s.Agency, s.ID, s.Version = "AG", "MAP", "1.0"
	s.Items = []sdmx.VtlMapping{
		{Nameable: sdmx.Nameable{ID: "A"}, Alias: "a", Mapped: vtlRef(sdmx.ClassDataflow, ""), ToMethod: "Pivot", ToSpace: []string{"FREQ"}},
		{Nameable: sdmx.Nameable{ID: "B"}, Alias: "b", Generic: true, FromMethod: "Basic"},
		{Nameable: sdmx.Nameable{ID: "C"}, Alias: "c", Mapped: vtlRef(sdmx.ClassConceptScheme, "V")},
	}
	return s
}

func transformations() *sdmx.TransformationScheme {
	s := &sdmx.TransformationScheme{VTLVersion: "2.0", Mappings: vtlRef(sdmx.ClassVtlMappingScheme, ""), Rulesets: []sdmx.Ref{vtlRef(sdmx.ClassRulesetScheme, "")}}
	s.Agency, s.ID, s.Version = "AG", "STEPS", "1.0"
	s.Items = []sdmx.Transformation{{Nameable: sdmx.Nameable{ID: "A"}, Expression: "a", Result: "b"}}
	return s
}

func mappingWith(change func(*sdmx.VtlMappingScheme)) sdmx.Maintainable {
	s := vtlMappings()
	change(s)
	return s
}

func transformationWith(change func(*sdmx.TransformationScheme)) sdmx.Maintainable {
	s := transformations()
	change(s)
	return s
}

// VTL schemes that keep the rules have no fault; one fault that was planted is found alone, with
// its path.
func TestVTLRules(t *testing.T) {
	for _, m := range []sdmx.Maintainable{vtlMappings(), transformations()} {
		if faults := Check(m); len(faults) > 0 {
			t.Errorf("%s: %v", sdmx.URNOf(m), faults)
		}
	}
	ruleset, operator, custom, names := &sdmx.RulesetScheme{Scheme: sdmx.Scheme[sdmx.Ruleset]{Items: make([]sdmx.Ruleset, 1)}}, &sdmx.UserDefinedOperatorScheme{Scheme: sdmx.Scheme[sdmx.UserDefinedOperator]{Items: make([]sdmx.UserDefinedOperator, 1)}},
		&sdmx.CustomTypeScheme{Scheme: sdmx.Scheme[sdmx.CustomType]{Items: make([]sdmx.CustomType, 1)}}, &sdmx.NamePersonalisationScheme{Scheme: sdmx.Scheme[sdmx.NamePersonalisation]{Items: make([]sdmx.NamePersonalisation, 1)}}
	for _, m := range []sdmx.Maintainable{ruleset, operator, custom, names} {
		a := m.Common()
		a.Agency, a.ID, a.Version = "AG", "S", "1.0"
		sdmx.EachItem(m, func(it sdmx.Item) { it.Nameable.ID = "I" })
	}
	for _, p := range []struct {
		m     sdmx.Maintainable
		paths []string
		words string
	}{
		{ruleset, []string{"VTLVersion", "Items[0].Definition", "Items[0].Type", "Items[0].Scope"}, "require"},
		{operator, []string{"VTLVersion", "Items[0].Definition"}, "require"},
		{custom, []string{"VTLVersion", "Items[0].ScalarType", "Items[0].DataType"}, "require"},
		{names, []string{"VTLVersion", "Items[0].Artefact", "Items[0].DefaultName", "Items[0].Personalised"}, "require"},
		{transformationWith(func(s *sdmx.TransformationScheme) { s.Items[0].Expression = "" }), []string{"Items[0].Expression"}, "require"},
		{transformationWith(func(s *sdmx.TransformationScheme) { s.Rulesets = append(s.Rulesets, s.Rulesets[0]) }), []string{"Rulesets[1]"}, "once"},
		{transformationWith(func(s *sdmx.TransformationScheme) { s.CustomTypes = s.Mappings }), []string{"CustomTypes"}, "must point to a CustomTypeScheme"},
		{transformationWith(func(s *sdmx.TransformationScheme) { s.Items = append(s.Items, s.Items[0]) }), []string{"Items[1].ID"}, "twice"},
		{mappingWith(func(s *sdmx.VtlMappingScheme) { s.Items[1].Generic = false }), []string{"Items[1].Mapped"}, "does not say what it maps"},
		{mappingWith(func(s *sdmx.VtlMappingScheme) { s.Items[0].Generic = true }), []string{"Items[0].Generic"}, "one of the two"},
		{mappingWith(func(s *sdmx.VtlMappingScheme) { s.Items[2].Alias = "a" }), []string{"Items[2].Alias"}, "twice"},
		{mappingWith(func(s *sdmx.VtlMappingScheme) { s.Items[2].Alias = "" }), []string{"Items[2].Alias"}, "require"},
		{mappingWith(func(s *sdmx.VtlMappingScheme) { s.Items[2].FromMethod = "M2A" }), []string{"Items[2].Mapped"}, "only a mapping of a dataflow"},
		{mappingWith(func(s *sdmx.VtlMappingScheme) { s.Items[0].ToSpace = []string{"FREQ", "FREQ"} }), []string{"Items[0].ToSpace[1]"}, "twice"},
		{mappingWith(func(s *sdmx.VtlMappingScheme) { s.Items[0].ToSpace = []string{"1"} }), []string{"Items[0].ToSpace[0]"}, "letter"},
		{mappingWith(func(s *sdmx.VtlMappingScheme) { s.Items[2].Mapped = vtlRef(sdmx.ClassDataStructure, "") }), []string{"Items[2].Mapped"}, "must point to"},
	} {
		var paths []string
		for _, f := range Check(p.m) {
			if paths = append(paths, f.Path); !strings.Contains(f.Text, p.words) {
				t.Errorf("%s: %q does not say %q", f.Path, f.Text, p.words)
			}
		}
		if !slices.Equal(paths, p.paths) {
			t.Errorf("%s: faults at %q, not %q: %v", p.m.Class(), paths, p.paths, Check(p.m))
		}
	}
}
