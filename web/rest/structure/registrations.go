package structure

import (
	"bufio"
	"context"
	"net/http"
	"slices"

	"urncast/formats"
	"urncast/registry"
	"urncast/sdmx"
	"urncast/web/answer"
	"urncast/web/guard"
)

// registrationRoutes are the registration queries of SDMX REST 2.x.
func (q *Query) registrationRoutes() []guard.Route {
	return []guard.Route{
		{Pattern: "GET /sdmx/v2/registration/id/{id}", Level: guard.Read, Long: true, Handle: q.registrationsByID},
		{Pattern: "GET /sdmx/v2/registration/provider/{agency}/{provider}", Level: guard.Read, Long: true, Handle: q.registrationsOfProvider},
		{Pattern: "GET /sdmx/v2/registration/{context}/{agency}/{id}/{version}", Level: guard.Read, Long: true, Handle: q.registrationsOf},
	}
}

// registrationsByID serves GET /sdmx/v2/registration/id/{id}.
func (q *Query) registrationsByID(w http.ResponseWriter, r *http.Request) {
	q.registrations(w, r, registry.Query{IDs: list(r.PathValue("id"))}, func(*sdmx.Registration, *sdmx.ProvisionAgreement) bool { return true })
}

// registrationsOfProvider serves GET /sdmx/v2/registration/provider/{agency}/{provider}.
func (q *Query) registrationsOfProvider(w http.ResponseWriter, r *http.Request) {
	agencies, providers := list(r.PathValue("agency")), list(r.PathValue("provider"))
	in := func(list []string, s string) bool { return list == nil || slices.Contains(list, s) }
	q.registrations(w, r, registry.Query{}, func(_ *sdmx.Registration, a *sdmx.ProvisionAgreement) bool {
		return a != nil && in(agencies, a.Provider.Agency) && in(providers, a.Provider.Item)
	})
}

// registrationsOf serves GET /sdmx/v2/registration/{context}/{agency}/{id}/{version}: those of
// provision agreements, of dataflows, or of data structures.
func (q *Query) registrationsOf(w http.ResponseWriter, r *http.Request) {
	in := registry.Query{Agencies: list(r.PathValue("agency")), IDs: list(r.PathValue("id")), Versions: r.PathValue("version")}
	named := r.PathValue("context")
	switch named {
	case "provisionagreement":
		in.Classes = []sdmx.Class{sdmx.ClassProvisionAgreement}
	case "dataflow":
		in.Classes = []sdmx.Class{sdmx.ClassDataflow}
	case "datastructure":
		in.Classes = []sdmx.Class{sdmx.ClassDataStructure}
	case "*":
		in.Classes = []sdmx.Class{sdmx.ClassProvisionAgreement, sdmx.ClassDataflow, sdmx.ClassDataStructure}
	default:
		answer.WriteError(w, r, http.StatusNotFound, "There are no registrations of a %q: the context is provisionagreement, dataflow, datastructure, or *.", named)
		return
	}
	var context []sdmx.URN
	if err := q.Registry.Find(r.Context(), in, nil, func(u sdmx.URN, _ []byte) error {
		context = append(context, u.Clone())
		return nil
	}); err != nil {
		writeFindError(w, r, err)
		return
	}
	structures := map[sdmx.URN]sdmx.Ref{} // of dataflows
	if err := each(r.Context(), q.Registry, registry.Query{Classes: []sdmx.Class{sdmx.ClassDataflow}, Versions: "*"}, func(m sdmx.Maintainable) {
		structures[sdmx.URNOf(m)] = m.(*sdmx.Dataflow).Structure
	}); err != nil {
		writeFindError(w, r, err)
		return
	}
	q.registrations(w, r, registry.Query{}, func(x *sdmx.Registration, a *sdmx.ProvisionAgreement) bool {
		if slices.ContainsFunc(context, func(u sdmx.URN) bool {
			return leadsTo(x.Agreement, u) || a != nil && leadsTo(a.Usage, u)
		}) {
			return true
		}
		for flow, structure := range structures {
			if a != nil && leadsTo(a.Usage, flow) && slices.ContainsFunc(context, func(u sdmx.URN) bool { return leadsTo(structure, u) }) {
				return true
			}
		}
		return false
	})
}

