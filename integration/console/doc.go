// Package console tests the console's pages in a real browser, in all widths and themes, with
// script and without; and the tasks of an administrator, done as a person does them.
package console
