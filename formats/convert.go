package formats

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"time"

	"urncast/sdmx"
)

// A ConvertLoss is what one structure lost in a conversion.
type ConvertLoss struct {
	URN  sdmx.URN
	Loss Loss
}

// Convert reads a message and writes it in another format. Structures that the
// format cannot express at all are left out and reported with a fatal loss. They
// are kept in a temporary file until all are read, for the format may ask for
// another order.
func Convert(dst io.Writer, f *Format, src io.Reader, h Header, o ReadOptions) (sum Summary, losses []ConvertLoss, err error) {
	spool, err := os.CreateTemp("", "urncast-convert-*")
	if err != nil {
		return sum, nil, err
	}
	defer func() { err = errors.Join(err, spool.Close(), os.Remove(spool.Name())) }()
	s := spooled{w: bufio.NewWriterSize(spool, 1<<20)}
	sum, err = Read(src, o, func(m sdmx.Maintainable, _ string) error {
		for _, l := range Losses(f, m) {
			losses = append(losses, ConvertLoss{sdmx.URNOf(m), l})
		}
		if Expressible(f, m) != nil {
			return nil
		}
		return s.add(f.Order(m.Class()), m)
	})
	if err != nil {
		return sum, losses, err
	}
	if h.Prepared.IsZero() {
		h.Prepared = time.Now()
	}
	return sum, losses, s.write(spool, NewWriter(dst, f, h))
}

// spooled is canonical forms in a file, with their places.
type spooled struct {
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

func (s *spooled) add(order int, m sdmx.Maintainable) error {
	s.buf = sdmx.AppendCanonical(s.buf[:0], m)
	n := int64(len(s.buf))
	s.places = append(s.places, place{order, m.Class(), s.end, s.end + n})
	s.end += n
	_, err := s.w.Write(s.buf)
	return err
}

func (s *spooled) write(spool io.ReaderAt, w *Writer) error {
	if err := s.w.Flush(); err != nil {
		return err
	}
	slices.SortStableFunc(s.places, func(a, b place) int { return a.order - b.order })
	for _, p := range s.places {
		b := make([]byte, p.to-p.from)
		if _, err := spool.ReadAt(b, p.from); err != nil {
			return fmt.Errorf("reading the temporary file back: %w", err)
		}
		m, err := sdmx.ParseCanonical(p.class, b)
		if err != nil {
			return err
		}
		if err := w.Write(m); err != nil {
			return err
		}
	}
	return w.Close()
}
