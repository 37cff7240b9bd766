// Package structure serves structures over HTTP: SDMX REST, the address that FMR has for
// submissions, and what the management API has beside them.
package structure
