package output

import (
	"strings"
	"testing"
)

// No line of a table ends with spaces, and columns stay aligned below an empty cell.
func TestTable(t *testing.T) {
	var out strings.Builder
	table := NewTable(&out, "name", "agencies", "remark")
	table.Row("anna", "SDMX", "")
	table.Row("b", "", "")
	table.Row("c", "", "disabled")
	if err := table.Flush(); err != nil {
		t.Fatal(err)
	}
	if want := "NAME  AGENCIES  REMARK\nanna  SDMX\nb\nc               disabled\n"; out.String() != want {
		t.Errorf("the table is\n%q, want\n%q", out.String(), want)
	}
}
