package task

import (
	"time"
)

// A Phase is what a task is doing.
type Phase int

// The phases, in their order. What writes has no Fitting, what only looks no Writing, and
// a rename no Reading.
const (
	Reading Phase = iota
	Comparing
	Ruling
	Writing
	Fitting
)

// Far is how far a task is. Every figure is counted, none guessed.
type Far struct {
	Writes                           bool // a submission or a rename; else a check or a preview
	Renames                          bool
	Subject                          string // what it is about, where no file says so
	Phase                            Phase
	Began                            time.Time
	Files                            []string
	File                             int   // the one that is read
	Bytes, All                       int64 // of the files as they were sent
	Read, Compared, Checked, Written int   // structures
	Waits                            bool  // for the registry: a submission for its lock, too
}

// A TaskState is how the wait for more went.
type TaskState int

// The states.
const (
	TaskRuns TaskState = iota
	TaskEnded
	TaskLong    // the page has been open for long: it loads itself again
	TaskStopped // the server ends
)
