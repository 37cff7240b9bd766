// Package registry keeps structures, and the log of the transactions that change them, with
// these promises:
//
//   - R1, atomic: a structure transaction and its log entry commit together or
//     not at all, durably.
//   - R2, ordered: numbers have no gaps and rise in commit order, because one counter
//     row is locked while a transaction is checked and written.
//   - R3, homogeneous: a transaction replaces or deletes, never both. A submission
//     that needs both makes a pair of them, the replaces first.
//   - R4, coherent: after every submission each reference resolves, or is listed
//     as dangling where a setting allows that. A wildcard version means the newest
//     that matches and that the referrer may see. A submission that would break this
//     is refused whole, with every reason. A stub (isExternalReference) never replaces
//     a structure that is stored in full, and a structure without items or components
//     never empties one.
//   - R5, quiet: a submission that changes nothing makes no transaction.
//   - R6, kept: the content of every old transaction stays readable until
//     housekeeping removes it by the admin's setting, never while a producer or a
//     job still needs it. The record of a transaction is never removed.
//   - R7, stable is stable: a final or stable version keeps its structure for ever.
//     It is not changed, deleted or created again with other content, unless an
//     administrator forces it with a reason, which the audit records.
//
// This package has the vocabulary (Submission, Outcome, Transaction, Settings), and reads the
// log and the current structures. Package registry/plan decides what a submission or a rename
// changes; package registry/postgres implements Store, the database.
package registry
