package rules

import (
	"slices"
	"strings"
	"testing"

	"urncast/sdmx"
)

func allowed() *sdmx.DataConstraint {
	x := &sdmx.DataConstraint{Role: sdmx.RoleAllowed}
	x.Agency, x.ID, x.Version = "AG", "K", "1.0"
	x.Attachment = sdmx.Attachment{To: []sdmx.Ref{sdmx.RefTo(sdmx.URN{Class: sdmx.ClassDataflow, Agency: "AG", ID: "F", Version: "1.0"})}, Sources: []sdmx.QueryableSource{{URL: "http://data.example.org"}}}
	x.KeySets = []sdmx.KeySet{{Keys: []sdmx.Key{{Values: []sdmx.KeyValue{{ID: "FREQ", Value: "A"}, {ID: "AREA", Value: "FR"}}}}}}
	x.Cubes = []sdmx.CubeRegion{{Keys: []sdmx.ComponentValues{{ID: "FREQ", Values: []sdmx.ComponentValue{{Value: "A", Cascade: "true"}}}, {ID: "TIME_PERIOD", Range: &sdmx.TimeRange{Before: &sdmx.PeriodBound{Period: "2020"}}}},
		Components: []sdmx.ComponentValues{{ID: "CONTACT.NAME"}}}}
	x.Calendar = &sdmx.ReleaseCalendar{Periodicity: "P1M", Offset: "P1D", Tolerance: "P1D"}
	x.Period = &sdmx.ReferencePeriod{Start: "2020-01-01T00:00:00", End: "2021-01-01T00:00:00"}
	set := sdmx.SetRef{Provider: sdmx.RefToItem(sdmx.ClassDataProvider, "AG", sdmx.DataProviderSchemeID, "1.0", "P"), ID: "S"}
	x.MetadataKeySets = []sdmx.MetadataKeySet{{Keys: []sdmx.MetadataKey{{Report: "R", Target: "T", Values: []sdmx.MetadataKeyValue{{ID: "A", Value: "x"}, {ID: "B", DataSet: &set}}}}}}
	x.MetadataRegions = []sdmx.MetadataRegion{{Report: "R", Target: "T", Keys: []sdmx.TargetValues{{ID: "A", Values: []string{"x"}}, {ID: "B", DataKeys: []sdmx.Key{{Values: []sdmx.KeyValue{{ID: "FREQ", Value: "A"}}}}}}}}
	return x
}

