package encoding

import (
	"context"
	"strings"
	"testing"
	"time"

	"urncast/producer"
	"urncast/registry"
	"urncast/sdmx"
)

// A registration has a key and a value of its own where the format has registrations, with a media
// type of its own beside those of structures; elsewhere it is left out, and that is told.
func TestRegistrationOnTopics(t *testing.T) {
	m := &sdmx.Registration{Agreement: sdmx.RefTo(sdmx.URN{Class: sdmx.ClassProvisionAgreement, Agency: "A", ID: "P", Version: "1.0"}), Simple: "https://x.example.org/a.xml"}
	m.Agency, m.ID, m.Version = "A", "R", "1.0"
	list := &sdmx.Codelist{}
	list.Agency, list.ID, list.Version = "A", "L", "1.0"
	routes, err := NewRoutes(nil, &producer.Row{ID: "p", Registry: "r"}, []producer.Route{{Topic: "xml", Format: "sdmx-ml-2.1"}, {Topic: "fusion", Format: "fusion-json"}, {Topic: "json", Format: "sdmx-json-2.0"}}, "S")
	if err != nil {
		t.Fatal(err)
	}
	const urn = "urn:sdmx:org.sdmx.infomodel.registry.Registration=A:R(1.0)"
	var seen []string
	see := func(kind registry.Kind) {
		p := &producer.Pending{Transaction: registry.Transaction{Number: 1, ID: "t", Kind: kind, RecordedAt: time.Unix(0, 0)}}
		for i, m := range []sdmx.Maintainable{list, m} {
			d := registry.Document{Body: sdmx.AppendCanonical(nil, m)}
			d.URN, d.Position = sdmx.URNOf(m), i+1
			p.Documents = append(p.Documents, d)
		}
		w := routes.Prepare(context.Background(), p)
		if w.Err != nil {
			t.Fatal(w.Err)
		}
		for _, l := range w.Left {
			seen = append(seen, "left "+l.Topic+" "+l.URN.String())
		}
		for _, part := range w.Parts {
			if err := part.Each(t.Context(), func(r *producer.Record) error {
				if string(r.Key) != urn {
					return nil
				}
				said := r.Topic
				for _, h := range r.Headers {
					if h.Key == producer.HeaderContentType {
						said += " " + string(h.Value)
					}
				}
				if root, _, _ := strings.Cut(string(r.Value), " xmlns"); len(root) > 0 {
					said += " " + root[strings.LastIndexByte(root, '<'):]
				}
				seen = append(seen, said)
				return nil
			}); err != nil {
				t.Fatal(err)
			}
		}
	}
	see(registry.Replace)
	if got, want := strings.Join(seen, "; "), "left fusion "+urn+"; left json "+urn+"; xml application/vnd.sdmx.registry+xml;version=2.1 <mes:RegistryInterface"; got != want {
		t.Errorf("a replace is\n%s, want\n%s", got, want)
	}
	seen = nil
	see(registry.Delete)
	if got := strings.Join(seen, "; "); got != "xml; fusion; json" {
		t.Errorf("the tombstones are %s", got)
	}
}
