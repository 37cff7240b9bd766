package structures

import (
	"fmt"
	"strings"

	"urncast/formats/codec"
	"urncast/sdmx"
)

// ReadHeader reads the header of an SDMX-ML message (2.1, StructureHeaderType). Nothing of it
// is stored, because it is about the message and not about structures. It remarks on a test
// message and on elements that are not known.
func ReadHeader(c *codec.C) { readHeader(c, "com:Name") }

// readHeader reads what the headers of SDMX-ML 2.0 and 2.1 have in common; name is the element of the
// names of senders and their contacts.
func readHeader(c *codec.C, name string) {
	var id, test, prepared string
	c.Elem("mes:ID", "", &id)
	c.Elem("mes:Test", "", &test)
	readTest(c, test)
	c.Elem("mes:Prepared", "", &prepared)
	for _, party := range []string{"mes:Sender", "mes:Receiver"} {
		var parties []struct{}
		codec.List(c, party, "", &parties, func(c *codec.C, _ *struct{}) {
			var contacts []struct{}
			var zone string
			c.Stated("id", "")
			skipTexts(c, name)
			codec.List(c, "mes:Contact", "", &contacts, func(c *codec.C, _ *struct{}) {
				skipTexts(c, name)
				messageContact(c)
			})
			c.Elem("mes:Timezone", "", &zone)
		})
	}
	skipTexts(c, "com:Name", "mes:Source")
	c.LeaveOutOthers()
}

// messageContact reads a contact of the message namespace, but for its names.
func messageContact(c *codec.C) {
	skipTexts(c, "mes:Department", "mes:Role")
	for _, name := range []string{"mes:Telephone", "mes:Fax", "mes:X400", "mes:URI", "mes:Email"} {
		var lines []string
		c.Strings(name, "", &lines)
	}
}

// skipTexts reads texts that are not stored.
func skipTexts(c *codec.C, names ...string) {
	for _, name := range names {
		var texts sdmx.Texts
		c.Texts(name, "", &texts)
	}
}

func readTest(c *codec.C, test string) {
	switch strings.TrimSpace(test) {
	case "", "false", "0":
	case "true", "1":
		c.RemarkHere("the message says that it is a test; its structures are taken like those of any other")
	default:
		c.RemarkHere("whether the message is a test is not understood: %q", codec.Clip(test, 20))
	}
}

// ReadMeta reads the member "meta" of a message in JSON, of which nothing is stored. language
// becomes that of texts which state none, if the message says it. The schema that SDMX-JSON
// names is not looked at, for it is often that of another version.
func ReadMeta(c *codec.C, language *string) {
	var test string
	var languages []string
	var links []sdmx.Link
	var receivers []struct{}
	for _, name := range []string{"schema", "id", "prepared", "format"} {
		c.Stated("", name)
	}
	c.Attr("", "test", &test)
	readTest(c, test)
	c.Strings("", "contentLanguages", &languages)
	skipTextsOf(c, "names")
	party := func(c *codec.C, _ *struct{}) {
		c.Stated("", "id")
		skipTextsOf(c, "names")
		var contacts []sdmx.Contact
		codec.List(c, "", "contacts", &contacts, contact)
	}
	c.In("", "sender", true, func() { party(c, nil) })
	codec.List(c, "", "receivers", &receivers, party)
	codec.List(c, "", "links", &links, link)
	if len(languages) > 0 && sdmx.CheckLanguage(languages[0]) == nil {
		*language = languages[0]
	}
}

// skipTextsOf reads texts of JSON that are not stored.
func skipTextsOf(c *codec.C, name string) {
	var texts sdmx.Texts
	c.Texts("", name, &texts)
}

// A Note is a message in the footer of a message, or in an error message.
type Note struct {
	Code, Severity string
	Texts          sdmx.Texts
}

// String returns severity, text and code.
func (n *Note) String() string {
	s := codec.Clip(n.Texts.In("en"), 1000)
	if n.Code != "" {
		s = fmt.Sprintf("%s (code %s)", s, codec.Clip(n.Code, 20))
	}
	if n.Severity != "" {
		s = codec.Clip(n.Severity, 20) + ": " + s
	}
	return s
}

// ReadNotes reads the elements with a name as notes: each has com:Text in languages, a code
// and perhaps a severity.
func ReadNotes(c *codec.C, name string, notes *[]Note) {
	codec.List(c, name, "", notes, func(c *codec.C, n *Note) {
		c.Attr("code", "", &n.Code)
		c.Attr("severity", "", &n.Severity)
		c.Texts("com:Text", "", &n.Texts)
	})
}
