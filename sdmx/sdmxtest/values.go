package sdmxtest

import (
	"reflect"
	"strings"

	"urncast/sdmx"
)

// kinds has the number of values of each enumeration.
var kinds = map[reflect.Type]int{
	reflect.TypeFor[sdmx.OptBool](): 3,

	reflect.TypeFor[sdmx.DimensionKind]():  3,
	reflect.TypeFor[sdmx.AttachmentKind](): 4,

	reflect.TypeFor[sdmx.MapKind]():    7,
	reflect.TypeFor[sdmx.TargetKind](): 5,
}

// words has the values of text fields that cannot be any text, by type and field, or by field
// alone.
var words = map[string][]string{
	"ValidFrom": {"2020-01-01T00:00:00Z", "2021-02-03T04:05:06Z"},
	"ValidTo":   {"2030-01-01T00:00:00Z", "2031-02-03T04:05:06Z"},

	"Text.Lang":     {"en", "fr"},
	"Link.HrefLang": {"en", "de"},
	"Link.URN":      {"urn:sdmx:org.sdmx.infomodel.codelist.Codelist=AG:LINKED(1.0)"},

	"MemberValue.Cascade": {"true", "excluderoot"},

	"CodingFormat.Type":        {"Alpha", "AlphaNumeric", "Numeric"},
	"HierarchicalCode.Version": {"1.0", "2.1"},

	"DataConstraint.Role":     {sdmx.RoleAllowed, sdmx.RoleActual},
	"MetadataConstraint.Role": {sdmx.RoleAllowed},
	"ComponentValue.Cascade":  {"true", "excluderoot"},
	"ComponentValue.Lang":     {"en", "de"},
	"PeriodBound.Period":      {"2020", "2021-02", "2021-Q3"},
	"ReferencePeriod.Start":   {"2020-01-01T00:00:00Z", "2021-02-03T04:05:06Z"},
	"ReferencePeriod.End":     {"2030-01-01T00:00:00Z", "2031-02-03T04:05:06Z"},

	"Representation.MinOccurs": {"1"},
	"Representation.MaxOccurs": {"3", "unbounded"},
	"TextFormat.Type":          {"Integer", "String"},
	"TextFormat.TimeInterval":  {"P1Y", "P1M"},
	"TextFormat.StartTime":     {"2020", "2021-02"},
	"TextFormat.EndTime":       {"2030", "2031-02"},

	"DateMap.Resolve":             {"startOfPeriod", "endOfPeriod"},
	"EpochMap.Unit":               {"second", "day"},
	"MappedList.Type":             {"String", "Integer"},
	"MappedValue.Start":           {"0", "1"},
	"MappedValue.End":             {"2", "3"},
	"MappedByValue.FormatOf":      {"Value", "Name"},
	"ValueMapping.ValidFrom":      {"2020-01-01T00:00:00Z", "2021-02-03"},
	"ValueMapping.ValidTo":        {"2030-01-01T00:00:00Z", "2031-02-03"},
	"ItemMapping.ValidFrom":       {"2020-01-01T00:00:00Z", "2021-02-03"},
	"ItemMapping.ValidTo":         {"2030-01-01T00:00:00Z", "2031-02-03"},
	"TargetObject.ObjectType":     {"Dataflow", "Any"},
	"MetadataAttribute.MinOccurs": {"0", "2"},
	"MetadataAttribute.MaxOccurs": {"3", "unbounded"},
	"Registration.Simple":         {"https://example.org/a.xml", "https://example.org/b.xml"},
	"QueryableSource.WSDL":        {"https://example.org/a.wsdl", "https://example.org/b.wsdl"},
	"QueryableSource.WADL":        {"https://example.org/a.wadl", "https://example.org/b.wadl"},
	"Registration.LastUpdated":    {"2026-01-31T10:00:00Z", "2026-02-28T10:00:00.5+01:00"},

	"VtlMapping.ToSpace":   {"FREQ", "AREA"},
	"VtlMapping.FromSpace": {"FREQ", "AREA"},
}

