package sdmx

import (
	"fmt"
	"testing"
)

// The digests of stored structures are those that the first version computed. Another one would
// take every structure that is submitted again for changed.
func TestDigestsStay(t *testing.T) {
	n := Nameable{ID: "X", Names: Texts{{"en", "x"}}, Annotations: []Annotation{{ID: "a", Type: "T", Text: Texts{{"fr", "y"}}}}}
	a := Artefact{Nameable: n, Agency: "AG", Version: "1.0"}
	concept := RefToItem(ClassConcept, "AG", "CS", "1.0", "C")
	list := &Representation{Enumeration: RefTo(URN{ClassCodelist, "AG", "CL", "1.0+.0"}), Format: &TextFormat{Type: "String", MaxLength: "3"}}
	for _, c := range []struct {
		m    Maintainable
		want string
	}{
		{&Codelist{Scheme[Code]{Artefact: a, Partial: true, Items: []Code{{Nameable: n, Parent: "Y"}, {Nameable: n}}}, []CodelistExtension{{Codelist: list.Enumeration, Prefix: "P", Selection: []MemberValue{{"A%", "true"}}}}}, "0134e4725d94 01ebc8a231f4"},
		{&AgencyScheme{Scheme[Agency]{Artefact: a, Items: []Agency{{Nameable: n, Contacts: []Contact{{ID: "c", Emails: []string{"e"}}}}}}}, "014ddf7c8f21 01a9d2f3f1c8"},
		{&ConceptScheme{Scheme[Concept]{Artefact: a, Items: []Concept{{Nameable: n, Parent: "Y", Representation: list, ISO: &ISOConcept{"a", "b", "c"}}}}}, "015bb25be71b 019bc795fd73"},
		{&CategoryScheme{Scheme[Category]{Artefact: a, Items: []Category{{Nameable: n, Items: []Category{{Nameable: n}}}}}}, "018b6c6848c7 01429fef3cf4"},
		{&Categorisation{Artefact: a, Source: RefTo(URN{ClassDataflow, "AG", "F", "1.0"}), Target: RefToItem(ClassCategory, "AG", "CAT", "1.0", "A.B")}, "0120b7f531c7 01b7c427cc02"},
		{&Dataflow{a, RefTo(URN{ClassDataStructure, "AG", "D", "1.0"})}, "01cc39e59315 01fc5e902152"},
		{&DataStructure{Artefact: a, Dimensions: []Dimension{{Component{ID: "D", Concept: concept, Representation: list, Roles: []Ref{concept}}, DimensionTime}},
			Attributes: []Attribute{{Component: Component{ID: "A", Concept: concept}, Mandatory: true, Relationship: Relationship{AttachGroup, nil, []string{"G"}}, YearStartDay: true}},
			Measures:   []Measure{{Component{ID: "OBS_VALUE", Concept: concept}, True}}, Groups: []Group{{ID: "G", Dimensions: []string{"D"}}},
			Metadata: RefTo(URN{ClassMetadataStructure, "AG", "M", "1.0"}), MetadataUsages: []MetadataAttributeUsage{{ID: "U"}}, ListAnnotations: []ListAnnotations{{"DimensionDescriptor", n.Annotations}}}, "01d41b72af26 01b331ecf93d"},
	} {
		d, s := DigestOf(AppendCanonical(nil, c.m)), StructuralDigest(c.m)
		if got := fmt.Sprintf("%x %x", d[:6], s[:6]); got != c.want {
			t.Errorf("%s: digests %s, want %s", c.m.Class(), got, c.want)
		}
	}
}

// Annotations may change in a final structure wherever they stand, also where there were none.
func TestAnnotationsAreNotStructural(t *testing.T) {
	d := &DataStructure{Dimensions: []Dimension{{Component: Component{ID: "D"}}}}
	was := StructuralDigest(d)
	d.ListAnnotations = []ListAnnotations{{"DimensionDescriptor", []Annotation{{ID: "a"}}}}
	if StructuralDigest(d) != was {
		t.Error("an annotation of a list of components is taken for a change of the structure")
	}
}
