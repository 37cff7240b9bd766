package web

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"time"

	"urncast/formats"
	"urncast/registry"
	"urncast/sdmx"
	"urncast/web/console/structures"
)

// sourceShown bounds the text of a message on a page, which has a budget of 100 kB.
const sourceShown = 48 << 10

// sourcePage shows a structure as a message in a format.
func (s *server) sourcePage(w http.ResponseWriter, r *http.Request) {
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
			s.kit.DrawTrouble(w, r, "/structures", err)
			return
		}
		if v.Text, v.Cut = indented(body); whole {
			v.Bytes = len(body)
		}
		v.Cut = v.Cut || !whole
	}
	s.kit.Draw(w, r, http.StatusOK, structures.SourcePage(s.kit.Frame(r, v.Name+" as "+f.Name, "/structures"), v))
}

// download gives the message as a file.
func (s *server) download(w http.ResponseWriter, r *http.Request) {
	v, m, f := s.readStructure(w, r)
	if m == nil {
		return
	}
	if why := formats.Expressible(f, m); why != nil {
		s.kit.DrawError(w, r, http.StatusNotAcceptable, "/structures", "It cannot be written as "+f.Name, why.Error())
		return
	}
	body, err := s.message(f, m)
	if err != nil {
		s.kit.DrawTrouble(w, r, "/structures", err)
		return
	}
	name := strings.NewReplacer("(", "-", ")", "", ":", "-").Replace(v.URN.Short()) + f.Extension
	w.Header().Set("Content-Type", f.MediaType)
	w.Header().Set("Content-Disposition", `attachment; filename="`+name+`"`)
	w.Header().Set("Cache-Control", "no-store")
	_, _ = w.Write(body) // the reader has gone; nobody is left to tell
}

// readStructure finds structure and format of a request; nil if that is answered.
func (s *server) readStructure(w http.ResponseWriter, r *http.Request) (*structures.Source, sdmx.Maintainable, *formats.Format) {
	u, ok := structureOf(r)
	if !ok {
		s.noStructure(w, r)
		return nil, nil, nil
	}
	f, err := formats.ByName(r.URL.Query().Get("format"))
	if err != nil {
		s.kit.DrawError(w, r, http.StatusNotFound, "/structures", "There is no such format", err.Error())
		return nil, nil, nil
	}
	v := &structures.Source{Format: f.Name}
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
		s.kit.DrawTrouble(w, r, "/structures", err)
		return nil, nil, nil
	}
	if shown.Until != 0 {
		v.As = shown.Number
	}
	v.Shown = shown
	return v, m, f
}

func (s *server) message(f *formats.Format, m sdmx.Maintainable) ([]byte, error) {
	return formats.AppendMessage(nil, f, s.header(), m)
}

// A beginning takes what is written up to a bound, and refuses the rest.
type beginning struct{ bytes.Buffer }

// errEnough ends what goes on until there is enough for a page.
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

// beginning writes a message as far as a page can show it.
func (s *server) beginning(f *formats.Format, m sdmx.Maintainable) (body []byte, whole bool, err error) {
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

func (s *server) header() formats.Header {
	now := s.Now().UTC().Truncate(time.Second)
	return formats.Header{ID: "urncast-" + now.Format("20060102150405"), Prepared: now, Sender: s.Sender}
}

// indented gives the beginning of a message with line ends, whole lines of it.
func indented(body []byte) (text string, cut bool) {
	if len(body) > 4*sourceShown {
		body, cut = body[:4*sourceShown], true
	}
	var b bytes.Buffer
	switch {
	case bytes.HasPrefix(body, []byte("<")):
		indentXML(&b, string(body))
	case cut || json.Indent(&b, body, "", "  ") != nil:
		b.Reset()
		indentJSON(&b, body)
	}
	text = b.String()
	if len(text) > sourceShown {
		end := strings.LastIndexByte(text[:sourceShown], '\n')
		return text[:max(end, 0)], true
	}
	return text, cut
}

// indentJSON indents what may be cut off, which the standard library does not.
func indentJSON(b *bytes.Buffer, body []byte) {
	depth, quoted := 0, false
	line := func() { b.WriteString("\n" + strings.Repeat("  ", max(depth, 0))) }
	for i := 0; i < len(body); i++ {
		c := body[i]
		switch {
		case quoted && c == '\\' && i+1 < len(body):
			b.WriteByte(c)
			i++
			b.WriteByte(body[i])
			continue
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '{' || c == '[':
			depth++
			b.WriteByte(c)
			line()
			continue
		case c == '}' || c == ']':
			depth--
			line()
		case c == ',':
			b.WriteByte(c)
			line()
			continue
		case c == ':':
			b.WriteString(": ")
			continue
		}
		b.WriteByte(c)
	}
}

// indentXML puts every element on a line of its own, but for those with text alone.
func indentXML(b *bytes.Buffer, s string) {
	depth := 0
	opened := false // the last tag opened an element
	for s != "" {
		open := strings.IndexByte(s, '<')
		if open < 0 {
			b.WriteString(s)
			return
		}
		text := s[:open]
		end := strings.IndexByte(s[open:], '>')
		if end < 0 {
			return
		}
		tag := s[open : open+end+1]
		s = s[open+end+1:]
		closes := strings.HasPrefix(tag, "</")
		if closes {
			depth--
		}
		if strings.TrimSpace(text) != "" {
			b.WriteString(text)
		} else if !(closes && opened) && b.Len() > 0 {
			b.WriteString("\n" + strings.Repeat("  ", max(depth, 0)))
		}
		b.WriteString(tag)
		opened = !closes && !strings.HasSuffix(tag, "/>") && !strings.HasPrefix(tag, "<?") && !strings.HasPrefix(tag, "<!")
		if opened {
			depth++
		}
	}
}
