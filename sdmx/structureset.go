package sdmx

// A StructureSet holds maps between structures and between schemes (2.x).
type StructureSet struct {
	Artefact
	Related []Ref       `c:"30"` // structures and flows that the maps are between
	Maps    []ListedMap `c:"31,items"`
}

// A MapKind says what a map of a StructureSet is between.
type MapKind uint8

// The kinds of maps. Their numbers are stored.
const (
	MapStructures MapKind = iota
	MapCodelists
	MapHybridCodelists // of a codelist and a hierarchical codelist
	MapConcepts
	MapCategories
	MapOrganisations
	MapReportingTaxonomies
)

// mapClasses are the classes of maps by their kind.
var mapClasses = [...]Class{
	MapStructures: ClassMappingStructureMap, MapCodelists: ClassMappingCodelistMap, MapHybridCodelists: ClassMappingHybridCodelistMap,
	MapConcepts: ClassMappingConceptSchemeMap, MapCategories: ClassMappingCategorySchemeMap,
	MapOrganisations: ClassMappingOrganisationSchemeMap, MapReportingTaxonomies: ClassMappingReportingTaxonomyMap,
}

// Class returns the class of maps of a kind.
func (k MapKind) Class() Class { return mapClasses[k] }

// A ListedMap is a map inside a StructureSet. Items has what it maps one by one.
type ListedMap struct {
	Nameable
	Kind      MapKind      `c:"30"`
	Source    Ref          `c:"31"`
	Target    Ref          `c:"32"`
	Extension bool         `c:"33"` // of a map of structures: the target has more components than the source
	Items     []MappedItem `c:"34"`
}

// A MappedItem maps an item or component to another.
type MappedItem struct {
	Annotations []Annotation   `c:"1,text"`
	Source      MappedID       `c:"2"`
	Target      MappedID       `c:"3"`
	Values      *MappedByValue `c:"4"` // of components: how their values are mapped, if they are not the same
}

// A MappedID is the id, or the path, of an item or component in the source or target of a map.
type MappedID struct {
	ID    string `c:"1"`
	Class string `c:"2"` // as a reference of 2.1 names it, such as Dimension or Attribute; of other items only if it was stated
	List  string `c:"3"` // of a component: the id of its list (containerID)
}

// MappedByValue is a codelist map of the same set, or the format that values of the target have,
// or a list of values.
type MappedByValue struct {
	CodelistMap string      `c:"1"`
	Format      *TextFormat `c:"2"`
	FormatOf    string      `c:"3"` // with Format: what of a code becomes the value: Value, Name or Description
	Pairs       []ValuePair `c:"4"`
}

// A ValuePair is a value of a source, and what stands for it in the target.
type ValuePair struct {
	Source string `c:"1"`
	Target string `c:"2"`
}

// Class implements Maintainable.
func (*StructureSet) Class() Class { return ClassStructureSet }

func (s *StructureSet) eachItem(fn func(Item)) {
	for i := range s.Maps {
		x := &s.Maps[i]
		fn(Item{Class: x.Kind.Class(), Path: x.ID, Nameable: &x.Nameable, Value: x})
	}
}
