package structure

import (
	"bufio"
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"urncast/formats"
	"urncast/registry"
	"urncast/sdmx"
	"urncast/web/answer"
)

// writeResponse writes the SubmitStructureResponse of SDMX-ML 2.1, or for registrations the
// SubmitRegistrationsResponse of the version in which they were sent. The schema requires a
// result; callers answer an empty submission otherwise.
func writeResponse(w io.Writer, o *registry.Outcome, up *upload, sender string, at time.Time) error {
	x := &xmlWriter{bufio.NewWriter(w), up.answerVersion(o)}
	x.begin(at, sender, o.DryRun)
	refused := o.Refused()
	warned := warnings(o, up)
	kind := "SubmitStructureResponse"
	switch {
	case x.version == formats.Version20:
		kind = "SubmitRegistrationResponse"
	case up.registers(o):
		kind = "SubmitRegistrationsResponse"
	}
	x.raw("<mes:" + kind + ">\n")
	for i := range o.Results {
		r := &o.Results[i]
		if up.registers(o) {
			x.raw("<reg:RegistrationStatus>")
			if x.version != formats.Version20 {
				x.registration(up.registrations[r.URN])
			}
			x.status(r, refused, notes(o, i), warned[i])
			if x.version == formats.Version20 {
				x.registered20(r, up.registrations[r.URN])
			}
			x.raw("</reg:RegistrationStatus>\n")
			continue
		}
		x.raw(`<reg:SubmissionResult><reg:SubmittedStructure action="` + resultAction(r, up.asks()) + `"><reg:MaintainableObject><URN>`)
		x.text(r.URN.String())
		x.raw(`</URN></reg:MaintainableObject></reg:SubmittedStructure>`)
		x.status(r, refused, notes(o, i), warned[i])
		x.raw("</reg:SubmissionResult>\n")
	}
	x.raw("</mes:" + kind + ">\n</mes:RegistryInterface>\n")
	return x.Flush()
}

// registers reports whether all results are of registrations in SubmitRegistrationsRequest messages.
func (u *upload) registers(o *registry.Outcome) bool {
	return len(u.registrations) > 0 && !slices.ContainsFunc(o.Results, func(r registry.Result) bool { return u.registrations[r.URN] == nil })
}

// notes are messages about the submission as a whole. The response has no place for them
// but its results; the first one carries them.
func notes(o *registry.Outcome, result int) []string {
	if result != 0 {
		return nil
	}
	var out []string
	for _, n := range o.Transactions {
		out = append(out, fmt.Sprintf("Recorded as transaction %d.", n))
	}
	if len(o.Dangling) > 0 {
		out = append(out, fmt.Sprintf("%d references lead to nothing yet; /api/v1/dangling lists them.", len(o.Dangling)))
	}
	return out
}

// warnings groups warnings by the result that they are about. A warning about none of the
// results goes with the first.
func warnings(o *registry.Outcome, up *upload) map[int][]string {
	place, out := map[string]int{}, map[int][]string{}
	for i := range o.Results {
		place[o.Results[i].URN.String()] = i
		out[i] = append(out[i], o.Results[i].Notices...)
	}
	for _, w := range up.summary.Warnings.First {
		i := place[w.URN]
		out[i] = append(out[i], w.String())
	}
	if n := up.summary.Warnings.More(); n > 0 {
		out[0] = append(out[0], fmt.Sprintf("And %d more of what was read and not kept.", n))
	}
	for _, s := range up.summary.Skipped.First {
		out[0] = append(out[0], "Left out, as was asked for: "+s.String())
	}
	if n := up.summary.Skipped.More(); n > 0 {
		out[0] = append(out[0], fmt.Sprintf("And %d more left out.", n))
	}
	return out
}

// answerVersion returns the version of SDMX-ML in which the answer is.
func (u *upload) answerVersion(o *registry.Outcome) string {
	if u.asks() && u.registers(o) {
		return u.door.asked
	}
	return formats.Version21
}

type xmlWriter struct {
	*bufio.Writer
	version string // of SDMX-ML
}

// raw and text drop errors: a bufio.Writer keeps the first one for Flush.
func (x *xmlWriter) raw(s string)  { _, _ = x.WriteString(s) }
func (x *xmlWriter) text(s string) { _ = xml.EscapeText(x, []byte(s)) }

// begin writes the beginning of a RegistryInterface message, with its header.
func (x *xmlWriter) begin(at time.Time, sender string, test bool) {
	x.raw(xml.Header)
	spaces := `<mes:RegistryInterface xmlns:mes="` + answer.NsMessage + `" xmlns:com="` + answer.NsCommon + `" xmlns:reg="` + answer.NsRegistry + `">` + "\n"
	switch x.version {
	case formats.Version20:
		spaces = strings.ReplaceAll(spaces, "www.sdmx.org/resources/sdmxml/schemas/v2_1/", "www.SDMX.org/resources/SDMXML/schemas/v2_0/")
	case formats.Version30:
		spaces = strings.ReplaceAll(spaces, "/v2_1/", "/v3_0/")
	}
	x.raw(spaces)
	x.raw("<mes:Header><mes:ID>" + messageID(at) + "</mes:ID><mes:Test>" + strconv.FormatBool(test) + "</mes:Test><mes:Prepared>")
	x.raw(at.UTC().Format(time.RFC3339) + `</mes:Prepared><mes:Sender id="`)
	x.text(sender)
	x.raw(`"/><mes:Receiver id="not_supplied"/></mes:Header>` + "\n")
}

