package rules

import (
	"fmt"
	"strings"

	"urncast/sdmx"
)

// A constraintChecker has the checks that constraints of several classes share.
type constraintChecker struct{ *checker }

func dataConstraint(c *checker, x *sdmx.DataConstraint) { constraintChecker{c}.data(x) }

func metadataConstraint(c *checker, x *sdmx.MetadataConstraint) { constraintChecker{c}.metadata(x) }

func attachmentConstraint(c *checker, x *sdmx.AttachmentConstraint) {
	constraintChecker{c}.attachmentOnly(x)
}

func (c constraintChecker) data(x *sdmx.DataConstraint) {
	if x.Role != "" && x.Role != sdmx.RoleAllowed && x.Role != sdmx.RoleActual {
		c.add("Role", "The role of a data constraint is %s or %s, not %q. Send one of them.", sdmx.RoleAllowed, sdmx.RoleActual, sdmx.Clip(x.Role))
	}
	c.attachment(&x.Attachment)
	c.keySets(x.KeySets)
	for i := range x.Cubes {
		path := fmt.Sprintf("Cubes[%d]", i)
		for j := range x.Cubes[i].Keys {
			c.dimensionID(fmt.Sprintf("%s.Keys[%d]", path, j), x.Cubes[i].Keys[j].ID)
		}
		c.allValues(path+".Keys", x.Cubes[i].Keys)
		c.allValues(path+".Components", x.Cubes[i].Components)
	}
	c.calendar(x.Calendar)
	if x.Period != nil {
		c.bothEnds("Period", x.Period.Start, x.Period.End)
	}
	c.metadataKeySets(x.MetadataKeySets)
	for i := range x.MetadataRegions {
		path, r := fmt.Sprintf("MetadataRegions[%d]", i), &x.MetadataRegions[i]
		c.id(path+".Report", r.Report)
		c.id(path+".Target", r.Target)
		c.metadataRegion(path, r)
	}
}

func (c constraintChecker) metadata(x *sdmx.MetadataConstraint) {
	if x.Role != "" && x.Role != sdmx.RoleAllowed {
		c.add("Role", "The role of a metadata constraint is %s, not %q. Send that, or leave it out.", sdmx.RoleAllowed, sdmx.Clip(x.Role))
	}
	c.attachment(&x.Attachment)
	c.calendar(x.Calendar)
	if len(x.Regions) > 2 {
		c.add("Regions", "There are %d regions, and a metadata constraint has one or two. Send the others as another constraint.", len(x.Regions))
	}
	for i := range x.Regions {
		c.metadataRegion(fmt.Sprintf("Regions[%d]", i), &x.Regions[i])
	}
}

func (c constraintChecker) attachmentOnly(x *sdmx.AttachmentConstraint) {
	c.attachment(&x.Attachment)
	if a := &x.Attachment; len(a.Sources) > 0 {
		c.add("Attachment.Sources", "An attachment constraint has no queryable data sources. Take them away.")
	}
	c.keySets(x.KeySets)
	c.metadataKeySets(x.MetadataKeySets)
}

// attachment checks that a constraint is attached to things of one kind.
func (c constraintChecker) attachment(a *sdmx.Attachment) {
	kinds := 0
	for _, n := range []int{len(a.To), len(a.DataSets), len(a.MetadataSets), len(a.SimpleSources)} {
		if n > 0 {
			kinds++
		}
	}
	for i := range a.To {
		if a.To[i].Target() != a.To[0].Target() {
			kinds = 2
		}
		if t := a.To[i].Target(); i > 0 && (t == sdmx.ClassDataProvider || t == sdmx.ClassMetadataProvider) {
			c.add(fmt.Sprintf("Attachment.To[%d]", i), "A constraint is attached to one provider, and this is another. Make a constraint of its own for it.")
		}
	}
	if kinds > 1 {
		c.add("Attachment", "A constraint is attached to things of one kind: a provider, or structures, or flows, or agreements, or sets, or addresses. Make a constraint for each kind.")
	}
	if len(a.Sources) > 0 && (len(a.To) == 0 || !a.To[0].Target().Maintainable()) {
		c.add("Attachment.Sources", "Queryable data sources stand beside structures, flows or agreements, and there are none. Name what the constraint is attached to.")
	}
	for i := range a.Sources {
		c.stated(fmt.Sprintf("Attachment.Sources[%d].URL", i), "A queryable data source", "address", a.Sources[i].URL)
	}
	c.setRefs("Attachment.DataSets", a.DataSets)
	c.setRefs("Attachment.MetadataSets", a.MetadataSets)
}

