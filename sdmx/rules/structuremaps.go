package rules

import (
	"errors"
	"fmt"
	"regexp/syntax"
	"slices"
	"strconv"
	"strings"

	"urncast/sdmx"
)

// needs adds a fault for a part that SDMX 3.0 requires and that is missing. whose is what it
// belongs to, and what the part with its name in messages.
func needs(c *checker, there bool, path, whose, what string) {
	if !there {
		c.add(path, "%s has no %s, which SDMX 3.0 requires. Add it.", upperFirst(whose), what)
	}
}

// oneOf checks that a text, if there is one, is among a few.
func oneOf(c *checker, path, what, value string, may ...string) {
	if value != "" && !slices.Contains(may, value) {
		c.add(path, "The %s is %q, and must be %s. Upper and lower case count.", what, sdmx.Clip(value), strings.Join(may, ", "))
	}
}

// idPath checks an id, or ids that lead to something nested and are joined by dots.
func idPath(c *checker, at, path string) {
	for id := range strings.SplitSeq(path, ".") {
		if !c.id(at, id) {
			return
		}
	}
}

func structureMap(c *checker, m *sdmx.StructureMap) {
	if !m.External {
		needs(c, !m.Source.IsZero(), "Source", "the structure map", "source")
		needs(c, !m.Target.IsZero(), "Target", "the structure map", "target")
	}
	seen := map[string]int{}
	for i := range m.Epochs {
		x, at := &m.Epochs[i], fmt.Sprintf("Epochs[%d]", i)
		c.checkUnique(seen, i, "Epochs", x.ID, "")
		dateMap(c, at, &x.DateMap)
		needs(c, x.Base != "", at+".Base", "the epoch map "+sdmx.Clip(x.ID), "point in time that is counted from (basePeriod)")
		needs(c, x.Unit != "", at+".Unit", "the epoch map "+sdmx.Clip(x.ID), "unit (epochPeriod)")
		oneOf(c, at+".Unit", "unit (epochPeriod)", x.Unit, "nanosecond", "microsecond", "millisecond", "second", "day")
	}
	seen = map[string]int{}
	for i := range m.DatePatterns {
		x, at := &m.DatePatterns[i], fmt.Sprintf("DatePatterns[%d]", i)
		c.checkUnique(seen, i, "DatePatterns", x.ID, "")
		dateMap(c, at, &x.DateMap)
		needs(c, x.Pattern != "", at+".Pattern", "the date pattern map "+sdmx.Clip(x.ID), "pattern (sourcePattern)")
		needs(c, x.Locale != "", at+".Locale", "the date pattern map "+sdmx.Clip(x.ID), "locale")
	}
	seen = map[string]int{}
	for i := range m.FrequencyFormats {
		x, at := &m.FrequencyFormats[i], fmt.Sprintf("FrequencyFormats[%d]", i)
		c.checkUnique(seen, i, "FrequencyFormats", x.ID, "")
		c.id(at+".Frequency", x.Frequency)
		needs(c, x.Pattern != "", at+".Pattern", "the format "+sdmx.Clip(x.ID)+" of a frequency", "pattern (datePattern)")
	}
	for i := range m.Components {
		x, at := &m.Components[i], fmt.Sprintf("Components[%d]", i)
		components(c, at+".Sources", x.Sources)
		components(c, at+".Targets", x.Targets)
	}
	fixedValues(c, "FixedSources", m.FixedSources)
	fixedValues(c, "FixedTargets", m.FixedTargets)
}

// dateMap checks that the components and the frequency of the result are named, the latter in one
// of two ways.
func dateMap(c *checker, at string, x *sdmx.DateMap) {
	needs(c, len(x.Mapped) > 0, at+".Mapped", "the map "+sdmx.Clip(x.ID)+" of dates", "component (mappedComponents)")
	for i, p := range x.Mapped {
		idPath(c, fmt.Sprintf("%s.Mapped[%d].Source", at, i), p.Source)
		idPath(c, fmt.Sprintf("%s.Mapped[%d].Target", at, i), p.Target)
	}
	switch byData := x.FrequencyDimension != ""; {
	case byData == (x.TargetFrequency != ""):
		c.add(at+".TargetFrequency", "The map %s of dates names the frequency of what results, or the dimension that has it: one of the two. Name targetFrequencyID or frequencyDimension.", sdmx.Clip(x.ID))
	case byData:
		c.id(at+".FrequencyDimension", x.FrequencyDimension)
	default:
		c.id(at+".TargetFrequency", x.TargetFrequency)
	}
	for i, id := range x.Frequencies {
		c.id(fmt.Sprintf("%s.Frequencies[%d]", at, i), id)
	}
	oneOf(c, at+".Resolve", "point of a period (resolvePeriod)", x.Resolve, "startOfPeriod", "endOfPeriod", "midPeriod")
}

// components checks the components on one side of a component map.
func components(c *checker, at string, ids []string) {
	needs(c, len(ids) > 0, at, "a component map", "component on this side")
	for i, id := range ids {
		idPath(c, fmt.Sprintf("%s[%d]", at, i), id)
	}
}

