package structures

import (
	"bytes"
	"errors"
	"net/http"
	"strings"
	"time"

	"urncast/formats"
	"urncast/registry"
	"urncast/sdmx"
	"urncast/web/console/ui"
)

// sourcePage shows a structure as a message in a format.
func (s *Pages) sourcePage(w http.ResponseWriter, r *http.Request) {
	v, m, f := s.readStructure(w, r)
	if m == nil {
		return
	}
	if name := m.Common().Names.In("en"); name != "" {
		v.Name = name
	}
	for _, loss := range formats.Losses(f, m) {
		v.Losses = append(v.Losses, loss.What)
	}
	if why := formats.Expressible(f, m); why != nil {
		v.Why = why.Error()
	} else {
		body, whole, err := s.beginning(f, m)
		if err != nil {
			s.DrawTrouble(w, r, "/structures", err)
			return
		}
		if v.Text, v.Cut = ui.Indented(body); whole {
			v.Bytes = len(body)
		}
		v.Cut = v.Cut || !whole
	}
	s.Draw(w, r, http.StatusOK, SourcePage(s.Frame(r, v.Name+" as "+f.Name, "/structures"), v))
}

// download sends a structure as a file, in a format.
func (s *Pages) download(w http.ResponseWriter, r *http.Request) {
	v, m, f := s.readStructure(w, r)
	if m == nil {
		return
	}
	if why := formats.Expressible(f, m); why != nil {
		s.DrawError(w, r, http.StatusNotAcceptable, "/structures", "It cannot be written as "+f.Name, why.Error())
		return
	}
	body, err := s.message(f, m)
	if err != nil {
		s.DrawTrouble(w, r, "/structures", err)
		return
	}
	name := strings.NewReplacer("(", "-", ")", "", ":", "-").Replace(v.URN.Short()) + f.Extension
	w.Header().Set("Content-Type", f.Media(v.URN.Class))
	w.Header().Set("Content-Disposition", `attachment; filename="`+name+`"`)
	w.Header().Set("Cache-Control", "no-store")
	_, _ = w.Write(body) // fails only if the reader has left
}

// readStructure reads the structure and the format that a request names. If one does not
// exist it answers the request, and returns nil.
func (s *Pages) readStructure(w http.ResponseWriter, r *http.Request) (*Source, sdmx.Maintainable, *formats.Format) {
	u, ok := structureOf(r)
	if !ok {
		s.noStructure(w, r)
		return nil, nil, nil
	}
	f, err := formats.ByName(r.URL.Query().Get("format"))
	if err != nil {
		s.DrawError(w, r, http.StatusNotFound, "/structures", "There is no such format", err.Error())
		return nil, nil, nil
	}
	v := &Source{Format: f.Name}
	v.URN, v.Name = u, u.ID
	for _, f := range formats.All() {
		v.Formats = append(v.Formats, f.Name)
	}
	shown, _, err := s.shown(r.Context(), u, r.URL.Query().Get("as"))
	var m sdmx.Maintainable
	if err == nil && shown.Document > 0 {
		m, _, err = s.Registry.Document(r.Context(), u.Class, shown.Document)
	}
	switch {
	case errors.Is(err, registry.ErrNotFound) || err == nil && m == nil:
		s.noStructure(w, r)
		return nil, nil, nil
	case err != nil:
		s.DrawTrouble(w, r, "/structures", err)
		return nil, nil, nil
	}
	if shown.Until != 0 {
		v.As = shown.Number
	}
	v.Shown = shown
	return v, m, f
}

func (s *Pages) message(f *formats.Format, m sdmx.Maintainable) ([]byte, error) {
	return formats.AppendMessage(nil, f, s.header(), m)
}

// A beginning is a buffer that takes beginningMax bytes, and refuses more with errEnough.
type beginning struct{ bytes.Buffer }

// errEnough ends the writing of a message of which a page shows no more.
var errEnough = errors.New("enough")

// Write implements io.Writer.
func (b *beginning) Write(p []byte) (int, error) {
	if room := beginningMax - b.Len(); len(p) > room {
		b.Buffer.Write(p[:room])
		return room, errEnough
	}
	return b.Buffer.Write(p)
}

// beginningMax bounds what is written of a message for a page.
const beginningMax = 1 << 20

// beginning writes a message, of which it keeps the first beginningMax bytes. whole reports
// whether that is all.
func (s *Pages) beginning(f *formats.Format, m sdmx.Maintainable) (body []byte, whole bool, err error) {
	var b beginning
	out := formats.NewWriter(&b, f, s.header())
	if err = out.Write(m); err == nil {
		err = out.Close()
	}
	if errors.Is(err, errEnough) {
		return b.Bytes(), false, nil
	}
	return b.Bytes(), true, err
}

func (s *Pages) header() formats.Header {
	now := s.Now().UTC().Truncate(time.Second)
	return formats.Header{ID: "urncast-" + now.Format("20060102150405"), Prepared: now, Sender: s.Sender}
}
