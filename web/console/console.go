// Package console draws the pages of the admin console. It knows no requests and
// no database: a page is a function of what it shows. Frame is around every page;
// parts that pages share stand in a file for each family (state, table, form, parts).
// Whatever a page shows works without script, which only adds.
package console
