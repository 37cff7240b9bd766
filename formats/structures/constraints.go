package structures

import (
	"slices"
	"strings"

	"urncast/formats/codec"
	"urncast/sdmx"
)

func dataConstraint(c *codec.C, x *sdmx.DataConstraint) {
	maintainable(c, x)
	role(c, &x.Role)
	names(c, &x.Nameable)
	attachment(c, &x.Attachment, dataAttachables)
	if c.Dialect == codec.Fusion {
		fusionConstraint(c, x)
		return
	}
	codec.List(c, "str:DataKeySet", "dataKeySets", &x.KeySets, keySet)
	codec.List(c, "str:MetadataKeySet", "", &x.MetadataKeySets, metadataKeySet)
	codec.List(c, "str:CubeRegion", "cubeRegions", &x.Cubes, cubeRegion)
	codec.List(c, "str:MetadataTargetRegion", "", &x.MetadataRegions, metadataRegion)
	calendar(c, &x.Calendar)
	c.In("str:ReferencePeriod", "", x.Period != nil, func() {
		if x.Period == nil {
			x.Period = &sdmx.ReferencePeriod{}
		}
		c.Attr("startTime", "", &x.Period.Start)
		c.Attr("endTime", "", &x.Period.End)
	})
}

// metadataConstraint describes what Fusion-JSON is not known to have as SDMX-JSON does, but for
// the attachment.
func metadataConstraint(c *codec.C, x *sdmx.MetadataConstraint) {
	maintainable(c, x)
	c.Attr("", "role", &x.Role)
	names(c, &x.Nameable)
	attachment(c, &x.Attachment, metadataAttachables)
	calendar(c, &x.Calendar)
	codec.List(c, "", "metadataTargetRegions", &x.Regions, metadataRegion)
}

func attachmentConstraint(c *codec.C, x *sdmx.AttachmentConstraint) {
	maintainable(c, x)
	names(c, &x.Nameable)
	attachment(c, &x.Attachment, dataAttachables)
	codec.List(c, "str:DataKeySet", "", &x.KeySets, keySet)
	codec.List(c, "str:MetadataKeySet", "", &x.MetadataKeySets, metadataKeySet)
}

// role describes the role of a data constraint. SDMX-JSON 1.0, and registries in 2.0, call it
// type.
func role(c *codec.C, p *string) {
	if c.Dialect == codec.Fusion {
		actual := sdmx.Unstated
		if *p != "" {
			actual = sdmx.Bool(*p == sdmx.RoleActual)
		}
		c.OptBool("", "definingDataPresent", &actual)
		if c.Reading && actual != sdmx.Unstated {
			*p = sdmx.RoleAllowed
			if actual == sdmx.True {
				*p = sdmx.RoleActual
			}
		}
		return
	}
	said := *p
	if !c.Reading {
		if said == "" && c.XML() {
			said = sdmx.RoleAllowed
		}
		c.Attr("type", "role", &said)
		return
	}
	if c.XML() && said == "" {
		said = sdmx.RoleActual
	}
	c.Attr("type", "role", &said)
	c.Attr("type", "type", &said)
	switch {
	case strings.EqualFold(said, sdmx.RoleAllowed):
		*p = sdmx.RoleAllowed
	case strings.EqualFold(said, sdmx.RoleActual):
		*p = sdmx.RoleActual
	case said != "":
		c.Fail("a constraint is %s or %s, not %q", sdmx.RoleAllowed, sdmx.RoleActual, codec.Clip(said, 60))
	}
}

// An attachable is a class of what a constraint may be attached to.
type attachable struct {
	xml, json string
	class     sdmx.Class
	single    bool // in JSON it is no list
}

var dataAttachables = []attachable{
	{"str:DataProvider", "dataProvider", sdmx.ClassDataProvider, true},
	{"str:DataStructure", "dataStructures", sdmx.ClassDataStructure, false},
	{"str:MetadataStructure", "", sdmx.ClassMetadataStructure, false},
	{"str:Dataflow", "dataflows", sdmx.ClassDataflow, false},
	{"str:Metadataflow", "", sdmx.ClassMetadataflow, false},
	{"str:ProvisionAgreement", "provisionAgreements", sdmx.ClassProvisionAgreement, false},
}

