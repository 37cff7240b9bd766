package ui

import (
	"strings"
	"testing"

	"urncast/producer"
)

// Each status is explained below the tables, and where it stands alone.
func TestEachStatusIsExplained(t *testing.T) {
	var all strings.Builder
	if err := Statuses().Render(t.Context(), &all); err != nil {
		t.Fatal(err)
	}
	for _, status := range []string{producer.StatusPending, producer.StatusSent, producer.StatusSkipped, producer.StatusCovered, producer.StatusFailed} {
		meaning := statusMeaning(status)
		if meaning == status || !strings.Contains(all.String(), ">"+meaning+"<") {
			t.Errorf("%s is not explained", status)
		}
		var alone strings.Builder
		if err := Status(status).Render(t.Context(), &alone); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(alone.String(), `title="`+meaning+`"`) {
			t.Errorf("%s alone is not explained: %s", status, alone.String())
		}
	}
}
