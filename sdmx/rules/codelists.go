package rules

import (
	"fmt"

	"urncast/sdmx"
)

// valueList checks that each value is there once. Values may be any text.
func valueList(c *checker, l *sdmx.ValueList) {
	at := make(map[string]int, len(l.Items))
	for i := range l.Items {
		id := l.Items[i].ID
		before, twice := at[id]
		switch err := sdmx.CheckFreeID(id); {
		case err != nil:
			c.add(fmt.Sprintf("Items[%d].ID", i), "%s. Write the value as text of one line.", upperFirst(err.Error()))
		case twice:
			c.add(fmt.Sprintf("Items[%d].ID", i), "Value %q is there twice: it is at Items[%d], too. Send it once.", sdmx.Clip(id), before)
		default:
			at[id] = i
		}
	}
}

func geographicCodelist(c *checker, l *sdmx.GeographicCodelist) {
	checkCodes(c, l, l.Items, func(x *sdmx.GeoFeatureSetCode) *sdmx.Code { return &x.Code })
	for i := range l.Items {
		if l.Items[i].Value == "" {
			c.add(fmt.Sprintf("Items[%d].Value", i), "Code %s has no value. Write the place or area that it stands for.", sdmx.Clip(l.Items[i].ID))
		}
	}
}

func geoGridCodelist(c *checker, l *sdmx.GeoGridCodelist) {
	checkCodes(c, l, l.Items, func(x *sdmx.GeoGridCode) *sdmx.Code { return &x.Code })
	if l.Grid == "" && !l.External {
		c.add("Grid", "The list does not define its grid (gridDefinition). Define it, or send a stub (isExternalReference).")
	}
	for i := range l.Items {
		if l.Items[i].Cell == "" {
			c.add(fmt.Sprintf("Items[%d].Cell", i), "Code %s has no cell (geoCell). Name its cell in the grid.", sdmx.Clip(l.Items[i].ID))
		}
	}
}

// checkCodes checks what all lists of codes have: the codes and their parents, and extensions.
func checkCodes[T any](c *checker, l extendingScheme, items []T, of func(*T) *sdmx.Code) {
	at := c.items(l)
	whole := !l.Common().External && !l.IsPartial() && len(l.Extends()) == 0 // otherwise a parent may be elsewhere
	checkParents(c, "codelist", "code", items, at, whole, func(x *T) (string, string) { return of(x).ID, of(x).Parent })
	for i := range l.Extends() {
		c.extension(fmt.Sprintf("Extensions[%d]", i), l, &l.Extends()[i])
	}
}

// An extendingScheme is a codelist of one of the kinds.
type extendingScheme interface {
	sdmx.ItemScheme
	Extends() []sdmx.CodelistExtension
}
