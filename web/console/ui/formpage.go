package ui

import (
	"cmp"
	"slices"
)

// A Form is a page with one form, or a box with one.
type Form struct {
	Title, Intro string
	Crumbs       []Link
	Action       string // the path that the form is sent to
	Button, Back string // Back is a path
	Inputs       []Input
	Hidden       map[string]string
	Wrong        string // what is wrong with the form, but with no field
	Second       bool   // the form is not the page's main action
	Undone       string // heading above what is wrong; "Nothing was saved" if empty
}

func (p *Form) undone() string { return cmp.Or(p.Undone, "Nothing was saved") }

// An Input is a field, a choice if it has Options, or a checkbox.
type Input struct {
	Field
	Options []Option
	Rows    int // of a field with several lines
	Check   bool
	Checked bool
}

// Fault sets what is wrong with a field, or with the form if no field has that name.
func (p *Form) Fault(field, text string) {
	for i := range p.Inputs {
		if p.Inputs[i].Name == field && text != "" {
			p.Inputs[i].Error = text
			return
		}
	}
	p.Wrong = text
}

// Only are the inputs of these names, in the form's order.
func (p *Form) Only(names ...string) (out []Input) {
	for _, in := range p.Inputs {
		if slices.Contains(names, in.Name) {
			out = append(out, in)
		}
	}
	return out
}

// Faulty reports whether a field has an error.
func (p *Form) Faulty() bool { return Faulty(p.Inputs) }

// Faulty reports whether one of the inputs has an error.
func Faulty(all []Input) bool {
	return slices.ContainsFunc(all, func(in Input) bool { return in.Error != "" })
}

// An Ask is a question before an act that cannot be undone.
type Ask struct {
	Question     string
	Consequences []string
	Action, Back string // paths
	Act, Keep    string // the texts of the buttons
	Hidden       map[string]string
	Wrong        string
}

// Options are the options of a choice, from pairs of value and word.
func Options(chosen string, pairs ...string) (out []Option) {
	for i := 0; i+1 < len(pairs); i += 2 {
		out = append(out, Option{Value: pairs[i], Word: pairs[i+1], Chosen: pairs[i] == chosen})
	}
	return out
}
