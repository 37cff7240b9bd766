package structures

import (
	"strings"

	"urncast/formats/codec"
	"urncast/sdmx"
)

// A Stated20 is what a registration of SDMX-ML 2.0 says beside what is kept of it.
type Stated20 struct {
	Action string
	// URN is that of the provision agreement; empty if it is named by its provider and its flow.
	URN string
	// The provider and the flow of the agreement. A version that is not stated is empty.
	ProviderAgency, ProviderScheme, Provider, ProviderVersion string
	FlowAgency, Flow, FlowVersion                             string
	// Refers says that it is of an agreement at all, and not of a flow.
	Refers bool
}

// Named reports whether both the provider and the flow of the agreement are named.
func (s *Stated20) Named() bool {
	return s.ProviderAgency != "" && s.Provider != "" && s.FlowAgency != "" && s.Flow != ""
}

// ReadRegistration20 reads a registration of SDMX-ML 2.0, which has elements where later versions
// have attributes, and no id. What it is registered for is left to the caller.
func ReadRegistration20(c *codec.C, r *sdmx.Registration, in *Stated20) {
	trimmedElems(c, []textElem{{"LastUpdated", &r.LastUpdated}, {"ValidFrom", &r.ValidFrom}, {"ValidTo", &r.ValidTo}, {"Action", &in.Action}})
	c.In("reg:Datasource", "", false, func() {
		trimmedElems(c, []textElem{{"SimpleDatasource", &r.Simple}})
		c.In("reg:QueryableDatasource", "", false, func() {
			if r.Queryable == nil {
				r.Queryable = &sdmx.QueryableSource{}
			}
			alwaysBool(c, "isRESTDatasource", &r.Queryable.REST)
			alwaysBool(c, "isWebServiceDatasource", &r.Queryable.WebService)
			trimmedElems(c, []textElem{{"DataUrl", &r.Queryable.URL}, {"WSDLUrl", &r.Queryable.WSDL}})
		})
	})
	c.In("reg:ProvisionAgreementRef", "", false, func() {
		in.Refers = true
		in.agreement(c)
	})
	for _, flow := range []string{"DataflowRef", "MetadataflowRef"} {
		if c.Has("reg:"+flow, "") {
			c.Fail("the registration is for a flow (%s), and a registration here is for a provision agreement; name the agreement (ProvisionAgreementRef)", flow)
		}
	}
}

// A textElem is an element of the namespace of registries with a text.
type textElem struct {
	name string
	p    *string
}

// trimmedElems reads elements, and removes the white space around their texts.
func trimmedElems(c *codec.C, elems []textElem) {
	for _, e := range elems {
		c.Elem("reg:"+e.name, "", e.p)
		if codec.Ended(c) {
			*e.p = strings.TrimSpace(*e.p)
		}
	}
}

// agreement reads a ProvisionAgreementRef.
func (s *Stated20) agreement(c *codec.C) {
	trimmedElems(c, []textElem{
		{"URN", &s.URN}, {"OrganisationSchemeAgencyID", &s.ProviderAgency}, {"OrganisationSchemeID", &s.ProviderScheme},
		{"DataProviderID", &s.Provider}, {"DataProviderVersion", &s.ProviderVersion},
		{"DataflowAgencyID", &s.FlowAgency}, {"DataflowID", &s.Flow}, {"DataflowVersion", &s.FlowVersion},
	})
	c.LeaveOut("reg:Datasource", "")
	c.LeaveOut("reg:Constraint", "")
}

// ReadHeader20 reads the header of a message of SDMX-ML 2.0. It remarks on the action in it, which
// that of each registration replaces.
func ReadHeader20(c *codec.C) {
	var action string
	if c.Elem("mes:DataSetAction", "", &action); action != "" {
		c.RemarkHere("the DataSetAction %q of the header was left out: each registration has its own Action, and that counts", codec.Clip(action, 20))
	}
	skipTexts(c, "mes:Name")
	for _, name := range []string{"Truncated", "KeyFamilyRef", "KeyFamilyAgency", "DataSetAgency", "DataSetID", "Extracted", "ReportingBegin", "ReportingEnd"} {
		var text string
		c.Elem("mes:"+name, "", &text)
	}
	readHeader(c, "mes:Name")
}
