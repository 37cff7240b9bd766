// Package panics hands the panic of a goroutine to the goroutine that waits for it.
package panics
