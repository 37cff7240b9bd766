package structure

import (
	"cmp"
	"context"
	"slices"

	"urncast/formats"
	"urncast/sdmx"
)

// An agreementFinder finds provision agreements as registrations of SDMX-ML 2.0 name them. It reads
// them at the first use, for one request.
type agreementFinder struct {
	ctx context.Context
	in  Finder
	all map[formats.AgreementParts][]*sdmx.ProvisionAgreement // by their parts without a version
}

// with returns the agreements with a provider and a flow: if no version of the flow is named, those
// with the newest.
func (f *agreementFinder) with(parts formats.AgreementParts) ([]sdmx.Ref, error) {
	if f.all == nil {
		if err := f.load(); err != nil {
			return nil, err
		}
	}
	version := parts.FlowVersion
	parts.FlowVersion = ""
	found := slices.Clone(f.all[parts])
	for _, a := range found {
		if parts.FlowVersion == "" || parts.FlowVersion.Compare(a.Usage.Version) < 0 {
			parts.FlowVersion = a.Usage.Version
		}
	}
	version = cmp.Or(version, parts.FlowVersion)
	var out []sdmx.Ref
	for _, a := range found {
		if a.Usage.Version == version || a.Usage.Version.Matches(version) {
			out = append(out, sdmx.RefTo(sdmx.URNOf(a)))
		}
	}
	return out, nil
}

func (f *agreementFinder) load() error {
	all, err := agreements(f.ctx, f.in)
	if err != nil {
		return err
	}
	f.all = map[formats.AgreementParts][]*sdmx.ProvisionAgreement{}
	for _, a := range all {
		parts := formats.AgreementParts{ProviderAgency: a.Provider.Agency, Provider: a.Provider.Item, FlowAgency: a.Usage.Agency, Flow: a.Usage.ID}
		f.all[parts] = append(f.all[parts], a)
	}
	for _, list := range f.all {
		slices.SortFunc(list, func(a, b *sdmx.ProvisionAgreement) int { return sdmx.URNOf(a).Compare(sdmx.URNOf(b)) })
	}
	return nil
}
