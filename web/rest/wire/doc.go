// Package wire has what all doors of the API read and write in the same way: bodies and
// answers in JSON, lines of JSON, entity tags and the horizon of old content.
package wire
