package formats

import (
	"fmt"
	"slices"
	"strings"

	"urncast/formats/codec"
	"urncast/formats/structures"
)

// The parts of a message beside its structures are not stored. Remarks tell the sender about
// those that might change the meaning of the structures.

// header reads the header of an SDMX-ML message. Faults in it are remarks, not errors.
func (r *reading) header(tag codec.Tag) error {
	doc, err := r.tags.Element(tag)
	if err != nil {
		return err
	}
	c := codec.Reader(codec.ML21, doc)
	structures.ReadHeader(c)
	r.remarkOnFaults(c, doc)
	return nil
}

// remarkOnFaults remarks on errors and unknown elements in a part that is not a structure.
func (r *reading) remarkOnFaults(c *codec.C, doc *codec.Document) {
	unused := doc.Unused()
	for _, err := range []error{c.Err(), unused} {
		var e *Error
		if e, _ = withPlace(r.Name, "", err).(*Error); e != nil {
			r.summary.Warnings.Add(Remark{e.File, e.Line, e.Column, e.Path, "", e.Text})
		}
	}
	r.addRemarks(doc, "")
}

// footer reads the messages of a footer, which have severity Error, Warning or Information
// (SDMX 2.1, section 7). A message with an Error in its footer is refused whole, since its
// structures may be only a part of those that it should have.
func (r *reading) footer(tag codec.Tag) error {
	doc, err := r.tags.Element(tag)
	if err != nil {
		return err
	}
	c := codec.Reader(codec.ML21, doc)
	notes := structures.ReadNotes(c, "footer:Message")
	r.remarkOnFaults(c, doc)
	var wrong []string
	for _, n := range notes {
		switch strings.ToLower(n.Severity) {
		case "", "warning", "information":
			r.summary.Warnings.Add(remarkOf(r.Name, "", doc.ErrorAtRoot("the message says: "+n.String()).(*codec.SyntaxError)))
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
func (r *reading) errorMessage(tag codec.Tag) error {
	doc, err := r.tags.Element(tag)
	if err != nil {
		return err
	}
	var wrong []string
	for _, n := range structures.ReadNotes(codec.Reader(codec.ML21, doc), "mes:ErrorMessage") {
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
	c := codec.Reader(codec.JSON20, doc)
	words := doc.Words()
	switch {
	case key == "errors":
		return r.refuseError(doc, slices.DeleteFunc([]string{words}, func(s string) bool { return s == "" }))
	case key == "warnings":
		if words != "" {
			doc.RemarkAtRoot("the message says: " + words)
		}
		r.addRemarks(doc, "")
		return nil
	case key == "meta" && doc.IsObject():
		r.language = structures.ReadMeta(c)
	case key == "$schema": // SDMX-JSON 2.1; what the message holds tells its version better
		return nil
	default:
		doc.RemarkAtRoot(fmt.Sprintf("%q is not known here, and was left out", clip(key, 60)))
		r.addRemarks(doc, "")
		return nil
	}
	r.remarkOnFaults(c, doc)
	return nil
}
