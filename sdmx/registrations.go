package sdmx

import (
	"crypto/sha256"
	"encoding/hex"
)

// A Registration says where data or metadata of a provision agreement can be had. In SDMX it is no
// maintainable artefact: it has an id, and nothing else that identifies it. Here its agency is that
// of its agreement, and its version 1.0; names, descriptions and annotations it has none. The
// schemas have no registrations of metadata provision agreements (3.0); metadata is registered for a
// provision agreement of a metadataflow (2.1).
type Registration struct {
	Artefact
	Agreement Ref `c:"30"`
	// Simple is the address of a file with the data, and Queryable a service that has it. There is
	// one of them, or both.
	Simple    string           `c:"31"`
	Queryable *QueryableSource `c:"32"`
	// LastUpdated is when the data was changed last: a dateTime, as written.
	LastUpdated string `c:"33"`
	// What a registry is asked to index of the data. This one indexes nothing.
	IndexTimeSeries      bool `c:"34"`
	IndexDataSet         bool `c:"35"`
	IndexAttributes      bool `c:"36"`
	IndexReportingPeriod bool `c:"37"`
}

// Class implements Maintainable.
func (*Registration) Class() Class { return ClassRegistration }

func (*Registration) eachItem(func(Item)) {}

// AssignID gives a registration an id if it was sent without one, as registries do. The id follows
// from the agreement, as a text names it, and the addresses, so that the same registration, sent
// again, is the same.
func (r *Registration) AssignID(agreement string) {
	if r.ID != "" {
		return
	}
	text := agreement + "\n" + r.Simple
	if r.Queryable != nil {
		text += "\n" + r.Queryable.URL
	}
	sum := sha256.Sum256([]byte(text))
	r.ID = hex.EncodeToString(sum[:8])
}
