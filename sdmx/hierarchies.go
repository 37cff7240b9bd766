package sdmx

// A Hierarchy arranges codes of codelists in a tree (3.0).
type Hierarchy struct {
	Artefact
	FormalLevels bool               `c:"30"` // each code belongs to one of Levels
	Levels       []Level            `c:"31,items"`
	Items        []HierarchicalCode `c:"32,items"`
}

// A HierarchicalCodelist holds hierarchies of codes (2.x).
type HierarchicalCodelist struct {
	Artefact
	Included    []IncludedCodelist `c:"30"`
	Hierarchies []ListedHierarchy  `c:"31,items"`
}

// An IncludedCodelist is a codelist whose codes a HierarchicalCodelist arranges. Its codes may
// name it by Alias.
type IncludedCodelist struct {
	Codelist Ref    `c:"1"`
	Alias    string `c:"2"`
}

// A ListedHierarchy is a hierarchy inside a HierarchicalCodelist: what a Hierarchy is in 3.0.
type ListedHierarchy struct {
	Nameable
	FormalLevels bool               `c:"30"`
	Levels       []Level            `c:"31,items"`
	Items        []HierarchicalCode `c:"32,items"`
}

// A Level is a level of a hierarchy. The first one is that of the codes at the top.
type Level struct {
	Nameable
	Format *CodingFormat `c:"30"`
}

// A CodingFormat is the form that the codes of a level have.
type CodingFormat struct {
	Type       string  `c:"1"` // Alpha, AlphaNumeric or Numeric
	IsSequence OptBool `c:"2"`
	Interval   string  `c:"3"` // this and the following are whole numbers, stored as written
	StartValue string  `c:"4"`
	EndValue   string  `c:"5"`
	MinLength  string  `c:"6"`
	MaxLength  string  `c:"7"`
	MinValue   string  `c:"8"`
	MaxValue   string  `c:"9"`
	Pattern    string  `c:"10"`
}

// A HierarchicalCode is a code in its place in a hierarchy; Items are the codes below it. The
// code is named by Code, or in 2.x by CodeID in the included codelist that has the alias
// CodelistAlias.
type HierarchicalCode struct {
	ID            string             `c:"1"`
	URI           string             `c:"2,text"`
	Annotations   []Annotation       `c:"3,text"`
	Links         []Link             `c:"4,text"`
	Code          Ref                `c:"5"`
	CodelistAlias string             `c:"6"`
	CodeID        string             `c:"7"`
	Level         string             `c:"8"` // id of a level, if it is not that of the code's depth
	Version       string             `c:"9"` // of 2.x; informational
	ValidFrom     string             `c:"10"`
	ValidTo       string             `c:"11"`
	Items         []HierarchicalCode `c:"12,items"`
}

// A HierarchyAssociation says that a hierarchy is to be used with an object, such as a dimension,
// perhaps only in the context of another, such as a dataflow (3.0).
type HierarchyAssociation struct {
	Artefact
	Hierarchy Ref `c:"30"`
	Object    Ref `c:"31"`
	Context   Ref `c:"32"`
}

// Class implements Maintainable.
func (*Hierarchy) Class() Class { return ClassHierarchy }

// Class implements Maintainable.
func (*HierarchicalCodelist) Class() Class { return ClassHierarchicalCodelist }

// Class implements Maintainable.
func (*HierarchyAssociation) Class() Class { return ClassHierarchyAssociation }

// eachItem implements Maintainable.
func (h *Hierarchy) eachItem(fn func(Item)) {
	eachLevel(h.Levels, "", fn)
	eachHierarchicalCode(h.Items, "", fn)
}

// eachItem implements Maintainable.
func (l *HierarchicalCodelist) eachItem(fn func(Item)) {
	for i := range l.Hierarchies {
		h := &l.Hierarchies[i]
		fn(Item{Class: ClassHierarchy, Path: h.ID, Nests: true, Nameable: &h.Nameable, Value: h})
		eachLevel(h.Levels, h.ID, fn)
		eachHierarchicalCode(h.Items, h.ID, fn)
	}
}

func (*HierarchyAssociation) eachItem(func(Item)) {}

func eachLevel(levels []Level, parent string, fn func(Item)) {
	for i := range levels {
		x := &levels[i]
		fn(Item{Class: ClassLevel, Path: below(parent, x.ID), Parent: parent, Nests: true, Ordered: true, Nameable: &x.Nameable, Value: x})
	}
}

func eachHierarchicalCode(codes []HierarchicalCode, parent string, fn func(Item)) {
	for i := range codes {
		x := &codes[i]
		path := below(parent, x.ID)
		fn(Item{Class: ClassHierarchicalCode, Path: path, Parent: parent, Nests: true, Value: x})
		eachHierarchicalCode(x.Items, path, fn)
	}
}
