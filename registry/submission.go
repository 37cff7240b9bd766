package registry

import (
	"fmt"
	"strings"

	"urncast/sdmx"
)

// A Mode is the action that a submission asks for; FMR's words.
type Mode uint8

// The submission modes. Append adds structures that are new, and to item
// schemes items that are new, and changes nothing that is there. Merge puts what
// was sent into what is there: sdmx.Merge says how. Replace puts
// whole structures. FullReplace replaces, and deletes whatever else the
// agencies named in the submission maintain. Delete deletes.
const (
	ModeAppend Mode = iota + 1
	ModeMerge
	ModeReplace
	ModeFullReplace
	ModeDelete
)

var modeNames = [...]string{ModeAppend: "append", ModeMerge: "merge", ModeReplace: "replace", ModeFullReplace: "full-replace", ModeDelete: "delete"}

// String is the word used in API, CLI and database.
func (m Mode) String() string { return modeNames[m] }

// ParseMode reads a mode, in any case, with or without the hyphen, as FMR's
// Action header writes it.
func ParseMode(s string) (Mode, error) {
	want := strings.ReplaceAll(strings.ToLower(strings.TrimSpace(s)), "-", "")
	for m, name := range modeNames {
		if name != "" && strings.ReplaceAll(name, "-", "") == want {
			return Mode(m), nil
		}
	}
	return 0, fmt.Errorf("action %q is unknown: expected append, merge, replace, full-replace or delete", s)
}

// A Submission asks for a change of the registry. It is accepted or refused
// whole (R4).
type Submission struct {
	Mode Mode
	// Structures hands over the submitted structures, one after another; an
	// error of yield ends it and is returned. It is called once, without any
	// lock held.
	Structures func(yield func(Submitted) error) error
	// Deletions are URNs to delete, in ModeDelete, beside or in place of
	// Structures.
	Deletions []sdmx.Ref // an Item deletes one item of a scheme
	// WholeRegistry extends ModeFullReplace to all agencies.
	WholeRegistry bool
	// DryRun does everything but write; the outcome says what would be.
	DryRun bool
	// MustExist refuses structures that are not there yet (REST PUT).
	MustExist bool
	// Told is told, if it is not nil, how many structures are through a stage.
	Told func(s Stage, structures int)

	Request
}

// A Request says who asks for a change of structures, what they may change, and what
// to trace it by.
type Request struct {
	Actor
	// May says whether the structures of an agency may be changed; nil allows
	// everything. It is asked for all that is named or would be changed, and for what
	// refers to it.
	May func(agency string) bool
	// Force is why what is final or stable shall be changed, deleted or made anew all the
	// same, or a structure emptied (R7); empty where that is refused. It needs a May of nil,
	// and is recorded in the audit.
	Force string
	// Key names the request among those of its user: one whose key is on a transaction
	// already is answered with that one, and writes nothing. It may be empty; a dry run has
	// no use for it.
	Key string
	// Traceparent is a W3C trace context. A CorrelationID is made where there is none.
	Traceparent   string
	CorrelationID string
}

// A Stage is a part of the way of a submission, in this order.
type Stage uint8

// The stages that structures go through. Reading them comes before; 0 structures
// compared says that the lock is held, for which other submissions were waited.
const (
	StageFound    Stage = iota + 1 // so many does a rename change or move
	StageCompared                  // with what is in the registry; of a rename, read
	StageChecked                   // by the rules
	StageWritten                   // to the database; all of them when it has committed
)

// Submitted is one structure of a submission.
type Submitted struct {
	Structure sdmx.Maintainable
	Where     string // in what was sent: file, line and column, or JSON path
}

// A Verdict says what became of one structure, or in a dry run would.
type Verdict uint8

// What became of a structure.
const (
	Created Verdict = iota + 1
	Updated
	Unchanged
	Deleted
	Refused
)

var verdictNames = [...]string{Created: "created", Updated: "updated", Unchanged: "unchanged", Deleted: "deleted", Refused: "refused"}

