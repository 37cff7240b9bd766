package scan

import (
	"fmt"
	"strings"
)

// The namespaces of SDMX-ML 2.1, and those of XML itself.
const (
	SpaceMessage   = "http://www.sdmx.org/resources/sdmxml/schemas/v2_1/message"
	SpaceStructure = "http://www.sdmx.org/resources/sdmxml/schemas/v2_1/structure"
	SpaceCommon    = "http://www.sdmx.org/resources/sdmxml/schemas/v2_1/common"
	SpaceRegistry  = "http://www.sdmx.org/resources/sdmxml/schemas/v2_1/registry"
	SpaceFooter    = SpaceMessage + "/footer"

	// The namespaces of SDMX-ML 2.0 and 3.0 begin with these, those of 2.1 with spaces21.
	Spaces20 = "http://www.SDMX.org/resources/SDMXML/schemas/v2_0/"
	Spaces30 = "http://www.sdmx.org/resources/sdmxml/schemas/v3_0/"
	spaces21 = "http://www.sdmx.org/resources/sdmxml/schemas/v2_1/"

	spaceXML      = "http://www.w3.org/XML/1998/namespace"
	spaceXMLNS    = "http://www.w3.org/2000/xmlns/"
	spaceInstance = "http://www.w3.org/2001/XMLSchema-instance"
)

// prefixOf returns the prefix of interned names in a namespace: the one with which descriptions
// write the namespace, whatever prefix the message uses, or the URI in braces, which matches no
// description.
func prefixOf(uri string) string {
	switch uri {
	case "":
		return ""
	case SpaceMessage:
		return "mes:"
	case SpaceStructure:
		return "str:"
	case SpaceFooter:
		return "footer:"
	case SpaceRegistry:
		return "reg:"
	case SpaceCommon:
		return "com:"
	case spaceXML:
		return "xml:"
	case spaceInstance:
		return "xsi:"
	}
	return "{" + uri + "}"
}

// ReadAs21 gives names in the namespaces that begin with spaces, which is Spaces20 or Spaces30, the
// prefixes of those of SDMX-ML 2.1, from the next tag on, so that descriptions of what is the same in
// both read it. Those of 2.1 are then not known.
func (s *XML) ReadAs21(spaces string) {
	s.spaces = spaces
	for i := range s.bindings {
		s.bindings[i].known = s.prefixOf(s.bindings[i].uri)
	}
	s.bound++
}

func (s *XML) prefixOf(uri string) string {
	switch {
	case s.spaces == "":
		return prefixOf(uri)
	case strings.HasPrefix(uri, spaces21):
		return "{" + uri + otherVersion + "}"
	case strings.HasPrefix(uri, s.spaces):
		if known := prefixOf(spaces21 + uri[len(s.spaces):]); known[0] != '{' {
			return known
		}
		return "{" + uri + "}"
	}
	return prefixOf(uri)
}

// otherVersion follows namespaces of SDMX-ML 2.1 in messages of other versions, which are none that
// descriptions use.
const otherVersion = " (in a message of another version)"

// Sent returns the namespace that the message has for one that URIOf returns.
func (s *XML) Sent(uri string) string {
	if s.spaces != "" && strings.HasPrefix(uri, spaces21) && prefixOf(uri)[0] != '{' {
		return strings.Replace(uri, spaces21, s.spaces, 1)
	}
	return uri
}

// URIOf returns the namespace whose names have a prefix.
func URIOf(known string) string {
	for _, uri := range [...]string{SpaceMessage, SpaceStructure, SpaceFooter, SpaceRegistry, SpaceCommon, spaceXML, spaceInstance} {
		if known == prefixOf(uri) {
			return uri
		}
	}
	return strings.Trim(known, "{}")
}

// invalidName returns why a text is not a name without colon (Namespaces in XML 1.0,
// production 4; XML 1.0, productions 4 and 4a); "" if it is one.
func invalidName(b []byte) string {
	if len(b) == 0 {
		return "has nothing before or after its colon"
	}
	for i, r := range string(b) {
		if !isNameRune(r, i == 0) {
			return fmt.Sprintf("%q may not hold %q at this place (XML 1.0, section 2.3)", b, r)
		}
	}
	return ""
}

func isNameRune(r rune, first bool) bool {
	switch {
	case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r == '_':
		return true
	case r < 0x80:
		return !first && (r == '-' || r == '.' || r >= '0' && r <= '9')
	case r == 0xB7, r >= 0x300 && r <= 0x36F, r >= 0x203F && r <= 0x2040:
		return !first
	}
	return r >= 0xC0 && r <= 0x2FF && r != 0xD7 && r != 0xF7 || r >= 0x370 && r <= 0x1FFF && r != 0x37E ||
		r >= 0x200C && r <= 0x200D || r >= 0x2070 && r <= 0x218F || r >= 0x2C00 && r <= 0x2FEF ||
		r >= 0x3001 && r <= 0xD7FF || r >= 0xF900 && r <= 0xFDCF || r >= 0xFDF0 && r <= 0xFFFD || r >= 0x10000 && r <= 0xEFFFF
}
