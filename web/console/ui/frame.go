package ui

import (
	"slices"
	"time"

	"github.com/a-h/templ"
)

// A Frame is what every page has around its content.
type Frame struct {
	// Title is shown in the browser's tab; Path is the page's entry in Side.
	Title, Path string
	// Who is the signed-in reader; empty if nobody is signed in.
	Who Who
	// SignIn is the path of the sign-in, where nobody is signed in and there are accounts.
	SignIn string
	// Environment names the installation; an empty one is not shown.
	Environment string
	Version     string
	// Theme is "light" or "dark" by the reader's choice, or empty for the system's.
	Theme string
	// KeysOff says that the reader has switched single-key shortcuts off.
	KeysOff bool
	// Publishing is the instance that holds the lease of a producer that is started; Standby are those that
	// wait.
	Publishing string
	Standby    []string
	// AsOf is when Publishing, Standby and the counts of Side were read, if they are not
	// current; Unknown says that they never could be read.
	AsOf    time.Time
	Unknown bool
	Side    []Group
	// Find is the text in the find box.
	Find string
	// Live is the path of the page's stream of events; empty if it has none.
	Live string
	Now  time.Time
}

// Leads reports whether the reader may open the page of an entry of the side.
func (f *Frame) Leads(path string) bool {
	return slices.ContainsFunc(f.Side, func(g Group) bool {
		return slices.ContainsFunc(g.Entries, func(e Entry) bool { return e.Path == path })
	})
}

// Who is the reader of a page; Session says that there is a session, which can be ended.
type Who struct {
	Name, Role string
	Session    bool
}

// A Group is a part of the side; all but the first have a heading.
type Group struct {
	Heading string
	Entries []Entry
}

// An Entry leads to a page. Needs counts what needs a person there, Soon what should be
// looked at soon.
type Entry struct {
	Path, Word, Icon string
	Needs, Soon      int
}

// Map is the side with all pages.
func Map() []Group {
	return []Group{
		{"", []Entry{{Path: "/", Word: "Dashboard", Icon: "dashboard"}}},
		{"Registry", []Entry{
			{Path: "/structures", Word: "Structures", Icon: "structures"},
			{Path: "/transactions", Word: "Transactions", Icon: "transactions"},
			{Path: "/submit", Word: "Submit", Icon: "submit"},
		}},
		{"Kafka", []Entry{
			{Path: "/producers", Word: "Producers", Icon: "producers"},
			{Path: "/topics", Word: "Topics", Icon: "topics"},
			{Path: "/connections", Word: "Connections", Icon: "connections"},
		}},
		{"System", []Entry{
			{Path: "/mail", Word: "Mail", Icon: "mail"},
			{Path: "/access", Word: "Access", Icon: "access"},
			{Path: "/audit", Word: "Audit log", Icon: "audit"},
			{Path: "/settings", Word: "Settings", Icon: "settings"},
		}},
	}
}

// A Head is the head of a page; Crumbs are only for pages under a list.
type Head struct {
	Title  string
	Mono   string // the part of the title in monospace, such as a URN
	Crumbs []Link
}

// A Link leads somewhere.
type Link struct{ Path, Word string }

// A Tone says who must act: colour shows it, and never alone.
type Tone string

// The tones.
const (
	Well    Tone = "ok"   // nobody
	Working Tone = "busy" // the program
	Held    Tone = "off"  // a person decided so
	Soon    Tone = "warn" // it heals itself, or should be looked at soon
	Needs   Tone = "bad"  // the reader
	Plain   Tone = ""
)

// A Fault is an error in five lines; empty ones are left out.
type Fault struct {
	What, Error, Structure, Limit, Waiting, Cure string
}

// A Field is one field of a form.
type Field struct {
	Name, Label, Value string
	Type               string // "text" if empty
	Help, Error        string
	Placeholder        string
	Mono, Required     bool
	Autocomplete       string
	Attributes         templ.Attributes // others, such as the form of a field outside it
}

// A Step is one line of a list of steps.
type Step struct {
	Name, Finding, Took string
	State               StepState
}

// A StepState says how far a step is.
type StepState uint8

// The states of a step.
const (
	StepWaits StepState = iota
	StepRuns
	StepPassed
	StepNext // it waits for the reader
	StepFailed
)

// A Meter is a size against its limit, in bytes; Limit is 0 where it is not known.
type Meter struct{ Bytes, Limit int64 }

// share is the filled part in percent, at least 1.
func (m Meter) share() int {
	if m.Limit <= 0 {
		return 0
	}
	return int(max(1, min(100, m.Bytes*100/m.Limit)))
}

func (m Meter) near() bool { return !m.over() && m.Limit > 0 && m.Bytes*10 >= m.Limit*9 }

func (m Meter) over() bool { return m.Limit > 0 && m.Bytes > m.Limit }

// tick is the place of the limit, in percent, for a size that exceeds it.
func (m Meter) tick() int { return int(m.Limit * 100 / m.Bytes) }
