package sdmx

// Ids that the standard fixes inside a data structure.
const (
	// TimeDimensionID is the id of the time dimension in 2.1 and 3.0.
	TimeDimensionID = "TIME_PERIOD"
	// YearStartDayID is the id of the attribute with the first day of the reporting year.
	YearStartDayID = "REPORTING_YEAR_START_DAY"
)

// A DataStructure (DSD) defines the structure of data: dimensions that identify an observation,
// measures that are observed, attributes that describe data, and groups of dimensions.
type DataStructure struct {
	Artefact
	// Dimensions in key order; a time dimension, if any, is the last one in 3.0.
	Dimensions []Dimension `c:"30,items"`
	Groups     []Group     `c:"31,items"`
	Attributes []Attribute `c:"32,items"`
	// Measures: 2.1 has exactly one, its primary measure, with id OBS_VALUE.
	Measures []Measure `c:"33,items"`
	// Metadata refers to the metadata structure whose attributes can be reported with data
	// (3.0); MetadataUsages are the attributes that are.
	Metadata       Ref                      `c:"34"`
	MetadataUsages []MetadataAttributeUsage `c:"35"`
	// ListAnnotations are the annotations of component lists (2.1 and 3.0).
	ListAnnotations []ListAnnotations `c:"36,text"`
}

// ListAnnotations are the annotations of one list of components, named by the
// id of the list, such as DimensionDescriptor.
type ListAnnotations struct {
	List        string       `c:"1"`
	Annotations []Annotation `c:"2,text"`
}

// Class implements Maintainable.
func (*DataStructure) Class() Class { return ClassDataStructure }

// MeasureIDPrimary is the id of the one measure that 2.1 allows.
const MeasureIDPrimary = "OBS_VALUE"

// A Component is the common part of dimensions, attributes and measures. After reading, its ID
// is never empty: if a message leaves it out, it is the concept's.
type Component struct {
	ID             string          `c:"1"`
	Annotations    []Annotation    `c:"4,text"`
	Links          []Link          `c:"5,text"`
	URI            string          `c:"6,text"`
	Concept        Ref             `c:"7"`
	Roles          []Ref           `c:"8"`
	Representation *Representation `c:"9"`
}

// A DimensionKind is a kind of dimension.
type DimensionKind uint8

// The kinds of dimension. The values of a measure dimension (2.1 only) are those of a concept
// scheme.
const (
	DimensionPlain DimensionKind = iota
	DimensionMeasure
	DimensionTime
)

// A Dimension is a component of the key of an observation.
type Dimension struct {
	Component
	Kind DimensionKind `c:"20"`
}

// A Measure is a component that is observed.
type Measure struct {
	Component
	Mandatory OptBool `c:"20"`
}

// An Attribute describes the part of the data that it is attached to.
type Attribute struct {
	Component
	Mandatory    bool         `c:"20"`
	Relationship Relationship `c:"21"`
	Measures     []string     `c:"22"` // ids of the measures it describes (3.0)
	// YearStartDay marks the element ReportingYearStartDay of 2.1, which in 3.0
	// is an ordinary attribute with the id REPORTING_YEAR_START_DAY.
	YearStartDay bool `c:"23"`
}

// An AttachmentKind is a kind of Relationship.
type AttachmentKind uint8

// The kinds of attachment: to the whole data set (3.0 Dataflow, 2.1 None), to some dimensions,
// to a group, and to the observation (2.1 PrimaryMeasure).
const (
	AttachDataflow AttachmentKind = iota
	AttachDimensions
	AttachGroup
	AttachObservation
)

// A Relationship is the part of the data that an attribute is attached to.
type Relationship struct {
	Kind       AttachmentKind `c:"1"`
	Dimensions []string       `c:"2"` // ids
	Groups     []string       `c:"3"` // ids: the group, or groups beside dimensions (2.1 AttachmentGroup)
}

// A Group is a subset of the dimensions that attributes can be attached to.
type Group struct {
	ID          string       `c:"1"`
	Annotations []Annotation `c:"4,text"`
	Links       []Link       `c:"5,text"`
	URI         string       `c:"6,text"`
	Dimensions  []string     `c:"20"` // ids
	// AttachmentConstraint is set instead of Dimensions (2.1 only).
	AttachmentConstraint Ref `c:"21"`
}

// A MetadataAttributeUsage lets a metadata attribute be reported with data (3.0).
type MetadataAttributeUsage struct {
	ID           string       `c:"1"`
	Annotations  []Annotation `c:"4,text"`
	Relationship Relationship `c:"20"`
}

// A Representation is the set of values that a component or concept can have: those of a list,
// or text of a format; with both, the format describes the ids of the list.
type Representation struct {
	Enumeration Ref         `c:"1"` // codelist, value list; a concept scheme for 2.1 measure dimensions
	Format      *TextFormat `c:"2"` // with an Enumeration: the enumeration format
	MinOccurs   string      `c:"3"` // "" where unstated
	MaxOccurs   string      `c:"4"` // a number or "unbounded"; "" where unstated
}

// A TextFormat is a format of text values. Numbers and dates are stored as written; "" means
// that a facet is not stated. Type is a data type of 3.0, such as "String".
type TextFormat struct {
	Type           string          `c:"1"`
	IsSequence     OptBool         `c:"2"`
	IsMultiLingual OptBool         `c:"3"`
	Interval       string          `c:"4"`
	StartValue     string          `c:"5"`
	EndValue       string          `c:"6"`
	TimeInterval   string          `c:"7"`
	StartTime      string          `c:"8"`
	EndTime        string          `c:"9"`
	MinLength      string          `c:"10"`
	MaxLength      string          `c:"11"`
	MinValue       string          `c:"12"`
	MaxValue       string          `c:"13"`
	Decimals       string          `c:"14"`
	Pattern        string          `c:"15"`
	Sentinels      []SentinelValue `c:"16"`
}

// A SentinelValue is a value with a special meaning, such as "not applicable" (3.0).
type SentinelValue struct {
	Value        string `c:"1"`
	Names        Texts  `c:"2"`
	Descriptions Texts  `c:"3"`
}
