package postgres_test

import (
	"testing"

	"urncast/registry/access"
	"urncast/registry/access/accesstest"
)

// On a real database the store passes the tests of every access.Store.
func TestAccessStore(t *testing.T) {
	accesstest.Check(t, func(t *testing.T) access.Store {
		_, store := open(t)
		return store.Access()
	})
}