var metadataAttachables = []attachable{
	{"", "metadataProvider", sdmx.ClassMetadataProvider, true},
	{"", "metadataSets", sdmx.ClassMetadataSet, false},
	{"", "metadataStructures", sdmx.ClassMetadataStructure, false},
	{"", "metadataflows", sdmx.ClassMetadataflow, false},
	{"", "metadataProvisionAgreements", sdmx.ClassMetadataProvisionAgreement, false},
}

// attaches reports whether a dialect can say that a constraint is attached to what some
// references name, of the classes of to.
func attaches(d codec.Dialect, refs []sdmx.Ref, to []attachable) bool {
	return !slices.ContainsFunc(refs, func(r sdmx.Ref) bool {
		return !slices.ContainsFunc(to, func(a attachable) bool {
			return a.class == r.Target() && (d == codec.ML21 && a.xml != "" || d == codec.JSON20 && a.json != "")
		})
	})
}

func attachment(c *codec.C, a *sdmx.Attachment, to []attachable) {
	if c.Dialect == codec.Fusion {
		c.Refs("", "attachments", sdmx.ClassUnknown, &a.To)
		return
	}
	present := len(a.To)+len(a.DataSets)+len(a.MetadataSets)+len(a.SimpleSources)+len(a.Sources) > 0
	c.In("str:ConstraintAttachment", "constraintAttachment", present, func() {
		codec.List(c, "str:DataSet", "", &a.DataSets, setRef)
		codec.List(c, "str:MetadataSet", "", &a.MetadataSets, setRef)
		urls := &a.SimpleSources
		if !c.Reading && c.Dialect == codec.JSON20 {
			once := distinct(a.SimpleSources)
			urls = &once
		}
		c.Strings("str:SimpleDataSource", "simpleDataSources", urls)
		for i := range to {
			attached(c, &to[i], &a.To)
		}
		codec.List(c, "str:QueryableDataSource", "queryableDataSources", &a.Sources, queryableSource)
	})
}

func queryableSource(c *codec.C, s *sdmx.QueryableSource) {
	alwaysBool(c, "isRESTDatasource", &s.REST)
	alwaysBool(c, "isWebServiceDatasource", &s.WebService)
	c.Elem("com:DataURL", "dataURL", &s.URL)
	c.Elem("com:WSDLURL", "wsdlURL", &s.WSDL)
	c.Elem("com:WADLURL", "wadlURL", &s.WADL)
}

// attached describes the references to one class.
func attached(c *codec.C, to *attachable, refs *[]sdmx.Ref) {
	var some []sdmx.Ref
	if !c.Reading {
		for _, r := range *refs {
			if r.Target() == to.class {
				some = append(some, r)
			}
		}
		if c.Dialect == codec.JSON20 {
			some = distinct(some)
		}
	}
	if to.single && !c.XML() {
		one := sdmx.Ref{}
		if len(some) > 0 {
			one = some[0]
		}
		if c.Ref("", to.json, to.class, &one); !one.IsZero() {
			some = []sdmx.Ref{one}
		}
	} else {
		c.Refs(to.xml, to.json, to.class, &some)
	}
	if c.Reading {
		*refs = append(*refs, some...)
	}
}

// alwaysBool describes a truth value that is written even if it is false.
func alwaysBool(c *codec.C, name string, p *bool) {
	o := sdmx.Bool(*p)
	c.OptBool(name, name, &o)
	*p = o == sdmx.True
}

// included describes a truth value that is true unless *not; true is written only if always.
func included(c *codec.C, xml, json string, not *bool, always bool) {
	o := sdmx.Unstated
	if *not {
		o = sdmx.False
	} else if always && !c.Reading {
		o = sdmx.True
	}
	c.OptBool(xml, json, &o)
	*not = o == sdmx.False
}

