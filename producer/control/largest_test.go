package control_test

import (
	"fmt"
	"testing"

	"urncast/formats"
	"urncast/producer"
	"urncast/producer/control"
	"urncast/producer/producertest"
	"urncast/registry"
	"urncast/sdmx"
)

// The largest message is measured in the format of the topic's route, and as the largest that any
// format makes of it where no route leads to the topic; a filter leaves out what is not sent.
func TestLargestMessage(t *testing.T) {
	var some []registry.Content
	for _, id := range []string{"LARGE", "SMALL"} {
		list := &sdmx.Codelist{}
		list.ID, list.Agency, list.Version = id, "A", "1.0"
		for i := range 5000 / len(id) * (5 - len(some)*4) {
			var c sdmx.Code
			c.ID, c.Names = fmt.Sprintf("C%d", i), sdmx.Texts{{Lang: "en", Value: "Code"}}
			list.Items = append(list.Items, c)
		}
		some = append(some, registry.Content{URN: sdmx.URNOf(list), Body: sdmx.AppendCanonical(nil, list)})
	}
	p := &control.Producers{Directory: producertest.Directory{{Name: "one", Settings: producer.Config{Prefix: "tx", Routes: []producer.Route{
		{Topic: "xml", Format: "sdmx-ml-2.1"}, {Topic: "json", Format: "fusion-json"},
		{Topic: "small", Format: "fusion-json", Filter: producer.Filter{URNs: []string{"*:SMALL(*"}}}}}}}}
	sizes := map[string]int{}
	for _, c := range []struct{ topic, format, id string }{
		{"xml", "sdmx-ml-2.1", "LARGE"}, {"json", "fusion-json", "LARGE"}, {"small", "fusion-json", "SMALL"}, {"none", "sdmx-json-2.0", "LARGE"},
	} {
		u, format, bytes, err := p.LargestMessage(t.Context(), c.topic, some)
		if err != nil || format != c.format || u.ID != c.id {
			t.Errorf("%s: %s as %s, %v; want %s as %s", c.topic, u, format, err, c.id, c.format)
		}
		m, err := sdmx.ParseCanonical(u.Class, some[map[string]int{"LARGE": 0, "SMALL": 1}[c.id]].Body)
		if err != nil {
			t.Fatal(err)
		}
		f, err := formats.ByName(c.format)
		if err != nil {
			t.Fatal(err)
		}
		value, err := formats.AppendMessage(nil, f, formats.Header{ID: "A", Sender: producer.SenderDefault}, m)
		if over := bytes - len(value); err != nil || over < 500 || over > 2000 {
			t.Errorf("%s: %d bytes, and the value alone has %d, %v", c.topic, bytes, len(value), err)
		}
		sizes[c.topic] = bytes
	}
	if sizes["xml"] < 3*len(some[0].Body) {
		t.Errorf("the message has %d bytes, hardly more than the stored %d: the test shows nothing", sizes["xml"], len(some[0].Body))
	}
	if _, _, bytes, err := p.LargestMessage(t.Context(), "xml", nil); bytes != 0 || err != nil {
		t.Errorf("of nothing: %d, %v", bytes, err)
	}
}
