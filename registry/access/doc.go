// Package access authenticates and authorizes requests: accounts with roles, sessions of
// browsers, API tokens of programs, and the set-up of the first administrator. It also reads
// the audit. Its data are in a Store; it does not depend on HTTP.
package access
