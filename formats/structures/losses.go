package structures

import (
	"fmt"
	"slices"
	"strings"

	"urncast/formats/codec"
	"urncast/sdmx"
)

// A Loss is a part of a structure that a dialect cannot express.
type Loss struct {
	What string // a phrase, such as "annotation values"
	// Fatal means that the structure must not be written, because the loss would change its
	// meaning.
	Fatal bool
}

// Losses returns what a dialect cannot express of m, each kind of loss once.
func Losses(d codec.Dialect, m sdmx.Maintainable) []Loss {
	l := &losses{seen: map[string]bool{}}
	if _, _, ok := Names(d, m.Class()); !ok {
		l.add(true, true, "structures of type %s", m.Class())
		return l.list
	}
	if d == codec.ML21 {
		l.ml21(m)
	} else {
		l.fusion(m)
	}
	return l.list
}

// AlwaysExpressible reports whether no structure of class c has a Fatal loss in dialect d, so
// that structures of the class need not be read to decide whether they can be written.
func AlwaysExpressible(d codec.Dialect, c sdmx.Class) bool {
	return d == codec.Fusion && c != sdmx.ClassDataStructure
}

// FatalLosses describes, for people, the structures that dialect d cannot express. Each Fatal
// loss that is added below has to be in one of the lines.
func FatalLosses(d codec.Dialect) []string {
	if d == codec.Fusion {
		return []string{"data structures with metadata attributes that are reported with data"}
	}
	return []string{
		"versions and references to versions that are more than digits, such as 1.0.0-draft or 2.0+",
		"references to types that SDMX 3.0 brought, such as value lists, hierarchies and structure maps",
		"codelists that extend others",
		"data structures whose measures are other than one OBS_VALUE, without dimensions, with a component without a concept, " +
			"with a time dimension other than TIME_PERIOD, with a measure dimension without an enumeration, or with metadata attributes that are reported with data",
	}
}

type losses struct {
	list []Loss
	seen map[string]bool
}

func (l *losses) add(fatal, when bool, format string, args ...any) {
	if !when {
		return
	}
	what := fmt.Sprintf(format, args...)
	if !l.seen[what] {
		l.seen[what] = true
		l.list = append(l.list, Loss{what, fatal})
	}
}

// oldVersion reports whether a version has the form of SDMX 2.1: digits and dots only.
func oldVersion(v sdmx.Version) bool {
	return strings.Trim(string(v), "0123456789.") == ""
}

func (l *losses) ml21(m sdmx.Maintainable) {
	a := m.Common()
	l.add(true, !oldVersion(a.Version), "the version %s, which SDMX 2.1 does not know", a.Version)
	l.agency(a.Agency)
	for i, date := range []string{a.ValidFrom, a.ValidTo} {
		_, lost := validity21(date, i == 1)
		l.add(false, lost != "", "%s", lost)
	}
	sdmx.EachRef(m, func(path string, r *sdmx.Ref) {
		l.agency(r.Agency)
		l.add(true, !oldVersion(r.Version), "a reference to version %s, which SDMX 2.1 does not know", r.Version)
		_, _, known := Names(codec.ML21, r.Class)
		l.add(true, !known, "a reference to a %s, which SDMX 2.1 does not know", r.Class)
	})
	eachNameable(m, func(n *sdmx.Nameable) {
		l.add(false, len(n.Names) == 0, "that there is no name: the id stands in its place")
		l.add(false, len(n.Links) > 0, "links")
		l.annotations(n.Annotations)
		l.add(false, hasValue(n.Annotations), "annotation values")
	})
	switch m := m.(type) {
	case *sdmx.Codelist:
		l.add(true, len(m.Extensions) > 0, "codelist extensions, without which codes are missing")
	case *sdmx.AgencyScheme:
		for i := range m.Items {
			l.agency(m.Items[i].ID)
		}
	case *sdmx.ConceptScheme:
		for i := range m.Items {
			l.representation(m.Items[i].Representation, sdmx.ClassConcept)
		}
	case *sdmx.DataStructure:
		l.dataStructure21(m)
	}
}

