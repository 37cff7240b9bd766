// Package admin asks the brokers of a cluster what they know: of themselves, of topics
// and their settings, of what a user may do. A publisher, the connection test and the
// doctor ask through it, over connections of package probe, whose errors tell in words
// what is wrong.
package admin
