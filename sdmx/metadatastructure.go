package sdmx

// A MetadataStructure (MSD) defines the structure of reference metadata. In 3.0 it is one list of
// metadata attributes; in 2.1 it has a list in each report structure, and targets.
type MetadataStructure struct {
	Artefact
	// Lists has at most one list without an id, which then is the only one (3.0).
	Lists   []MetadataAttributeList `c:"30,items"`
	Targets []MetadataTarget        `c:"31,items"` // 2.1
}

// A MetadataAttributeList is the list of metadata attributes of 3.0, or a report structure of 2.1,
// which has an id.
type MetadataAttributeList struct {
	ID          string              `c:"1"`
	Annotations []Annotation        `c:"4,text"`
	URI         string              `c:"6,text"` // 2.1
	Attributes  []MetadataAttribute `c:"20,items"`
	Targets     []string            `c:"21"` // 2.1: ids of the metadata targets that are reported on
}

// A MetadataAttribute is a component whose values are reference metadata; Attributes are those
// nested in it.
type MetadataAttribute struct {
	ID             string              `c:"1"`
	Annotations    []Annotation        `c:"4,text"`
	Links          []Link              `c:"5,text"`
	URI            string              `c:"6,text"`
	Concept        Ref                 `c:"7"`
	Representation *Representation     `c:"9"`
	Attributes     []MetadataAttribute `c:"20,items"`
	// MinOccurs and MaxOccurs are numbers, and MaxOccurs may be "unbounded"; "" is once, the
	// default.
	MinOccurs string `c:"21"`
	MaxOccurs string `c:"22"`
	// Presentational means that the attribute has no value, and only groups those nested in it.
	Presentational bool `c:"23"`
}

// A MetadataTarget is what a report structure is about: it has an object for each part of the
// identity of that (2.1).
type MetadataTarget struct {
	ID          string         `c:"1"`
	Annotations []Annotation   `c:"4,text"`
	URI         string         `c:"6,text"`
	Objects     []TargetObject `c:"20,items"`
}

// A TargetKind is a kind of TargetObject.
type TargetKind uint8

// The kinds of target objects: an object that can be identified, the key of data, a data set, the
// content of an attachment constraint, and a period.
const (
	TargetObjectIdentifiable TargetKind = iota
	TargetObjectKey
	TargetObjectDataSet
	TargetObjectConstraint
	TargetObjectPeriod
)

// targetKinds has the class of each kind of target object, and the id that 2.1 fixes.
var targetKinds = [...]struct {
	class Class
	id    string
}{
	TargetObjectIdentifiable: {ClassIdentifiableObjectTarget, ""},
	TargetObjectKey:          {ClassDimensionDescriptorValuesTarget, "DIMENSION_DESCRIPTOR_VALUES_TARGET"},
	TargetObjectDataSet:      {ClassDataSetTarget, "DATA_SET_TARGET"},
	TargetObjectConstraint:   {ClassConstraintTarget, "CONSTRAINT_CONTENT_TARGET"},
	TargetObjectPeriod:       {ClassReportPeriodTarget, "REPORT_PERIOD_TARGET"},
}

// Class returns the class of target objects of the kind.
func (k TargetKind) Class() Class { return targetKinds[k].class }

// FixedID returns the id that 2.1 fixes for target objects of the kind; empty if it fixes none.
func (k TargetKind) FixedID() string { return targetKinds[k].id }

// A TargetObject is a part of a metadata target (2.1).
type TargetObject struct {
	ID          string       `c:"1"`
	Annotations []Annotation `c:"4,text"`
	URI         string       `c:"6,text"`
	Kind        TargetKind   `c:"20"`
	ObjectType  string       `c:"21"` // of an identifiable object: the class, such as "Dataflow", or "Any"
	// Representation has what 2.1 does not fix: the item scheme of an identifiable object, or
	// the times of a period.
	Representation *Representation `c:"22"`
}

// A Metadataflow is a flow of reference metadata of a metadata structure.
type Metadataflow struct {
	Artefact
	Structure Ref   `c:"30"` // the metadata structure
	Targets   []Ref `c:"31"` // what the metadata is about: loose references (Ref.Loose; 3.0)
}

// Class implements Maintainable.
func (*MetadataStructure) Class() Class { return ClassMetadataStructure }

// Class implements Maintainable.
func (*Metadataflow) Class() Class { return ClassMetadataflow }

func (*Metadataflow) eachItem(func(Item)) {}

// eachItem implements Maintainable. The paths of metadata attributes are those of 3.0, unless there
// are several report structures, which may have attributes with the same id: then the path begins
// with the id of the report structure, as in URNs of 2.1.
func (m *MetadataStructure) eachItem(fn func(Item)) {
	for i := range m.Targets {
		x := &m.Targets[i]
		fn(Item{Class: ClassMetadataTarget, Path: x.ID, Value: x})
		for j := range x.Objects {
			o := &x.Objects[j]
			fn(Item{Class: o.Kind.Class(), Path: below(x.ID, o.ID), Parent: x.ID, Nests: true, Value: o})
		}
	}
	for i := range m.Lists {
		x := &m.Lists[i]
		it, parent := Item{Class: ClassReportStructure, Path: x.ID, Value: x}, ""
		if x.ID == "" {
			it.Class, it.Path = ClassMetadataAttributeDescriptor, ClassMetadataAttributeDescriptor.String()
		} else if len(m.Lists) > 1 {
			parent = x.ID
		}
		fn(it)
		eachMetadataAttribute(x.Attributes, parent, fn)
	}
}

func eachMetadataAttribute(list []MetadataAttribute, parent string, fn func(Item)) {
	for i := range list {
		x := &list[i]
		it := Item{Class: ClassMetadataAttribute, Path: below(parent, x.ID), Parent: parent, Nests: true, Value: x}
		fn(it)
		eachMetadataAttribute(x.Attributes, it.Path, fn)
	}
}
