package doors

import (
	"context"
	"testing"

	"urncast/producer"
	"urncast/producer/control"
	"urncast/registry/postgres"
)

// producersOf returns the producers of a database, including the one that is configured at the
// start of the process.
func producersOf(ctx context.Context, t testing.TB, s *postgres.Store, c producer.Config) *control.Producers {
	t.Helper()
	d, err := s.Directory(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if err := d.Fix(ctx, &c, ""); err != nil {
		t.Fatal(err)
	}
	return &control.Producers{Directory: d}
}
