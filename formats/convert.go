package formats

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"urncast/sdmx"
	"urncast/sdmx/rules"
)

// A Conversion is the result of converting messages.
type Conversion struct {
	Summary
	Written int // number of structures
	// LeftOut are the structures that the format cannot express at all, Lost the losses of
	// the others.
	LeftOut, Lost Remarks
}

// Convert reads messages, packed or not, and writes their structures as one message in another
// format. Structures that the format cannot express are left out; if none is left, nothing is
// written. Messages without any structure are an error. The structures are kept in a temporary
// file until all are read, because the format may require another order, and a message may call
// itself an error at its end.
func Convert(dst io.Writer, f *Format, src io.Reader, h Header, o ReadOptions) (c Conversion, err error) {
	spool, err := os.CreateTemp("", "urncast-convert-*")
	if err != nil {
		return c, err
	}
	defer func() { err = errors.Join(err, spool.Close(), os.Remove(spool.Name())) }()
	s := spoolWriter{w: bufio.NewWriterSize(spool, 1<<20)}
	first := map[sdmx.URN]once{}
	take := func(m sdmx.Maintainable, where string) error {
		if err := checkValid(m, where); err != nil {
			return err
		}
		u, is := sdmx.URNOf(m).Clone(), once{s.encode(m), where}
		if old, twice := first[u]; twice {
			if old.digest != is.digest {
				return &Error{Text: where + ": " + u.String() + " is there twice, with different content: at " + old.where + " too; send it once"}
			}
			c.Warnings.Add(Remark{URN: u.String(), Text: "it is there again at " + where + ", and is taken once"})
			return nil
		}
		first[u] = is
		remarks, fatal := LossRemarks(f, m)
		if fatal {
			c.LeftOut.Join(remarks)
			return nil
		}
		c.Lost.Join(remarks)
		c.Written++
		return s.add(f.Order(m.Class()), m.Class())
	}
	err = Unpack(src, o.Name, Limits{}, func(name string, r io.Reader) error {
		one := o
		one.Name = name
		sum, err := Read(r, one, take)
		if err == nil && strings.HasPrefix(name, o.Name+":") { // a file in a zip
			c.Join(name, sum)
		} else {
			c.join(sum)
		}
		return err
	})
	if err == nil {
		err = c.Empty(o.Name)
	}
	if err != nil || c.Written == 0 {
		return c, err
	}
	if h.Prepared.IsZero() {
		h.Prepared = time.Now()
	}
	refused, err := s.write(spool, NewWriter(dst, f, h))
	c.Written -= refused.Count
	c.LeftOut.Join(refused)
	return c, err
}

// checkValid returns an error if a structure breaks the rules of SDMX: such structures are not
// written.
func checkValid(m sdmx.Maintainable, where string) error {
	faults := rules.Check(m)
	if len(faults) == 0 {
		return nil
	}
	text := where + ": " + sdmx.URNOf(m).String() + " breaks the rules of SDMX, so it is not written"
	for _, f := range faults {
		text += "\n  " + f.String()
	}
	return &Error{Text: text}
}

// A spoolWriter writes a temporary file of canonical forms, with their places in it.
type spoolWriter struct {
	w      *bufio.Writer
	end    int64
	places []place
	buf    []byte
}

type place struct {
	order    int
	class    sdmx.Class
	from, to int64
}

// A once is where a structure stands that may be in a message once.
type once struct {
	digest sdmx.Digest
	where  string
}

// encode takes a structure for add, and returns the digest of its canonical form.
func (s *spoolWriter) encode(m sdmx.Maintainable) sdmx.Digest {
	s.buf = sdmx.AppendCanonical(s.buf[:0], m)
	return sdmx.DigestOf(s.buf)
}

// add adds the structure that encode has taken.
func (s *spoolWriter) add(order int, c sdmx.Class) error {
	n := int64(len(s.buf))
	s.places = append(s.places, place{order, c, s.end, s.end + n})
	s.end += n
	_, err := s.w.Write(s.buf)
	return err
}

// write writes a message with the structures, and returns remarks on those that cannot stand in it
// beside others.
func (s *spoolWriter) write(spool io.ReaderAt, w *Writer) (refused Remarks, err error) {
	if err := s.w.Flush(); err != nil {
		return refused, err
	}
	slices.SortStableFunc(s.places, func(a, b place) int { return a.order - b.order })
	for _, p := range s.places {
		b := make([]byte, p.to-p.from)
		if _, err := spool.ReadAt(b, p.from); err != nil {
			return refused, fmt.Errorf("reading the temporary file back: %w", err)
		}
		m, err := sdmx.ParseCanonical(p.class, b)
		if err != nil {
			return refused, err
		}
		if why, is := w.Refuses(sdmx.URNOf(m)); is {
			refused.Add(why)
			continue
		}
		if err := w.Write(m); err != nil {
			return refused, err
		}
	}
	return refused, w.Close()
}
