package main

import (
	"slices"
	"testing"

	"urncast/producer/connection"
)

// How a property was translated is printed when the property is given, and not at each later
// change of another one. That a property has no effect is printed each time.
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
