package commandline

import (
	"fmt"
	"strings"

	"github.com/alecthomas/kong"
)

// A Description is what is to be known of a verb beside its flags.
type Description struct {
	Statuses [3]string // what each exit status means
	Examples []string  // command lines
}

// usualStatuses are the meanings of statuses that a description leaves out.
var usualStatuses = [3]string{"done", "",
	"the registry, the cluster or the database was not reached, or let nobody in; or the command line is wrong"}

// ParseDescriptions reads descriptions by verb. A paragraph is a verb's: its name, lines that begin
// with an exit status, and lines that begin with $ and hold an example. Lines with # are comments.
// A line with 2 alone leaves only the mistake in the command line.
func ParseDescriptions(text string) map[string]*Description {
	all := map[string]*Description{}
	for _, paragraph := range strings.Split(text, "\n\n") {
		var d *Description
		for line := range strings.Lines(paragraph) {
			line = strings.TrimSpace(line)
			switch {
			case line == "" || line[0] == '#':
			case d == nil:
				d = &Description{Statuses: usualStatuses}
				all[line] = d
			case line[0] == '$':
				d.Examples = append(d.Examples, strings.TrimSpace(line[1:]))
			case line[0] >= '0' && line[0] <= '2':
				text := strings.TrimSpace(line[1:])
				switch {
				case line == "2":
					text = "the command line is wrong"
				case line[0] == '2':
					text += ", or the command line is wrong"
				}
				d.Statuses[line[0]-'0'] = text
			}
		}
	}
	return all
}

// Describe adds descriptions to the help texts of verbs.
func Describe(model *kong.Application, all map[string]*Description) error {
	for _, leaf := range model.Leaves(false) {
		d := all[leaf.Path()]
		switch {
		case d != nil:
			leaf.Detail = d.String()
		case !leaf.Hidden:
			return fmt.Errorf("the verb %s has no description", leaf.Path())
		}
	}
	return nil
}

// String returns the description as the end of a help text.
func (d *Description) String() string {
	var b strings.Builder
	b.WriteString("Exit status:\n\n")
	for status, text := range d.Statuses {
		if text != "" {
			fmt.Fprintf(&b, "    %d  %s\n", status, text)
		}
	}
	b.WriteString("\nExamples:\n\n")
	for _, e := range d.Examples {
		fmt.Fprintf(&b, "    %s\n", e)
	}
	return b.String()
}