func (x *xmlWriter) registration(r *sdmx.Registration) {
	_, _ = x.Write(formats.AppendRegistration(nil, r, x.version))
}

// registered20 writes what a RegistrationStatus of SDMX-ML 2.0 has after its status: the data source,
// and the provision agreement.
func (x *xmlWriter) registered20(r *registry.Result, in *sdmx.Registration) {
	elem := func(name, text string) {
		if text == "" {
			return
		}
		x.raw("<reg:" + name + ">")
		x.text(text)
		x.raw("</reg:" + name + ">")
	}
	if in.Simple != "" || in.Queryable != nil {
		x.raw("<reg:Datasource>")
		elem("SimpleDatasource", in.Simple)
		if q := in.Queryable; q != nil {
			x.raw(`<reg:QueryableDatasource isRESTDatasource="` + strconv.FormatBool(q.REST) + `" isWebServiceDatasource="` + strconv.FormatBool(q.WebService) + `">`)
			elem("DataUrl", q.URL)
			elem("WSDLUrl", q.WSDL)
			x.raw("</reg:QueryableDatasource>")
		}
		x.raw("</reg:Datasource>")
	}
	if !in.Agreement.IsZero() {
		x.raw("<reg:ProvisionAgreementRef>")
		elem("URN", in.Agreement.String())
		x.raw("</reg:ProvisionAgreementRef>")
	}
}

// status writes what became of a structure.
func (x *xmlWriter) status(r *registry.Result, refused bool, notes, warnings []string) {
	where := ""
	if r.Where != "" {
		where = " (" + r.Where + ")"
	}
	switch {
	case r.Verdict == registry.Refused:
		x.raw(`<reg:StatusMessage status="Failure">`)
		for _, p := range r.Problems {
			x.message(reasonStatus(p.Reason), p.Text+where)
		}
	case refused:
		x.raw(`<reg:StatusMessage status="Warning">`)
		x.message(http.StatusFailedDependency, "Nothing is wrong with this structure. It is not written because others of the submission are refused."+where)
	default:
		status := "Success"
		if len(warnings) > 0 {
			status = "Warning"
		}
		x.raw(`<reg:StatusMessage status="` + status + `">`)
		x.message(statusOf(r), verdictText(r)+where)
	}
	if x.version == formats.Version20 && r.Verdict != registry.Refused { // which has no place for an id
		notes = append([]string{"The registration is " + r.URN.String() + "."}, notes...)
	}
	for _, n := range append(notes, warnings...) {
		x.message(0, n)
	}
	x.raw("</reg:StatusMessage>")
}

func (x *xmlWriter) message(code int, text string) {
	if x.version == formats.Version20 { // without codes
		x.raw(`<reg:MessageText xml:lang="en">`)
		x.text(strings.ToValidUTF8(text, "�"))
		x.raw(`</reg:MessageText>`)
		return
	}
	if code == 0 {
		x.raw("<reg:MessageText>")
	} else {
		x.raw(`<reg:MessageText code="` + strconv.Itoa(code) + `">`)
	}
	x.raw(`<com:Text xml:lang="en">`)
	x.text(strings.ToValidUTF8(text, "�"))
	x.raw(`</com:Text></reg:MessageText>`)
}

// resultAction is what was done with a structure, as one of the words of the schema; FMR's Merge is
// a Replace there. echo asks for what was to be done, as the schema has it for a request.
func resultAction(r *registry.Result, echo bool) string {
	switch {
	case r.Verdict == registry.Deleted || r.Mode == registry.ModeDelete:
		return "Delete"
	case r.Mode == registry.ModeInformation:
		return "Information"
	case r.Mode == registry.ModeAppend || r.Verdict == registry.Created && !echo:
		return "Append"
	}
	return "Replace"
}

func verdictText(r *registry.Result) string {
	switch {
	case r.Verdict == registry.Created:
		return "Created."
	case r.Verdict == registry.Updated:
		return "Updated."
	case r.Verdict == registry.Deleted:
		return "Deleted."
	case len(r.Notices) > 0: // they say why, and it may differ
		return "Nothing was changed."
	}
	return "The same is in the registry already."
}

// messageID is an id of a message, unique enough for a reader's log.
func messageID(at time.Time) string {
	return "URNCAST-" + strings.ReplaceAll(at.UTC().Format("20060102T150405.000000"), ".", "-")
}