func (c constraintChecker) setRefs(path string, sets []sdmx.SetRef) {
	for i := range sets {
		at := fmt.Sprintf("%s[%d]", path, i)
		c.id(at+".ID", sets[i].ID)
		if sets[i].Provider.IsZero() {
			c.add(at+".Provider", "A set is named by its provider and its id, and the provider is missing. Name it.")
		}
	}
}

// stated checks that something is not empty.
func (c constraintChecker) stated(path, who, what, value string) {
	if value == "" {
		c.add(path, "%s needs %s. Add it, or take the whole away.", who, article(what))
	}
}

func (c constraintChecker) bothEnds(path, from, to string) {
	c.stated(path+".Start", "A reference period", "start", from)
	c.stated(path+".End", "A reference period", "end", to)
	c.period(path+".Start", from)
	c.period(path+".End", to)
}

func (c constraintChecker) calendar(r *sdmx.ReleaseCalendar) {
	if r != nil {
		c.stated("Calendar.Periodicity", "A release calendar", "periodicity", r.Periodicity)
		c.stated("Calendar.Offset", "A release calendar", "offset", r.Offset)
		c.stated("Calendar.Tolerance", "A release calendar", "tolerance", r.Tolerance)
	}
}

func (c constraintChecker) keySets(sets []sdmx.KeySet) {
	for i := range sets {
		path := fmt.Sprintf("KeySets[%d]", i)
		if len(sets[i].Keys) == 0 {
			c.add(path, "The set has no keys. Add one, or take the set away.")
		}
		for j := range sets[i].Keys {
			c.key(fmt.Sprintf("%s.Keys[%d]", path, j), &sets[i].Keys[j])
		}
	}
}

func (c constraintChecker) key(path string, k *sdmx.Key) {
	seen := map[string]int{}
	for i := range k.Values {
		at := fmt.Sprintf("%s.Values[%d]", path, i)
		c.dimensionID(at, k.Values[i].ID)
		if before, twice := seen[k.Values[i].ID]; twice {
			c.add(at+".ID", "The key has two values of %s: the other is Values[%d]. Send one.", sdmx.Clip(k.Values[i].ID), before)
		}
		seen[k.Values[i].ID] = i
		c.stated(at+".Value", "A dimension of a key", "value", k.Values[i].Value)
	}
	c.allValues(path+".Components", k.Components)
	c.period(path+".ValidFrom", k.ValidFrom)
	c.period(path+".ValidTo", k.ValidTo)
}

// dimensionID checks the id of a dimension (SingleNCNameIDType).
func (c constraintChecker) dimensionID(path, id string) { c.ncName(path+".ID", "a dimension", id) }

// allValues checks the values of components, whose ids may be paths (NestedNCNameIDType).
func (c constraintChecker) allValues(path string, all []sdmx.ComponentValues) {
	for i := range all {
		x, at := &all[i], fmt.Sprintf("%s[%d]", path, i)
		for part := range strings.SplitSeq(x.ID, ".") {
			c.ncName(at+".ID", "a component", part)
		}
		if len(x.Values) > 0 && x.Range != nil {
			c.add(at, "%s has values and a range of time, and one of the two is permitted. Take the other away.", sdmx.Clip(x.ID))
		}
		c.period(at+".ValidFrom", x.ValidFrom)
		c.period(at+".ValidTo", x.ValidTo)
		c.timeRange(at+".Range", x.Range)
		for j := range x.Values {
			v, at := &x.Values[j], fmt.Sprintf("%s.Values[%d]", at, j)
			if v.Cascade != "" && v.Cascade != "true" && v.Cascade != "excluderoot" {
				c.add(at+".Cascade", "cascadeValues is %q, and must be true, false or excluderoot.", sdmx.Clip(v.Cascade))
			}
			c.period(at+".ValidFrom", v.ValidFrom)
			c.period(at+".ValidTo", v.ValidTo)
		}
	}
}

