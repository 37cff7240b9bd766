// Package access decides who may: accounts with roles, sessions of browsers, API
// tokens of programs, the set-up of the first administrator, and the audit of who
// changed what. What it keeps is in a Store; it knows no HTTP.
package access
