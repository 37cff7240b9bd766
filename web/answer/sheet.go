package answer

import (
	"encoding/csv"
	"errors"
	"net/http"
	"strings"
)

// SheetRows is how many rows of a Sheet to read at once: only those are in memory.
const SheetRows = 1000

// A Sheet is an answer of rows as CSV (RFC 4180), sent while they are read, made safe to
// open in a spreadsheet.
type Sheet struct {
	w     http.ResponseWriter
	out   *csv.Writer
	name  string
	head  []string
	begun bool
}

// NewSheet returns a sheet with the file's name and head. Nothing is sent before the first
// Send.
func NewSheet(w http.ResponseWriter, name string, head ...string) *Sheet {
	return &Sheet{w: w, out: csv.NewWriter(w), name: name, head: head}
}

// Begun reports whether the head has been sent: an error can then have no status of its
// own.
func (s *Sheet) Begun() bool { return s.begun }

// Send sends rows. It fails if the client has left, or has not read for so long that it
// counts as gone.
func (s *Sheet) Send(rows [][]string) error {
	if !s.begun {
		h := s.w.Header()
		h.Set("Content-Type", MediaCSV+"; charset=utf-8")
		h.Set("Content-Disposition", `attachment; filename="`+s.name+`"`)
		h.Set("Cache-Control", "no-store")
		h.Set("X-Accel-Buffering", "no") // otherwise a proxy collects it
		s.begun = true
		_ = s.out.Write(s.head) // Flush returns its error
	}
	for _, row := range rows {
		for i := range row {
			row[i] = Cell(row[i])
		}
		_ = s.out.Write(row) // Flush returns its error
	}
	s.out.Flush()
	err := s.out.Error()
	if flushed := http.NewResponseController(s.w).Flush(); !errors.Is(flushed, http.ErrNotSupported) {
		err = errors.Join(err, flushed)
	}
	return err
}

// Break ends a sheet whose rows cannot all be read: a last line says so and what to do,
// and the connection ends before the answer does, so that no program takes half of it for
// all. It does not return.
func (s *Sheet) Break(cure string) {
	_ = s.Send([][]string{{"This export broke off here: the database did not answer. " + cure}}) // fails only if the client has left
	panic(http.ErrAbortHandler)
}

// Cell keeps a spreadsheet from taking text for a formula (OWASP, CSV injection): in some
// spreadsheets full-width signs begin one, and so does a sign behind blanks.
func Cell(text string) string {
	if strings.IndexAny(strings.TrimLeft(text, " \u00a0\u3000"), "=+-@\t\r\n＝＋－＠") == 0 {
		return "'" + text
	}
	return text
}
