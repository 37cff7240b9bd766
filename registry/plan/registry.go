// Package plan decides what a submission or a rename of structures changes, and answers what
// the references between the current structures lead to.
//
// What is changed is decided by the function plan, by the rules R3 to R5 and R7 of package
// registry. It is a pure function of a world, which is the loaded part of the registry, and a
// proposal, which is what was asked for. Submit and Rename load what plan needs, under the
// lock, and write what it decides.
package plan

import "urncast/registry"

// A Registry is a registry.Registry that also takes submissions and renames.
type Registry struct {
	*registry.Registry
	store  registry.Store
	budget budget // of the memory of submissions
}

// New returns a registry on a store.
func New(s registry.Store) *Registry {
	return &Registry{Registry: registry.New(s), store: s, budget: budget{max: submissionBytesMax}}
}
