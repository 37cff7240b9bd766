package sdmx

// A TransformationScheme lists VTL transformations that are run together, and names the schemes
// that they need.
type TransformationScheme struct {
	Scheme[Transformation]
	VTLVersion       string `c:"30"`
	Mappings         Ref    `c:"31"` // the VTL mapping scheme
	Personalisations Ref    `c:"32"` // the name personalisation scheme
	CustomTypes      Ref    `c:"33"` // the custom type scheme
	Rulesets         []Ref  `c:"34"` // ruleset schemes
	Operators        []Ref  `c:"35"` // user-defined operator schemes
}

// A Transformation is a VTL statement: an expression, and what takes its result.
type Transformation struct {
	Nameable
	Expression string `c:"30"` // the right side of the statement
	Result     string `c:"31"` // the left side of it
	Persistent bool   `c:"32"` // whether the result is stored
}

// A RulesetScheme lists VTL rulesets.
type RulesetScheme struct {
	Scheme[Ruleset]
	VTLVersion string `c:"30"`
	Mappings   Ref    `c:"31"` // the VTL mapping scheme
}

// A Ruleset is a set of rules that VTL operators apply.
type Ruleset struct {
	Nameable
	Definition string `c:"30"` // in VTL
	Type       string `c:"31"` // in VTL 2.0 datapoint or hierarchical
	Scope      string `c:"32"` // in VTL 2.0 variable or valuedomain
}

// A UserDefinedOperatorScheme lists VTL operators that VTL itself does not have.
type UserDefinedOperatorScheme struct {
	Scheme[UserDefinedOperator]
	VTLVersion string `c:"30"`
	Mappings   Ref    `c:"31"` // the VTL mapping scheme
	Rulesets   []Ref  `c:"32"` // ruleset schemes
}

// A UserDefinedOperator is a VTL operator.
type UserDefinedOperator struct {
	Nameable
	Definition string `c:"30"` // in VTL
}

// A CustomTypeScheme lists conversions of VTL types.
type CustomTypeScheme struct {
	Scheme[CustomType]
	VTLVersion string `c:"30"`
}

// A CustomType says to which type values of a VTL scalar type are converted, and how.
type CustomType struct {
	Nameable
	ScalarType    string `c:"30"` // of VTL
	DataType      string `c:"31"` // of SDMX, or any other
	LiteralFormat string `c:"32"`
	OutputFormat  string `c:"33"`
	NullValue     string `c:"34"`
}

// A NamePersonalisationScheme lists names that stand for names that VTL has given.
type NamePersonalisationScheme struct {
	Scheme[NamePersonalisation]
	VTLVersion string `c:"30"`
}

// A NamePersonalisation is a name that stands for a name that VTL has given.
type NamePersonalisation struct {
	Nameable
	Artefact     string `c:"30"` // what has the name: in VTL 2.0 valuedomain or variable
	DefaultName  string `c:"31"`
	Personalised string `c:"32"`
}

// A VtlMappingScheme lists what VTL statements call structures, and how their data becomes that
// of VTL.
type VtlMappingScheme struct{ Scheme[VtlMapping] }

// A VtlMapping gives an alias to a dataflow, codelist or concept, in 2.1 also to a concept
// scheme; or it says the methods for all dataflows that have no mapping of their own (Generic).
// Only mappings of dataflows have methods.
type VtlMapping struct {
	Nameable
	Alias   string `c:"30"`
	Mapped  Ref    `c:"31"`
	Generic bool   `c:"32"`
	// ToMethod is how data becomes that of VTL, such as Basic or Pivot, and FromMethod the way
	// back. ToSpace and FromSpace are ids of dimensions that make up the part of the dataflow
	// that is mapped.
	ToMethod   string   `c:"33"`
	ToSpace    []string `c:"34"`
	FromMethod string   `c:"35"`
	FromSpace  []string `c:"36"`
}

// Class implements Maintainable.
func (*TransformationScheme) Class() Class { return ClassTransformationScheme }

// Class implements Maintainable.
func (*RulesetScheme) Class() Class { return ClassRulesetScheme }

// Class implements Maintainable.
func (*UserDefinedOperatorScheme) Class() Class { return ClassUserDefinedOperatorScheme }

// Class implements Maintainable.
func (*CustomTypeScheme) Class() Class { return ClassCustomTypeScheme }

// Class implements Maintainable.
func (*NamePersonalisationScheme) Class() Class { return ClassNamePersonalisationScheme }

// Class implements Maintainable.
func (*VtlMappingScheme) Class() Class { return ClassVtlMappingScheme }

func (*Transformation) itemClass() Class      { return ClassTransformation }
func (*Ruleset) itemClass() Class             { return ClassRuleset }
func (*UserDefinedOperator) itemClass() Class { return ClassUserDefinedOperator }
func (*CustomType) itemClass() Class          { return ClassCustomType }
func (*NamePersonalisation) itemClass() Class { return ClassNamePersonalisation }
func (m *VtlMapping) itemClass() Class        { return m.Class() }

// Class returns the class of the mapping, which is that of what it maps.
func (m *VtlMapping) Class() Class {
	switch m.Mapped.Target() {
	case ClassCodelist:
		return ClassVtlCodelistMapping
	case ClassConcept, ClassConceptScheme:
		return ClassVtlConceptMapping
	}
	return ClassVtlDataflowMapping
}
