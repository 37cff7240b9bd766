package structures

import (
	"slices"

	"urncast/formats/codec"
	"urncast/sdmx"
)

// The types of data constraints in Fusion-JSON, which follow from the content.
const (
	fusionCubeType   = "CubeRegionConstraint"
	fusionSeriesType = "SeriesConstraint"
)

// fusionConstraint describes the content of a data constraint in Fusion-JSON: a region is an
// object with a component in each key, a set of keys a table.
func fusionConstraint(c *codec.C, x *sdmx.DataConstraint) {
	if stated, _, ok := c.Stated("", "type"); ok && stated != fusionCubeType && stated != fusionSeriesType {
		c.Fail("the type of a data constraint is %s or %s, not %q", fusionCubeType, fusionSeriesType, codec.Clip(stated, 60))
	}
	kind := fusionCubeType
	if len(x.KeySets) > 0 {
		kind = fusionSeriesType
	}
	if !c.Reading {
		c.Written("", "type", kind)
	}
	fusionCube(c, "includeCube", x, false)
	fusionCube(c, "excludeCube", x, true)
	fusionSeries(c, "includeSeries", x, false)
	fusionSeries(c, "excludeSeries", x, true)
	if c.Reading {
		includedFirst(x)
	}
}

// includedFirst puts what is excluded behind what is included: the keys of an object stand in no
// order, so that of the message may not tell.
func includedFirst(x *sdmx.DataConstraint) {
	slices.SortStableFunc(x.Cubes, func(a, b sdmx.CubeRegion) int { return excludedLast(a.Excluded, b.Excluded) })
	slices.SortStableFunc(x.KeySets, func(a, b sdmx.KeySet) int { return excludedLast(a.Excluded, b.Excluded) })
}

func excludedLast(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return 1
	}
	return -1
}

func fusionCube(c *codec.C, name string, x *sdmx.DataConstraint, excluded bool) {
	var parts []sdmx.ComponentValues
	if i := slices.IndexFunc(x.Cubes, func(r sdmx.CubeRegion) bool { return r.Excluded == excluded }); i >= 0 && !c.Reading {
		parts = slices.Concat(x.Cubes[i].Keys, x.Cubes[i].Components)
	}
	codec.Entries(c, name, &parts, func(v *sdmx.ComponentValues) *string { return &v.ID }, fusionValues)
	if c.Reading && len(parts) > 0 {
		x.Cubes = append(x.Cubes, sdmx.CubeRegion{Excluded: excluded, Keys: parts})
	}
}

// fusionValues describes values, and those of them below which codes are meant too.
func fusionValues(c *codec.C, x *sdmx.ComponentValues) {
	alwaysBool(c, "removePrefix", &x.RemovePrefix)
	var values, cascading []string
	if !c.Reading {
		for _, v := range x.Values {
			values = append(values, v.Value)
			if v.Cascade != "" {
				cascading = append(cascading, v.Value)
			}
		}
	}
	c.Strings("", "values", &values)
	c.Strings("", "cascade", &cascading)
	if c.Reading && len(values)+len(cascading) > 0 {
		x.Values = joinedValues(x.Values, values, cascading)
	}
}

// joinedValues adds values, and those that cascade, to what an earlier run of the description has
// read: one of the two lists, or nothing. The values come first, in their order.
func joinedValues(before []sdmx.ComponentValue, values, cascading []string) []sdmx.ComponentValue {
	var out []sdmx.ComponentValue
	there, cascades := map[string]bool{}, map[string]bool{}
	for _, v := range values {
		there[v] = true
		out = append(out, sdmx.ComponentValue{Value: v})
	}
	for _, v := range before {
		if cascades[v.Value] = v.Cascade != ""; len(values) == 0 || !there[v.Value] {
			there[v.Value] = true
			out = append(out, v)
		}
	}
	for _, v := range cascading {
		if cascades[v] = true; !there[v] {
			there[v] = true
			out = append(out, sdmx.ComponentValue{Value: v})
		}
	}
	for i := range out {
		if cascades[out[i].Value] {
			out[i].Cascade = "true"
		}
	}
	return out
}

// fusionSeries describes keys as a table: a column for each dimension, and then for each other
// component.
func fusionSeries(c *codec.C, name string, x *sdmx.DataConstraint, excluded bool) {
	var dims, comps []string
	var rows [][]string
	at := slices.IndexFunc(x.KeySets, func(s sdmx.KeySet) bool { return s.Excluded == excluded })
	if !c.Reading && at >= 0 {
		dims, comps, rows = tableOf(x.KeySets[at].Keys)
	}
	c.In("", name, at >= 0, func() {
		c.Strings("", "dims", &dims)
		c.Strings("", "comps", &comps)
		codec.Rows(c, "rows", &rows)
		if !codec.Ended(c) {
			return
		}
		set := sdmx.KeySet{Excluded: excluded}
		for i, row := range rows {
			if len(row) != len(dims)+len(comps) {
				c.Fail("row %d of %s has %d values, but there are %d dims and comps", i+1, name, len(row), len(dims)+len(comps))
				return
			}
			k := sdmx.Key{}
			for j, id := range dims {
				k.Values = append(k.Values, sdmx.KeyValue{ID: id, Value: row[j]})
			}
			for j, id := range comps {
				k.Components = append(k.Components, sdmx.ComponentValues{ID: id, Values: []sdmx.ComponentValue{{Value: row[len(dims)+j]}}})
			}
			set.Keys = append(set.Keys, k)
		}
		x.KeySets = append(x.KeySets, set)
	})
}

// tableOf returns keys, which name the same components, as a table.
func tableOf(keys []sdmx.Key) (dims, comps []string, rows [][]string) {
	for i := range keys {
		k := &keys[i]
		others := ownComponents(k)
		var row []string
		for _, v := range k.Values {
			row = append(row, v.Value)
			if i == 0 {
				dims = append(dims, v.ID)
			}
		}
		for _, v := range others {
			if len(v.Values) > 0 {
				row = append(row, v.Values[0].Value)
			}
			if i == 0 {
				comps = append(comps, v.ID)
			}
		}
		rows = append(rows, row)
	}
	return dims, comps, rows
}

// ownComponents returns the components of a key that do not repeat a value of a dimension, as
// Fusion Metadata Registry has them do in SDMX-JSON.
func ownComponents(k *sdmx.Key) []sdmx.ComponentValues {
	var out []sdmx.ComponentValues
	for _, x := range k.Components {
		repeats := isPlain(&x) && slices.Contains(k.Values, sdmx.KeyValue{ID: x.ID, Value: x.Values[0].Value})
		if !repeats {
			out = append(out, x)
		}
	}
	return out
}

// isPlain reports whether a component has one value, and nothing is said beside it.
func isPlain(x *sdmx.ComponentValues) bool {
	return len(x.Values) == 1 && x.Values[0] == sdmx.ComponentValue{Value: x.Values[0].Value} &&
		!x.Excluded && !x.RemovePrefix && x.ValidFrom == "" && x.ValidTo == "" && x.Range == nil
}
