// Package migrations holds the database's schema as numbered SQL. Each file is
// applied once, in order; a change of what exists expands first and contracts in
// a later version, so that two versions of the program can run side by side. An index on
// a table that grows is made CONCURRENTLY, in a file of its own (NO TRANSACTION) that
// drops first what a broken attempt left.
package migrations

import "embed"

// Files are the migrations.
//
//go:embed *.sql
var Files embed.FS
