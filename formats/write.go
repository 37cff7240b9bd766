package formats

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"urncast/formats/codec"
	"urncast/formats/scan"
	"urncast/formats/structures"
	"urncast/sdmx"
)

// A Header is the header of a message.
type Header struct {
	ID       string
	Prepared time.Time
	Sender   string
	Test     bool
}

// A frame is what a message has around its structures, and its media type.
type frame struct {
	media            func(*Format) string
	schema           string // address of the schema of SDMX-JSON
	root, namespaces string
	receiver         string // after the sender in the header
	before, after    string // around all containers
	container        string // prefix of containers
	element          string // prefix of structures
	open, close      string // around each structure
}

var (
	structureFrame = frame{media: func(f *Format) string { return f.MediaType },
		schema: jsonSchemas + "structure-message/tools/schemas/2.0.0/sdmx-json-structure-schema.json", root: "mes:Structure", namespaces: ` xmlns:str="` + scan.SpaceStructure + `"`,
		before: "<mes:Structures>", after: "</mes:Structures>", container: "str:", element: "str:"}
	metadataFrame = frame{media: func(f *Format) string { return strings.Replace(f.MediaType, "sdmx.structure", "sdmx.metadata", 1) },
		schema: jsonSchemas + "metadata-message/tools/schemas/2.0.0/sdmx-json-metadata-schema.json"}
	// registryFrame is that of registrations. A request to replace is what another
	// registry can take as it is.
	registryFrame = frame{media: func(*Format) string { return MediaRegistry },
		root: "mes:RegistryInterface", namespaces: ` xmlns:reg="` + scan.SpaceRegistry + `"`,
		receiver: `<mes:Receiver id="not_supplied"/>`, container: "mes:", element: "reg:",
		open: `<reg:RegistrationRequest action="Replace">`, close: `</reg:RegistrationRequest>`}
)

func frameOf(c sdmx.Class) *frame {
	switch {
	case c == sdmx.ClassMetadataSet:
		return &metadataFrame
	case c.Apart():
		return &registryFrame
	}
	return &structureFrame
}

const (
	xmlDeclaration = `<?xml version="1.0" encoding="UTF-8"?>` + "\n"
	xmlHeader      = ` xmlns:com="` + scan.SpaceCommon + `"><mes:Header><mes:ID>`
	jsonSchemas    = "https://raw.githubusercontent.com/sdmx-twg/sdmx-json/master/"
	xmlPrepared    = "2006-01-02T15:04:05.000Z"
)

func appendHead(b []byte, f *Format, x *frame, h Header) []byte {
	prepared := h.Prepared.UTC().Format(xmlPrepared)
	test := strconv.FormatBool(h.Test)
	if f.dialect.XML() {
		for _, s := range []string{xmlDeclaration, "<", x.root, ` xmlns:mes="` + scan.SpaceMessage + `"`, x.namespaces, xmlHeader} {
			b = append(b, s...)
		}
		b = codec.AppendText(b, f.dialect, h.ID)
		b = append(append(append(b, `</mes:ID><mes:Test>`...), test...), `</mes:Test><mes:Prepared>`...)
		b = append(append(b, prepared...), `</mes:Prepared><mes:Sender id="`...)
		b = append(append(codec.AppendText(b, f.dialect, h.Sender), `"/>`...), x.receiver...)
		return append(b, `</mes:Header>`...)
	}
	b = append(b, `{"meta":{`...)
	if f == SDMXJSON20 {
		b = append(b, `"schema":"`+x.schema+`",`...)
	}
	b = codec.AppendText(append(b, `"id":`...), f.dialect, h.ID)
	b = append(append(append(b, `,"test":`...), test...), `,"prepared":"`...)
	b = append(append(b, prepared...), `",`...)
	if f == SDMXJSON20 { // the language of name, which stands beside names
		b = append(b, `"contentLanguages":["`+sdmx.LanguageDefault+`"],`...)
	}
	b = append(b, `"sender":{"id":`...)
	return append(codec.AppendText(b, f.dialect, h.Sender), `}}`...)
}

// appendBefore and appendAfter append what comes before and after all structures of a message.
func appendBefore(b []byte, f *Format, x *frame) []byte {
	switch f.dialect {
	case codec.ML21:
		return append(b, x.before...)
	case codec.JSON20:
		return append(b, `,"data":{`...)
	}
	return append(b, ',')
}

func appendAfter(b []byte, f *Format, x *frame) []byte {
	switch f.dialect {
	case codec.ML21:
		return append(b, x.after...)
	case codec.JSON20:
		return append(b, '}')
	}
	return b
}

