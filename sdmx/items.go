package sdmx

// ItemIDs returns the ids of what references can name inside a structure: items, by their
// paths, or the components of a data structure (EachComponent). It returns nil for classes
// that have neither.
func ItemIDs(m Maintainable) []string {
	var out []string
	switch m := m.(type) {
	case ItemScheme:
		out = make([]string, 0, m.Len())
		m.EachItem(func(path string, _ *Nameable) { out = append(out, path) })
	case *DataStructure:
		EachComponent(m, func(_ Class, id string) { out = append(out, id) })
	}
	return out
}

// EachComponent calls fn with the class and the id of everything that references can name
// inside a data structure: its three lists of components, whose ids are those of their
// classes, and its dimensions, attributes, measures and groups.
func EachComponent(d *DataStructure, fn func(c Class, id string)) {
	for _, list := range []Class{ClassDimensionDescriptor, ClassAttributeDescriptor, ClassMeasureDescriptor} {
		fn(list, list.String())
	}
	for i := range d.Dimensions {
		fn(ClassDimension, d.Dimensions[i].ID)
	}
	for i := range d.Attributes {
		fn(ClassDataAttribute, d.Attributes[i].ID)
	}
	for i := range d.Measures {
		fn(ClassMeasure, d.Measures[i].ID)
	}
	for i := range d.Groups {
		fn(ClassGroupDimensionDescriptor, d.Groups[i].ID)
	}
}