func setRef(c *codec.C, s *sdmx.SetRef) {
	c.Ref("com:DataProvider", "", sdmx.ClassDataProvider, &s.Provider)
	c.Elem("com:ID", "", &s.ID)
}

func keySet(c *codec.C, k *sdmx.KeySet) {
	included(c, "isIncluded", "isIncluded", &k.Excluded, true)
	codec.List(c, "str:Key", "keys", &k.Keys, key)
}

func key(c *codec.C, k *sdmx.Key) {
	c.Expect("include", "include", "true")
	c.Attr("", "validFrom", &k.ValidFrom)
	c.Attr("", "validTo", &k.ValidTo)
	if !c.XML() {
		annotations(c, &k.Annotations)
	}
	codec.List(c, "com:KeyValue", "keyValues", &k.Values, func(c *codec.C, v *sdmx.KeyValue) {
		c.Attr("id", "id", &v.ID)
		if c.XML() {
			c.Expect("include", "", "true")
		}
		included(c, "", "include", &v.Excluded, false)
		c.Bool("", "removePrefix", &v.RemovePrefix)
		c.Elem("com:Value", "value", &v.Value)
	})
	codec.List(c, "", "components", &k.Components, componentValues)
}

func cubeRegion(c *codec.C, r *sdmx.CubeRegion) {
	included(c, "include", "include", &r.Excluded, true)
	if !c.XML() {
		annotations(c, &r.Annotations)
	}
	codec.List(c, "com:KeyValue", "keyValues", &r.Keys, componentValues)
	codec.List(c, "com:Attribute", "components", &r.Components, componentValues)
	if c.Reading { // SDMX-JSON 1.0, and registries in 2.0
		included(c, "", "isIncluded", &r.Excluded, false)
		codec.List(c, "", "attributes", &r.Components, componentValues)
	}
}

func componentValues(c *codec.C, x *sdmx.ComponentValues) {
	c.Attr("id", "id", &x.ID)
	included(c, "include", "include", &x.Excluded, false)
	c.Bool("", "removePrefix", &x.RemovePrefix)
	c.Attr("", "validFrom", &x.ValidFrom)
	c.Attr("", "validTo", &x.ValidTo)
	text := func(v *sdmx.ComponentValue) *string { return &v.Value }
	codec.Elems(c, "com:Value", &x.Values, text, cascade)
	codec.Mixed(c, "values", &x.Values, text, func(v *sdmx.ComponentValue) bool { return *v == sdmx.ComponentValue{Value: v.Value} },
		func(c *codec.C, v *sdmx.ComponentValue) {
			c.Attr("", "value", &v.Value)
			cascade(c, v)
			if c.Reading || c.Dialect != codec.JSON20 || isHrefLang(v.Lang) {
				c.Attr("", "lang", &v.Lang)
			}
			c.Attr("", "validFrom", &v.ValidFrom)
			c.Attr("", "validTo", &v.ValidTo)
		})
	timeRange(c, &x.Range)
}

// excludeRoot is the cascade of a value that is not meant itself.
const excludeRoot = "excluderoot"

func cascade(c *codec.C, v *sdmx.ComponentValue) {
	if !c.Reading && v.Cascade == "true" {
		yes := true
		c.Bool("cascadeValues", "cascadeValues", &yes)
		return
	}
	c.Attr("cascadeValues", "cascadeValues", &v.Cascade)
	if !c.Reading {
		return
	}
	switch v.Cascade {
	case "true", "1":
		v.Cascade = "true"
	case "false", "0":
		v.Cascade = ""
	case "", excludeRoot:
	default:
		c.Fail("cascadeValues must be true, false or %s, not %q", excludeRoot, codec.Clip(v.Cascade, 60))
	}
}

func timeRange(c *codec.C, p **sdmx.TimeRange) {
	c.In("com:TimeRange", "timeRange", *p != nil, func() {
		if *p == nil {
			*p = &sdmx.TimeRange{}
		}
		bound(c, "com:BeforePeriod", "beforePeriod", &(*p).Before)
		bound(c, "com:AfterPeriod", "afterPeriod", &(*p).After)
		bound(c, "com:StartPeriod", "startPeriod", &(*p).Start)
		bound(c, "com:EndPeriod", "endPeriod", &(*p).End)
	})
}

