package codec

import (
	"bytes"

	"urncast/formats/scan"
)

// nextElement goes on to the next child element of the innermost frame, or to the end of its end
// tag. The text before it is kept for a remark.
func (d *cursor) nextElement() error {
	f := d.top()
	d.isAhead = false
	if f.IsEmpty {
		return nil
	}
	s := d.tags
	for {
		if err := s.Text(); err != nil {
			return err
		}
		d.words.add(s.Piece)
		if !d.isSkipping && !isBlank(s.Piece) {
			f.strange().addLoose(s.Piece)
		}
		switch what, err := s.Tag(); {
		case err != nil || what == scan.EndOfElement:
			return err
		case what == scan.StartOfElement:
			d.found()
			return nil
		}
	}
}

func isBlank(b []byte) bool {
	for _, c := range b {
		if c > ' ' {
			return false
		}
	}
	return true
}

func (o *odd) addLoose(piece []byte) {
	if len(o.loose) == 0 {
		piece = bytes.TrimLeft(piece, " \n\t\r")
	}
	o.loose = append(o.loose, piece[:max(0, min(len(piece), looseMax-len(o.loose)))]...)
}

// looseMax bounds the text between child elements that is kept for a remark, in bytes.
const looseMax = 100

// found completes the child ahead, whose start tag was just read.
func (d *cursor) found() {
	d.child, d.isAhead = d.tags.Child, true
	switch {
	case d.isSkipping:
		d.words.addAttributes(d.scan, d.child.Attrs)
	case len(d.frames) > 0:
		d.child.Rank = d.counted(d.child.Name)
	}
}

// leaf takes the child ahead and returns its text.
func (d *Document) leaf() string {
	d.push()
	text := d.text()
	d.leave()
	return text
}

// text returns the text of the innermost frame, which has just been pushed. Pieces that are
// separated by comments or CDATA sections are one text. The frame has no child elements.
func (d *Document) text() string {
	if d.top().IsEmpty {
		return ""
	}
	s := d.tags
	var first string
	var all []byte // if there are several pieces
	for n := 0; ; n++ {
		err := s.Text()
		switch {
		case err != nil:
		case n == 0:
			first = d.keeper.keep(s.Piece)
		case n == 1:
			all = append(append(all, first...), s.Piece...)
		default:
			all = append(all, s.Piece...)
		}
		what := scan.Nothing
		if err == nil {
			what, err = s.Tag()
		}
		switch {
		case err != nil:
			d.err, d.isBroken = err, true
			return ""
		case what == scan.EndOfElement && n == 0:
			return first
		case what == scan.EndOfElement:
			return string(all)
		case what == scan.StartOfElement:
			d.found()
			d.unknown()
			return ""
		}
	}
}
