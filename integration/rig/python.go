package rig

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// Python returns the interpreter of a virtual environment that has packages, as pip names them with
// their versions. It is kept in the cache.
func Python(tb testing.TB, packages ...string) string {
	tb.Helper()
	if _, err := exec.LookPath("python3"); err != nil {
		Missing(tb, "this needs python3, which is not on the PATH")
	}
	dir := filepath.Join(Cache(tb), "python-"+strings.NewReplacer("==", "-", "[", "-", "]", "", ",", "-").Replace(strings.Join(packages, "-")))
	binary, complete := filepath.Join(dir, "bin", "python"), filepath.Join(dir, "complete")
	err := oneAtATime(dir, func() error {
		if _, err := os.Stat(complete); err == nil {
			return nil
		}
		for _, c := range [][]string{{"python3", "-m", "venv", "--clear", dir}, append([]string{binary, "-m", "pip", "install", "--quiet"}, packages...)} {
			if text, err := exec.CommandContext(tb.Context(), c[0], c[1:]...).CombinedOutput(); err != nil {
				return fmt.Errorf("%s: %w\n%s", strings.Join(c, " "), err, text)
			}
		}
		return os.WriteFile(complete, nil, 0o644) // one that is made in half is made anew
	})
	if err != nil {
		tb.Fatal(err)
	}
	return binary
}
