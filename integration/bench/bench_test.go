//go:build bench

package bench

import "testing"

// rounds is how often each figure is measured.
const rounds = 3

// TestTable measures everything and prints the table.
func TestTable(t *testing.T) {
	out := &table{}
	defer out.print()
	formatRows(t, out)
}
