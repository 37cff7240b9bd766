// Package diagnosis says what a topic needs so that the promises of package producer hold.
// A Doctor compares a topic with that, makes it and mends it.
package diagnosis
