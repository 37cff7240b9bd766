package rig

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// Python returns the interpreter of a virtual environment, kept in the cache, that has the
// packages: names with versions, as pip takes them.
func Python(tb testing.TB, packages ...string) string {
	tb.Helper()
	if _, err := exec.LookPath("python3"); err != nil {
		Missing(tb, "the test needs python3 with its venv module, which is not on the PATH (Debian: apt-get install python3-venv)")
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
		return os.WriteFile(complete, nil, 0o644) // without this file the environment is incomplete, and is made again
	})
	if err != nil {
		tb.Fatal(err)
	}
	return binary
}
