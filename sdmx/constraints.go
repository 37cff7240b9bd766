package sdmx

// The roles of a constraint. RoleActual is the default of SDMX 2.1.
const (
	RoleAllowed = "Allowed"
	RoleActual  = "Actual"
)

// A DataConstraint says which data there may be, or are, for what it is attached to. It is the
// ContentConstraint of 2.1, which may be about reference metadata too.
type DataConstraint struct {
	Artefact
	Role            string           `c:"30"` // RoleAllowed, RoleActual, or "" if it was not stated
	Attachment      Attachment       `c:"31"`
	KeySets         []KeySet         `c:"32"`
	Cubes           []CubeRegion     `c:"33"`
	Calendar        *ReleaseCalendar `c:"34"`
	Period          *ReferencePeriod `c:"35"` // 2.1
	MetadataKeySets []MetadataKeySet `c:"36"` // 2.1
	MetadataRegions []MetadataRegion `c:"37"` // 2.1
}

// A MetadataConstraint says which reference metadata there may be for what it is attached to
// (3.0).
type MetadataConstraint struct {
	Artefact
	Role       string           `c:"30"` // RoleAllowed, or "" if it was not stated
	Attachment Attachment       `c:"31"`
	Calendar   *ReleaseCalendar `c:"32"`
	Regions    []MetadataRegion `c:"33"`
}

// An AttachmentConstraint names the keys to which attributes may be attached (2.1).
type AttachmentConstraint struct {
	Artefact
	Attachment      Attachment       `c:"30"`
	KeySets         []KeySet         `c:"31"`
	MetadataKeySets []MetadataKeySet `c:"32"`
}

// An Attachment says what a constraint is about: one kind of things.
type Attachment struct {
	To            []Ref             `c:"1"` // structures, flows, agreements, metadata sets, or one provider
	DataSets      []SetRef          `c:"2"` // 2.1
	MetadataSets  []SetRef          `c:"3"` // 2.1; 3.0 has URNs in To
	SimpleSources []string          `c:"4"` // URLs
	Sources       []QueryableSource `c:"5"` // beside structures, flows or agreements in To
}

// A SetRef names a data set or metadata set by its provider and id (2.1).
type SetRef struct {
	Provider Ref    `c:"1"`
	ID       string `c:"2"`
}

// A QueryableSource is a service that has the data.
type QueryableSource struct {
	URL        string `c:"1"`
	REST       bool   `c:"2"`
	WebService bool   `c:"3"`
	WSDL       string `c:"4"`
	WADL       string `c:"5"`
}

// A KeySet lists keys that are there, or with Excluded are not.
type KeySet struct {
	Excluded bool  `c:"1"`
	Keys     []Key `c:"2"`
}

// A Key is a series, or several if it does not name all dimensions. Components are values of
// attributes and measures (3.0).
type Key struct {
	Values      []KeyValue        `c:"1"`
	Components  []ComponentValues `c:"2"`
	ValidFrom   string            `c:"3"`
	ValidTo     string            `c:"4"`
	Annotations []Annotation      `c:"5,text"`
}

// A KeyValue is the value of a dimension.
type KeyValue struct {
	ID           string `c:"1"`
	Value        string `c:"2"`
	Excluded     bool   `c:"3"`
	RemovePrefix bool   `c:"4"`
}

// A CubeRegion is the part of the data that has certain values of dimensions (Keys) and of
// other components; with Excluded, all but that part.
type CubeRegion struct {
	Excluded    bool              `c:"1"`
	Keys        []ComponentValues `c:"2"`
	Components  []ComponentValues `c:"3"`
	Annotations []Annotation      `c:"4,text"`
}

// A ComponentValues is the values of a component: some, a range of time, or, of an attribute,
// any. With Excluded it is all but these.
type ComponentValues struct {
	ID           string           `c:"1"`
	Excluded     bool             `c:"2"`
	RemovePrefix bool             `c:"3"` // the values have no prefix of a codelist extension
	ValidFrom    string           `c:"4"`
	ValidTo      string           `c:"5"`
	Values       []ComponentValue `c:"6"`
	Range        *TimeRange       `c:"7"`
}

// A ComponentValue is a value of a component. Cascade is "true" if the codes below it are
// meant too, "excluderoot" if only those are, and otherwise empty.
type ComponentValue struct {
	Value     string `c:"1"`
	Cascade   string `c:"2"`
	Lang      string `c:"3"`
	ValidFrom string `c:"4"`
	ValidTo   string `c:"5"`
}

// A TimeRange is the time before a period, after one, or from one to another.
type TimeRange struct {
	Before *PeriodBound `c:"1"`
	After  *PeriodBound `c:"2"`
	Start  *PeriodBound `c:"3"`
	End    *PeriodBound `c:"4"`
}

// A PeriodBound is an end of a range of time, which the period is part of unless Exclusive.
type PeriodBound struct {
	Period    string `c:"1"`
	Exclusive bool   `c:"2"`
}

// A ReleaseCalendar says when data are released.
type ReleaseCalendar struct {
	Periodicity string `c:"1"`
	Offset      string `c:"2"`
	Tolerance   string `c:"3"`
}

// A ReferencePeriod is the time that data are about.
type ReferencePeriod struct {
	Start string `c:"1"`
	End   string `c:"2"`
}

// A MetadataKeySet lists keys of reference metadata that are there, or with Excluded are not
// (2.1).
type MetadataKeySet struct {
	Excluded bool          `c:"1"`
	Keys     []MetadataKey `c:"2"`
}

// A MetadataKey is the target of a report.
type MetadataKey struct {
	Report string             `c:"1"` // id of the report structure
	Target string             `c:"2"` // id of the metadata target
	Values []MetadataKeyValue `c:"3"`
}

// A MetadataKeyValue is the value of a part of a metadata target: a text, a data set, a key or
// an object.
type MetadataKeyValue struct {
	ID      string  `c:"1"`
	Value   string  `c:"2"`
	DataSet *SetRef `c:"3"`
	DataKey *Key    `c:"4"`
	Object  Ref     `c:"5"`
}

// A MetadataRegion is the part of reference metadata that has certain values of metadata
// attributes (Components), and in 2.1 certain targets (Keys); with Excluded, all but that part.
type MetadataRegion struct {
	Excluded    bool              `c:"1"`
	Report      string            `c:"2"` // 2.1: id of the report structure
	Target      string            `c:"3"` // 2.1: id of the metadata target
	Keys        []TargetValues    `c:"4"` // 2.1
	Components  []ComponentValues `c:"5"`
	ValidFrom   string            `c:"6"`
	ValidTo     string            `c:"7"`
	Annotations []Annotation      `c:"8,text"`
}

// A TargetValues is the values of a part of a metadata target: those of one kind, or a range
// of time. With Excluded it is all but these.
type TargetValues struct {
	ID       string     `c:"1"`
	Excluded bool       `c:"2"`
	Values   []string   `c:"3"`
	DataSets []SetRef   `c:"4"`
	DataKeys []Key      `c:"5"`
	Objects  []Ref      `c:"6"`
	Range    *TimeRange `c:"7"`
}

// Class implements Maintainable.
func (*DataConstraint) Class() Class { return ClassDataConstraint }

// Class implements Maintainable.
func (*MetadataConstraint) Class() Class { return ClassMetadataConstraint }

// Class implements Maintainable.
func (*AttachmentConstraint) Class() Class { return ClassAttachmentConstraint }

func (*DataConstraint) eachItem(func(Item))       {}
func (*MetadataConstraint) eachItem(func(Item))   {}
func (*AttachmentConstraint) eachItem(func(Item)) {}
