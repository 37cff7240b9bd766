package rig

import (
	"fmt"
	"strings"
)

// A Codelist is the smallest structure that tests submit: so many codes, with generated names.
type Codelist struct {
	ID    string
	Name  string
	Codes int
}

// URN returns the codelist's URN.
func (c Codelist) URN() string {
	return "urn:sdmx:org.sdmx.infomodel.codelist.Codelist=RIG:" + c.ID + "(1.0)"
}

// Message returns an SDMX-ML 2.1 structure message with codelists.
func Message(lists ...Codelist) []byte {
	var b strings.Builder
	b.WriteString(`<?xml version="1.0" encoding="UTF-8"?>
<mes:Structure xmlns:mes="http://www.sdmx.org/resources/sdmxml/schemas/v2_1/message" ` +
		`xmlns:str="http://www.sdmx.org/resources/sdmxml/schemas/v2_1/structure" xmlns:com="http://www.sdmx.org/resources/sdmxml/schemas/v2_1/common">
<mes:Header><mes:ID>RIG</mes:ID><mes:Test>false</mes:Test><mes:Prepared>2026-01-02T03:04:05Z</mes:Prepared><mes:Sender id="RIG"/></mes:Header>
<mes:Structures><str:Codelists>
`)
	for _, c := range lists {
		fmt.Fprintf(&b, "<str:Codelist id=%q agencyID=\"RIG\" version=\"1.0\"><com:Name xml:lang=\"en\">%s</com:Name>\n", c.ID, c.Name)
		for i := range c.Codes {
			fmt.Fprintf(&b, "<str:Code id=\"C%d\"><com:Name xml:lang=\"en\">Code number %d of %s</com:Name></str:Code>\n", i, i, c.ID)
		}
		b.WriteString("</str:Codelist>\n")
	}
	b.WriteString("</str:Codelists></mes:Structures></mes:Structure>\n")
	return []byte(b.String())
}
