// Package console tests the console's pages as people see them: in a real browser, at
// the widths and in the themes that there are, with and without script.
package console
