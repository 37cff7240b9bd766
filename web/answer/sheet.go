package answer

import (
	"encoding/csv"
	"errors"
	"net/http"
	"strings"
)

// SheetRows is how many rows of a Sheet are best read at once: they are all of it that is
// in memory.
const SheetRows = 1000

// A Sheet is an answer of rows as CSV (RFC 4180), sent while they are read, for whoever
// opens it in a spreadsheet.
type Sheet struct {
	w     http.ResponseWriter
	out   *csv.Writer
	name  string
	head  []string
	begun bool
}

// NewSheet makes a sheet that is saved under a name. Nothing is sent before the first Send.
func NewSheet(w http.ResponseWriter, name string, head ...string) *Sheet {
	return &Sheet{w: w, out: csv.NewWriter(w), name: name, head: head}
}

// Begun says that the head has been sent: an error has no status of its own any more.
func (s *Sheet) Begun() bool { return s.begun }

// Send sends rows. Its error says that the client has gone, or has not read for so long
// that it counts as gone.
func (s *Sheet) Send(rows [][]string) error {
	if !s.begun {
		h := s.w.Header()
		h.Set("Content-Type", MediaCSV+"; charset=utf-8")
		h.Set("Content-Disposition", `attachment; filename="`+s.name+`"`)
		h.Set("Cache-Control", "no-store")
		h.Set("X-Accel-Buffering", "no") // or a proxy collects it
		s.begun = true
		_ = s.out.Write(s.head) // its error stays, for Flush
	}
	for _, row := range rows {
		for i := range row {
			row[i] = Cell(row[i])
		}
		_ = s.out.Write(row) // as above
	}
	s.out.Flush()
	err := s.out.Error()
	if flushed := http.NewResponseController(s.w).Flush(); !errors.Is(flushed, http.ErrNotSupported) {
		err = errors.Join(err, flushed)
	}
	return err
}

// Break ends a sheet that cannot be read to its end: a last line says so and what to do,
// and the connection ends before the answer does, so that no program takes half of it for
// all. It does not return.
func (s *Sheet) Break(cure string) {
	_ = s.Send([][]string{{"This export broke off here: the database did not answer. " + cure}}) // if the client has gone nobody is left to tell
	panic(http.ErrAbortHandler)
}

// Cell keeps a spreadsheet from taking somebody's words for a formula (OWASP, CSV
// injection): signs of full width begin one in some, and so does what stands behind blanks.
func Cell(text string) string {
	if strings.IndexAny(strings.TrimLeft(text, " \u00a0\u3000"), "=+-@\t\r\n＝＋－＠") == 0 {
		return "'" + text
	}
	return text
}