func bound(c *codec.C, xml, json string, p **sdmx.PeriodBound) {
	// sdmx1 reads no bound without isInclusive, which SDMX-ML 2.1 makes optional.
	inclusive := func(c *codec.C, b *sdmx.PeriodBound) {
		included(c, "isInclusive", "isInclusive", &b.Exclusive, c.XML())
	}
	if !c.XML() {
		c.In("", json, *p != nil, func() {
			if *p == nil {
				*p = &sdmx.PeriodBound{}
			}
			c.Attr("", "period", &(*p).Period)
			inclusive(c, *p)
		})
		return
	}
	var all []sdmx.PeriodBound
	if !c.Reading && *p != nil {
		all = append(all, **p)
	}
	codec.Elems(c, xml, &all, func(b *sdmx.PeriodBound) *string { return &b.Period }, inclusive)
	if c.Reading && len(all) > 0 {
		if *p != nil || len(all) > 1 {
			c.Fail("the time range has %s twice", xml[len("com:"):])
		}
		*p = &all[0]
	}
}

func calendar(c *codec.C, p **sdmx.ReleaseCalendar) {
	c.In("str:ReleaseCalendar", "releaseCalendar", *p != nil, func() {
		if *p == nil {
			*p = &sdmx.ReleaseCalendar{}
		}
		c.Elem("str:Periodicity", "periodicity", &(*p).Periodicity)
		c.Elem("str:Offset", "offset", &(*p).Offset)
		c.Elem("str:Tolerance", "tolerance", &(*p).Tolerance)
	})
}

func metadataKeySet(c *codec.C, k *sdmx.MetadataKeySet) {
	included(c, "isIncluded", "", &k.Excluded, true)
	codec.List(c, "str:Key", "", &k.Keys, func(c *codec.C, k *sdmx.MetadataKey) {
		c.Expect("include", "", "true")
		c.Attr("report", "", &k.Report)
		c.Attr("metadataTarget", "", &k.Target)
		codec.List(c, "com:KeyValue", "", &k.Values, func(c *codec.C, v *sdmx.MetadataKeyValue) {
			c.Attr("id", "", &v.ID)
			c.Expect("include", "", "true")
			c.Elem("com:Value", "", &v.Value)
			c.In("com:DataSet", "", v.DataSet != nil, func() {
				if v.DataSet == nil {
					v.DataSet = &sdmx.SetRef{}
				}
				setRef(c, v.DataSet)
			})
			c.In("com:DataKey", "", v.DataKey != nil, func() {
				if v.DataKey == nil {
					v.DataKey = &sdmx.Key{}
				}
				key(c, v.DataKey)
			})
			c.Ref("com:Object", "", sdmx.ClassUnknown, &v.Object)
		})
	})
}

func metadataRegion(c *codec.C, r *sdmx.MetadataRegion) {
	included(c, "include", "include", &r.Excluded, true)
	c.Attr("report", "", &r.Report)
	c.Attr("metadataTarget", "", &r.Target)
	c.Attr("", "validFrom", &r.ValidFrom)
	c.Attr("", "validTo", &r.ValidTo)
	if !c.XML() {
		annotations(c, &r.Annotations)
	}
	codec.List(c, "com:KeyValue", "", &r.Keys, func(c *codec.C, x *sdmx.TargetValues) {
		c.Attr("id", "", &x.ID)
		included(c, "include", "", &x.Excluded, false)
		c.Strings("com:Value", "", &x.Values)
		codec.List(c, "com:DataSet", "", &x.DataSets, setRef)
		codec.List(c, "com:DataKey", "", &x.DataKeys, key)
		c.Refs("com:Object", "", sdmx.ClassUnknown, &x.Objects)
		timeRange(c, &x.Range)
	})
	codec.List(c, "com:Attribute", "components", &r.Components, componentValues)
}
