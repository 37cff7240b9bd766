package formats

import (
	"fmt"
	"slices"
	"strings"

	"urncast/formats/codec"
	"urncast/formats/structures"
)

// What a message says beside its structures. Nothing of it is kept, so whatever
// might change what the structures mean is told.

// header reads the header of an SDMX-ML message. Nothing in it refuses the message:
// what is not understood there is a remark.
func (r *reading) header(tag codec.Tag) error {
	doc, err := r.scan.Element(tag)
	if err != nil {
		return err
	}
	c := codec.Reader(codec.ML21, doc)
	structures.ReadHeader(c)
	r.aside(c, doc)
	return nil
}

// aside remarks on what is wrong or unknown in a part that is no structure.
func (r *reading) aside(c *codec.C, doc *codec.Document) {
	unused := doc.Unused()
	for _, err := range []error{c.Err(), unused} {
		var e *Error
		if e, _ = placed(r.Name, "", err).(*Error); e != nil {
			r.summary.Warnings.Add(Remark{e.File, e.Line, e.Column, e.Path, "", e.Text})
		}
	}
	r.heard(doc, "")
}

// footer reads the messages of a footer (SDMX 2.1, section 7 of the XML schemas:
// severity Error, Warning or Information). A message that calls itself an error is
// refused whole: what it holds may be a part of what was asked for, or nothing.
func (r *reading) footer(tag codec.Tag) error {
	doc, err := r.scan.Element(tag)
	if err != nil {
		return err
	}
	c := codec.Reader(codec.ML21, doc)
	notes := structures.ReadNotes(c, "footer:Message")
	r.aside(c, doc)
	var wrong []string
	for _, n := range notes {
		switch strings.ToLower(n.Severity) {
		case "", "warning", "information":
			r.summary.Warnings.Add(remarkOf(r.Name, "", doc.ErrorAtRoot("the message says: "+n.String()).(*codec.SyntaxError)))
		default:
			wrong = append(wrong, n.String())
		}
	}
	return r.isError(doc, wrong)
}

// isError refuses a message for what it says of itself.
func (r *reading) isError(doc *codec.Document, wrong []string) error {
	if len(wrong) == 0 {
		return nil
	}
	wrong = wrong[:min(len(wrong), 10)]
	return doc.ErrorAtRoot("the message says that it is an error, so nothing of it is taken: " + strings.Join(wrong, "; "))
}

// errorMessage refuses an SDMX-ML Error message by what it says.
func (r *reading) errorMessage(tag codec.Tag) error {
	doc, err := r.scan.Element(tag)
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
	return r.isError(doc, wrong)
}

// beside reads what stands beside the structures of a Fusion-JSON message: meta,
// and the errors and warnings of whoever wrote it.
func (r *reading) beside(key string, doc *codec.Document) error {
	c := codec.Reader(codec.Fusion, doc)
	words := doc.Words()
	switch {
	case key == "errors":
		return r.isError(doc, slices.DeleteFunc([]string{words}, func(s string) bool { return s == "" }))
	case key == "warnings":
		if words != "" {
			doc.RemarkAtRoot("the message says: " + words)
		}
		r.heard(doc, "")
		return nil
	case key == "meta" && doc.IsObject():
		structures.ReadMeta(c)
	default:
		doc.RemarkAtRoot(fmt.Sprintf("%q is not known here, and was left out", clip(key, 60)))
		r.heard(doc, "")
		return nil
	}
	r.aside(c, doc)
	return nil
}
