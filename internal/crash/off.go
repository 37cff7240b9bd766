//go:build !crashpoints

package crash

// Variable is the variable of the environment that names a step; none in a normal build.
const Variable = ""

// At does nothing in a normal build.
func At(string) {}
