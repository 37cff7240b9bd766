package accounts

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestDetails checks that details in any form become lines, and that unchanged values are
// left out.
func TestDetails(t *testing.T) {
	for raw, want := range map[string][]Detail{
		`{}`: nil,
		`{"role": {"before": "reader", "after": "admin"}, "agencies": ["A", "B"]}`:                {{"agencies", false, "", "A, B"}, {"role", true, "reader", "admin"}},
		`{"properties": {"sasl.password": {"secret": "changed"}, "acks": {"after": "1"}}}`:        {{"properties.acks", true, "", "1"}, {"properties.sasl.password.secret", false, "", "changed"}},
		`{"before": {"a": true, "keep": {"days": 0}}, "after": {"a": true, "keep": {"days": 7}}}`: {{"keep.days", true, "0", "7"}},
		`{"n": 48219, "none": [], "nothing": null}`:                                               {{"n", false, "", "48219"}, {"none", false, "", "none"}, {"nothing", false, "", ""}},
		`{"routes": {"after": [{"topic": "t", "format": "f", "filter": {"classes": ["Codelist", "MetadataFlow"]}}, {"topic": "u"}]}}`: {
			{"routes", true, "", "(filter.classes: Codelist, MetadataFlow; format: f; topic: t), (topic: u)"}},
		`"words"`: {{"", false, "", "words"}},
		`no JSON`: {{"", false, "", "no JSON"}},
	} {
		if d := cmp.Diff(want, Details(json.RawMessage(raw))); d != "" {
			t.Errorf("%s: %s", raw, d)
		}
	}
	for subject, want := range map[string]int64{"transaction 17": 17, "transactions 17 and 18": 17, "transaction x": 0, "anna": 0, "": 0} {
		if got := transactionOf(subject); int64(got) != want {
			t.Errorf("%q is about %d", subject, got)
		}
	}
}
