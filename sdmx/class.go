package sdmx

import (
	"cmp"
	"slices"
	"strings"
)

// A Class is a class of identifiable objects that a URN can name: the maintainable classes (SDMX
// 3.0 section 2, and those of 2.1 that 3.0 has dropped), and the classes of items and components
// inside them. What is one thing in both versions is one class, whatever its names: the
// ContentConstraint of 2.1 is ClassDataConstraint. What is known of a class is in one row of the
// table in classtable.go. Numbers of classes are not stored, and may change.
type Class uint8

// The maintainable classes, in the order in which they are written: referenced classes come
// first. A cycle of references begins with the class that comes last.
const (
	ClassUnknown Class = iota
	ClassAgencyScheme
	ClassDataProviderScheme
	ClassDataConsumerScheme
	ClassMetadataProviderScheme
	ClassOrganisationUnitScheme
	ClassCodelist
	ClassValueList
	ClassGeographicCodelist
	ClassGeoGridCodelist
	ClassConceptScheme
	ClassCategoryScheme
	ClassMetadataStructure
	ClassDataStructure
	ClassMetadataflow
	ClassDataflow
	ClassCategorisation
	ClassReportingTaxonomy
	ClassHierarchicalCodelist
	ClassHierarchy
	ClassHierarchyAssociation
	ClassProvisionAgreement
	ClassMetadataProvisionAgreement
	ClassRegistration
	ClassDataConstraint
	ClassMetadataConstraint
	ClassAttachmentConstraint
	ClassStructureSet
	ClassRepresentationMap
	ClassStructureMap
	ClassConceptSchemeMap
	ClassCategorySchemeMap
	ClassOrganisationSchemeMap
	ClassReportingTaxonomyMap
	ClassProcess
	ClassCustomTypeScheme
	ClassVtlMappingScheme
	ClassNamePersonalisationScheme
	ClassRulesetScheme
	ClassUserDefinedOperatorScheme
	ClassTransformationScheme
	ClassMetadataSet

	// The types of Fusion Metadata Registry that SDMX does not have.
	ClassReportingTemplate
	ClassPublicationTable
	ClassValidationScheme

	lastMaintainable = ClassValidationScheme
)

// The classes of items and components.
const (
	ClassAgency Class = lastMaintainable + 1 + iota
	ClassDataProvider
	ClassDataConsumer
	ClassMetadataProvider
	ClassOrganisationUnit
	ClassCode
	ClassConcept
	ClassCategory
	ClassReportingCategory
	ClassDimensionDescriptor
	ClassDimension
	ClassMeasureDimension
	ClassTimeDimension
	ClassGroupDimensionDescriptor
	ClassAttributeDescriptor
	ClassDataAttribute
	ClassReportingYearStartDay
	ClassMeasureDescriptor
	ClassPrimaryMeasure
	ClassMeasure
	ClassMetadataAttributeDescriptor
	ClassMetadataAttribute
	ClassMetadataTarget
	ClassReportStructure
	ClassHierarchicalCode
	ClassLevel
	ClassProcessStep
	ClassTransition
	ClassTransformation
	ClassRuleset
	ClassUserDefinedOperator
	ClassCustomType
	ClassNamePersonalisation
	ClassVtlDataflowMapping
	ClassVtlCodelistMapping
	ClassVtlConceptMapping
	ClassValueItem
	ClassGeoFeatureSetCode
	ClassGeoGridCode
	ClassEpochMap
	ClassDatePatternMap
	ClassFrequencyFormatMapping
	ClassIdentifiableObjectTarget
	ClassDataSetTarget
	ClassReportPeriodTarget
	ClassDimensionDescriptorValuesTarget
	ClassConstraintTarget
	// The maps inside a structure set of 2.1. Four have the names of maintainable classes of
	// 3.0, in another package.
	ClassMappingStructureMap
	ClassMappingCodelistMap
	ClassMappingHybridCodelistMap
	ClassMappingConceptSchemeMap
	ClassMappingCategorySchemeMap
	ClassMappingOrganisationSchemeMap
	ClassMappingReportingTaxonomyMap
	ClassAvailabilityConstraint // the answer to a query about data; it has no identity of its own
	classEnd
)

