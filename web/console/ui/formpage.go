package ui

// A Form is a page with one form, or a box with one.
type Form struct {
	Title, Intro string
	Crumbs       []Link
	Action       string // where it goes
	Button, Back string // Back is a path
	Inputs       []Input
	Hidden       map[string]string
	Wrong        string // what is wrong with no field alone
	Second       bool   // it is not the first thing to do on its page
}

// An Input is a field, a choice if it has Options, or a box to tick.
type Input struct {
	Field
	Options []Option
	Rows    int // of a field with several lines
	Check   bool
	Checked bool
}

// Fault puts what is wrong to the field that it is about, or above all.
func (p *Form) Fault(field, text string) {
	for i := range p.Inputs {
		if p.Inputs[i].Name == field && text != "" {
			p.Inputs[i].Error = text
			return
		}
	}
	p.Wrong = text
}

// Fields are the fields of its inputs.
func (p *Form) Fields() (out []Field) {
	for _, in := range p.Inputs {
		out = append(out, in.Field)
	}
	return out
}

// Faulty reports whether something is wrong in a field.
func (p *Form) Faulty() bool {
	for _, in := range p.Inputs {
		if in.Error != "" {
			return true
		}
	}
	return false
}

// An Ask is a question before an act that cannot be undone.
type Ask struct {
	Question     string
	Consequences []string
	Action, Back string // paths
	Act, Keep    string // what is on the buttons
	Hidden       map[string]string
	Wrong        string
}

// Options are the choices of a field, from pairs of value and word.
func Options(chosen string, pairs ...string) (out []Option) {
	for i := 0; i+1 < len(pairs); i += 2 {
		out = append(out, Option{Value: pairs[i], Word: pairs[i+1], Chosen: pairs[i] == chosen})
	}
	return out
}
