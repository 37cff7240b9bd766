package sdmx

// A Metadataflow is a flow of reference metadata of a metadata structure.
type Metadataflow struct {
	Artefact
	Structure Ref   `c:"30"` // the metadata structure
	Targets   []Ref `c:"31"` // what the metadata is about: loose references (Ref.Loose; 3.0)
}

// Class implements Maintainable.
func (*Metadataflow) Class() Class { return ClassMetadataflow }

func (*Metadataflow) eachItem(func(Item)) {}
