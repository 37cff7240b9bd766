package formats

import (
	"strconv"
	"testing"
	"time"

	"urncast/sdmx"
	"urncast/sdmx/rules"
)

// manyOf makes a list of as many different elements as the largest real structures have.
func manyOf[T any](element func(id string) T) []T {
	list := make([]T, 50_000)
	for i := range list {
		list[i] = element("I" + strconv.Itoa(i))
	}
	return list
}

// longLists returns structures that have one long list each.
func longLists() map[string]sdmx.Maintainable {
	head := func(id string) sdmx.Artefact {
		return sdmx.Artefact{Nameable: sdmx.Nameable{ID: id, Names: sdmx.Texts{{Lang: "en", Value: "n"}}}, Agency: "A", Version: "1.0"}
	}
	list := func(id string) sdmx.Ref {
		return sdmx.RefTo(sdmx.URN{Class: sdmx.ClassCodelist, Agency: "A", ID: id, Version: "1.0"})
	}
	flow := func(id string) sdmx.Ref {
		return sdmx.RefTo(sdmx.URN{Class: sdmx.ClassDataflow, Agency: "A", ID: id, Version: "1.0"})
	}
	values := manyOf(func(id string) sdmx.ComponentValue { return sdmx.ComponentValue{Value: id} })
	components := manyOf(func(id string) sdmx.ComponentValues {
		return sdmx.ComponentValues{ID: id, Values: []sdmx.ComponentValue{{Value: "v"}}}
	})
	keys := manyOf(func(id string) sdmx.Key { return sdmx.Key{Values: []sdmx.KeyValue{{ID: "AREA", Value: id}}} })
	constraint := func(id string, x sdmx.DataConstraint) *sdmx.DataConstraint {
		x.Artefact, x.Role = head(id), sdmx.RoleAllowed
		return &x
	}
	code := func(id string) sdmx.HierarchicalCode {
		return sdmx.HierarchicalCode{ID: id, Code: sdmx.RefToItem(sdmx.ClassCode, "A", "L"+id, "1.0", "X")}
	}
	aliased := func(id string) sdmx.HierarchicalCode {
		return sdmx.HierarchicalCode{ID: id, CodelistAlias: id, CodeID: "X"}
	}
	return map[string]sdmx.Maintainable{
		"values of a region":     constraint("V", sdmx.DataConstraint{Cubes: []sdmx.CubeRegion{{Keys: []sdmx.ComponentValues{{ID: "AREA", Values: values}}}}}),
		"components of a region": constraint("C", sdmx.DataConstraint{Cubes: []sdmx.CubeRegion{{Keys: components}}}),
		"keys":                   constraint("K", sdmx.DataConstraint{KeySets: []sdmx.KeySet{{Keys: keys}}}),
		"components of a key":    constraint("KC", sdmx.DataConstraint{KeySets: []sdmx.KeySet{{Keys: []sdmx.Key{{Values: []sdmx.KeyValue{{ID: "AREA", Value: "A"}}, Components: components}}}}}),
		"attachments":            constraint("A", sdmx.DataConstraint{Attachment: sdmx.Attachment{To: manyOf(flow)}}),
		"targets":                &sdmx.Metadataflow{Artefact: head("M"), Targets: manyOf(flow)},
		"member values": &sdmx.Codelist{Scheme: sdmx.Scheme[sdmx.Code]{Artefact: head("E")}, Extensions: []sdmx.CodelistExtension{{Codelist: list("L"),
			Selection: append(manyOf(func(id string) sdmx.MemberValue { return sdmx.MemberValue{Value: id} }), manyOf(func(id string) sdmx.MemberValue { return sdmx.MemberValue{Value: id + "%"} })...)}}},
		"codes of many codelists": &sdmx.Hierarchy{Artefact: head("H"), Items: manyOf(code)},
		"codes by aliases": &sdmx.HierarchicalCodelist{Artefact: head("HA"),
			Included:    manyOf(func(id string) sdmx.IncludedCodelist { return sdmx.IncludedCodelist{Alias: id, Codelist: list(id)} }),
			Hierarchies: []sdmx.ListedHierarchy{{Nameable: sdmx.Nameable{ID: "H", Names: sdmx.Texts{{Lang: "en", Value: "n"}}}, Items: manyOf(aliased)}}},
	}
}

// The time that a structure takes grows with its length, and not with the square of it: a constraint of
// 50,000 values took a minute to look for its losses.
func TestLongListsTakeTheirLength(t *testing.T) {
	for name, m := range longLists() {
		t.Run(name, func(t *testing.T) {
			began := time.Now()
			rules.Check(m)
			for _, f := range All() {
				if Expressible(f, m) != nil {
					continue
				}
				if _, err := AppendMessage(nil, f, header, m); err != nil {
					t.Error(err)
				}
			}
			if took := time.Since(began); took > 20*time.Second {
				t.Errorf("this took %s", took)
			}
		})
	}
}