// agency adds that the message will not be valid, for an agency id that registries accept and
// the schema of 2.1 does not: a part of it begins with a digit.
func (l *losses) agency(id string) {
	for part := range strings.SplitSeq(id, ".") {
		l.add(false, part != "" && part[0] >= '0' && part[0] <= '9', "that agency ids begin with a letter, as the schema wants: %s stays as it is, and the message is not valid", id)
	}
}

// eachNameable calls fn with the nameable parts of a structure and of its items. Components
// have none.
func eachNameable(m sdmx.Maintainable, fn func(*sdmx.Nameable)) {
	fn(&m.Common().Nameable)
	if s, ok := m.(sdmx.ItemScheme); ok {
		s.EachItem(func(_ string, n *sdmx.Nameable) { fn(n) })
	}
}

// annotations adds what neither dialect can express of annotations.
func (l *losses) annotations(as []sdmx.Annotation) {
	for i := range as {
		l.add(false, len(as[i].URLs) > 1, "annotation URLs after the first")
		l.add(false, len(as[i].URLs) > 0 && as[i].URLs[0].Lang != "", "languages of annotation URLs")
	}
}

func hasValue(as []sdmx.Annotation) bool {
	return slices.ContainsFunc(as, func(a sdmx.Annotation) bool { return a.Value != "" })
}

// representation adds the losses of the representation of a concept or component of a class.
func (l *losses) representation(r *sdmx.Representation, class sdmx.Class) {
	_, lost := representation21(r, class)
	for _, what := range lost {
		l.add(false, true, "%s", what)
	}
	l.add(true, class == sdmx.ClassMeasureDimension && (r == nil || r.Enumeration.IsZero()), "a measure dimension without an enumeration")
}

// knownLists are the ids of the component lists that can have annotations in 2.1.
var knownLists = []string{dimensionListID, attributeListID, measureListID}

func (l *losses) dataStructure21(d *sdmx.DataStructure) {
	if len(d.Dimensions)+len(d.Attributes)+len(d.Groups)+len(d.Measures)+len(d.MetadataUsages) == 0 && d.Metadata.IsZero() {
		l.add(false, len(d.ListAnnotations) > 0, "annotations of component lists that are not there")
		return // a stub has no components, which are optional in 2.1
	}
	l.add(true, len(d.Measures) != 1 || d.Measures[0].ID != sdmx.MeasureIDPrimary, "measures other than one OBS_VALUE")
	l.add(true, len(d.Dimensions) == 0, "a data structure without dimensions")
	l.add(true, !d.Metadata.IsZero() || len(d.MetadataUsages) > 0, "metadata attributes reported with data")
	for i := range d.ListAnnotations {
		x := &d.ListAnnotations[i]
		l.add(false, !slices.Contains(knownLists, x.List) || x.List == attributeListID && len(d.Attributes) == 0, "annotations of component lists that are not there")
		l.annotations(x.Annotations)
		l.add(false, hasValue(x.Annotations), "annotation values")
	}
	for i := range d.Measures {
		l.component(&d.Measures[i].Component, sdmx.ClassPrimaryMeasure)
		l.add(false, d.Measures[i].Mandatory != sdmx.Unstated, "whether a measure is mandatory")
		l.add(false, len(d.Measures[i].Roles) > 0, "concept roles of the measure")
	}
	for i := range d.Dimensions {
		x := &d.Dimensions[i]
		l.component(&x.Component, dimensionClasses[x.Kind])
		l.add(false, x.Kind == sdmx.DimensionTime && len(x.Roles) > 0, "concept roles of the time dimension")
		l.add(true, x.Kind == sdmx.DimensionTime && x.ID != timeDimensionID, "a time dimension with an id other than TIME_PERIOD")
	}
	for i := range d.Groups {
		l.add(false, len(d.Groups[i].Links) > 0, "links")
		l.annotations(d.Groups[i].Annotations)
		l.add(false, hasValue(d.Groups[i].Annotations), "annotation values")
	}
	for i := range d.Attributes {
		l.attribute21(&d.Attributes[i])
	}
}

