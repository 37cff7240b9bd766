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

	SpaceMessage30 = schemas + "v3_0/message" // of SDMX-ML 3.0

	schemas = "http://www.sdmx.org/resources/sdmxml/schemas/"

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

// Read30 gives names in the namespaces of SDMX-ML 3.0, from the next tag on, the prefixes of those of
// 2.1, so that descriptions of what is the same in both read it. Those of 2.1 are then not known.
func (s *XML) Read30() {
	s.is30 = true
	for i := range s.bindings {
		s.bindings[i].known = s.prefixOf(s.bindings[i].uri)
	}
	s.bound++
}

func (s *XML) prefixOf(uri string) string {
	if name, ok := strings.CutPrefix(uri, schemas); ok && s.is30 {
		if rest, ok := strings.CutPrefix(name, "v3_0/"); ok {
			return prefixOf(schemas + "v2_1/" + rest)
		}
		return "{" + uri + "}"
	}
	return prefixOf(uri)
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
