package structures

import (
	"encoding/json"

	"urncast/registry"
)

// agencyKept is an AgencyRenaming as the database keeps it.
type agencyKept struct {
	Topics                []RenamedOn
	Moved, Refer, Refused []registry.Result
	Counts                map[registry.Verdict]int
	InTheWay              map[string]int
	Problems              []registry.Problem
}

// MarshalJSON implements json.Marshaler.
func (r *AgencyRenaming) MarshalJSON() ([]byte, error) {
	return json.Marshal(agencyKept{r.Topics, r.moved, r.refer, r.refused, r.counts, r.inTheWay, r.problems})
}

// UnmarshalJSON implements json.Unmarshaler. The reader's input stays as it is.
func (r *AgencyRenaming) UnmarshalJSON(b []byte) error {
	var k agencyKept
	err := json.Unmarshal(b, &k)
	r.Topics, r.moved, r.refer, r.refused, r.counts, r.inTheWay, r.problems = k.Topics, k.Moved, k.Refer, k.Refused, k.Counts, k.InTheWay, k.Problems
	return err
}
