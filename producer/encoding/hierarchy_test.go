package encoding

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"urncast/formats"
	"urncast/producer"
	"urncast/registry"
	"urncast/sdmx"
)

// A hierarchy has one key on each topic, that of the type which the topic's format has: in its
// message, in its tombstone, and in the one that follows when it cannot be expressed any more.
func TestAHierarchyHasOneKeyOnATopic(t *testing.T) {
	tree := func(hierarchies int) *sdmx.HierarchicalCodelist {
		l := &sdmx.HierarchicalCodelist{}
		l.Agency, l.ID, l.Version = "A", "H", "1.0"
		for i := range hierarchies {
			l.Hierarchies = append(l.Hierarchies, sdmx.ListedHierarchy{Nameable: sdmx.Nameable{ID: fmt.Sprintf("HIER%d", i)},
				Items: []sdmx.HierarchicalCode{{ID: "N1", Code: sdmx.RefToItem(sdmx.ClassCode, "A", "L", "1.0", "a")}}})
		}
		return l
	}
	for _, f := range formats.All() {
		r, err := NewRoutes(nil, &producer.Row{Registry: "R", ID: "P"}, []producer.Route{{Topic: "t", Format: f.Name}}, "S")
		if err != nil {
			t.Fatal(err)
		}
		key := map[sdmx.Generation]string{sdmx.V2: "urn:sdmx:org.sdmx.infomodel.codelist.HierarchicalCodelist=A:H(1.0)", sdmx.V3: "urn:sdmx:org.sdmx.infomodel.codelist.Hierarchy=A:H(1.0)"}[f.Generation()]
		one, several := tree(1), tree(2)
		leaves := "tombstone " + key
		if f.Generation() == sdmx.V2 {
			leaves = "message " + key
		}
		for _, x := range []struct {
			m    sdmx.Maintainable
			kind registry.Kind
			want string
		}{
			{one, registry.Replace, "message " + key}, {one, registry.Delete, "tombstone " + key},
			{sdmx.As(one, sdmx.V3), registry.Replace, "message " + key}, {sdmx.As(one, sdmx.V3), registry.Delete, "tombstone " + key},
			{several, registry.Replace, leaves},
		} {
			d := registry.Document{Change: registry.Change{URN: sdmx.URNOf(x.m), Position: 1, Before: 1}, Body: sdmx.AppendCanonical(nil, x.m)}
			w := r.Prepare(context.Background(), &producer.Pending{Transaction: registry.Transaction{Number: 2, Kind: x.kind}, Documents: []registry.Document{d}})
			var got []string
			for _, p := range w.Parts {
				err := p.Each(context.Background(), func(r *producer.Record) error {
					what := "message "
					if r.Value == nil {
						what = "tombstone "
					}
					got = append(got, what+string(r.Key))
					return nil
				})
				if err != nil {
					t.Fatal(err)
				}
			}
			if w.Err != nil || !slices.Equal(got, []string{x.want}) {
				t.Errorf("%s: the %s of a %s is %q (%v), want %s", f.Name, x.kind, x.m.Class(), got, w.Err, x.want)
			}
		}
	}
}