func TestConstraintFaults(t *testing.T) {
	if faults := Check(allowed()); len(faults) > 0 {
		t.Fatal(faults)
	}
	for _, c := range []struct {
		path, words string
		spoil       func(*sdmx.DataConstraint)
	}{
		{"Role", "not \"Perhaps\"", func(x *sdmx.DataConstraint) { x.Role = "Perhaps" }},
		{"Attachment", "of one kind", func(x *sdmx.DataConstraint) { x.Attachment.SimpleSources = []string{"http://x.example.org"} }},
		{"Attachment", "of one kind", func(x *sdmx.DataConstraint) {
			x.Attachment.To = append(x.Attachment.To, sdmx.RefTo(sdmx.URN{Class: sdmx.ClassDataStructure, Agency: "AG", ID: "D", Version: "1.0"}))
		}},
		{"Attachment.To[0]", "must point to", func(x *sdmx.DataConstraint) { x.Attachment.To[0].Class = sdmx.ClassCodelist }},
		{"Attachment.To[1]", "one provider", func(x *sdmx.DataConstraint) {
			p := sdmx.RefToItem(sdmx.ClassDataProvider, "AG", sdmx.DataProviderSchemeID, "1.0", "P")
			x.Attachment = sdmx.Attachment{To: []sdmx.Ref{p, p}}
		}},
		{"Attachment.Sources", "Queryable data sources stand beside", func(x *sdmx.DataConstraint) { x.Attachment.To = nil }},
		{"Attachment.Sources[0].URL", "needs an address", func(x *sdmx.DataConstraint) { x.Attachment.Sources[0].URL = "" }},
		{"KeySets[0]", "no keys", func(x *sdmx.DataConstraint) { x.KeySets[0].Keys = nil }},
		{"KeySets[0].Keys[0].Values[1].ID", "two values of FREQ", func(x *sdmx.DataConstraint) { x.KeySets[0].Keys[0].Values[1].ID = "FREQ" }},
		{"KeySets[0].Keys[0].Values[0].Value", "needs a value", func(x *sdmx.DataConstraint) { x.KeySets[0].Keys[0].Values[0].Value = "" }},
		{"Cubes[0].Keys[0].ID", "must begin with a letter", func(x *sdmx.DataConstraint) { x.Cubes[0].Keys[0].ID = "1F" }},
		{"Cubes[0].Keys[0].Values[0].Cascade", "excluderoot", func(x *sdmx.DataConstraint) { x.Cubes[0].Keys[0].Values[0].Cascade = "perhaps" }},
		{"Cubes[0].Keys[1]", "one of the two", func(x *sdmx.DataConstraint) { x.Cubes[0].Keys[1].Values = []sdmx.ComponentValue{{Value: "2020"}} }},
		{"Cubes[0].Keys[1].Range", "has a start and an end", func(x *sdmx.DataConstraint) { x.Cubes[0].Keys[1].Range.Start = &sdmx.PeriodBound{Period: "2019"} }},
		{"Cubes[0].Keys[1].Range.Before.Period", "is no date", func(x *sdmx.DataConstraint) { x.Cubes[0].Keys[1].Range.Before.Period = "soon" }},
		{"Cubes[0].Components[0].ID", "must begin with a letter", func(x *sdmx.DataConstraint) { x.Cubes[0].Components[0].ID = "CONTACT.1" }},
		{"Calendar.Offset", "needs an offset", func(x *sdmx.DataConstraint) { x.Calendar.Offset = "" }},
		{"Period.End", "needs an end", func(x *sdmx.DataConstraint) { x.Period.End = "" }},
		{"MetadataKeySets[0].Keys[0].Values[0]", "2 of them are", func(x *sdmx.DataConstraint) {
			x.MetadataKeySets[0].Keys[0].Values[0].Object = x.Attachment.To[0]
		}},
		{"MetadataKeySets[0].Keys[0].Values[1].DataSet[0].Provider", "provider is missing", func(x *sdmx.DataConstraint) {
			x.MetadataKeySets[0].Keys[0].Values[1].DataSet.Provider = sdmx.Ref{}
		}},
		{"MetadataRegions[0].Keys[0]", "0 of these kinds", func(x *sdmx.DataConstraint) { x.MetadataRegions[0].Keys[0].Values = nil }},
		{"MetadataRegions[0].Keys[1].DataKeys[0]", "has no values", func(x *sdmx.DataConstraint) { x.MetadataRegions[0].Keys[1].DataKeys[0].Values = nil }},
	} {
		x := allowed()
		c.spoil(x)
		if faults := Check(x); !slices.ContainsFunc(faults, func(f Fault) bool { return f.Path == c.path && strings.Contains(f.Text, c.words) }) {
			t.Errorf("%s, %q is not found: %v", c.path, c.words, faults)
		}
	}
}

func TestMetadataConstraintFaults(t *testing.T) {
	x := &sdmx.MetadataConstraint{Role: sdmx.RoleActual, Regions: make([]sdmx.MetadataRegion, 3)}
	x.Agency, x.ID, x.Version = "AG", "K", "1.0"
	if got := len(Check(x)); got != 2 {
		t.Errorf("faults of role and regions: %v", Check(x))
	}
	a := &sdmx.AttachmentConstraint{Attachment: allowed().Attachment}
	a.Agency, a.ID, a.Version = "AG", "K", "1.0"
	if faults := Check(a); len(faults) != 1 || faults[0].Path != "Attachment.Sources" {
		t.Errorf("sources of an attachment constraint: %v", faults)
	}
}
