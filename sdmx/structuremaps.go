package sdmx

// A StructureMap says how data of one structure becomes that of another (3.0).
type StructureMap struct {
	Artefact
	Source Ref `c:"30"` // a data or metadata structure or a flow
	Target Ref `c:"31"`
	// Epochs and DatePatterns say which components hold points in time of another form, and
	// FrequencyFormats the form that results for a frequency.
	Epochs           []EpochMap        `c:"32,items"`
	DatePatterns     []DatePatternMap  `c:"33,items"`
	FrequencyFormats []FrequencyFormat `c:"34,items"`
	Components       []ComponentMap    `c:"35"`
	// FixedSources are values that components of the source are taken to have, and FixedTargets
	// values that components of the target get.
	FixedSources []FixedValue `c:"36"`
	FixedTargets []FixedValue `c:"37"`
}

// A DateMap is what an EpochMap and a DatePatternMap have in common. The frequency of what
// results is TargetFrequency, or that which the data has in FrequencyDimension.
type DateMap struct {
	ID                 string          `c:"1"`
	URI                string          `c:"2,text"`
	Annotations        []Annotation    `c:"3,text"`
	Links              []Link          `c:"4,text"`
	Mapped             []ComponentPair `c:"5"`
	FrequencyDimension string          `c:"6"`
	Frequencies        []string        `c:"7"` // for which the map is meant (mappedFrequencies)
	TargetFrequency    string          `c:"8"`
	Resolve            string          `c:"9"` // startOfPeriod, endOfPeriod or midPeriod: which point of a longer period is meant
}

// A ComponentPair is a component of the source and the one of the target that gets its value.
type ComponentPair struct {
	Source string `c:"1"`
	Target string `c:"2"`
}

// An EpochMap is of points in time that are counted from one on, such as seconds since 1970.
type EpochMap struct {
	DateMap
	Base string `c:"30"` // what is counted from (basePeriod)
	Unit string `c:"31"` // what is counted (epochPeriod): nanosecond, microsecond, millisecond, second or day
}

// A DatePatternMap is of points in time in the form of a pattern, such as MM/dd/yyyy.
type DatePatternMap struct {
	DateMap
	Pattern string `c:"30"`
	Locale  string `c:"31"` // the language of names in the pattern
}

// A FrequencyFormat is the form of points in time of a frequency.
type FrequencyFormat struct {
	ID          string       `c:"1"`
	URI         string       `c:"2,text"`
	Annotations []Annotation `c:"3,text"`
	Links       []Link       `c:"4,text"`
	Frequency   string       `c:"5"` // a code
	Pattern     string       `c:"6"`
}

// A ComponentMap says which components of the source make up which of the target: with the same
// values, or by a representation map.
type ComponentMap struct {
	Annotations    []Annotation `c:"1,text"`
	Sources        []string     `c:"2"`
	Targets        []string     `c:"3"`
	Representation Ref          `c:"4"`
}

// A FixedValue is the value, or are the values, of a component.
type FixedValue struct {
	Annotations []Annotation `c:"1,text"`
	Component   string       `c:"2"`
	Values      []string     `c:"3"`
}

// A RepresentationMap says which values stand for which others (3.0).
type RepresentationMap struct {
	Artefact
	Sources  []MappedList   `c:"30"`
	Targets  []MappedList   `c:"31"`
	Mappings []ValueMapping `c:"32"`
}

// A MappedList is where values are from: a codelist or value list, or a data type.
type MappedList struct {
	List Ref    `c:"1"`
	Type string `c:"2"`
}

// A ValueMapping maps one value of each source to one of each target, or to nothing.
type ValueMapping struct {
	Annotations []Annotation  `c:"1,text"`
	Sources     []MappedValue `c:"2"`
	Targets     []string      `c:"3"`
	ValidFrom   string        `c:"4"`
	ValidTo     string        `c:"5"`
}

// A MappedValue is a value, or a regular expression for values; of a value of the data, only the
// part between two indexes may be compared. The indexes are stored as written.
type MappedValue struct {
	Value string `c:"1"`
	RegEx bool   `c:"2"`
	Start string `c:"3"`
	End   string `c:"4"`
}

// A SchemeMap says which items of one scheme stand for which of another. Concrete maps embed it.
type SchemeMap struct {
	Artefact
	Source Ref           `c:"30"`
	Target Ref           `c:"31"`
	Maps   []ItemMapping `c:"32"`
}

// An ItemMapping maps an item to another, or to nothing.
type ItemMapping struct {
	Annotations []Annotation `c:"1,text"`
	Source      MappedValue  `c:"2"` // of ids
	Target      string       `c:"3"`
	ValidFrom   string       `c:"4"`
	ValidTo     string       `c:"5"`
}

// The maps of each kind of scheme (3.0).
type (
	ConceptSchemeMap      struct{ SchemeMap }
	CategorySchemeMap     struct{ SchemeMap }
	OrganisationSchemeMap struct{ SchemeMap }
	ReportingTaxonomyMap  struct{ SchemeMap }
)

// Class implements Maintainable.
func (*StructureMap) Class() Class { return ClassStructureMap }

// Class implements Maintainable.
func (*RepresentationMap) Class() Class { return ClassRepresentationMap }

// Class implements Maintainable.
func (*ConceptSchemeMap) Class() Class { return ClassConceptSchemeMap }

// Class implements Maintainable.
func (*CategorySchemeMap) Class() Class { return ClassCategorySchemeMap }

// Class implements Maintainable.
func (*OrganisationSchemeMap) Class() Class { return ClassOrganisationSchemeMap }

// Class implements Maintainable.
func (*ReportingTaxonomyMap) Class() Class { return ClassReportingTaxonomyMap }

func (m *StructureMap) eachItem(fn func(Item)) {
	for i := range m.Epochs {
		fn(Item{Class: ClassEpochMap, Path: m.Epochs[i].ID, Value: &m.Epochs[i]})
	}
	for i := range m.DatePatterns {
		fn(Item{Class: ClassDatePatternMap, Path: m.DatePatterns[i].ID, Value: &m.DatePatterns[i]})
	}
	for i := range m.FrequencyFormats {
		fn(Item{Class: ClassFrequencyFormatMapping, Path: m.FrequencyFormats[i].ID, Value: &m.FrequencyFormats[i]})
	}
}

func (*RepresentationMap) eachItem(func(Item)) {}

func (*SchemeMap) eachItem(func(Item)) {}
