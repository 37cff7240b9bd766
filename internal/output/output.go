// Package output prints the answers of verbs: lists and details for people, in one way for all verbs,
// and JSON for programs.
package output

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"urncast/formats"
)

// A Table is a list for people: a line of headings in capitals, then a line for each row.
type Table struct {
	w     *tabwriter.Writer
	lines *bytes.Buffer // what w has aligned
	out   io.Writer
}

// NewTable begins a table with its headings.
func NewTable(out io.Writer, headings ...string) *Table {
	t := &Table{lines: &bytes.Buffer{}, out: out}
	t.w = tabwriter.NewWriter(t.lines, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t.w, strings.ToUpper(strings.Join(headings, "\t")))
	return t
}

// Row adds a row.
func (t *Table) Row(cells ...any) {
	for i, cell := range cells {
		if i > 0 {
			fmt.Fprint(t.w, "\t")
		}
		fmt.Fprint(t.w, cell)
	}
	fmt.Fprintln(t.w)
}

// Details are the properties of one thing, for people: a line for each property, its name in small letters first.
type Details struct{ w *tabwriter.Writer }

// NewDetails begins a list of details.
func NewDetails(out io.Writer) *Details {
	return &Details{tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)}
}

// Line adds a property.
func (d *Details) Line(name string, value any) { fmt.Fprintf(d.w, "%s\t%v\n", name, value) }

// JSON prints a value as JSON on one line.
func JSON(v any) error { return json.NewEncoder(os.Stdout).Encode(v) }

// Answer prints the registry's JSON as it came.
func Answer(b []byte) error {
	_, err := os.Stdout.Write(b)
	return err
}

// Moment returns a time for people, in the time zone of this machine.
func Moment(t time.Time) string { return t.Local().Format(time.DateTime) }

// MomentOrNever returns a time for people, or never if it is zero.
func MomentOrNever(t time.Time) string {
	if t.IsZero() {
		return "never"
	}
	return Moment(t)
}

// Flush prints the table, without the spaces that fill up a row whose last cells are empty.
func (t *Table) Flush() error {
	if err := t.w.Flush(); err != nil {
		return err
	}
	for line := range strings.Lines(t.lines.String()) {
		if _, err := fmt.Fprintln(t.out, strings.TrimRight(line, " \n")); err != nil {
			return err
		}
	}
	t.lines.Reset()
	return nil
}

// Flush prints the details.
func (d *Details) Flush() error { return d.w.Flush() }

// Remarks prints a line for each of the first remarks, each after the same words, and how many more there are.
func Remarks(out io.Writer, before string, r formats.Remarks) {
	for _, remark := range r.First {
		fmt.Fprintf(out, "%s%s\n", before, remark)
	}
	if n := r.More(); n > 0 {
		fmt.Fprintf(out, "%sand %d more\n", before, n)
	}
}
