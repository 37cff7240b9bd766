package rest

import (
	"context"

	"urncast/registry"
)

// Registry is what this package asks of the registry; *plan.Registry is
// the one that answers.
type Registry interface {
	// ID is the registry's own, a UUID.
	ID() string
	Submit(context.Context, registry.Submission) (*registry.Outcome, error)
	Rename(context.Context, registry.Rename) (*registry.Outcome, error)
	Transactions(ctx context.Context, after registry.Number, limit int) ([]registry.Transaction, error)
	Latest(ctx context.Context, before registry.Number, limit int) ([]registry.Transaction, error)
	Transaction(context.Context, registry.Number) (registry.Transaction, []registry.Change, error)
	Heads(ctx context.Context, from, to registry.Number, limit int) (map[registry.Number][]registry.Change, error)
	Dangling(context.Context) ([]registry.Dangling, error)
	Settings(context.Context) (registry.Settings, error)
	SaveSettings(ctx context.Context, s registry.Settings, read *registry.Settings, by registry.Actor) (changed bool, err error)
	ContentRemoved(ctx context.Context, n registry.Number, changes []registry.Change) (string, error)
	Housekeeping(context.Context) (registry.Housekeeping, error)
	Housekeep(context.Context, registry.HousekeepingOrder) (registry.Removal, error)
}