// appendOpen and appendClose append what comes before and after the structures of a container:
// an element that may have those of several classes, or the array of one class, perhaps inside a
// member of its own ("data.metadatasets"). first says that no container precedes.
func appendOpen(b []byte, f *Format, x *frame, container string, first bool) []byte {
	if f.dialect.XML() {
		return append(append(append(append(b, '<'), x.container...), container...), '>')
	}
	if !first {
		b = append(b, ',')
	}
	outer, inner, isInside := strings.Cut(container, ".")
	b = append(codec.AppendText(b, f.dialect, outer), ':')
	if isInside {
		b = append(codec.AppendText(append(b, '{'), f.dialect, inner), ':')
	}
	return append(b, '[')
}

func appendClose(b []byte, f *Format, x *frame, container string) []byte {
	if f.dialect.XML() {
		return append(append(append(append(b, '<', '/'), x.container...), container...), '>')
	}
	if b = append(b, ']'); strings.Contains(container, ".") {
		b = append(b, '}')
	}
	return b
}

func appendStructure(b []byte, f *Format, m sdmx.Maintainable) ([]byte, error) {
	if err := Expressible(f, m); err != nil {
		return b, err
	}
	if !f.dialect.XML() {
		return appendElement(b, f, "", m), nil
	}
	x := frameOf(m.Class())
	_, name, _ := structures.Names(f.dialect, m.Class())
	return append(appendElement(append(b, x.open...), f, x.element+name, m), x.close...), nil
}

func appendElement(b []byte, f *Format, name string, m sdmx.Maintainable) []byte {
	c := codec.Appender(f.dialect, b)
	c.Begin(name, "")
	structures.Describe(c, sdmx.As(m, f.Generation()))
	c.End()
	return c.Bytes()
}

// AppendRegistration appends a registration as the element of SDMX-ML 2.1 or 3.0, for a message that
// declares the prefixes reg and com.
func AppendRegistration(b []byte, r *sdmx.Registration, version string) []byte {
	c := codec.Appender(codec.ML21, b)
	c.URNs = version == Version30
	c.Begin("reg:Registration", "")
	structures.Describe(c, r)
	c.End()
	return c.Bytes()
}

// AppendMessage appends a complete message with one structure. The same arguments give the
// same bytes. The error says that f cannot express m (Expressible).
func AppendMessage(b []byte, f *Format, h Header, m sdmx.Maintainable) ([]byte, error) {
	x := frameOf(m.Class())
	b = appendBefore(appendHead(b, f, x, h), f, x)
	container, _, _ := structures.Names(f.dialect, m.Class())
	b, err := appendStructure(appendOpen(b, f, x, container, true), f, m)
	if err != nil {
		return b, err
	}
	return appendEnd(appendAfter(appendClose(b, f, x, container), f, x), f, x), nil
}

func appendEnd(b []byte, f *Format, x *frame) []byte {
	if f.dialect.XML() {
		return append(append(append(b, '<', '/'), x.root...), '>', '\n')
	}
	return append(b, '}')
}

// A Writer writes a message with any number of structures, one at a time.
type Writer struct {
	w     io.Writer
	f     *Format
	x     *frame
	h     Header
	buf   []byte
	class sdmx.Class
	in    string // the open container; empty before the first structure
	begun bool   // the header is written
	notes []note
}

// A note is a message about the message, at its end.
type note struct {
	code     int
	severity string
	text     string
}

// Codes of notes. SDMX leaves codes from 1000 on to services (SDMX 2.1, section 7, 5.8).
const (
	codeLeftOut = 1001
	codeLost    = 1002
)

// Note adds notes about structures that were left out or written with losses. They are written
// at the end of the message: in the footer of SDMX-ML, as "warnings" in JSON.
func (w *Writer) Note(leftOut, lost Remarks) {
	add := func(code int, severity string, r Remarks) {
		for _, x := range r.First {
			w.notes = append(w.notes, note{code, severity, x.String()})
		}
		if r.More() > 0 {
			w.notes = append(w.notes, note{code, severity, fmt.Sprintf("and %d more", r.More())})
		}
	}
	add(codeLeftOut, "Warning", leftOut)
	add(codeLost, "Information", lost)
}

// NewWriter returns a Writer of a message to w. Nothing is written before the first call of
// Write or Close.
func NewWriter(w io.Writer, f *Format, h Header) *Writer {
	return &Writer{w: w, f: f, x: &structureFrame, h: h}
}

// Write writes a structure. Structures must come in rising Format.Order of their classes, and those
// of classes that are Apart without others. If
// the format cannot express the structure (Expressible), nothing is written and the Writer can
// still be used.
func (w *Writer) Write(m sdmx.Maintainable) error {
	c := m.Class()
	container, _, _ := structures.Names(w.f.dialect, c)
	if !w.begun {
		w.x = frameOf(c)
	}
	b := w.begin()
	switch {
	case frameOf(c) != w.x:
		return fmt.Errorf("%s cannot stand in this message: a %s has messages of its own", sdmx.URNOf(m), c.Word())
	case c != w.class && w.in != "" && w.f.Order(c) <= w.f.Order(w.class):
		return fmt.Errorf("%s cannot follow a %s in %s: hand structures over in the format's order", sdmx.URNOf(m), w.class, w.f.Name)
	case container != w.in:
		if w.in == "" {
			b = appendBefore(b, w.f, w.x)
		} else {
			b = appendClose(b, w.f, w.x, w.in)
		}
		b = appendOpen(b, w.f, w.x, container, w.in == "")
	case !w.f.dialect.XML():
		b = append(b, ',')
	}
	b, err := appendStructure(b, w.f, m)
	if err != nil {
		return err
	}
	w.class, w.in, w.begun = c, container, true
	return w.flush(b)
}

