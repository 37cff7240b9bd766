package sdmx

import (
	"cmp"
	"slices"
)

// A MetadataSet is reference metadata: the values of the attributes of a metadata structure for
// what it is about (3.0).
type MetadataSet struct {
	Artefact
	Metadataflow Ref   `c:"30"`
	Agreement    Ref   `c:"31"` // a metadata provision agreement, beside or instead of the flow
	Targets      []Ref `c:"32"` // what the metadata is about, perhaps loose references (Ref.Loose)
	// When the metadata is published, and the time that it is about, as written.
	PublicationPeriod string              `c:"33"`
	PublicationYear   string              `c:"34"`
	ReportingBegin    string              `c:"35"`
	ReportingEnd      string              `c:"36"`
	Attributes        []ReportedAttribute `c:"37"`
}

// A ReportedAttribute is a metadata attribute with its value. Content is what it says of that, such
// as value, values or texts. Several may have the same id.
type ReportedAttribute struct {
	ID          string              `c:"1"`
	Annotations []Annotation        `c:"2,text"`
	Content     []Member            `c:"3"`
	Attributes  []ReportedAttribute `c:"4"`
}

// Class implements Maintainable.
func (*MetadataSet) Class() Class { return ClassMetadataSet }

// complete puts what is said of attributes in order.
func (m *MetadataSet) complete() { completeReported(m.Attributes) }

func completeReported(list []ReportedAttribute) {
	for i := range list {
		slices.SortStableFunc(list[i].Content, func(x, y Member) int { return cmp.Compare(x.Key, y.Key) })
		completeReported(list[i].Attributes)
	}
}

func (*MetadataSet) eachItem(func(Item)) {}
