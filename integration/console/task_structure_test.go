package console

import (
	"testing"

	"github.com/chromedp/chromedp"
)

// areas has a codelist, and a concept scheme that refers to it.
const areas = `<?xml version="1.0" encoding="UTF-8"?>
<mes:Structure xmlns:mes="http://www.sdmx.org/resources/sdmxml/schemas/v2_1/message" xmlns:str="http://www.sdmx.org/resources/sdmxml/schemas/v2_1/structure" xmlns:com="http://www.sdmx.org/resources/sdmxml/schemas/v2_1/common">
<mes:Header><mes:ID>RIG</mes:ID><mes:Test>false</mes:Test><mes:Prepared>2026-01-02T03:04:05Z</mes:Prepared><mes:Sender id="RIG"/></mes:Header>
<mes:Structures>
<str:Codelists><str:Codelist id="CL_AREA" agencyID="RIG" version="1.0"><com:Name xml:lang="en">Reference areas</com:Name><com:Name xml:lang="fr">Zones de référence</com:Name>
<str:Code id="NL"><com:Name xml:lang="en">Netherlands</com:Name></str:Code><str:Code id="TR"><com:Name xml:lang="en">Türkiye</com:Name></str:Code>
</str:Codelist></str:Codelists>
<str:Concepts><str:ConceptScheme id="CS" agencyID="RIG" version="1.0"><com:Name xml:lang="en">Concepts</com:Name>
<str:Concept id="REF_AREA"><com:Name xml:lang="en">Reference area</com:Name><str:CoreRepresentation><str:Enumeration><Ref id="CL_AREA" version="1.0" agencyID="RIG" package="codelist" class="Codelist"/></str:Enumeration></str:CoreRepresentation></str:Concept>
</str:ConceptScheme></str:Concepts>
</mes:Structures></mes:Structure>`

// A structure is found by a word of its name in any language, and its codes are filtered; it is
// renamed together with the references to it, and deleted once nothing refers to it.
func structures(t *testing.T, s *servers, at size) {
	product := s.product(t, at.of("structures"))
	prepare(t, product, [3]string{"POST", "/sdmx/v2/structure", areas})
	p := admin(t, product, at)
	p.side("Structures")
	p.write("Text, id or URN", "zones de reference")
	p.tap("Find")
	p.sees("RIG: CL_AREA (1.0)", "Reference areas")
	p.missing("RIG: CS (1.0)")
	p.look("1-found")
	p.press("RIG:CL_AREA(1.0)")
	p.sees("Netherlands", "Türkiye")
	p.write("Filter codes", "turk")
	p.missing("Netherlands")
	p.sees("Türkiye")
	p.look("2-filtered")

	p.press("Rename…")
	p.write("New id", "CL_REF AREA")
	p.pressRefused(422, "Show what would follow")
	p.look("3-bad-id")
	p.write("New id", "CL_REF_AREA")
	p.press("Show what would follow")
	p.sees("CL_AREA would be called CL_REF_AREA", "the new id", "the old id", "refers to the new id")
	p.look("4-rename")
	p.press("Rename to CL_REF_AREA")
	p.heading("Transaction\n2")
	p.sees("It is one half of a submission that replaced and deleted. The other is 3.", "CL_REF_AREA")

	if at == narrow {
		p.menu()
		p.look("5-find")
	}
	p.write("Find", "RIG:CL_REF_AREA(1.0)")
	p.do(chromedp.KeyEvent("\r"))
	p.sees("Netherlands", "Türkiye")
	p.press("Delete…")
	p.sees("It cannot be deleted now.", "RIG:CS(1.0)")
	p.look("5-delete-refused")
	p.press("RIG:CS(1.0)", "It cannot be deleted now.")
	p.press("Delete…")
	p.sees("No structure in the registry refers to it.")
	p.press("Delete RIG:CS(1.0)")
	p.heading("Transaction\n4")
	p.side("Structures")
	p.press("RIG:CL_REF_AREA(1.0)")
	p.press("Delete…")
	p.look("6-delete")
	p.press("Delete RIG:CL_REF_AREA(1.0)")
	p.heading("Transaction\n5")
	p.side("Structures")
	p.sees("No structures")
}
