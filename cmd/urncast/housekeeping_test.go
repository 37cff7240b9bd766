package main

import (
	"strings"
	"testing"

	"urncast/web/rest/manage"
)

// The verb prints one sentence or more for each outcome.
func TestPrintRemoval(t *testing.T) {
	for name, c := range map[string]struct {
		done manage.Removal
		want string
	}{
		"dry": {manage.Removal{DryRun: true, After: 2, Horizon: 9, Transactions: 7, Documents: 8, Bytes: 9, Limit: "Why."},
			"would remove content of 7 transactions: 8 documents, 9 bytes\nwhat was current after transaction 9, and after each since, would be readable; all records stay\nWhy.\n"},
		"nothing, dry": {manage.Removal{DryRun: true, Limit: "Why."}, "nothing would be removed\neverything is readable\nWhy.\n"},
		"done": {manage.Removal{After: 2, Horizon: 9, Documents: 8, Bytes: 9, Limit: "Why."},
			"removed 8 documents, 9 bytes\nwhat was current after transaction 9, and after each since, is readable; all records stay\nWhy.\n"},
		"nothing": {manage.Removal{After: 9, Horizon: 9, Limit: "Why."},
			"nothing was removed\nwhat was current after transaction 9, and after each since, is readable; all records stay\nWhy.\n"},
	} {
		var out strings.Builder
		printRemoval(&out, &c.done)
		if got := out.String(); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}