// ClassByName finds a class by a name without package, such as "Codelist", "Code" or
// "ContentConstraint"; false if there is none. Of several classes with one name it is the
// maintainable one.
func ClassByName(name string) (Class, bool) {
	found := classesByName[name]
	if len(found) == 0 {
		return ClassUnknown, false
	}
	return found[0], true
}

// ClassByPackage finds a class by package and name, such as "mapping" and "StructureMap", or by
// the name alone (ClassByName) if the package has no class of that name; false if there is none.
func ClassByPackage(pkg, name string) (Class, bool) {
	if c, ok := classByPackageName[pkg+"."+name]; ok {
		return c, true
	}
	return ClassByName(name)
}

// ClassByREST finds the maintainable class of an SDMX REST resource name, such as "codelist";
// false if there is none, or if the name stands for several classes (ClassesByREST).
func ClassByREST(name string) (Class, bool) {
	found := classesByREST[name]
	if len(found) == 0 || len(found) > 1 && name != found[0].REST() {
		return ClassUnknown, false
	}
	return found[0], true
}

// ClassesByREST returns the maintainable classes whose structures a query with an SDMX REST
// resource name of 2.x or 1.x selects; nil if there is none. "hierarchy" also selects
// hierarchical codelists, which are the same structures in another version.
func ClassesByREST(name string) []Class { return classesByREST[name] }

// Maintainables returns all maintainable classes, in the order in which they are written.
func Maintainables() []Class {
	out := make([]Class, 0, lastMaintainable)
	for c := ClassUnknown + 1; c <= lastMaintainable; c++ {
		out = append(out, c)
	}
	return out
}

// Modelled returns the maintainable classes that this program supports, in the order in which
// they are written.
func Modelled() []Class {
	return slices.DeleteFunc(Maintainables(), func(c Class) bool { return !c.Modelled() })
}

// String returns the class's name in the information model, such as "Codelist".
func (c Class) String() string {
	if c == ClassUnknown || c >= classEnd {
		return "unknown class"
	}
	return classes[c].name
}

// A Generation is a version of the SDMX information model, by the names that classes have in it.
type Generation uint8

// The generations: V2 is SDMX 1.0, 2.0 and 2.1, V3 is 3.0 and 3.1.
const (
	V2 Generation = 2
	V3 Generation = 3
)

// Names returns the names without package by which references that were stored may know the
// class: String, and what ParseRef reads as the class besides.
func (c Class) Names() []string {
	info := &classes[c]
	out := append([]string{info.name}, info.aliases...)
	if info.v2 != "" && info.v2 != none && classNamed(info.pkg, info.v2) == ClassUnknown {
		out = append(out, info.v2)
	}
	return out
}

// In reports whether a version of SDMX has the class, perhaps under another name.
func (c Class) In(v Generation) bool { return classes[c].in(v) != none }

// As returns the class of which a version of SDMX has the structures of the class, one for one: a
// Hierarchy of 3.0 is a HierarchicalCodelist in V2, and the other way round (As). It is the class
// itself for all others, also if the version does not have it (In).
func (c Class) As(v Generation) Class {
	if other, ok := sameIn[classIn{c, v}]; ok {
		return other
	}
	return c
}

// Spell returns the name of the class in a version of SDMX: ContentConstraint for
// ClassDataConstraint in V2. If that version does not have it, it is String.
func (c Class) Spell(v Generation) string {
	if name := classes[c].in(v); name != "" && name != none {
		return name
	}
	return c.String()
}

