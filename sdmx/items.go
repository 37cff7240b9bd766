package sdmx

// ItemIDs lists the ids of what is inside a structure and can be referred to:
// items, nested ones as paths with dots, or the components of a data structure.
func ItemIDs(m Maintainable) []string {
	switch m := m.(type) {
	case *AgencyScheme:
		return flatIDs(m.Items)
	case *Codelist:
		return flatIDs(m.Items)
	case *ConceptScheme:
		return flatIDs(m.Items)
	case *CategoryScheme:
		return nestedIDs(nil, "", m.Items)
	case *DataStructure:
		return componentIDs(m)
	}
	return nil
}

func flatIDs[T any](items []T) []string {
	out := make([]string, len(items))
	for i := range items {
		out[i] = idOf(&items[i])
	}
	return out
}

func nestedIDs(out []string, path string, items []Category) []string {
	for i := range items {
		id := path + items[i].ID
		out = nestedIDs(append(out, id), id+".", items[i].Items)
	}
	return out
}

func componentIDs(d *DataStructure) []string {
	out := []string{"DimensionDescriptor", "AttributeDescriptor", "MeasureDescriptor"}
	for i := range d.Dimensions {
		out = append(out, d.Dimensions[i].ID)
	}
	for i := range d.Attributes {
		out = append(out, d.Attributes[i].ID)
	}
	for i := range d.Measures {
		out = append(out, d.Measures[i].ID)
	}
	for i := range d.Groups {
		out = append(out, d.Groups[i].ID)
	}
	return out
}
