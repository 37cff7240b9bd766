package main

import (
	"slices"
	"testing"

	"urncast/producer/connection"
)

// What becomes of a property is said when it is given, and not at each later change; what
// another property makes of it is said all the same.
func TestKnownTranslationsAreNotRepeated(t *testing.T) {
	found := func() []connection.Finding {
		return []connection.Finding{
			{Name: "retry.backoff.ms", Verdict: connection.Translated}, {Name: "client.id", Verdict: connection.Taken},
			{Name: "sasl.username", Verdict: connection.WithoutEffect}, {Name: "retry", Verdict: connection.Translated},
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
