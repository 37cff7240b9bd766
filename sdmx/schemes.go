package sdmx

// Ids that the standard fixes: an agency has at most one scheme of each of these classes.
const (
	AgencySchemeID           = "AGENCIES"
	DataProviderSchemeID     = "DATA_PROVIDERS"
	DataConsumerSchemeID     = "DATA_CONSUMERS"
	MetadataProviderSchemeID = "METADATA_PROVIDERS"
)

// An AgencyScheme lists the sub-agencies of the agency that maintains it; SDMX:AGENCIES(1.0)
// lists the agencies of the top level. Its version is always 1.0.
type AgencyScheme struct {
	Scheme[Agency]
}

// An Agency is an organisation that maintains structures.
type Agency struct {
	Nameable
	Contacts []Contact `c:"30"`
}

// A Contact is a way to reach an organisation.
type Contact struct {
	ID          string   `c:"1"`
	Names       Texts    `c:"2"`
	Departments Texts    `c:"3"`
	Roles       Texts    `c:"4"`
	Telephones  []string `c:"5"`
	Faxes       []string `c:"6"`
	X400s       []string `c:"7"`
	URIs        []string `c:"8"`
	Emails      []string `c:"9"`
}

// A Codelist is a list of codes.
type Codelist struct {
	Scheme[Code]
	Extensions []CodelistExtension `c:"30"`
}

// Extending is a structure that includes codes of codelists.
type Extending interface {
	Maintainable
	Extends() []CodelistExtension
}

// Extends implements Extending.
func (l *Codelist) Extends() []CodelistExtension { return l.Extensions }

// A Code is a value of a codelist; Parent is the id of another code, in the same codelist or in
// one that it extends.
type Code struct {
	Nameable
	Parent string `c:"30,parent"`
}

// A CodelistExtension includes codes of another codelist (3.0).
type CodelistExtension struct {
	Codelist  Ref           `c:"1"`
	Prefix    string        `c:"2"`
	Exclusive bool          `c:"3"` // Selection are the codes to leave out
	Selection []MemberValue `c:"4"` // empty: all codes
}

// A MemberValue selects codes; '%' in Value stands for any characters.
type MemberValue struct {
	Value   string `c:"1"`
	Cascade string `c:"2"` // "", "true", "false" or "excluderoot"
}

// A ConceptScheme is a list of concepts.
type ConceptScheme struct {
	Scheme[Concept]
}

// A Concept is a unit of knowledge that components refer to.
type Concept struct {
	Nameable
	Parent         string          `c:"30,parent"` // id of another concept of the scheme
	Representation *Representation `c:"31"`
	ISO            *ISOConcept     `c:"32"`
}

// An ISOConcept is a reference to the concept of ISO 11179 that a concept corresponds to.
type ISOConcept struct {
	Agency string `c:"1"`
	Scheme string `c:"2"`
	ID     string `c:"3"`
}

// A CategoryScheme is a tree of categories.
type CategoryScheme struct {
	Scheme[Category]
}

// A Category groups objects by Categorisations; Items are its sub-categories.
type Category struct {
	Nameable
	Items []Category `c:"30,items"`
}

// A Categorisation puts an object into a category.
type Categorisation struct {
	Artefact
	Source Ref `c:"30"` // any identifiable object
	Target Ref `c:"31"` // the category
}

// A Dataflow is a flow of data of one structure.
type Dataflow struct {
	Artefact
	Structure Ref `c:"30"` // the data structure; zero in a stub
}

// Class implements Maintainable.
func (*AgencyScheme) Class() Class { return ClassAgencyScheme }

// Class implements Maintainable.
func (*Codelist) Class() Class { return ClassCodelist }

// Class implements Maintainable.
func (*ConceptScheme) Class() Class { return ClassConceptScheme }

// Class implements Maintainable.
func (*CategoryScheme) Class() Class { return ClassCategoryScheme }

// Class implements Maintainable.
func (*Categorisation) Class() Class { return ClassCategorisation }

// Class implements Maintainable.
func (*Dataflow) Class() Class { return ClassDataflow }

func (*Agency) itemClass() Class   { return ClassAgency }
func (*Code) itemClass() Class     { return ClassCode }
func (*Concept) itemClass() Class  { return ClassConcept }
func (*Category) itemClass() Class { return ClassCategory }

func (c *Code) parent() *string    { return &c.Parent }
func (c *Concept) parent() *string { return &c.Parent }

func (c *Category) children() *[]Category { return &c.Items }

func (*Categorisation) eachItem(func(Item)) {}
func (*Dataflow) eachItem(func(Item))       {}
