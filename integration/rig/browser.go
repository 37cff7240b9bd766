package rig

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// axeVersion is the version of the accessibility rules. It is fixed so that a test finds the
// same on every machine.
const axeVersion = "4.14.1"

// Chromium returns the path of the browser. Without one the test is skipped; with CI set it
// fails.
func Chromium(tb testing.TB) string {
	tb.Helper()
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	Missing(tb, "the console's tests need Chromium, which is not on the PATH (Debian: apt-get install chromium)")
	return ""
}

// Axe returns the source of axe-core, which checks a page for accessibility. The first call on
// a machine downloads it with npm into the user's cache.
func Axe(tb testing.TB) string {
	tb.Helper()
	name := filepath.Join(Cache(tb), "axe-core-"+axeVersion+".js")
	if text, err := os.ReadFile(name); err == nil {
		return string(text)
	}
	if _, err := exec.LookPath("npm"); err != nil {
		Missing(tb, "the console's tests need npm to fetch axe-core (Debian: apt-get install npm)")
	}
	if err := fetchAxe(name); err != nil {
		tb.Fatalf("axe-core: %v", err)
	}
	text, err := os.ReadFile(name)
	if err != nil {
		tb.Fatal(err)
	}
	return string(text)
}

// fetchAxe downloads the file beside its final place and renames it, so that two test
// processes can do so at once.
func fetchAxe(name string) error {
	work, err := os.MkdirTemp(filepath.Dir(name), "fetch-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)
	for _, c := range [][]string{
		{"npm", "pack", "--silent", "axe-core@" + axeVersion},
		{"tar", "xzf", "axe-core-" + axeVersion + ".tgz", "package/axe.min.js"},
	} {
		run := exec.Command(c[0], c[1:]...)
		run.Dir = work
		if out, err := run.CombinedOutput(); err != nil {
			return fmt.Errorf("%s: %w\n%s", c[0], err, out)
		}
	}
	return os.Rename(filepath.Join(work, "package", "axe.min.js"), name)
}
