// Package console tests the console's pages as people see them: in a real browser, at
// the widths and in the themes that there are, with and without script; and the tasks of
// an administrator, done as a person does them.
package console
