// Package migrations has the schema of the database, as numbered SQL files. Each is applied
// once, in order. A change first expands the schema and contracts it in a later version, so
// that two versions of the program can run side by side. An index on a table that grows is
// created CONCURRENTLY, in a file of its own (NO TRANSACTION) that first drops the index of an
// interrupted attempt.
package migrations

import "embed"

// Files are the migrations.
//
//go:embed *.sql
var Files embed.FS
