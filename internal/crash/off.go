//go:build !crashpoints

package crash

// Variable is the name of the environment variable for a step; empty in a normal build.
const Variable = ""

// At does nothing in a normal build.
func At(string) {}
