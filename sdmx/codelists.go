package sdmx

// A ValueList is a closed list of values, which may be any text: signs such as € as well as ids
// (3.0).
type ValueList struct{ Scheme[ValueItem] }

// A ValueItem is a value of a value list, which is its ID, and needs no name. It is no Nameable,
// because what is declared of these, such as that formats require a name, is not true of values.
type ValueItem Nameable

// A GeographicCodelist is a list of codes, each of which is a place or an area (3.0).
type GeographicCodelist struct {
	Scheme[GeoFeatureSetCode]
	Extensions []CodelistExtension `c:"30"`
}

// A GeoFeatureSetCode is a code of a geographic codelist. Value is the place or area: points or
// lines in the notation of SDMX 3.0, section 7.
type GeoFeatureSetCode struct {
	Code
	Value string `c:"31"`
}

// A GeoGridCodelist is a list of codes, each of which is a cell of a grid over the Earth (3.0).
type GeoGridCodelist struct {
	Scheme[GeoGridCode]
	Extensions []CodelistExtension `c:"30"`
	Grid       string              `c:"31"` // the definition of the grid
}

// A GeoGridCode is a code of a GeoGridCodelist. Cell is its cell in the grid.
type GeoGridCode struct {
	Code
	Cell string `c:"31"`
}

// Class implements Maintainable.
func (*ValueList) Class() Class { return ClassValueList }

// Class implements Maintainable.
func (*GeographicCodelist) Class() Class { return ClassGeographicCodelist }

// Class implements Maintainable.
func (*GeoGridCodelist) Class() Class { return ClassGeoGridCodelist }

// Extends implements Extending.
func (l *GeographicCodelist) Extends() []CodelistExtension { return l.Extensions }

// Extends implements Extending.
func (l *GeoGridCodelist) Extends() []CodelistExtension { return l.Extensions }

func (v *ValueItem) nameable() *Nameable    { return (*Nameable)(v) }
func (*ValueItem) itemClass() Class         { return ClassValueItem }
func (*GeoFeatureSetCode) itemClass() Class { return ClassGeoFeatureSetCode }
func (*GeoGridCode) itemClass() Class       { return ClassGeoGridCode }
