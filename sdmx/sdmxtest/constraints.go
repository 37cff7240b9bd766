package sdmxtest

import (
	"reflect"
	"strings"

	"urncast/sdmx"
)

// attach attaches a constraint to things of one of four kinds, by the seed.
func attach(a *sdmx.Attachment, seed int, to ...sdmx.Class) {
	kept := *a
	*a = sdmx.Attachment{}
	switch seed % 4 {
	case 0:
		a.To, a.Sources = kept.To, kept.Sources
		for i := range a.To {
			a.To[i] = sdmx.RefTo(sdmx.URN{Class: to[seed/4%len(to)], Agency: "AG", ID: []string{"TO1", "TO2"}[i], Version: "1.0"})
		}
	case 1:
		a.DataSets = kept.DataSets
	case 2:
		a.MetadataSets = kept.MetadataSets
	case 3:
		a.SimpleSources = kept.SimpleSources
	}
}

// oneKindOfValues makes each value in a constraint one of the kinds that may stand in its place.
func oneKindOfValues(m sdmx.Maintainable, seed int) {
	each(m, func(i int, x *sdmx.ComponentValues) {
		if (i+seed)%2 == 0 {
			x.Range = nil
		} else {
			x.Values = nil
		}
	})
	each(m, func(i int, r *sdmx.TimeRange) { keepOne(r, i+seed, "Before", "After", "Start End") })
	each(m, func(i int, v *sdmx.MetadataKeyValue) {
		keepOne(v, i+seed, "Value", "DataSet", "DataKey", "Object")
	})
	each(m, func(i int, x *sdmx.TargetValues) {
		keepOne(x, i+seed, "Values", "DataSets", "DataKeys", "Objects", "Range")
	})
}

// keepOne leaves one of several alternatives of a struct, by n, and empties the others. An
// alternative is a field, or several with spaces between them.
func keepOne(x any, n int, alternatives ...string) {
	v := reflect.ValueOf(x).Elem()
	for i, fields := range alternatives {
		for _, name := range strings.Fields(fields) {
			if i != n%len(alternatives) {
				v.FieldByName(name).SetZero()
			}
		}
	}
}

func dataConstraint(x *sdmx.DataConstraint, seed int) {
	attach(&x.Attachment, seed, sdmx.ClassDataflow, sdmx.ClassProvisionAgreement)
	oneKindOfValues(x, seed)
	x.Cubes[0].Excluded, x.KeySets[0].Excluded = false, false
}

func metadataConstraint(x *sdmx.MetadataConstraint, seed int) {
	attach(&x.Attachment, seed, sdmx.ClassMetadataflow, sdmx.ClassMetadataProvisionAgreement)
	oneKindOfValues(x, seed)
}

func attachmentConstraint(x *sdmx.AttachmentConstraint, seed int) {
	attach(&x.Attachment, seed, sdmx.ClassDataflow)
	x.Attachment.Sources = nil
	oneKindOfValues(x, seed)
}

func suitDataConstraint(x *sdmx.DataConstraint, format string) {
	switch {
	case isV2(format):
		suitConstraintToV2(x, &x.Attachment)
	case format == "fusion-json":
		x.Attachment.SimpleSources = nil
		suitConstraintToFusion(x)
		fallthrough
	default:
		x.Attachment.DataSets, x.Attachment.MetadataSets = nil, nil
		x.MetadataKeySets, x.MetadataRegions = nil, nil
	}
}

// suitConstraintToV2 leaves out what constraints of SDMX 2.1 do not have.
func suitConstraintToV2(m sdmx.Maintainable, a *sdmx.Attachment) {
	a.DataSets, a.MetadataSets, a.SimpleSources = a.DataSets[:min(1, len(a.DataSets))], a.MetadataSets[:min(1, len(a.MetadataSets))], a.SimpleSources[:min(1, len(a.SimpleSources))]
	each(m, func(_ int, k *sdmx.Key) { k.Components = nil })
	each(m, func(_ int, v *sdmx.KeyValue) { v.Excluded, v.RemovePrefix = false, false })
	each(m, func(_ int, x *sdmx.ComponentValues) { x.RemovePrefix = false })
	each(m, func(_ int, v *sdmx.ComponentValue) { v.Cascade = "true" })
}

// suitConstraintToFusion leaves out what regions and tables of keys do not have in Fusion-JSON.
func suitConstraintToFusion(x *sdmx.DataConstraint) {
	each(x, func(_ int, v *sdmx.KeyValue) { v.Excluded, v.RemovePrefix = false, false })
	each(x, func(_ int, v *sdmx.ComponentValues) {
		*v = sdmx.ComponentValues{ID: v.ID, RemovePrefix: v.RemovePrefix, Values: v.Values}
	})
	each(x, func(_ int, v *sdmx.ComponentValue) { v.Cascade = "true" })
	for i := range x.KeySets {
		keys := x.KeySets[i].Keys
		for k := range keys {
			for n := range keys[k].Values {
				keys[k].Values[n].ID = keys[0].Values[n].ID
			}
			for n := range keys[k].Components {
				c := &keys[k].Components[n]
				*c = sdmx.ComponentValues{ID: keys[0].Components[n].ID, Values: []sdmx.ComponentValue{{Value: c.ID}}}
			}
		}
	}
}

func suitMetadataConstraint(x *sdmx.MetadataConstraint, format string) {
	if format == "fusion-json" {
		x.Attachment.SimpleSources = nil
	}
	x.Attachment.DataSets, x.Attachment.MetadataSets = nil, nil
	for i := range x.Regions {
		r := &x.Regions[i]
		r.Report, r.Target, r.Keys = "", "", nil
	}
}
