package sdmx

// An Opaque is a structure of which only the identity, the names and the references are known. The
// types of Fusion Metadata Registry that SDMX does not have embed it: no public document says what
// is in them.
type Opaque struct {
	Artefact
	// Content is what is kept as it came. ReferenceMark stands in it for each text that is the
	// URN of a known class, and References has these in the same order.
	Content    []Member `c:"30"`
	References []Ref    `c:"31"`
}

// A Member is a member of a JSON object that is kept as it came. Members are sorted by their keys,
// and so are those of objects in them.
type Member struct {
	Key   string `c:"1"`
	Value string `c:"2"` // JSON
}

// ReferenceMark stands for a reference in Opaque.Content. It is no JSON outside of texts.
const ReferenceMark = '@'

// A ReportingTemplate says how data are entered into a spreadsheet (Fusion Metadata Registry).
type ReportingTemplate struct{ Opaque }

// A PublicationTable says how data are laid out as a table (Fusion Metadata Registry).
type PublicationTable struct{ Opaque }

// A ValidationScheme is a list of rules that data must keep (Fusion Metadata Registry).
type ValidationScheme struct{ Opaque }

// Class implements Maintainable.
func (*ReportingTemplate) Class() Class { return ClassReportingTemplate }

// Class implements Maintainable.
func (*PublicationTable) Class() Class { return ClassPublicationTable }

// Class implements Maintainable.
func (*ValidationScheme) Class() Class { return ClassValidationScheme }

func (*Opaque) eachItem(func(Item)) {}
