// Package formats reads and writes structure messages. It has the table of formats and their
// envelopes; package codec scans and appends, and package structures describes the classes.
package formats
