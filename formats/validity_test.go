package formats

import (
	"testing"

	"urncast/sdmx"
)

// However validFrom and validTo are written, each format keeps that, or declares what it makes of it.
func TestFormsOfValidity(t *testing.T) {
	for _, at := range []string{"2020-01-01T00:00:00Z", "2020-01-01T00:00:00", "2020-01-01T00:00:00+02:00", "2020-01-01T00:00:00.5Z", "2020-01-01T00:00:00.123456Z", "2020-01-01", "2020-01", "2020", "2020-Q1"} {
		named := sdmx.Nameable{ID: "A", Names: sdmx.Texts{{Lang: "en", Value: "n"}}}
		code := sdmx.HierarchicalCode{ID: "N", Code: sdmx.RefToItem(sdmx.ClassCode, "A", "L", "1.0", "X")}
		dated := code
		dated.ValidFrom, dated.ValidTo = at, at
		for name, m := range map[string]sdmx.Maintainable{
			"structure": &sdmx.Hierarchy{Artefact: sdmx.Artefact{Nameable: named, Agency: "A", Version: "1.0", ValidFrom: at, ValidTo: at}, Items: []sdmx.HierarchicalCode{code}},
			"code":      &sdmx.Hierarchy{Artefact: sdmx.Artefact{Nameable: named, Agency: "A", Version: "1.0"}, Items: []sdmx.HierarchicalCode{dated}},
		} {
			for _, f := range []*Format{FusionJSON, SDMXML21, SDMXJSON20} {
				want := sdmx.AppendCanonical(nil, sdmx.As(m, f.Generation()))
				back, err := again(f, m)
				if lost := len(Losses(f, m)) > 0; err != nil || !lost && back != string(want) {
					t.Errorf("%s of a %s in %s: lost is %v, and %v came back as %q", at, name, f.Name, lost, err, back)
				}
			}
		}
	}
}
