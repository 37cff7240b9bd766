package structure

import (
	"urncast/formats"
	"urncast/registry"
)

// The types of this file are JSON of the management API. Clients in Go may decode into them.

// A SubmitAnswer says what became of a submission or a rename.
type SubmitAnswer struct {
	// Transactions are those that it made: none if nothing changed, two if it replaced and
	// deleted.
	Transactions []registry.Number `json:"transactions"`
	Refused      bool              `json:"refused"`
	DryRun       bool              `json:"dryRun"`
	// Counts are of structures, by verdict.
	Counts   map[string]int `json:"counts"`
	Results  []Result       `json:"results"`
	Dangling []Dangling     `json:"dangling,omitempty"`
	// Skipped are structures with parts that this program does not know, left out because
	// the request asked for it; the first hundred of them.
	Skipped     []formats.Remark `json:"skipped,omitempty"`
	MoreSkipped int              `json:"moreSkipped,omitempty"`
	// Warnings are other contents that were read and not kept, and what may keep producers
	// from publishing the submission; the first hundred of them.
	Warnings     []formats.Remark `json:"warnings,omitempty"`
	MoreWarnings int              `json:"moreWarnings,omitempty"`
}

// A Result says what became of one structure.
type Result struct {
	URN      string          `json:"urn"`
	Where    string          `json:"where,omitempty"`
	Verdict  string          `json:"verdict"`
	Status   int             `json:"status"` // the HTTP status of this structure alone
	Problems []ResultProblem `json:"problems,omitempty"`
	// Notices are remarks about it, such as content that was sent and not kept.
	Notices []string `json:"notices,omitempty"`
}

// A ResultProblem is one reason to refuse a structure.
type ResultProblem struct {
	Reason string   `json:"reason"`
	Text   string   `json:"text"`
	URNs   []string `json:"urns,omitempty"`
}

// Dangling is a reference to a structure that does not exist.
type Dangling struct {
	From string `json:"from"`
	To   string `json:"to"`
}

func danglingOf(list []registry.Dangling) []Dangling {
	out := make([]Dangling, len(list))
	for i, d := range list {
		out[i] = Dangling{d.From.String(), d.To.String()}
	}
	return out
}