// adjusted makes structures of a class agree with themselves, where fields depend on others.
var adjusted = map[sdmx.Class]func(sdmx.Maintainable, int){
	sdmx.ClassDataStructure:     of(dataStructure),
	sdmx.ClassMetadataStructure: of(metadataStructure),
	// A reporting category has structures, or flows and agreements.
	sdmx.ClassReportingTaxonomy: of(func(t *sdmx.ReportingTaxonomy, seed int) { oneKind(t.Items, seed) }),

	sdmx.ClassStructureSet:      of(structureSet),
	sdmx.ClassStructureMap:      of(structureMap),
	sdmx.ClassRepresentationMap: of(representationMap),
	// A registration has nothing of an artefact but its identity and its validity.
	sdmx.ClassRegistration: of(func(r *sdmx.Registration, _ int) {
		r.Artefact = sdmx.Artefact{Nameable: sdmx.Nameable{ID: r.ID}, Agency: r.Agency, Version: r.Version, ValidFrom: r.ValidFrom, ValidTo: r.ValidTo}
	}),
	sdmx.ClassHierarchy:            of(func(h *sdmx.Hierarchy, _ int) { onLevel(h.Items, h.Levels, "") }),
	sdmx.ClassHierarchicalCodelist: of(hierarchicalCodelist),

	sdmx.ClassDataConstraint:       of(dataConstraint),
	sdmx.ClassMetadataConstraint:   of(metadataConstraint),
	sdmx.ClassAttachmentConstraint: of(attachmentConstraint),

	sdmx.ClassProcess:          of(func(p *sdmx.Process, _ int) { leadTo(p.Items, p.Items[0].ID) }),
	sdmx.ClassVtlMappingScheme: of(vtlMappings),
}

// leadTo makes all transitions lead to one step.
func leadTo(steps []sdmx.ProcessStep, path string) {
	for i := range steps {
		for j := range steps[i].Transitions {
			steps[i].Transitions[j].Target = path
		}
		leadTo(steps[i].Items, path)
	}
}

// vtlMappings makes the first mapping one of a dataflow, and the second, by the seed, one of all
// dataflows or of something else, which has no methods.
func vtlMappings(s *sdmx.VtlMappingScheme, seed int) {
	a, b := &s.Items[0], &s.Items[1]
	a.Generic, a.Mapped = false, sdmx.RefTo(sdmx.URN{Class: sdmx.ClassDataflow, Agency: "AG", ID: "F", Version: "1.0"})
	if seed%2 == 0 {
		b.Mapped = sdmx.Ref{}
		return
	}
	*b = sdmx.VtlMapping{Nameable: b.Nameable, Alias: b.Alias}
	b.Mapped = sdmx.RefTo(sdmx.URN{Class: []sdmx.Class{sdmx.ClassCodelist, sdmx.ClassConceptScheme}[seed/2%2], Agency: "AG", ID: "L", Version: "1.0"})
}

// each calls fn with each T in a structure, and with the number of those before it.
func each[T any](m sdmx.Maintainable, fn func(i int, x *T)) {
	i := 0
	var walk func(reflect.Value)
	walk = func(v reflect.Value) {
		switch v.Kind() {
		case reflect.Pointer:
			if !v.IsNil() {
				walk(v.Elem())
			}
		case reflect.Slice:
			for k := range v.Len() {
				walk(v.Index(k))
			}
		case reflect.Struct:
			if x, ok := v.Addr().Interface().(*T); ok {
				fn(i, x)
				i++
			}
			for k := range v.NumField() {
				walk(v.Field(k))
			}
		}
	}
	walk(reflect.ValueOf(m))
}

func oneKind(items []sdmx.ReportingCategory, seed int) {
	for i := range items {
		if (i+seed)%2 == 0 {
			items[i].Structures = nil
		} else {
			items[i].Usages = nil
		}
		oneKind(items[i].Items, seed+1)
	}
}