func fixedValues(c *checker, list string, values []sdmx.FixedValue) {
	seen := make(map[string]int, len(values))
	for i, x := range values {
		at := fmt.Sprintf("%s[%d].Component", list, i)
		idPath(c, at, x.Component)
		if before, twice := seen[x.Component]; twice {
			c.add(at, "Component %s has a fixed value twice: it is at %s[%d], too. Send it once; it may have several values.", sdmx.Clip(x.Component), list, before)
		}
		seen[x.Component] = i
	}
}

func representationMap(c *checker, m *sdmx.RepresentationMap) {
	if !m.External {
		needs(c, len(m.Sources) > 0, "Sources", "the representation map", "source")
		needs(c, len(m.Targets) > 0, "Targets", "the representation map", "target")
	}
	mappedLists(c, "Sources", m.Sources)
	mappedLists(c, "Targets", m.Targets)
	for i := range m.Mappings {
		x, at := &m.Mappings[i], fmt.Sprintf("Mappings[%d]", i)
		if len(x.Sources) != len(m.Sources) {
			c.add(at+".Sources", "It has %d source values, but the map has %d sources. Send one value for each source.", len(x.Sources), len(m.Sources))
		}
		if len(x.Targets) > 0 && len(x.Targets) != len(m.Targets) {
			c.add(at+".Targets", "It has %d target values, but the map has %d targets. Send one value for each target, or none.", len(x.Targets), len(m.Targets))
		}
		for j := range x.Sources {
			mappedValue(c, fmt.Sprintf("%s.Sources[%d]", at, j), &x.Sources[j])
		}
		c.period(at+".ValidFrom", x.ValidFrom)
		c.period(at+".ValidTo", x.ValidTo)
	}
}

func mappedLists(c *checker, name string, lists []sdmx.MappedList) {
	for i, x := range lists {
		at := fmt.Sprintf("%s[%d]", name, i)
		switch {
		case x.List.IsZero() == (x.Type == ""):
			c.add(at, "Values are from a list or of a data type: one of the two. Name a codelist, a value list or a data type.")
		case x.Type != "" && (!dataTypes[x.Type] || x.Type == "AttachmentConstraintReference"): // which 3.0 has dropped
			c.add(at+".Type", "The data type %q is none of SDMX 3.0. Use one such as String, Integer or ObservationalTimePeriod; upper and lower case count.", sdmx.Clip(x.Type))
		}
	}
}

// mappedValue checks a regular expression, and the indexes of the part of a value that counts.
func mappedValue(c *checker, at string, x *sdmx.MappedValue) {
	if why := brokenExpression(x.Value); x.RegEx && why != "" {
		c.add(at+".Value", "%q is no regular expression: %s. Mend it, or leave isRegEx out if the text itself is meant.", sdmx.Clip(x.Value), why)
	}
	var index [2]uint64
	for i, v := range [...]struct{ path, name, value string }{{".Start", "startIndex", x.Start}, {".End", "endIndex", x.End}} {
		n, err := strconv.ParseUint(v.value, 10, 31)
		if index[i] = n; v.value != "" && (err != nil || !wholeNumber.MatchString(v.value)) {
			c.add(at+v.path, "%s is %q, and must be a whole number from 0 to 2147483647.", v.name, sdmx.Clip(v.value))
			return
		}
	}
	if x.Start != "" && x.End != "" && index[0] > index[1] {
		c.add(at+".End", "The part of a value that is compared ends (endIndex %s) before it begins (startIndex %s). Exchange the two.", x.End, x.Start)
	}
}

// broken says what is wrong with a regular expression in every dialect of them.
var broken = map[syntax.ErrorCode]string{
	syntax.ErrMissingBracket:        "a [ has no ]",
	syntax.ErrMissingParen:          "a ( has no )",
	syntax.ErrUnexpectedParen:       "a ) has no (",
	syntax.ErrTrailingBackslash:     `it ends with a \ that nothing follows`,
	syntax.ErrMissingRepeatArgument: "nothing stands before a *, + or ?",
	syntax.ErrInvalidCharRange:      "a range of characters ends before it begins",
}

// brokenExpression returns what is wrong with a regular expression; empty if nothing is, and if it
// cannot be told: SDMX does not say of which dialect they are, and others have more than Go's.
func brokenExpression(s string) string {
	_, err := syntax.Parse(s, syntax.Perl)
	var why *syntax.Error
	if errors.As(err, &why) {
		return broken[why.Code]
	}
	return ""
}

// schemeMapRow returns the row of a class of maps between schemes of some classes.
func schemeMapRow[T sdmx.Maintainable](content func(T) *sdmx.SchemeMap, between ...sdmx.Class) row {
	return row{check: of(func(c *checker, m T) { schemeMap(c, m.Class(), content(m)) }), refs: map[string]target{"Source": between, "Target": between}}
}

func schemeMap(c *checker, class sdmx.Class, m *sdmx.SchemeMap) {
	if !m.External {
		needs(c, !m.Source.IsZero(), "Source", "the "+class.Word(), "source")
		needs(c, !m.Target.IsZero(), "Target", "the "+class.Word(), "target")
	}
	for i := range m.Maps {
		x, at := &m.Maps[i], fmt.Sprintf("Maps[%d]", i)
		needs(c, x.Source.Value != "", at+".Source.Value", "an item map", "source (sourceValue)")
		mappedValue(c, at+".Source", &x.Source)
		c.period(at+".ValidFrom", x.ValidFrom)
		c.period(at+".ValidTo", x.ValidTo)
	}
}