// leadsTo reports whether a reference can lead to a structure.
func leadsTo(r sdmx.Ref, u sdmx.URN) bool {
	return r.Class == u.Class && r.Agency == u.Agency && r.ID == u.ID && r.Version.Matches(u.Version)
}

// each calls fn with every structure that a query selects.
func each(ctx context.Context, f Finder, in registry.Query, fn func(sdmx.Maintainable)) error {
	return f.Find(ctx, in, nil, func(u sdmx.URN, body []byte) error {
		m, err := sdmx.ParseCanonical(u.Class, body)
		if err == nil {
			fn(m)
		}
		return err
	})
}

// agreements returns all provision agreements.
func agreements(ctx context.Context, f Finder) (map[sdmx.URN]*sdmx.ProvisionAgreement, error) {
	out := map[sdmx.URN]*sdmx.ProvisionAgreement{}
	return out, each(ctx, f, registry.Query{Classes: []sdmx.Class{sdmx.ClassProvisionAgreement}, Versions: "*"}, func(m sdmx.Maintainable) {
		out[sdmx.URNOf(m)] = m.(*sdmx.ProvisionAgreement)
	})
}

// agreementOf returns the agreement of a registration, the newest if several match; nil if there is
// none.
func agreementOf(all map[sdmx.URN]*sdmx.ProvisionAgreement, r *sdmx.Registration) *sdmx.ProvisionAgreement {
	if a := all[r.Agreement.URN]; a != nil || !r.Agreement.Version.Wildcard() {
		return a
	}
	var newest *sdmx.ProvisionAgreement
	for u, a := range all {
		if leadsTo(r.Agreement, u) && (newest == nil || newest.Version.Compare(u.Version) < 0) {
			newest = a
		}
	}
	return newest
}

// registrations answers with the registrations that a query and is select, as a
// QueryRegistrationResponse of SDMX-ML 2.1.
func (q *Query) registrations(w http.ResponseWriter, r *http.Request, in registry.Query, is func(*sdmx.Registration, *sdmx.ProvisionAgreement) bool) {
	for _, name := range []string{"updatedBefore", "updatedAfter"} {
		if r.URL.Query().Has(name) {
			answer.WriteError(w, r, http.StatusNotImplemented, "%s is not served here: ask without it, and look at lastUpdated.", name)
			return
		}
	}
	if answer.WantsJSON(r) {
		answer.WriteError(w, r, http.StatusNotAcceptable, "SDMX-JSON has no registrations; they are answered as %s.", formats.MediaRegistry)
		return
	}
	agreements, err := agreements(r.Context(), q.Registry)
	if err != nil {
		writeFindError(w, r, err)
		return
	}
	var found []*sdmx.Registration
	var left []string // for what the format cannot express
	in.Classes = []sdmx.Class{sdmx.ClassRegistration}
	err = each(r.Context(), q.Registry, in, func(m sdmx.Maintainable) {
		x := m.(*sdmx.Registration)
		switch why := formats.Expressible(formats.SDMXML21, m); {
		case !is(x, agreementOf(agreements, x)):
		case why != nil:
			left = append(left, why.Error())
		default:
			found = append(found, x)
		}
	})
	switch {
	case err != nil:
		writeFindError(w, r, err)
		return
	case len(found)+len(left) == 0:
		answer.WriteError(w, r, http.StatusNotFound, "No registration matches %s.", r.URL.Path)
		return
	}
	w.Header().Set("Content-Type", formats.MediaRegistry)
	x := &xmlWriter{bufio.NewWriter(w), formats.Version21}
	x.begin(q.Now(), q.Sender, false)
	status := "Success"
	if len(left) > 0 {
		status = "Warning"
	}
	x.raw(`<mes:QueryRegistrationResponse><reg:StatusMessage status="` + status + `">`)
	for _, text := range left {
		x.message(0, text)
	}
	x.raw("</reg:StatusMessage>\n")
	for _, f := range found {
		kind := "DataResult"
		if a := agreementOf(agreements, f); a != nil && a.Usage.Class == sdmx.ClassMetadataflow {
			kind = "MetadataResult"
		}
		x.raw(`<reg:QueryResult timeSeriesMatch="false"><reg:` + kind + `>`)
		x.registration(f)
		x.raw(`</reg:` + kind + "></reg:QueryResult>\n")
	}
	x.raw("</mes:QueryRegistrationResponse>\n</mes:RegistryInterface>\n")
	_ = x.Flush() // fails only if the reader has left
}
