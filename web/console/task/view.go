package task

import (
	"context"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/a-h/templ"

	"urncast/web/console/ui"
)

// A Phase is what a task is doing.
type Phase int

// The phases, in their order. Work that writes has no Fitting, work that does not has no
// Writing, and a rename has no Reading.
const (
	Reading Phase = iota
	Comparing
	Ruling
	Writing
	Fitting
)

// Far is the progress of a task. Every figure is counted, none estimated.
type Far struct {
	Writes                           bool // a submission or a rename; else a check or a preview
	Renames                          bool
	Subject                          string // the subject, for tasks without files
	Phase                            Phase
	Began                            time.Time
	Files                            []string
	File                             int   // the file that is being read
	Bytes, All                       int64 // of the files as they were sent
	Read, Compared, Checked, Written int   // counts of structures
	Waits                            bool  // for the registry: a submission also for its lock
	// Own describes work that is neither check, submission, rename nor deletion; else nil.
	Own *Own `json:",omitempty"`
}

// An Own is the description of work that names its page and its steps itself.
type Own struct {
	Title string
	Text  string // a sentence: what it changes, and that it goes on
	Stop  string // on the button that ends it; empty for none
	Step  int    // the present one
	Steps []OwnStep
}

// An OwnStep is a step of such work. All is 0 if it is not known.
type OwnStep struct {
	Name, Finding string
	Done, All     int64
}

// A TaskState is the result of waiting for more progress.
type TaskState int

// The states.
const (
	TaskRuns TaskState = iota
	TaskEnded
	TaskLong    // the page has been open for long: it reloads itself
	TaskStopped // the server ends
)

// A View draws the progress of a task while it runs, without script. Each update is drawn
// behind the one before, and the stylesheet shows the last.
type View struct {
	Path string // leads to the result
	Now  func() Far
	// Wait waits a moment.
	Wait  func() TaskState
	Flush func() error
}

// Title heads the page.
func (t *View) Title() string {
	switch now := t.Now(); {
	case now.Own != nil:
		return now.Own.Title
	case now.Renames && now.Writes:
		return "Renaming"
	case now.Renames:
		return "Looking what would follow"
	case now.Writes:
		return "Submitting"
	}
	return "Checking"
}

// stop is on the button that ends the work; empty for none.
func (t *View) stop() string {
	switch now := t.Now(); {
	case now.Own != nil:
		return now.Own.Stop
	case now.Writes || now.Renames:
		return ""
	}
	return "Discard"
}

// Stream draws until the task ends, or its reader leaves.
func (t *View) Stream() templ.Component {
	return templ.ComponentFunc(func(ctx context.Context, w io.Writer) error {
		var last []taskLine
		for state := TaskRuns; ; state = t.Wait() {
			now := t.Now()
			var err error
			if state != TaskRuns {
				return taskEnd(t, state).Render(ctx, w)
			}
			if lines := now.lines(); !slices.Equal(lines, last) {
				err = taskNow(lines).Render(ctx, w)
				last = lines
			}
			if f, ok := w.(interface{ Flush() error }); ok && err == nil {
				err = f.Flush()
			}
			if err == nil {
				err = t.Flush()
			}
			if err != nil {
				return err
			}
		}
	})
}

// A taskLine is one step of a task.
type taskLine struct {
	ui.Step
	done, all int64 // for a bar, if all is not 0
}

func (f *Far) lines() []taskLine {
	if f.Own != nil {
		return f.Own.lines()
	}
	phases := []Phase{Reading, Comparing, Ruling, Fitting}
	if f.Writes {
		phases[3] = Writing
	}
	if f.Renames {
		phases = phases[1:]
	}
	var out []taskLine
	for _, p := range phases {
		l := taskLine{Step: ui.Step{Name: phaseNames[p]}}
		if f.Renames && p == Comparing {
			l.Name = "Rewrite URNs and references"
		}
		switch {
		case p < f.Phase:
			l.State = ui.StepPassed
		case p == f.Phase:
			l.State = ui.StepRuns
		}
		if p <= f.Phase {
			f.fill(&l, p)
		}
		out = append(out, l)
	}
	return out
}

func (o *Own) lines() (out []taskLine) {
	for i, s := range o.Steps {
		l := taskLine{Step: ui.Step{Name: s.Name, Finding: s.Finding}}
		switch {
		case i < o.Step:
			l.State = ui.StepPassed
		case i == o.Step:
			l.State, l.done, l.all = ui.StepRuns, s.Done, s.All
		}
		out = append(out, l)
	}
	return out
}

var phaseNames = [...]string{Reading: "Read the files", Comparing: "Compare with the registry", Ruling: "Check references and rules",
	Writing: "Write to the registry", Fitting: "See what fits the topics"}

// fill puts the figures of a phase into its line.
func (f *Far) fill(l *taskLine, p Phase) {
	of := func(n int) {
		l.Finding = ui.Count(n) + " of " + ui.Plural(f.Read, "structure", "structures")
		if p == f.Phase {
			l.done, l.all = int64(n), int64(f.Read)
		}
	}
	switch p {
	case Reading:
		l.Finding = ui.Size(f.Bytes) + " of " + ui.Size(f.All) + ", " + ui.Plural(f.Read, "structure", "structures")
		if p == f.Phase {
			l.done, l.all = f.Bytes, f.All
			if f.File < len(f.Files) {
				l.Finding += ", in " + f.Files[f.File]
			}
		}
	case Comparing:
		switch of(f.Compared); {
		case f.Waits && f.Writes:
			l.Finding, l.all = "Waits for its turn, and reads what is there.", 0
		case f.Waits, f.Read == 0:
			l.Finding, l.all = "Reads what is there.", 0
		}
	case Ruling:
		of(f.Checked)
	case Writing:
		l.Finding = "Up to now the database has taken " + ui.Plural(f.Written, "structure", "structures") + ". All of it counts at once, or nothing."
	case Fitting:
		l.Finding = "Encoded as each producer would send it."
	}
	l.Finding = strings.TrimSpace(l.Finding)
}
