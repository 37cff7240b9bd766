package encoding

import (
	"fmt"
	"testing"
	"time"

	"urncast/formats"
	"urncast/registry"
	"urncast/sdmx"
)

// A document is parsed and written with a number of allocations that does not grow with its
// items: a baseline of large structures is not spent on them.
func TestItemsAllocateNothing(t *testing.T) {
	list := &sdmx.Codelist{}
	list.ID, list.Agency, list.Version, list.Names = "CL", "A", "1.0", sdmx.Texts{{Lang: "en", Value: "Codes"}}
	const codes = 10_000
	for i := range codes {
		var c sdmx.Code
		c.ID, c.Names = fmt.Sprintf("C%d", i), sdmx.Texts{{Lang: "en", Value: fmt.Sprintf("Code %d", i)}}
		list.Items = append(list.Items, c)
	}
	body, tx := sdmx.AppendCanonical(nil, list), &registry.Transaction{Number: 3, RecordedAt: time.Now()}
	for _, f := range formats.All() {
		e, err := NewEncoder(f.Name, "S")
		if err != nil {
			t.Fatal(err)
		}
		n := testing.AllocsPerRun(2, func() {
			if _, left, err := e.Value(tx, sdmx.URNOf(list), body); left != "" || err != nil {
				t.Fatal(left, err)
			}
		})
		if n > codes/50 {
			t.Errorf("%s: %d codes take %.0f allocations", f.Name, codes, n)
		}
	}
}
