// Package diagnosis checks whether a topic has the settings on which the promises of package
// publisher depend. A Doctor examines topics, mends their settings, and creates topics.
package diagnosis
