package main

import (
	"slices"
	"testing"

	"urncast/producer"
)

// What becomes of a property is said when it is given, and not at each later change; what
// another property makes of it is said all the same.
func TestKnownTranslationsAreNotRepeated(t *testing.T) {
	found := func() []producer.Finding {
		return []producer.Finding{
			{Name: "retry.backoff.ms", Verdict: producer.Translated}, {Name: "client.id", Verdict: producer.Taken},
			{Name: "sasl.username", Verdict: producer.WithoutEffect}, {Name: "retry", Verdict: producer.Translated},
		}
	}
	for given, want := range map[string][]string{
		"client.id=one":        {"client.id", "sasl.username"},
		"retry.backoff.ms=500": {"retry.backoff.ms", "client.id", "sasl.username"},
	} {
		var got []string
		for _, f := range withoutKnown([]string{given}, found()) {
			got = append(got, f.Name)
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v", given, got, want)
		}
	}
}
