package verify

import (
	"testing"

	"urncast/producer"
)

// What is live and does not pass differs; a tombstone mends it, and a filter that
// may not have been taken up yet is not judged.
func TestVerifyFiltered(t *testing.T) {
	list := func(id string) string { return "urn:sdmx:org.sdmx.infomodel.codelist.Codelist=A:" + id + "(1.0)" }
	only := producer.Filter{URNs: []string{"*:X(*"}}
	live := []Message{{Key: list("X")}, {Key: list("Y"), Offset: 1}}
	cleared := append(live[:2:2], Message{Key: list("Y"), Offset: 2, Null: true})
	for name, c := range map[string]struct {
		messages     []Message
		filter       producer.Filter
		status       producer.Status
		differ, open int // findings
	}{
		"no filter":           {live, producer.Filter{}, producer.Status{State: producer.Idle}, 0, 0},
		"live beside it":      {live, only, producer.Status{State: producer.Idle}, 1, 0},
		"cleared":             {cleared, only, producer.Status{State: producer.Publishing}, 0, 0},
		"not yet asked":       {live, only, producer.Status{State: producer.Suspended}, 0, 1},
		"a job clears it now": {live, only, producer.Status{State: producer.Publishing, Job: &producer.JobStatus{}}, 0, 1},
		"stopped, no filter":  {live, producer.Filter{}, producer.Status{State: producer.Stopped}, 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			v := &Comparison{Messages: c.messages, Status: c.status, Route: producer.Route{Filter: c.filter}}
			if f := v.filtered(); len(f.Differs) != c.differ || f.Unproven != c.open {
				t.Errorf("it differs in %q and leaves %q", f.Differs, f.Open)
			}
		})
	}
}
