package structures

import (
	"slices"
	"strings"

	"urncast/formats/codec"
	"urncast/sdmx"
)

// Phrases that several losses of constraints have.
const (
	keyValidity      = "validity of keys, regions and their values"
	keyNotes         = "annotations of keys and regions"
	metadataParts    = "keys and regions of reference metadata in data constraints"
	setsOf21         = "attachments to data sets and metadata sets of 2.1"
	prefixes         = "values without the prefix of a codelist extension (removePrefix)"
	leftOut          = "values that a key leaves out"
	languages        = "languages of values"
	rootless         = "values of which only the codes below them are meant (excluderoot)"
	keyComponents    = "values of attributes and measures in keys"
	repeated         = "components of a key that repeat its dimensions"
	otherAttachments = "attachments to things to which the format does not attach such a constraint"
	targetsOf21      = "the targets of 2.1 in regions of reference metadata"
)

func init() {
	declare([]fieldLoss{
		{"DataConstraint.MetadataKeySets", json20 | fusion, fatal, metadataParts},
		{"DataConstraint.MetadataRegions", json20 | fusion, fatal, metadataParts},
		{"DataConstraint.Period", json20 | fusion, told, "reference periods"},
		{"DataConstraint.Calendar", fusion, told, "release calendars"},
		{"Attachment.DataSets", json20 | fusion, fatal, setsOf21},
		{"Attachment.MetadataSets", json20 | fusion, fatal, setsOf21},
		{"Attachment.SimpleSources", fusion, fatal, "attachments to a URL"},
		{"Attachment.Sources", fusion, told, "queryable data sources"},
		{"Key.Annotations", ml21, told, keyNotes},
		{"Key.ValidFrom", ml21, told, keyValidity},
		{"Key.ValidTo", ml21, told, keyValidity},
		{"KeyValue.Excluded", ml21, fatal, leftOut},
		{"KeyValue.RemovePrefix", ml21, fatal, prefixes},
		{"CubeRegion.Annotations", ml21, told, keyNotes},
		{"MetadataRegion.Annotations", ml21, told, keyNotes},
		{"MetadataRegion.ValidFrom", ml21, told, keyValidity},
		{"MetadataRegion.ValidTo", ml21, told, keyValidity},
		{"MetadataRegion.Report", json20 | fusion, fatal, targetsOf21},
		{"MetadataRegion.Target", json20 | fusion, fatal, targetsOf21},
		{"MetadataRegion.Keys", json20 | fusion, fatal, targetsOf21},
		{"ComponentValues.RemovePrefix", ml21, fatal, prefixes},
		{"ComponentValues.ValidFrom", ml21, told, keyValidity},
		{"ComponentValues.ValidTo", ml21, told, keyValidity},
		{"ComponentValue.Lang", ml21, told, languages},
		{"ComponentValue.ValidFrom", ml21, told, keyValidity},
		{"ComponentValue.ValidTo", ml21, told, keyValidity},
	},
		when(ml21, told, "that a constraint does not say whether it is about what is allowed: Allowed stands in its place", func(x *sdmx.DataConstraint) bool { return x.Role == "" }),
		when(ml21, fatal, "attachments to several data sets, metadata sets or URLs", func(x *sdmx.DataConstraint) bool {
			return len(x.Attachment.DataSets) > 1 || len(x.Attachment.MetadataSets) > 1 || len(x.Attachment.SimpleSources) > 1
		}),
		when(ml21, fatal, "reference periods whose ends are no points in time", func(p *sdmx.ReferencePeriod) bool {
			return !sdmx.IsDateTime(p.Start) || !sdmx.IsDateTime(p.End)
		}),
		when(ml21, fatal, "keys without dimensions", func(k *sdmx.Key) bool { return len(k.Values) == 0 }),
		when(ml21, fatal, "dimensions of a region that have no values", func(r *sdmx.CubeRegion) bool {
			return slices.ContainsFunc(r.Keys, func(x sdmx.ComponentValues) bool { return len(x.Values) == 0 && x.Range == nil })
		}),
		when(ml21, fatal, "components inside others in regions of data", func(r *sdmx.CubeRegion) bool {
			return slices.ContainsFunc(r.Components, func(x sdmx.ComponentValues) bool { return strings.Contains(x.ID, ".") })
		}),
		when(ml21, fatal, rootless, func(v *sdmx.ComponentValue) bool { return v.Cascade == excludeRoot }),
		when(ml21, told, repeated, func(k *sdmx.Key) bool { return len(ownComponents(k)) < len(k.Components) }),
		when(ml21, fatal, keyComponents, func(k *sdmx.Key) bool { return len(ownComponents(k)) > 0 }),
		phrases(ml21|json20, fatal, otherAttachments, func(d codec.Dialect, x *sdmx.DataConstraint) []string {
			return phrase(!attaches(d, x.Attachment.To, dataAttachables), otherAttachments)
		}),
		phrases(json20, fatal, otherAttachments, func(d codec.Dialect, x *sdmx.MetadataConstraint) []string {
			return phrase(!attaches(d, x.Attachment.To, metadataAttachables), otherAttachments)
		}),
		phrases(ml21, fatal, otherAttachments, func(d codec.Dialect, x *sdmx.AttachmentConstraint) []string {
			return phrase(!attaches(d, x.Attachment.To, dataAttachables) || len(x.Attachment.Sources) > 0, otherAttachments)
		}),
		when(json20, fatal, "data constraints with more than two regions", func(x *sdmx.DataConstraint) bool { return len(x.Cubes) > 2 }),
		when(json20, told, "attachments that are named twice", func(a *sdmx.Attachment) bool {
			return len(distinct(a.To)) < len(a.To) || len(distinct(a.SimpleSources)) < len(a.SimpleSources)
		}),
		when(json20, told, "the form of languages of values", func(v *sdmx.ComponentValue) bool { return !isHrefLang(v.Lang) }),
		when(json20|ml21, fatal, "attachments to things of several classes", func(a *sdmx.Attachment) bool {
			return slices.ContainsFunc(a.To, func(r sdmx.Ref) bool { return r.Target() != a.To[0].Target() })
		}),
	)
	declare(nil, fusionConstraintLosses()...)
}