// Refuses reports whether a structure cannot stand in the message beside those before it, because
// it is Apart or they are, and what to say then.
func (w *Writer) Refuses(u sdmx.URN) (Remark, bool) {
	if !w.begun || frameOf(u.Class) == w.x {
		return Remark{}, false
	}
	return Remark{URN: u.String(), Text: "left out, for it stands in a message of another kind; ask for it alone"}, true
}

func (w *Writer) begin() []byte {
	if w.begun {
		return w.buf[:0]
	}
	return appendHead(w.buf[:0], w.f, w.x, w.h)
}

// Close ends the message. It does not close the underlying writer.
func (w *Writer) Close() error {
	b := w.begin()
	if w.in != "" {
		b = appendAfter(appendClose(b, w.f, w.x, w.in), w.f, w.x)
	}
	if w.f.dialect.XML() {
		b = w.appendFooter(b)
	} else {
		b = w.appendWarnings(b)
	}
	return w.flush(appendEnd(b, w.f, w.x))
}

func (w *Writer) appendFooter(b []byte) []byte {
	if len(w.notes) == 0 {
		return b
	}
	b = append(b, `<footer:Footer xmlns:footer="http://www.sdmx.org/resources/sdmxml/schemas/v2_1/message/footer">`...)
	for _, n := range w.notes {
		b = fmt.Appendf(b, `<footer:Message code="%d" severity="%s"><com:Text xml:lang="en">`, n.code, n.severity)
		b = append(codec.AppendText(b, w.f.dialect, n.text), `</com:Text></footer:Message>`...)
	}
	return append(b, `</footer:Footer>`...)
}

func (w *Writer) appendWarnings(b []byte) []byte {
	if len(w.notes) == 0 {
		return b
	}
	b = append(b, `,"warnings":[`...)
	for i, n := range w.notes {
		if i > 0 {
			b = append(b, ',')
		}
		b = fmt.Appendf(b, `{"code":"%d","severity":"%s","text":`, n.code, n.severity)
		b = append(codec.AppendText(b, w.f.dialect, n.text), '}')
	}
	return append(b, ']')
}

func (w *Writer) flush(b []byte) error {
	w.buf = b
	_, err := w.w.Write(b)
	return err
}

// A Loss is a part of a structure that a format cannot express.
type Loss = structures.Loss

// Losses returns what f cannot express of m.
func Losses(f *Format, m sdmx.Maintainable) []Loss { return structures.Losses(f.dialect, m) }

// reasonsMax bounds the reasons in one remark: some name a reference, of which there may be many.
const reasonsMax = 10

// LossRemarks returns a remark for each loss of m in f; if m cannot be expressed at all
// (fatal), a single one with the reasons.
func LossRemarks(f *Format, m sdmx.Maintainable) (r Remarks, fatal bool) {
	urn := sdmx.URNOf(m).String()
	var why []string
	losses := Losses(f, m)
	for _, l := range losses {
		if l.Fatal {
			why = append(why, l.What)
		}
	}
	if len(why) > 0 {
		if more := len(why) - reasonsMax; more > 0 {
			why = append(why[:reasonsMax:reasonsMax], fmt.Sprintf("%d more parts", more))
		}
		r.Add(Remark{URN: urn, Text: "left out, for " + f.Name + " cannot express " + strings.Join(why, "; nor ")})
		return r, true
	}
	for _, l := range losses {
		r.Add(Remark{URN: urn, Text: "written, but for what " + f.Name + " cannot express: " + l.What})
	}
	return r, false
}

// FatalLosses describes, for people, the structures that f cannot express.
func FatalLosses(f *Format) []string { return structures.FatalLosses(f.dialect) }

// AlwaysExpressible reports whether Expressible returns nil for every structure of a class.
func AlwaysExpressible(f *Format, c sdmx.Class) bool {
	return structures.AlwaysExpressible(f.dialect, c)
}

// Expressible returns an error that says why f cannot express m at all; nil if it can, perhaps
// with losses.
func Expressible(f *Format, m sdmx.Maintainable) error {
	for _, l := range Losses(f, m) {
		if l.Fatal {
			return fmt.Errorf("%s cannot be written as %s, which cannot express %s", sdmx.URNOf(m), f.Name, l.What)
		}
	}
	return nil
}