// suited takes out of a filled structure what a format cannot express at all (a fatal loss), or
// has in another way.
var suited = map[sdmx.Class]func(m sdmx.Maintainable, format string){
	sdmx.ClassCodelist: of(func(l *sdmx.Codelist, format string) {
		if isV2(format) {
			l.Extensions = nil
		}
		suitExtensions(l.Extensions, format)
	}),
	sdmx.ClassGeographicCodelist: of(func(l *sdmx.GeographicCodelist, format string) { suitExtensions(l.Extensions, format) }),
	sdmx.ClassGeoGridCodelist:    of(func(l *sdmx.GeoGridCodelist, format string) { suitExtensions(l.Extensions, format) }),
	sdmx.ClassHierarchy: of(func(h *sdmx.Hierarchy, format string) {
		each(h, func(_ int, x *sdmx.HierarchicalCode) {
			if format != "fusion-json" { // which has codes of all lists
				x.Code = sdmx.RefToItem(sdmx.ClassCode, x.Code.Agency, x.Code.ID, x.Code.Version, x.Code.Item)
			}
		})
	}),
	sdmx.ClassHierarchicalCodelist: of(func(l *sdmx.HierarchicalCodelist, format string) {
		if !isV2(format) { // which has it as a hierarchy
			l.Hierarchies = l.Hierarchies[:1]
		}
	}),
	sdmx.ClassHierarchyAssociation: of(func(x *sdmx.HierarchyAssociation, format string) {
		if format == "sdmx-json-2.0" {
			x.Hierarchy = sdmx.RefTo(sdmx.URN{Class: sdmx.ClassHierarchy, Agency: "AG", ID: "H", Version: "1.0"})
			x.Object.Class, x.Context.Class = sdmx.ClassDataflow, sdmx.ClassDataflow
		}
	}),
	sdmx.ClassConceptScheme: of(func(s *sdmx.ConceptScheme, format string) {
		for i := range s.Items {
			suitRepresentation(s.Items[i].Representation, format)
		}
	}),

	sdmx.ClassDataStructure:     of(suitDataStructure),
	sdmx.ClassMetadataStructure: of(suitMetadataStructure),

	sdmx.ClassDataConstraint:     of(suitDataConstraint),
	sdmx.ClassMetadataConstraint: of(suitMetadataConstraint),
	sdmx.ClassAttachmentConstraint: of(func(x *sdmx.AttachmentConstraint, format string) {
		if isV2(format) {
			suitConstraintToV2(x, &x.Attachment)
		}
	}),

	sdmx.ClassReportingTaxonomy: of(func(t *sdmx.ReportingTaxonomy, format string) {
		if isV2(format) {
			sdmx.EachRef(t, func(_ string, r *sdmx.Ref) {
				if r.Class == sdmx.ClassMetadataProvisionAgreement {
					r.Class = sdmx.ClassProvisionAgreement
				}
			})
		}
	}),
	sdmx.ClassProvisionAgreement: of(func(x *sdmx.ProvisionAgreement, format string) {
		if format == "sdmx-json-2.0" {
			x.Usage.Class = sdmx.ClassDataflow
		}
	}),

	sdmx.ClassStructureMap:      of(suitStructureMap),
	sdmx.ClassRepresentationMap: of(suitRepresentationMap),

	sdmx.ClassVtlMappingScheme: of(func(s *sdmx.VtlMappingScheme, format string) {
		if x := &s.Items[1]; format == "sdmx-json-2.0" && x.Mapped.Class == sdmx.ClassConceptScheme {
			x.Mapped = sdmx.RefToItem(sdmx.ClassConcept, "AG", "L", "1.0", "A")
		}
	}),
}

func of[T sdmx.Maintainable, A any](adjust func(T, A)) func(sdmx.Maintainable, A) {
	return func(m sdmx.Maintainable, a A) { adjust(m.(T), a) }
}

// isV2 reports whether a format has the model of SDMX 2.x.
func isV2(format string) bool {
	return strings.HasPrefix(format, "sdmx-ml-1") || strings.HasPrefix(format, "sdmx-ml-2") || format == "sdmx-json-1.0"
}

// suitExtensions makes the lists that are extended codelists, where only those can be.
func suitExtensions(extensions []sdmx.CodelistExtension, format string) {
	for i := range extensions {
		if format == "sdmx-json-2.0" {
			extensions[i].Codelist.Class = sdmx.ClassCodelist
		}
	}
}

// suitRepresentation makes the enumeration of a representation a codelist, which all formats
// have; Fusion-JSON has all lists.
func suitRepresentation(r *sdmx.Representation, format string) {
	if r != nil && format != "fusion-json" && !r.Enumeration.IsZero() && r.Enumeration.Class != sdmx.ClassConceptScheme {
		r.Enumeration.Class = sdmx.ClassCodelist
	}
}

