// Package formats reads and writes structure messages. It holds the table of
// formats and what is common to them; package codec is the engine, package
// structures describes the types.
package formats
