package registry

import (
	"fmt"
	"strings"

	"urncast/sdmx"
)

// A Mode is the action that a submission asks for, in the words of Fusion Metadata Registry.
type Mode uint8

// The submission modes. Append stores structures that are new, and adds new items to
// existing item schemes; it changes nothing else. Merge merges each structure into the
// stored one, as sdmx.Merge describes. Replace stores whole structures. FullReplace does the
// same, and deletes all other structures of the agencies that the submission names. Delete
// deletes. Information changes nothing; it is for single structures (Submission.Modes).
const (
	ModeAppend Mode = iota + 1
	ModeMerge
	ModeReplace
	ModeFullReplace
	ModeDelete
	ModeInformation
)

var modeNames = [...]string{ModeAppend: "append", ModeMerge: "merge", ModeReplace: "replace", ModeFullReplace: "full-replace", ModeDelete: "delete", ModeInformation: "information"}

// String is the word used in API, CLI and database.
func (m Mode) String() string { return modeNames[m] }

// ParseMode reads a mode in any case, with or without the hyphen, as the Action header of
// Fusion Metadata Registry has it.
func ParseMode(s string) (Mode, error) {
	want := strings.ReplaceAll(strings.ToLower(strings.TrimSpace(s)), "-", "")
	for m, name := range modeNames {
		if name != "" && Mode(m) != ModeInformation && strings.ReplaceAll(name, "-", "") == want {
			return Mode(m), nil
		}
	}
	return 0, fmt.Errorf("action %q is unknown: expected append, merge, replace, full-replace or delete", s)
}

// A Submission asks to store or delete structures. It is accepted or refused whole (R4).
type Submission struct {
	Mode Mode
	// Structures passes the submitted structures to yield, one after another; an error of
	// yield ends it and is returned. It is called once, before any lock is taken.
	Structures func(yield func(Submitted) error) error
	// Modes, if it is not nil, returns the mode of a structure that Structures has passed; 0
	// stands for Mode. It is called after Structures. It returns ModeFullReplace only if Mode is that,
	// and nothing else but ModeDelete if Mode is that.
	Modes func(sdmx.URN) Mode
	// Deletions are structures and, where Item is set, single items of schemes to delete in
	// ModeDelete, in addition to Structures.
	Deletions []sdmx.Ref
	// WholeRegistry extends ModeFullReplace to all agencies.
	WholeRegistry bool
	// DryRun decides but writes nothing; the outcome says what a real run would change.
	DryRun bool
	// MustExist refuses structures that are not in the registry yet (REST PUT).
	MustExist bool
	// Progress, if it is not nil, is called with the number of structures that have
	// completed a stage.
	Progress func(s Stage, structures int)

	Request
}

// A Request is who asks for a change of structures, what the actor may change, and the
// identifiers to trace the request by.
type Request struct {
	Actor
	// May reports whether the structures of an agency may be changed; nil allows all. It is
	// called for every structure that is named or would be changed, also for those that a
	// rename rewrites.
	May func(agency string) bool
	// Force is the reason to change, delete or create again a final or stable version in
	// spite of R7, or to empty a structure; empty if that is to be refused. It requires a
	// May of nil, and is recorded in the audit. At most ReasonMax bytes.
	Force string
	// Key identifies the request among those of its user. If a transaction with the same key
	// is recorded, that is the answer, and nothing is written. Empty for none; a dry run
	// ignores it. At most keyMax bytes.
	Key string
	// Traceparent is a W3C trace context. A CorrelationID is generated if none is given.
	Traceparent   string
	CorrelationID string
}

// ReasonMax bounds Request.Force, in bytes.
const ReasonMax = 1000

// A Stage is a step of deciding and writing a submission.
type Stage uint8

// The stages, in their order, after the structures were read. StageCompared with 0 structures
// means that the lock was taken, for which the submission may have waited.
const (
	StageFound    Stage = iota + 1 // number of structures that a rename moves or rewrites
	StageCompared                  // with the stored versions; for a rename: read
	StageChecked                   // by the rules
	StageWritten                   // sent to the database; the last ones go with the commit
)

// Submitted is one structure of a submission.
type Submitted struct {
	Structure sdmx.Maintainable
	Where     string // the place in the submitted file: line and column, or JSON path
	// Unresolved, if it is not empty, says that a reference of the structure, which its message does
	// not state as an identity, leads to nothing. The structure has no such reference, and is refused.
	Unresolved string
}

