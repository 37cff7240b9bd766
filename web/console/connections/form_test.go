package connections

import (
	"testing"

	"urncast/producer/connection"
)

// The secrets of a text are hidden with the lines on which they go on, and no others.
func TestMaskText(t *testing.T) {
	text := "a=1\nsasl.jaas.config=x \\\n  password=\"p\" \\\n  ;\nb=2\\\\\nc=3"
	got := maskText(text, map[string]int{"a": 1, "sasl.jaas.config": 2, "b": 5, "c": 6}, map[string]string{"sasl.jaas.config": "s"})
	if want := "a=1\nsasl.jaas.config=********\nb=2\\\\\nc=3"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	if d := newDraft("c", "ada", connection.Shown{}); d.edit.Properties == nil || d.edit.Files == nil {
		t.Error("a draft of nothing cannot take anything up")
	}
}
