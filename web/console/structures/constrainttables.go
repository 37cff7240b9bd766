package structures

import (
	"cmp"
	"iter"
	"slices"
	"strings"

	"urncast/sdmx"
)

func constraintTables(cubes []sdmx.CubeRegion, sets []sdmx.KeySet) []Table {
	values := Table{Heading: "Values", Columns: []string{"Component", "Is", "Values"}}
	for _, r := range cubes {
		for _, x := range slices.Concat(r.Keys, r.Components) {
			is := "included"
			if r.Excluded != x.Excluded {
				is = "excluded"
			}
			for part := range parts(&x) {
				values.add(x.ID, is, valuesWord(&part))
			}
		}
	}
	keys := Table{Heading: "Keys", Columns: []string{"Key", "Is"}}
	for _, s := range sets {
		is := "included"
		if s.Excluded {
			is = "excluded"
		}
		for i := range s.Keys {
			var parts []string
			for _, v := range s.Keys[i].Values {
				parts = append(parts, v.ID+" = "+v.Value)
			}
			for j := range s.Keys[i].Components {
				x := &s.Keys[i].Components[j]
				parts = append(parts, x.ID+" = "+valuesWord(x))
			}
			keys.add(strings.Join(parts, ", "), is)
		}
	}
	return []Table{values, keys}
}

// parts yields the values of a component, as many at a time as a cell holds.
func parts(x *sdmx.ComponentValues) iter.Seq[sdmx.ComponentValues] {
	return func(yield func(sdmx.ComponentValues) bool) {
		part := *x
		for from := 0; from == 0 || from < len(x.Values); from += valuesShown {
			part.Values = x.Values[from:min(from+valuesShown, len(x.Values))]
			if !yield(part) {
				return
			}
		}
	}
}

func valuesWord(x *sdmx.ComponentValues) string {
	if r := x.Range; r != nil {
		return rangeWord(r)
	}
	var out []string
	for _, v := range x.Values {
		switch v.Cascade {
		case "true":
			out = append(out, v.Value+" and below")
		case "excluderoot":
			out = append(out, "below "+v.Value)
		default:
			out = append(out, v.Value)
		}
	}
	return cmp.Or(listed(out), "any")
}

func rangeWord(r *sdmx.TimeRange) string {
	var out []string
	for _, x := range []struct {
		word  string
		bound *sdmx.PeriodBound
	}{{"before", r.Before}, {"after", r.After}, {"from", r.Start}, {"to", r.End}} {
		if x.bound == nil {
			continue
		}
		word := x.word + " " + x.bound.Period
		if x.bound.Exclusive {
			word += " (not included)"
		}
		out = append(out, word)
	}
	return strings.Join(out, " ")
}
