// Package rest serves SDMX REST (structure queries and maintenance), the door
// through which FMR's clients submit, the feed of transactions and the
// management API.
package rest
