package formats

import (
	"fmt"
	"slices"
	"strings"

	"urncast/formats/codec"
	"urncast/formats/scan"
	"urncast/formats/structures"
)

// The parts of a message beside its structures are not stored. Remarks tell the sender about
// those that might change the meaning of the structures.

// header reads the header of an SDMX-ML message. Faults in it are remarks, not errors.
func (r *reading) header() error {
	if r.version == Version20 {
		return r.beside(r.tags.Here(), codec.ML21, structures.ReadHeader20)
	}
	return r.beside(r.tags.Here(), codec.ML21, structures.ReadHeader)
}

// beside reads a part that is not a structure, and remarks on faults in it.
func (r *reading) beside(doc *codec.Document, d codec.Dialect, describe func(*codec.C)) error {
	fault, err := doc.Read(d, describe)
	if err != nil {
		return err
	}
	if e, ok := withPlace(r.Name, "", fault).(*Error); ok {
		r.summary.Warnings.Add(Remark{e.File, e.Line, e.Column, e.Path, "", e.Text})
	}
	r.addRemarks(doc, "")
	return nil
}

// footer reads the messages of a footer, which have severity Error, Warning or Information
// (SDMX 2.1, section 7). A message with an Error in its footer is refused whole, since its
// structures may be only a part of those that it should have.
func (r *reading) footer() error {
	var notes []structures.Note
	doc := r.tags.Here()
	if err := r.beside(doc, codec.ML21, func(c *codec.C) { structures.ReadNotes(c, "footer:Message", &notes) }); err != nil {
		return err
	}
	var wrong []string
	for _, n := range notes {
		switch strings.ToLower(n.Severity) {
		case "", "warning", "information":
			r.summary.Warnings.Add(remarkOf(r.Name, "", doc.ErrorAtRoot("the message says: "+n.String()).(*scan.SyntaxError)))
		default:
			wrong = append(wrong, n.String())
		}
	}
	return r.refuseError(doc, wrong)
}

// refuseError returns an error with the reasons for which a message calls itself an error; nil
// if there are none.
func (r *reading) refuseError(doc *codec.Document, wrong []string) error {
	if len(wrong) == 0 {
		return nil
	}
	wrong = wrong[:min(len(wrong), 10)]
	return doc.ErrorAtRoot("the message says that it is an error, so nothing of it is taken: " + strings.Join(wrong, "; "))
}

// errorMessage returns the error for an SDMX-ML Error message, with the texts in it.
func (r *reading) errorMessage() error {
	var notes []structures.Note
	doc := r.tags.Here()
	if _, err := doc.Read(codec.ML21, func(c *codec.C) { structures.ReadNotes(c, "mes:ErrorMessage", &notes) }); err != nil {
		return err
	}
	var wrong []string
	for _, n := range notes {
		wrong = append(wrong, n.String())
	}
	if len(wrong) == 0 {
		wrong = []string{"it gives no reason"}
	}
	return r.refuseError(doc, wrong)
}

// member reads a member of a message in JSON that is not an array of structures: meta, and
// the errors and warnings of its sender.
func (r *reading) member(key string, doc *codec.Document) error {
	if key == "meta" && doc.IsObject() {
		return r.beside(doc, codec.JSON20, func(c *codec.C) { structures.ReadMeta(c, &r.language) })
	}
	words, err := doc.Words()
	switch {
	case err != nil:
		return err
	case key == "errors":
		return r.refuseError(doc, slices.DeleteFunc([]string{words}, func(s string) bool { return s == "" }))
	case key == "$schema": // SDMX-JSON 2.1; what the message holds tells its version better
	case key != "warnings":
		doc.RemarkAtRoot(fmt.Sprintf("%q is not known here, and was left out", clip(key, 60)))
	case words != "":
		doc.RemarkAtRoot("the message says: " + words)
	}
	r.addRemarks(doc, "")
	return nil
}
