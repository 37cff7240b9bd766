package publisher

import (
	"strings"
	"testing"

	"urncast/producer"
)

// databaseChange names the part in which two databases differ, with both values.
func TestTheQuestionOfACopyNamesWhatDiffers(t *testing.T) {
	for _, c := range []struct {
		was, is string
		want    []string
	}{
		{"7563, database 16385", "7563, database 20001", []string{"database 16385", "database 20001", "same PostgreSQL server", "7563"}},
		{"7563, database 16385", "9911, database 16385", []string{"7563", "9911", "server"}},
	} {
		ask := clonedDatabase(&producer.Row{System: c.was}, c.is)
		if ask == nil {
			t.Fatalf("%s and %s are taken for the same", c.was, c.is)
		}
		for _, want := range c.want {
			if !strings.Contains(ask.Reason, want) {
				t.Errorf("there is no %q in %s", want, ask.Reason)
			}
		}
	}
	if ask := clonedDatabase(&producer.Row{System: "7563, database 1"}, "7563, database 1"); ask != nil {
		t.Error(ask)
	}
}