func (c constraintChecker) timeRange(path string, r *sdmx.TimeRange) {
	if r == nil {
		return
	}
	for _, b := range []struct {
		name  string
		bound *sdmx.PeriodBound
	}{{"Before", r.Before}, {"After", r.After}, {"Start", r.Start}, {"End", r.End}} {
		if b.bound != nil {
			c.stated(path+"."+b.name+".Period", "An end of a range of time", "period", b.bound.Period)
			c.period(path+"."+b.name+".Period", b.bound.Period)
		}
	}
	before, after, both := r.Before != nil, r.After != nil, r.Start != nil && r.End != nil
	either := r.Start != nil || r.End != nil
	if !(before && !after && !either || after && !before && !either || both && !before && !after) {
		c.add(path, "A range of time is before a period, or after one, or has a start and an end. Send one of these.")
	}
}

func (c constraintChecker) metadataKeySets(sets []sdmx.MetadataKeySet) {
	for i := range sets {
		path := fmt.Sprintf("MetadataKeySets[%d]", i)
		if len(sets[i].Keys) == 0 {
			c.add(path, "The set has no keys. Add one, or take the set away.")
		}
		for j := range sets[i].Keys {
			k, at := &sets[i].Keys[j], fmt.Sprintf("%s.Keys[%d]", path, j)
			c.id(at+".Report", k.Report)
			c.id(at+".Target", k.Target)
			if len(k.Values) == 0 {
				c.add(at, "The key has no values. Add one, or take the key away.")
			}
			for n := range k.Values {
				c.metadataKeyValue(fmt.Sprintf("%s.Values[%d]", at, n), &k.Values[n])
			}
		}
	}
}

func (c constraintChecker) metadataKeyValue(path string, v *sdmx.MetadataKeyValue) {
	c.ncName(path+".ID", "a target", v.ID)
	kinds := 0
	for _, has := range []bool{v.Value != "", v.DataSet != nil, v.DataKey != nil, !v.Object.IsZero()} {
		if has {
			kinds++
		}
	}
	if kinds != 1 {
		c.add(path, "The value of %s is a text, a data set, a key or an object, and here %d of them are. Send one.", sdmx.Clip(v.ID), kinds)
	}
	if v.DataSet != nil {
		c.setRefs(path+".DataSet", []sdmx.SetRef{*v.DataSet})
	}
	if v.DataKey != nil {
		c.dataKey(path+".DataKey", v.DataKey)
	}
}

func (c constraintChecker) dataKey(path string, k *sdmx.Key) {
	if len(k.Values) == 0 {
		c.add(path, "The key has no values. Add one, or take the key away.")
	}
	c.key(path, k)
}

func (c constraintChecker) metadataRegion(path string, r *sdmx.MetadataRegion) {
	for i := range r.Keys {
		x, at := &r.Keys[i], fmt.Sprintf("%s.Keys[%d]", path, i)
		c.ncName(at+".ID", "a target", x.ID)
		kinds := 0
		for _, n := range []int{len(x.Values), len(x.DataSets), len(x.DataKeys), len(x.Objects)} {
			if n > 0 {
				kinds++
			}
		}
		if x.Range != nil {
			kinds++
		}
		if kinds != 1 {
			c.add(at, "The values of %s are texts, data sets, keys, objects or a range of time, and here %d of these kinds are. Send one kind.", sdmx.Clip(x.ID), kinds)
		}
		c.setRefs(at+".DataSets", x.DataSets)
		for j := range x.DataKeys {
			c.dataKey(fmt.Sprintf("%s.DataKeys[%d]", at, j), &x.DataKeys[j])
		}
		c.timeRange(at+".Range", x.Range)
	}
	c.allValues(path+".Components", r.Components)
	c.period(path+".ValidFrom", r.ValidFrom)
	c.period(path+".ValidTo", r.ValidTo)
}
