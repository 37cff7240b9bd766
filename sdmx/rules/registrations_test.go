package rules

import (
	"strings"
	"testing"

	"urncast/sdmx"
)

func TestRegistration(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*sdmx.Registration)
		want   string // in a fault; empty for none
	}{
		"a file": {func(*sdmx.Registration) {}, ""},
		"a service": {func(r *sdmx.Registration) {
			r.Simple, r.Queryable = "", &sdmx.QueryableSource{URL: "http://x.example.org/rest"}
		}, ""},
		"both":     {func(r *sdmx.Registration) { r.Queryable = &sdmx.QueryableSource{URL: "http://x.example.org/rest"} }, ""},
		"a moment": {func(r *sdmx.Registration) { r.ValidFrom, r.ValidTo = "2026-01-01T00:00:00Z", "2026-01-01T00:00:00Z" }, ""},
		"zones": {func(r *sdmx.Registration) {
			r.ValidFrom, r.ValidTo = "2026-01-01T12:00:00+05:00", "2026-01-01T08:00:00Z"
		}, ""},
		"metadata of 3.0": {func(r *sdmx.Registration) { r.Agreement.Class = sdmx.ClassMetadataProvisionAgreement }, "Agreement: "},
		"no agreement":    {func(r *sdmx.Registration) { r.Agreement = sdmx.Ref{} }, "Agreement: A registration is of data under a provision agreement"},
		"another agency":  {func(r *sdmx.Registration) { r.Agency = "B" }, "Agency: The agency of a registration is that of its provision agreement, A, and not B"},
		"a version":       {func(r *sdmx.Registration) { r.Version = "2.0" }, "Version: A registration has no version"},
		"a dataflow":      {func(r *sdmx.Registration) { r.Agreement.Class = sdmx.ClassDataflow }, "Agreement: "},
		"no source":       {func(r *sdmx.Registration) { r.Simple = "" }, "Simple: The registration does not say where its data is"},
		"no address":      {func(r *sdmx.Registration) { r.Queryable = &sdmx.QueryableSource{} }, "Queryable.URL: The service of the registration has no address"},
		"no URL":          {func(r *sdmx.Registration) { r.Simple = "data.xml" }, `Simple: "data.xml" is no address of data`},
		"a broken URL":    {func(r *sdmx.Registration) { r.Simple = "http://[x" }, "is no address of data"},
		"a scheme alone":  {func(r *sdmx.Registration) { r.Simple = "https://" }, "is no address of data"},
		"no URL of WADL": {func(r *sdmx.Registration) {
			r.Queryable = &sdmx.QueryableSource{URL: "http://x.example.org", WADL: "w"}
		}, "Queryable.WADL: "},
		"ends too early": {func(r *sdmx.Registration) { r.ValidFrom, r.ValidTo = "2026-02-01T00:00:00", "2026-01-31T00:00:00" }, "ValidTo: The registration ends (2026-01-31T00:00:00) before it begins"},
		"by the zone alone": {func(r *sdmx.Registration) {
			r.ValidFrom, r.ValidTo = "2026-01-01T12:00:00Z", "2026-01-01T14:00:00+05:00"
		}, "ValidTo: "},
		"no date":   {func(r *sdmx.Registration) { r.ValidFrom = "soon" }, "ValidFrom: "},
		"no update": {func(r *sdmx.Registration) { r.LastUpdated = "2026-01-31" }, "LastUpdated: "},
	} {
		t.Run(name, func(t *testing.T) {
			r := &sdmx.Registration{Agreement: sdmx.RefTo(sdmx.URN{Class: sdmx.ClassProvisionAgreement, Agency: "A", ID: "P", Version: "1.0"}), Simple: "https://x.example.org/a.xml"}
			r.Agency, r.ID, r.Version = "A", "R", "1.0"
			c.change(r)
			got := ""
			for _, f := range Check(r) {
				got += f.String() + "\n"
			}
			if (c.want == "") != (got == "") || !strings.Contains(got, c.want) {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}