func (l *losses) attribute21(a *sdmx.Attribute) {
	class := sdmx.ClassDataAttribute
	if a.YearStartDay {
		class = sdmx.ClassReportingYearStartDay
	}
	l.component(&a.Component, class)
	l.add(false, len(a.Measures) > 0, "which measures an attribute describes")
	l.add(false, a.YearStartDay && len(a.Roles) > 0, "concept roles of ReportingYearStartDay")
	r := &a.Relationship
	l.add(true, r.Kind == sdmx.AttachDimensions && len(r.Dimensions) == 0, "an attribute that is attached to dimensions and names none")
	l.add(true, r.Kind == sdmx.AttachGroup && len(r.Groups) != 1, "an attribute that is attached to other than one group")
	l.add(false, r.Kind != sdmx.AttachDimensions && len(r.Dimensions) > 0 || r.Kind != sdmx.AttachDimensions && r.Kind != sdmx.AttachGroup && len(r.Groups) > 0,
		"dimensions and groups beside another attachment of an attribute")
}

func (l *losses) component(x *sdmx.Component, class sdmx.Class) {
	l.add(true, x.Concept.IsZero(), "a component without a concept")
	l.add(false, len(x.Links) > 0, "links")
	l.annotations(x.Annotations)
	l.add(false, hasValue(x.Annotations), "annotation values")
	l.representation(x.Representation, class)
}

func (l *losses) fusion(m sdmx.Maintainable) {
	eachNameable(m, func(n *sdmx.Nameable) { l.annotations(n.Annotations) })
	switch m := m.(type) {
	case *sdmx.Codelist:
		for i := range m.Extensions {
			l.add(false, m.Extensions[i].Exclusive && len(m.Extensions[i].Selection) == 0, "that an empty selection of codes is what to leave out")
		}
	case *sdmx.ConceptScheme:
		for i := range m.Items {
			l.sentinels(m.Items[i].Representation)
		}
	case *sdmx.DataStructure:
		l.dataStructureFusion(m)
	}
}

func (l *losses) sentinels(r *sdmx.Representation) {
	l.add(false, r != nil && r.Format != nil && len(r.Format.Sentinels) > 0, "sentinel values")
}

func (l *losses) dataStructureFusion(d *sdmx.DataStructure) {
	l.add(true, !d.Metadata.IsZero() || len(d.MetadataUsages) > 0, "metadata attributes reported with data")
	l.add(false, len(d.ListAnnotations) > 0, "annotations of component lists")
	component := func(x *sdmx.Component) {
		l.add(false, x.URI != "" || len(x.Links) > 0, "URIs and links of components and groups")
		l.annotations(x.Annotations)
		l.sentinels(x.Representation)
	}
	for i := range d.Dimensions {
		x := &d.Dimensions[i]
		component(&x.Component)
		ofConcepts := x.Representation != nil && x.Representation.Enumeration.Class == sdmx.ClassConceptScheme
		l.add(false, x.Kind != sdmx.DimensionTime && (x.Kind == sdmx.DimensionMeasure) != ofConcepts,
			"whether a dimension is a measure dimension where its values do not show it")
	}
	for i := range d.Measures {
		component(&d.Measures[i].Component)
	}
	for i := range d.Groups {
		g := &d.Groups[i]
		l.add(false, g.URI != "" || len(g.Links) > 0, "URIs and links of components and groups")
		l.annotations(g.Annotations)
	}
	for i := range d.Attributes {
		a := &d.Attributes[i]
		component(&a.Component)
		l.add(false, a.YearStartDay, "that an attribute is the element ReportingYearStartDay of 2.1")
		l.add(false, len(a.Relationship.Groups) > 1, "attachment groups after the first")
	}
}
