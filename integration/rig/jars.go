package rig

import (
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

//go:embed pom.xml
var pom []byte

// Jars gives the folder that holds Kafka's jars. The first call on a machine
// fetches them with Maven into the user's cache. A test is skipped where Java or
// Maven is missing; with CI set that is a failure.
func Jars(tb testing.TB) string {
	tb.Helper()
	for _, tool := range []string{"java", "mvn"} {
		if _, err := exec.LookPath(tool); err != nil {
			Missing(tb, "Kafka needs %s, which is not on the PATH (Debian: apt-get install default-jre-headless maven)", tool)
		}
	}
	sum := sha256.Sum256(pom)
	home := filepath.Join(Cache(tb), "kafka-"+hex.EncodeToString(sum[:6]))
	if _, err := os.Stat(home); err == nil {
		return home
	}
	if err := fetchJars(home); err != nil {
		tb.Fatalf("Kafka's jars: %v", err)
	}
	return home
}

// fetchJars fills a folder beside home and renames it, so that two test
// processes at once do no harm to each other.
func fetchJars(home string) error {
	work, err := os.MkdirTemp(filepath.Dir(home), "fetch-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)
	if err := os.WriteFile(filepath.Join(work, "pom.xml"), pom, 0o644); err != nil {
		return err
	}
	jars := filepath.Join(work, "jars")
	c := exec.Command("mvn", "-q", "-B", "dependency:copy-dependencies", "-DincludeScope=runtime", "-DoutputDirectory="+jars)
	c.Dir = work
	if out, err := c.CombinedOutput(); err != nil {
		return fmt.Errorf("mvn dependency:copy-dependencies: %w\n%s", err, out)
	}
	if err := os.Rename(jars, home); err != nil {
		if _, there := os.Stat(home); there == nil {
			return nil
		}
		return err
	}
	return nil
}

// Cache gives the folder in the user's cache that outlives test runs.
func Cache(tb testing.TB) string {
	tb.Helper()
	base, err := os.UserCacheDir()
	if err != nil {
		base = os.TempDir()
	}
	dir := filepath.Join(base, "urncast-rig")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		tb.Fatal(err)
	}
	return dir
}

// Missing skips the test because a tool is not on the machine. In CI nothing may
// be skipped in silence, so there it fails.
func Missing(tb testing.TB, format string, args ...any) {
	tb.Helper()
	if os.Getenv("CI") != "" {
		tb.Fatalf(format, args...)
	}
	tb.Skipf(format, args...)
}