// fusionConstraintLosses are those of data constraints. Metadata constraints are written as in
// SDMX-JSON.
func fusionConstraintLosses() []valueLoss {
	of := func(fatal bool, what string, is func(*sdmx.DataConstraint) bool) valueLoss {
		return when(fusion, fatal, what, is)
	}
	anyKey := func(is func(*sdmx.Key) bool) func(*sdmx.DataConstraint) bool {
		return func(x *sdmx.DataConstraint) bool {
			return slices.ContainsFunc(x.KeySets, func(s sdmx.KeySet) bool {
				return slices.ContainsFunc(s.Keys, func(k sdmx.Key) bool { return is(&k) })
			})
		}
	}
	anyCube := func(is func(*sdmx.CubeRegion) bool) func(*sdmx.DataConstraint) bool {
		return func(x *sdmx.DataConstraint) bool {
			return slices.ContainsFunc(x.Cubes, func(r sdmx.CubeRegion) bool { return is(&r) })
		}
	}
	anyValues := func(is func(*sdmx.ComponentValues) bool) func(*sdmx.DataConstraint) bool {
		return anyCube(func(r *sdmx.CubeRegion) bool {
			return slices.ContainsFunc(slices.Concat(r.Keys, r.Components), func(v sdmx.ComponentValues) bool { return is(&v) })
		})
	}
	anyValue := func(is func(sdmx.ComponentValue) bool) func(*sdmx.DataConstraint) bool {
		return anyValues(func(x *sdmx.ComponentValues) bool { return slices.ContainsFunc(x.Values, is) })
	}
	excludedKeySet := func(s sdmx.KeySet) bool { return s.Excluded }
	excludedCube := func(r sdmx.CubeRegion) bool { return r.Excluded }
	return []valueLoss{
		of(fatal, "several regions, or several sets of keys, of one kind", func(x *sdmx.DataConstraint) bool {
			return !onePerKind(x.Cubes, excludedCube) || !onePerKind(x.KeySets, excludedKeySet)
		}),
		of(told, "that what is excluded was sent first", func(x *sdmx.DataConstraint) bool {
			return slices.IndexFunc(x.Cubes, excludedCube) == 0 && len(x.Cubes) > 1 || slices.IndexFunc(x.KeySets, excludedKeySet) == 0 && len(x.KeySets) > 1
		}),
		of(told, "regions without components", anyCube(func(r *sdmx.CubeRegion) bool { return len(r.Keys)+len(r.Components) == 0 })),
		of(told, "which components of a region are no dimensions", anyCube(func(r *sdmx.CubeRegion) bool { return len(r.Components) > 0 })),
		of(fatal, "components that a region names twice", anyCube(namesTwice)),
		of(told, keyNotes, anyCube(func(r *sdmx.CubeRegion) bool { return len(r.Annotations) > 0 })),
		of(fatal, "ranges of time in regions", anyValues(func(x *sdmx.ComponentValues) bool { return x.Range != nil })),
		of(fatal, "values that a region leaves out", anyValues(func(x *sdmx.ComponentValues) bool { return x.Excluded })),
		of(told, keyValidity, anyValues(func(x *sdmx.ComponentValues) bool { return x.ValidFrom+x.ValidTo != "" })),
		of(told, "values that are named twice", anyValues(hasTwice)),
		of(fatal, rootless, anyValue(func(v sdmx.ComponentValue) bool { return v.Cascade != "" && v.Cascade != "true" })),
		of(told, keyValidity, anyValue(func(v sdmx.ComponentValue) bool { return v.ValidFrom+v.ValidTo != "" })),
		of(told, languages, anyValue(func(v sdmx.ComponentValue) bool { return v.Lang != "" })),
		of(told, keyValidity, anyKey(func(k *sdmx.Key) bool { return k.ValidFrom+k.ValidTo != "" })),
		of(told, keyNotes, anyKey(func(k *sdmx.Key) bool { return len(k.Annotations) > 0 })),
		of(told, repeated, anyKey(func(k *sdmx.Key) bool { return len(ownComponents(k)) < len(k.Components) })),
		of(fatal, "components of keys that have other than one plain value", anyKey(func(k *sdmx.Key) bool {
			return slices.ContainsFunc(ownComponents(k), func(x sdmx.ComponentValues) bool { return !isPlain(&x) })
		})),
		of(fatal, leftOut, anyKey(func(k *sdmx.Key) bool {
			return slices.ContainsFunc(k.Values, func(v sdmx.KeyValue) bool { return v.Excluded })
		})),
		of(fatal, prefixes, anyKey(func(k *sdmx.Key) bool {
			return slices.ContainsFunc(k.Values, func(v sdmx.KeyValue) bool { return v.RemovePrefix })
		})),
		of(fatal, "keys of one set that name different components", func(x *sdmx.DataConstraint) bool {
			return slices.ContainsFunc(x.KeySets, func(s sdmx.KeySet) bool {
				return slices.ContainsFunc(s.Keys, func(k sdmx.Key) bool { return !slices.Equal(columns(&k), columns(&s.Keys[0])) })
			})
		}),
	}
}

// namesTwice reports whether a region names a component more than once.
func namesTwice(r *sdmx.CubeRegion) bool {
	var ids []string
	for _, v := range slices.Concat(r.Keys, r.Components) {
		ids = append(ids, v.ID)
	}
	return len(distinct(ids)) < len(ids)
}

// hasTwice reports whether a component has a value more than once.
func hasTwice(x *sdmx.ComponentValues) bool {
	var values []string
	for _, v := range x.Values {
		values = append(values, v.Value)
	}
	return len(distinct(values)) < len(values)
}

// onePerKind reports whether at most one element is of a kind, and at most one of the other.
func onePerKind[T any](list []T, is func(T) bool) bool {
	n := 0
	for _, x := range list {
		if is(x) {
			n++
		}
	}
	return n < 2 && len(list)-n < 2
}

// columns returns what a key names, dimensions with a mark.
func columns(k *sdmx.Key) []string {
	var out []string
	for _, v := range k.Values {
		out = append(out, "dimension "+v.ID)
	}
	for _, x := range ownComponents(k) {
		out = append(out, x.ID)
	}
	return out
}
