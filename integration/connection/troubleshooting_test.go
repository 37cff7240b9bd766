package connection

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"urncast/producer/connection"
)

var update = flag.Bool("update", false, "write docs/troubleshooting.md")

// reportedWithin is how soon a step must report a fault that answers.
const reportedWithin = 3 * time.Second

// minRows is the smallest number of faulty set-ups.
const minRows = 40

const troubleshooting = "../../docs/troubleshooting.md"

const introduction = `# When the connection to Kafka fails

Each row shows what a connection test says about one faulty set-up, named in the first column. The tests in
` + "`integration/connection`" + ` run all of them and fail if this page is out of date. Brokers, certificates, token endpoints and the KDC are
real, except where a row says *simulated*. **Step** is the step that fails or warns, **message** and **cure** are what it shows, and
**after** is the time from the beginning of the step to its message, as measured when this page was written. Addresses and ids differ
from yours.
`

// Every faulty set-up is reported by the right step, in time, with a cure, and with the text that
// is in the documentation.
func TestTroubleshooting(t *testing.T) {
	t.Parallel()
	w := newWrong(t)
	var page strings.Builder
	page.WriteString(introduction)
	area, rows := "", 0
	for _, m := range w.mistakes(t) {
		if m.area != area {
			area = m.area
			fmt.Fprintf(&page, "\n## %s\n\n| set-up | step | message | cure | after |\n|---|---|---|---|---|\n", area)
		}
		rows++
		t.Run(m.what, func(t *testing.T) {
			s := w.met(t, &m)
			fmt.Fprintf(&page, "| %s | %s | %s | %s | %s |\n", cell(m.what), s.ID, cell(w.steady(s.Finding)),
				cell(w.steady(s.Cure)), after(s.Took))
		})
	}
	if rows < minRows {
		t.Errorf("%d faulty set-ups, want at least %d", rows, minRows)
	}
	if t.Failed() {
		return
	}
	fmt.Fprintf(&page, "\n%d faulty set-ups.\n", rows)
	if *update {
		if err := os.WriteFile(filepath.FromSlash(troubleshooting), []byte(page.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	written, err := os.ReadFile(filepath.FromSlash(troubleshooting))
	if err != nil {
		t.Fatal(err)
	}
	if got, want := timeless(page.String()), timeless(string(written)); got != want {
		for i, line := range strings.Split(got, "\n") {
			if !strings.Contains(want, line+"\n") {
				t.Errorf("docs/troubleshooting.md lacks line %d:\n%s", i+1, line)
			}
		}
		t.Error("docs/troubleshooting.md is out of date: run this test with -update")
	}
}

// met runs the connection test on a faulty set-up and returns the step that reported the fault.
func (w *wrong) met(t *testing.T, m *mistake) connection.Step {
	asked := w.asked()
	if m.change != nil {
		m.change(&asked)
	}
	tr := test(t.Context(), &m.client, m.properties, asked, nil)
	for _, key := range tr.order {
		s := tr.last[key]
		if s.ID != m.step || s.State != connection.StepFailed && s.State != connection.StepWarning {
			continue
		}
		if s.Cure == "" {
			t.Errorf("no cure: %s", s.Finding)
		}
		// The large-message step may send several messages, so it may take longer.
		if !m.silent && s.Took > reportedWithin && s.ID != "large-message" {
			t.Errorf("it took %s until the step reported: %s", s.Took, s.Finding)
		}
		return s
	}
	t.Errorf("step %s does not report the fault:\n%s", m.step, tr)
	return connection.Step{}
}

var unsteady = []struct {
	pattern *regexp.Regexp
	with    string
}{
	{regexp.MustCompile(`(localhost|127\.0\.0\.1):\d+`), "$1:9092"},
	{regexp.MustCompile(`port \d+`), "port 9092"},
	{regexp.MustCompile(`\d+\.keytab`), "urncast.keytab"},
	{regexp.MustCompile(`as user \d+`), "as user 1000"},
	{regexp.MustCompile(`(lookup \S+) on \S+:53`), "$1"},
	{regexp.MustCompile(`tx-test-[0-9a-f]{8}`), "tx-test-1a2b3c4d"},
	{regexp.MustCompile(`\d{4}-\d\d-\d\d( \d\d:\d\d UTC)?`), "2027-01-31$1"},
	{regexp.MustCompile(`2027-01-31 \d\d:\d\d UTC`), "2027-01-31 12:00 UTC"},
	{regexp.MustCompile(`rig CA \d+`), "rig CA"},
	{regexp.MustCompile(`/tmp/[^ ,;)]*/`), "/etc/kafka/"},
	{regexp.MustCompile(`nothing for \S+\.`), "nothing for 5s."},
	{regexp.MustCompile(`cluster [A-Za-z0-9_-]{22}`), "cluster 1Qe2ZbXyQFGm4Yc0hZ5p9A"},
	{regexp.MustCompile(`dial tcp (\[::1\]|127\.0\.0\.1)`), "dial tcp 127.0.0.1"},
}

// steady replaces what differs from run to run, such as ports, by fixed values.
func (w *wrong) steady(text string) string {
	for _, u := range unsteady {
		text = u.pattern.ReplaceAllString(text, u.with)
	}
	return text
}

// cell escapes text for a cell of a Markdown table.
func cell(text string) string {
	return strings.NewReplacer("|", "\\|", "\n", " ", "<", "&lt;").Replace(text)
}

// after rounds a duration to a class that holds on other machines too.
func after(d time.Duration) string {
	for _, c := range []time.Duration{100 * time.Millisecond, 500 * time.Millisecond, time.Second, 3 * time.Second} {
		if d < c {
			return "under " + c.String()
		}
	}
	return d.Round(time.Second).String()
}

var lastCell = regexp.MustCompile(`\| (under \S+|\d+s) \|\n`)

// timeless returns the page without its times.
func timeless(page string) string { return lastCell.ReplaceAllString(page, "|\n") }
