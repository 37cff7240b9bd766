// Package ui draws the parts of which the console's pages are made: the frame, forms,
// tables, parts, states, errors and words. It knows no requests and no database: what is
// drawn depends on its arguments alone. Frame is around every page; parts that pages share
// stand in a file for each family (state, table, form, parts). Pages work without script,
// which only adds comfort.
package ui
