// Package ui is what the pages of the console are made of: the frame, forms, tables, parts,
// states, errors and words. It knows no requests and no database: what is drawn is a
// function of what it shows. Frame is around every page; parts that pages share stand in a
// file for each family (state, table, form, parts). Whatever a page shows works without
// script, which only adds.
package ui