// Spellings returns the names that the class has in any version of SDMX, with String first.
func (c Class) Spellings() []string {
	out := []string{c.String()}
	for _, v := range []Generation{V2, V3} {
		if name := c.Spell(v); !slices.Contains(out, name) {
			out = append(out, name)
		}
	}
	return out
}

// Package returns the package of the class in a URN, such as "codelist".
func (c Class) Package() string { return classes[c].pkg }

// REST returns the SDMX REST 2.x resource name of a maintainable class; empty for item classes.
func (c Class) REST() string {
	if !c.Maintainable() {
		return ""
	}
	return strings.ToLower(classes[c].name)
}

// Maintainable reports whether objects of this class are maintained on their own.
func (c Class) Maintainable() bool { return c > ClassUnknown && c <= lastMaintainable }

// Modelled reports whether this program has a type for the maintainable class.
func (c Class) Modelled() bool { return classes[c].construct != nil }

// Apart reports whether what is of the class is no structural metadata in SDMX, though it is kept
// like that here: it has messages of its own, and queries and replaces of all structures leave it
// out.
func (c Class) Apart() bool { return classes[c].apart }

// Elsewhere reports whether other services than a registry may hold what is of the class, so that a
// reference to it need not lead to something here.
func (c Class) Elsewhere() bool { return classes[c].elsewhere }

// RefName returns the name of the class in a Ref of SDMX-ML 2.1; empty if a Ref cannot name it, and
// the reference must be a URN: VTL mappings are of one class in Refs, and of three in URNs.
func (c Class) RefName() string {
	switch name := classes[c].ref; name {
	case "":
		return c.Spell(V2)
	case none:
		return ""
	default:
		return name
	}
}

// Owners returns the maintainable classes that can contain items of this class, the usual one
// first; nil if it is no class of items.
func (c Class) Owners() []Class { return classes[c].owners }

// MadeOfItems reports whether structures of a maintainable class are made of items, so that one
// without any has no content.
func (c Class) MadeOfItems() bool { return classes[c].items != "" }

// Items returns the classes of items that structures of a maintainable class can contain.
func (c Class) Items() []Class {
	var out []Class
	for k := range classes {
		if slices.Contains(classes[k].owners, c) {
			out = append(out, Class(k))
		}
	}
	return out
}

// ItemClass finds the class of items of a maintainable class by its name, such as "Code";
// false if there is none.
func (c Class) ItemClass(name string) (Class, bool) {
	for _, k := range classesByName[name] {
		if slices.Contains(classes[k].owners, c) {
			return k, true
		}
	}
	return ClassUnknown, false
}

// Kind returns the class that stands for all that are one kind of item, as a TimeDimension is a
// Dimension and the PrimaryMeasure of 2.1 a Measure. Items of one kind have different ids.
func (c Class) Kind() Class {
	if k := classes[c].kind; k != ClassUnknown {
		return k
	}
	return c
}

// Relatives returns the maintainable classes that references cannot tell apart, with the one
// that stands for them first: a Code may be one of a Codelist or of a GeographicCodelist. There
// is only one structure of these classes with an agency, id and version. A class without
// relatives is its own.
func (c Class) Relatives() []Class {
	if r := relatives[c.Family()]; r != nil {
		return r
	}
	return []Class{c}
}

// Family returns the first of Relatives.
func (c Class) Family() Class {
	if f := classes[c].family; f != ClassUnknown {
		return f
	}
	return c
}

// FixedID returns the id that the standard fixes for all structures of a class, whose version is
// then VersionDefault; empty for other classes.
func (c Class) FixedID() string { return classes[c].fixedID }

// Word returns what people call an object of the class, such as "data structure".
func (c Class) Word() string { return classes[c].word }

// Words returns what people call several objects of the class.
func (c Class) Words() string { return wordOf(classes[c].word, 2) }

// ItemWord returns what people call items of a maintainable class, singular or plural by n.
func (c Class) ItemWord(n int) string { return wordOf(cmp.Or(classes[c].items, "item"), n) }
