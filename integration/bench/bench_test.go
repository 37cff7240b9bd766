//go:build bench

package bench

import (
	"os"
	"testing"

	"urncast/integration/rig"
)

// TestMain removes the binaries that the tests built.
func TestMain(m *testing.M) {
	os.Exit(rig.Run(m))
}

// rounds is how often each figure is measured.
const rounds = 3

// TestSecurityTable measures what the security of a connection costs, and nothing
// else.
func TestSecurityTable(t *testing.T) {
	out := &table{}
	defer out.print()
	securityRows(t, out)
}

// TestRoutesTable measures what routes and filters cost, and nothing else.
func TestRoutesTable(t *testing.T) {
	out := &table{}
	defer out.print()
	routesRows(t, out)
}

// TestTable measures everything and prints the table.
func TestTable(t *testing.T) {
	out := &table{}
	defer out.print()
	productRows(t, out)
	takeoverRows(t, out)
	securityRows(t, out)
	routesRows(t, out)
	formatRows(t, out)
}
