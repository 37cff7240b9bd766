// Package feed serves the log of structure transactions, in JSON, Atom and RSS.
package feed