func dataStructure(d *sdmx.DataStructure, seed int) {
	d.Dimensions[0].Kind = []sdmx.DimensionKind{sdmx.DimensionPlain, sdmx.DimensionMeasure}[seed%2]
	once := func(r *sdmx.Representation) { r.MinOccurs, r.MaxOccurs = "", "" }
	once(d.Dimensions[0].Representation)
	t := &d.Dimensions[1]
	t.Kind, t.ID, t.Representation.Enumeration, t.Representation.Format.Type = sdmx.DimensionTime, sdmx.TimeDimensionID, sdmx.Ref{}, "ObservationalTimePeriod"
	once(t.Representation)
	d.Measures[0].ID = sdmx.MeasureIDPrimary
	dimension, group := d.Dimensions[0].ID, d.Groups[0].ID
	d.Groups[0].Dimensions, d.Groups[0].AttachmentConstraint = []string{dimension}, sdmx.Ref{}
	d.Groups[1].Dimensions = nil
	d.Attributes[0].Relationship = sdmx.Relationship{Kind: sdmx.AttachDimensions, Dimensions: []string{dimension}, Groups: []string{group}}
	d.Attributes[1].Relationship = sdmx.Relationship{Kind: []sdmx.AttachmentKind{sdmx.AttachObservation, sdmx.AttachDataflow}[seed%2]}
	d.Attributes[1].ID = sdmx.YearStartDayID
	for i := range d.Attributes {
		d.Attributes[i].YearStartDay, d.Attributes[i].Measures = i == 1, []string{sdmx.MeasureIDPrimary}
	}
	for i := range d.MetadataUsages {
		d.MetadataUsages[i].Relationship = sdmx.Relationship{Kind: sdmx.AttachGroup, Groups: []string{group}}
	}
	d.ListAnnotations[0].List, d.ListAnnotations[1].List = sdmx.ClassDimensionDescriptor.String(), sdmx.ClassMeasureDescriptor.String()
}

func suitDataStructure(d *sdmx.DataStructure, format string) {
	for i := range d.Dimensions {
		suitRepresentation(d.Dimensions[i].Representation, format)
	}
	for i := range d.Attributes {
		suitRepresentation(d.Attributes[i].Representation, format)
	}
	for i := range d.Measures {
		suitRepresentation(d.Measures[i].Representation, format)
	}
	if isV2(format) || format == "fusion-json" {
		d.Metadata, d.MetadataUsages = sdmx.Ref{}, nil
	}
	if isV2(format) {
		d.Measures = d.Measures[:1]
		return
	}
	d.Groups = d.Groups[:1] // the other one has an attachment constraint
	if d.Dimensions[0].Kind == sdmx.DimensionMeasure && format != "fusion-json" {
		d.Dimensions[0].Kind, d.Dimensions[0].Representation.Enumeration.Class = sdmx.DimensionPlain, sdmx.ClassCodelist
	}
}

// metadataStructure makes a metadata structure by the seed one of 3.0, or one of 2.1, and gives
// each kind of target object in turn.
func metadataStructure(m *sdmx.MetadataStructure, seed int) {
	eachMetadataAttribute(m, func(x *sdmx.MetadataAttribute) { x.ID = "A" + x.ID })
	if seed%2 == 0 {
		m.Lists, m.Targets = m.Lists[:1], nil
		m.Lists[0].ID, m.Lists[0].URI, m.Lists[0].Targets = "", "", nil
		return
	}
	kind := seed
	for i := range m.Targets {
		for j := range m.Targets[i].Objects {
			o := &m.Targets[i].Objects[j]
			o.Kind = sdmx.TargetKind(kind % 5)
			kind++
			if o.Kind == sdmx.TargetObjectIdentifiable {
				o.ID, o.Representation.Format = "O"+o.ID, nil
				o.Representation.MinOccurs, o.Representation.MaxOccurs = "", ""
			} else {
				o.ID, o.ObjectType, o.Representation = o.Kind.FixedID(), "", nil
			}
		}
	}
	for i := range m.Lists {
		m.Lists[i].Targets = []string{m.Targets[i].ID}
	}
}

func eachMetadataAttribute(m *sdmx.MetadataStructure, fn func(*sdmx.MetadataAttribute)) {
	sdmx.EachItem(m, func(it sdmx.Item) {
		if x, ok := it.Value.(*sdmx.MetadataAttribute); ok {
			fn(x)
		}
	})
}

func suitMetadataStructure(m *sdmx.MetadataStructure, format string) {
	eachMetadataAttribute(m, func(x *sdmx.MetadataAttribute) { suitRepresentation(x.Representation, format) })
	if plain := m.Lists[0].ID == ""; !isV2(format) {
		m.Lists, m.Targets = m.Lists[:1], nil
		m.Lists[0].ID, m.Lists[0].URI, m.Lists[0].Targets = "", "", nil
	} else if plain {
		m.Lists[0].ID, m.Lists[0].Targets = "R", []string{"T"}
		m.Targets = []sdmx.MetadataTarget{{ID: "T", Objects: []sdmx.TargetObject{{ID: "O", ObjectType: "Any"}}}}
	}
}
