// Package manage serves the management API: producers and their topics, connections, mail,
// accounts, settings and housekeeping.
package manage
