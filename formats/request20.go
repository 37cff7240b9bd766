package formats

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"urncast/formats/codec"
	"urncast/formats/scan"
	"urncast/formats/structures"
	"urncast/sdmx"
)

// AgreementParts name a provision agreement as SDMX-ML 2.0 does, in which it has no id of its own:
// by its provider, and by its dataflow or metadataflow.
type AgreementParts struct {
	ProviderAgency, Provider string
	FlowAgency, Flow         string
	FlowVersion              sdmx.Version // empty for the newest
}

// String describes the agreement for people.
func (a AgreementParts) String() string {
	flow := a.FlowAgency + ":" + a.Flow
	if a.FlowVersion != "" {
		flow += "(" + string(a.FlowVersion) + ")"
	}
	return fmt.Sprintf("the provider %s of agency %s and the flow %s", a.Provider, a.ProviderAgency, flow)
}

// submitRegistrations20 reads a SubmitRegistrationRequest of SDMX-ML 2.0: registrations, which have
// their actions in them.
func (r *reading) submitRegistrations20(path string, tag codec.Tag) error {
	r.remarkOnAttributes()
	count := 0
	return r.children(path, tag, func(tag codec.Tag) error {
		count++
		r.tags.SetPath(fmt.Sprintf("%s/%s[%d]", path, clip(tag.Name, 60), count))
		if tag.Name != "Registration" || tag.Namespace != scan.SpaceRegistry {
			return r.unexpected(tag, "a SubmitRegistrationRequest, which has Registration")
		}
		return r.registration20(r.tags.Here())
	})
}

// An Unresolved is a registration whose provision agreement its message does not name by identity,
// and which is not there. It has no agreement, and an id that only tells it from others.
type Unresolved struct {
	*sdmx.Registration
	Why string
}

// A reading20 reads a registration of SDMX-ML 2.0.
type reading20 struct {
	*reading
	into   *sdmx.Registration
	stated structures.Stated20
	action Action
	why    string // of Unresolved
	failed error  // of Agreements
}

func (r *reading) registration20(doc *codec.Document) error {
	x := &reading20{reading: r, into: &sdmx.Registration{}}
	yield := r.yield
	r.yield = func(m sdmx.Maintainable, where string) error {
		if x.why != "" {
			return yield(&Unresolved{x.into, x.why}, where)
		}
		return yield(m, where)
	}
	defer func() { r.yield = yield }()
	defer r.acting(&x.action, doc.FailLater())()
	err := r.described(doc, x.into, func(c *codec.C) {
		if structures.ReadRegistration20(c, x.into, &x.stated); codec.Ended(c) {
			x.complete(c)
		}
	})
	return cmp.Or(x.failed, err)
}

// complete looks at what was read, and gives the registration its agreement and its identity.
func (x *reading20) complete(c *codec.C) {
	if x.action = Action(x.stated.Action); !slices.Contains(actions, x.action) {
		c.Fail("the Action %q of the registration is none of SDMX 2.0: expected Append, Replace, Delete or Information", clip(x.stated.Action, 60))
		return
	}
	named := x.agreement(c)
	m := x.into
	m.Agency, m.Version = cmp.Or(m.Agreement.Agency, x.stated.FlowAgency), sdmx.VersionDefault
	m.AssignID(named)
}

// agreement finds the agreement of the registration, and returns it as a text names it.
func (x *reading20) agreement(c *codec.C) (named string) {
	in := &x.stated
	ref, bad := sdmx.ParseRef(parentheses(in.URN))
	byURN := in.URN != "" && bad == nil
	switch {
	case !in.Refers:
		c.Fail("a registration must name its provision agreement (ProvisionAgreementRef)")
		return ""
	case in.URN != "" && !byURN && !in.Named():
		c.Fail("the provision agreement is not named: %s; send its URN, such as urn:sdmx:org.sdmx.infomodel.registry.ProvisionAgreement=AGENCY:ID(1.0), or its provider and its flow", bad)
		return ""
	case !byURN && !in.Named():
		c.Fail("a ProvisionAgreementRef has a URN, or OrganisationSchemeAgencyID, DataProviderID, DataflowAgencyID and DataflowID, and this one has not all of them")
		return ""
	}
	parts := AgreementParts{in.ProviderAgency, in.Provider, in.FlowAgency, in.Flow, sdmx.Version(in.FlowVersion)}
	var found []sdmx.Ref
	if in.Named() && x.Agreements != nil {
		found, x.failed = x.Agreements(parts)
	}
	switch {
	case byURN && len(found) > 0 && !slices.Contains(found, ref):
		c.Fail("the URN of the provision agreement contradicts the rest: it names %s, but %s have the agreement %s; make them agree, or send the URN alone", ref, parts, found[0])
	case byURN:
		x.into.Agreement = ref
	case len(found) == 1:
		x.into.Agreement = found[0]
	case len(found) == 0:
		x.why = fmt.Sprintf("There is no provision agreement of %s in the registry. Submit it first, in a message of its own.", parts)
	default:
		x.why = fmt.Sprintf("There are %d provision agreements of %s, among them %s and %s. Name one of them by its URN.", len(found), parts, found[0], found[1])
	}
	if !byURN && in.URN != "" {
		c.RemarkHere("the URN %q of the provision agreement was left out, for it is none of SDMX: its provider and its flow count", clip(in.URN, 100))
	}
	if !byURN && (cmp.Or(in.ProviderScheme, sdmx.DataProviderSchemeID) != sdmx.DataProviderSchemeID || cmp.Or(in.ProviderVersion, "1.0") != "1.0") {
		c.RemarkHere("OrganisationSchemeID and DataProviderVersion were left out: since SDMX 2.1 an agency has all its providers in one scheme, %s(1.0)", sdmx.DataProviderSchemeID)
	}
	if x.why != "" {
		return parts.String()
	}
	return x.into.Agreement.String()
}

// parentheses returns a URN with its version in parentheses, where the documents of SDMX 2.0 have
// brackets.
func parentheses(urn string) string {
	if rest, ok := strings.CutSuffix(urn, "]"); ok {
		if at := strings.LastIndexByte(rest, '['); at >= 0 {
			return rest[:at] + "(" + rest[at+1:] + ")"
		}
	}
	return urn
}