// A Verdict is what a submission does, or in a dry run would do, with one structure.
type Verdict uint8

// The verdicts.
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

// The reasons for which a structure is refused.
const (
	ReasonUnresolved    Reason = iota + 1 // a reference does not resolve
	ReasonImmutable                       // it is final, or its version is stable (R7)
	ReasonReferenced                      // other structures refer to it or its items
	ReasonOwns                            // an agency that it would remove still maintains structures
	ReasonUnknownAgency                   // no agency scheme lists its agency
	ReasonMissing                         // it is not in the registry, and has to be
	ReasonTwice                           // it is in the submission twice, or its new name is taken
	ReasonPartial                         // the stored structure would lose items that were not sent
	ReasonInvalid                         // it breaks a rule of the information model
	ReasonForbidden                       // the submitter may not change structures of its agency
)

var reasonNames = [...]string{
	ReasonUnresolved: "unresolved-reference", ReasonImmutable: "immutable", ReasonReferenced: "referenced", ReasonOwns: "owns-structures",
	ReasonUnknownAgency: "unknown-agency", ReasonMissing: "not-found", ReasonTwice: "submitted-twice", ReasonPartial: "partial", ReasonInvalid: "invalid", ReasonForbidden: "forbidden",
}

// String is the word used in API and CLI.
func (r Reason) String() string { return reasonNames[r] }

// A Problem is one reason for which a structure is refused, with a sentence that also says
// what to do.
type Problem struct {
	Reason Reason
	Text   string
	// URNs are those that the text is about, such as the references that do not resolve or
	// the referring structures; at most 100. Text has their full number.
	URNs []string
}

// A Result is what a submission does with one structure.
type Result struct {
	URN      sdmx.URN
	Where    string // as in Submitted; empty if the submission does not name the structure
	Mode     Mode   // that was asked for; 0 if the submission does not name the structure
	Verdict  Verdict
	Problems []Problem
	// Notices are further sentences, such as about parts that were sent and not taken.
	Notices []string
}

// An Outcome is the answer to a submission or a rename.
type Outcome struct {
	// Transactions are the numbers of the transactions that were recorded: none if nothing
	// changed, two if structures were both replaced and deleted (the replaces first).
	Transactions []Number
	// Repeated means that an earlier request with the same key recorded Transactions. The
	// outcome then has nothing else.
	Repeated bool
	// Results has the structures that the submission names, in its order but with those that it
	// deletes at the end, and then others that it changes: those that a rename rewrites, and those that a full replace deletes.
	Results []Result
	// Dangling are references that do not resolve and were accepted (AllowDangling).
	Dangling []Dangling
	DryRun   bool
	// Replaces are the structures that are stored, or in a dry run would be.
	Replaces []Content
}

// Content is a structure in its canonical form.
type Content struct {
	URN  sdmx.URN
	Body []byte
}

// Refused reports whether any structure was refused. If so, nothing was written.
func (o *Outcome) Refused() bool {
	for i := range o.Results {
		if o.Results[i].Verdict == Refused {
			return true
		}
	}
	return false
}

// Dangling is a reference with the structure that contains it. Where a function's name or
// comment says so, the reference does not resolve.
type Dangling struct {
	From sdmx.URN
	To   sdmx.Ref
}

// A Rename asks for a new id of a structure, or of an agency with everything that it and its
// sub-agencies maintain. References to them are rewritten in the same transaction (R3).
type Rename struct {
	// Structure and NewID rename one structure; in all its versions if the URN's Version is
	// empty.
	Structure sdmx.URN
	NewID     string
	// Agency and NewAgency, if they are not empty, rename an agency: full ids such as BIS.CBS.
	Agency    string
	NewAgency string

	DryRun bool
	// Progress is as in Submission.
	Progress func(s Stage, structures int)

	Request
}

// Settings are the rules that an administrator can change.
type Settings struct {
	// AllowDangling accepts references that do not resolve; Registry.Dangling lists them.
	AllowDangling bool `json:"allowDangling"`
	// RequireAgencies refuses structures whose agency is in no agency scheme.
	RequireAgencies bool `json:"requireAgencies"`
	// Keep is how much old content housekeeping keeps.
	Keep Keep `json:"housekeeping"`
}
