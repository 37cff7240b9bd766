package connections

import (
	"context"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/a-h/templ"

	"urncast/producer/connection"
	"urncast/web/console/ui"
)

// A Trial draws a connection test while it runs, without script. The list of steps stands
// in a shadow tree, each step in two nested slots; content sent later, in any order, fills
// the slot of its step and replaces what stood there.
type Trial struct {
	// Run makes the test and reports its steps, one at a time.
	Run func(report func(connection.Step)) error
	// Flush sends what has been written.
	Flush func()
	// Server is the first bootstrap server, for commands; Back is the path of the page.
	Server, Back, Title string
	// Say puts an error of Run into words.
	Say func(error) string

	w     io.Writer
	ctx   context.Context
	steps []connection.Step
	drawn bool
	ended [4]int // passed, warnings, failed, not run
	began time.Time
	broke error
}

// Stream draws the box of the test. It takes as long as the test.
func (t *Trial) Stream() templ.Component {
	return templ.ComponentFunc(func(ctx context.Context, w io.Writer) error {
		t.w, t.ctx, t.began = w, ctx, time.Now()
		err := t.Run(t.report)
		if !t.drawn {
			if err != nil {
				t.put(trialRefused(t, t.Say(err)))
			}
			return t.broke
		}
		t.put(trialHead(t, t.summary(err), "ended"))
		t.put(trialEnd(t.text(err)))
		t.send()
		return t.broke
	})
}

func (t *Trial) report(s connection.Step) {
	if t.broke != nil {
		return
	}
	if !t.drawn && s.State == connection.StepWaiting {
		t.steps = append(t.steps, s)
		return
	}
	at := t.find(&s)
	if !t.drawn {
		t.drawn = true
		t.put(trialBegin(t))
	}
	if at < 0 {
		return
	}
	t.steps[at] = s
	switch s.State {
	case connection.StepPassed:
		t.ended[0]++
	case connection.StepWarning:
		t.ended[1]++
	case connection.StepFailed:
		t.ended[2]++
	case connection.StepNotRun:
		t.ended[3]++
	}
	t.put(trialStep(t, at))
	t.send()
}

// find returns the step's place in the list; a step that was not announced is added while
// the list is not drawn.
func (t *Trial) find(s *connection.Step) int {
	for i := range t.steps {
		if t.steps[i].ID == s.ID && t.steps[i].Server == s.Server {
			return i
		}
	}
	if t.drawn {
		return -1
	}
	t.steps = append(t.steps, *s)
	return len(t.steps) - 1
}

func (t *Trial) put(c templ.Component) {
	if err := c.Render(t.ctx, t.w); err != nil {
		t.broke = err
	}
}

func (t *Trial) send() {
	if f, ok := t.w.(interface{ Flush() error }); ok && t.broke == nil {
		t.broke = f.Flush()
	}
	t.Flush()
}

// slot is the name of a step's slot: one for a running step, one for an ended step, which
// hides the other.
func slot(at int, s connection.StepState) string {
	if s == connection.StepRunning {
		return "r" + strconv.Itoa(at)
	}
	return "e" + strconv.Itoa(at)
}

func (t *Trial) summary(err error) string {
	var words []string
	for _, w := range []struct {
		n    int
		word string
	}{{t.ended[2], "failed"}, {t.ended[1], "to look at"}, {t.ended[3], "not run"}, {t.ended[0], "passed"}} {
		if w.n > 0 {
			words = append(words, ui.Count(w.n)+" "+w.word)
		}
	}
	text := strings.Join(append(words, took(time.Since(t.began))), ", ") + "."
	if err != nil {
		text += " The test was broken off: " + t.Say(err)
	}
	return text
}

// text is the report as text, for a ticket or a mail.
func (t *Trial) text(err error) string {
	var b strings.Builder
	b.WriteString(t.Title + ", " + t.began.UTC().Format("2006-01-02 15:04:05") + " UTC\n")
	b.WriteString(t.summary(err) + "\n")
	for _, state := range reported {
		for i := range t.steps {
			if s := &t.steps[i]; s.State == state {
				writeStep(&b, s)
			}
		}
	}
	return b.String()
}

// reported are the states of steps in the order of a report: failed steps come first.
var reported = []connection.StepState{connection.StepFailed, connection.StepWarning, connection.StepNotRun, connection.StepPassed, connection.StepRunning, connection.StepWaiting}

func writeStep(b *strings.Builder, s *connection.Step) {
	b.WriteString(string(s.State) + "  " + s.Name)
	if s.Server != "" {
		b.WriteString(" (" + s.Server + ")")
	}
	b.WriteString("  " + took(s.Took) + "\n")
	for _, text := range []string{s.Finding, s.Cure} {
		if text != "" {
			b.WriteString("    " + text + "\n")
		}
	}
}

func took(d time.Duration) string {
	switch {
	case d <= 0:
		return ""
	case d < time.Millisecond:
		return "< 1 ms"
	case d < time.Second:
		return strconv.FormatInt(d.Milliseconds(), 10) + " ms"
	}
	return strconv.FormatFloat(d.Seconds(), 'f', 1, 64) + " s"
}

// needed is the name of the step on which a step that was not run depends.
func (t *Trial) needed(s *connection.Step) string {
	for i := range t.steps {
		if t.steps[i].ID == s.Needs {
			return t.steps[i].Name
		}
	}
	return s.Needs
}

// trialLook is the mark, icon and word of a step.
func trialLook(s connection.StepState) (mark, icon, word string) {
	switch s {
	case connection.StepRunning:
		return "busy", "recovering", "runs"
	case connection.StepPassed:
		return "ok", "tick", "passed"
	case connection.StepWarning:
		return "soon", "warning", "works, to be looked at"
	case connection.StepFailed:
		return "bad", "error", "failed"
	case connection.StepNotRun:
		return "wait", "none", "not run"
	}
	return "wait", "pending", "waits"
}

// commandIn finds the command in a cure's text, with the server filled in.
func commandIn(cure, server string) string {
	at := strings.Index(cure, "kafka-")
	if at < 0 {
		return ""
	}
	name, rest, ok := strings.Cut(cure[at:], " ")
	if !ok || !strings.HasPrefix(rest, "--") {
		return ""
	}
	for _, end := range []string{". ", "; ", ")", ": "} {
		rest, _, _ = strings.Cut(rest, end)
	}
	command := name + ".sh "
	if server != "" && !strings.Contains(rest, "--bootstrap-server ") {
		command += "--bootstrap-server " + server + " "
	}
	return command + strings.TrimRight(rest, ".")
}