// String is the word used in API and CLI.
func (v Verdict) String() string { return verdictNames[v] }

// A Reason is a kind of refusal.
type Reason uint8

// Why a structure is refused.
const (
	ReasonUnresolved    Reason = iota + 1 // a reference leads nowhere
	ReasonImmutable                       // it is final, or its version is stable (R7)
	ReasonReferenced                      // others refer to it
	ReasonOwns                            // an agency that still maintains something
	ReasonUnknownAgency                   // no agency scheme holds its agency
	ReasonMissing                         // it must be there, and is not
	ReasonTwice                           // it is in the submission twice
	ReasonPartial                         // items are missing, and what is held would lose them
	ReasonInvalid                         // it breaks a rule of the model
	ReasonForbidden                       // who submits may not change what its agency maintains
)

var reasonNames = [...]string{
	ReasonUnresolved: "unresolved-reference", ReasonImmutable: "immutable", ReasonReferenced: "referenced", ReasonOwns: "owns-structures",
	ReasonUnknownAgency: "unknown-agency", ReasonMissing: "not-found", ReasonTwice: "submitted-twice", ReasonPartial: "partial", ReasonInvalid: "invalid", ReasonForbidden: "forbidden",
}

// String is the word used in API and CLI.
func (r Reason) String() string { return reasonNames[r] }

// A Problem is one reason to refuse a structure, in a sentence that says what
// to do.
type Problem struct {
	Reason Reason
	Text   string
	// URNs are those that the text is about: what does not resolve, or who
	// refers to it; at most 100, Text has the full number.
	URNs []string
}

// A Result says what became of one structure of a submission.
type Result struct {
	URN      sdmx.URN
	Where    string
	Verdict  Verdict
	Problems []Problem
	// Notices are what else there is to say, in sentences: what was sent and not taken.
	Notices []string
}

// An Outcome says what became of a submission.
type Outcome struct {
	// Transactions that it made: none if nothing changed, two if it replaced
	// and deleted (the replaces first).
	Transactions []Number
	// Repeated says that a request with the same key made Transactions before. Nothing else
	// is known of it.
	Repeated bool
	// Results in the order of the submission; what it changed without naming it
	// (dependants of a rename, structures that a full replace deletes) follows.
	Results []Result
	// Dangling are references that a setting let in though they resolve to
	// nothing yet.
	Dangling []Dangling
	DryRun   bool
	// Replaces is what it writes, or in a dry run would.
	Replaces []Content
}

// Content is a structure in its canonical form.
type Content struct {
	URN  sdmx.URN
	Body []byte
}

// Refused says whether any structure was refused, so that nothing was written.
func (o *Outcome) Refused() bool {
	for i := range o.Results {
		if o.Results[i].Verdict == Refused {
			return true
		}
	}
	return false
}

// Dangling is a reference that resolves to nothing.
type Dangling struct {
	From sdmx.URN
	To   sdmx.Ref
}

// A Rename asks for a new id of a structure, or of an agency and everything that
// it and its sub-agencies maintain. All who refer follow in the same
// submission (R3).
type Rename struct {
	// Structure and NewID rename one structure, in all its versions when the
	// URN's Version is empty.
	Structure sdmx.URN
	NewID     string
	// Agency and NewAgency rename an agency; full ids such as BIS.CBS.
	Agency    string
	NewAgency string

	DryRun bool
	// Told is as that of a Submission.
	Told func(s Stage, structures int)

	Request
}

// Settings are what an admin decides about the rules.
type Settings struct {
	// AllowDangling accepts references that do not resolve, and lists them.
	AllowDangling bool `json:"allowDangling"`
	// RequireAgencies refuses structures whose agency no agency scheme holds.
	RequireAgencies bool `json:"requireAgencies"`
	// Keep is how much old content housekeeping leaves.
	Keep Keep `json:"housekeeping"`
}
