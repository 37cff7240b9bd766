// Package rest serves SDMX REST (structure queries and maintenance), the address that
// FMR's clients submit to, the feed of transactions and the management API.
package rest
