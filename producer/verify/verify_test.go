package verify

import (
	"testing"

	"urncast/producer"
	"urncast/producer/control"
)

// A live key that does not pass the filter is a difference; a tombstone mends it, and a filter
// that may not have been taken up yet is not checked.
func TestVerifyFiltered(t *testing.T) {
	list := func(id string) string { return "urn:sdmx:org.sdmx.infomodel.codelist.Codelist=A:" + id + "(1.0)" }
	only := producer.Filter{URNs: []string{"*:X(*"}}
	live := []Message{{Key: list("X")}, {Key: list("Y"), Offset: 1}}
	cleared := append(live[:2:2], Message{Key: list("Y"), Offset: 2, Null: true})
	for name, c := range map[string]struct {
		messages     []Message
		filter       producer.Filter
		status       control.Status
		differ, open int // findings
	}{
		"no filter":           {live, producer.Filter{}, control.Status{State: producer.Idle}, 0, 0},
		"live beside it":      {live, only, control.Status{State: producer.Idle}, 1, 0},
		"cleared":             {cleared, only, control.Status{State: producer.Publishing}, 0, 0},
		"not yet asked":       {live, only, control.Status{State: producer.Suspended}, 0, 1},
		"a job clears it now": {live, only, control.Status{State: producer.Publishing, Job: &control.JobStatus{}}, 0, 1},
		"stopped, no filter":  {live, producer.Filter{}, control.Status{State: producer.Stopped}, 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			v := &Comparison{Messages: c.messages, Status: c.status, Route: producer.Route{Filter: c.filter}}
			if f := v.filtered(); len(f.Differs) != c.differ || f.Unproven != c.open {
				t.Errorf("it differs in %q and leaves %q", f.Differs, f.Open)
			}
		})
	}
}

// Of a producer that was never started nothing is proven: nothing was due on its topic.
func TestNeverStartedIsNotProven(t *testing.T) {
	v := &Comparison{Feed: []Entry{{Number: 1, Status: producer.StatusPending}}, Status: control.Status{Name: "main", State: producer.Stopped}}
	if f := v.complete(); f.Unproven != 1 || len(f.Differs) > 0 {
		t.Errorf("before the first start it differs in %q and leaves %q", f.Differs, f.Open)
	}
	v.Status.Started = true
	if f := v.complete(); f.Unproven > 0 || len(f.Differs) > 0 {
		t.Errorf("after it, it differs in %q and leaves %q", f.Differs, f.Open)
	}
}

// What is judged begins with the last baseline that is whole: one that was cancelled has
// begun, and says nothing of what is missing.
func TestCutToTheLastWholeBaseline(t *testing.T) {
	of := func(offset int64, job string) Message { return Message{Offset: offset, Action: "replace", Job: job} }
	whole := []Message{of(0, ""), of(1, "baseline a 1/2 begin"), of(2, "baseline a 2/2 end"), of(3, "")}
	for name, c := range map[string]struct {
		messages []Message
		first    int64 // -1 for none
	}{
		"whole":                 {whole, 1},
		"cancelled after it":    {append(whole[:4:4], of(4, "baseline b 1/2 begin"), of(5, "")), 1},
		"cancelled alone":       {[]Message{of(4, "baseline b 1/2 begin"), of(5, "")}, -1},
		"a re-publication":      {[]Message{of(4, "republish b 1/1 begin end")}, -1},
		"a tombstone is no end": {[]Message{of(4, "baseline b 1/2 begin"), {Offset: 5, Action: "delete", Null: true, Job: "baseline b 1/1"}}, -1},
	} {
		v := &Comparison{Messages: c.messages}
		switch found := v.CutToBaseline(); {
		case found != (c.first >= 0):
			t.Errorf("%s: a baseline is found: %v", name, found)
		case found && v.Messages[0].Offset != c.first:
			t.Errorf("%s: it begins at offset %d, want %d", name, v.Messages[0].Offset, c.first)
		}
	}
}
