package rig

import (
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
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
	if err := oneAtATime(home, func() error { return fetchJars(home) }); err != nil {
		tb.Fatalf("Kafka's jars: %v", err)
	}
	return home
}

// oneAtATime runs f while no other test process on the machine does so for the same file,
// which f makes unless it is there.
func oneAtATime(file string, f func() error) error {
	lock, err := os.OpenFile(file+".lock", os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	defer lock.Close() // which unlocks it
	for err = syscall.EINTR; err == syscall.EINTR; {
		err = syscall.Flock(int(lock.Fd()), syscall.LOCK_EX)
	}
	if err != nil {
		return err
	}
	return f()
}

// fetchJars fills a folder beside home and renames it when it is whole. Maven's own folder
// would not bear two of them at once.
func fetchJars(home string) error {
	if _, err := os.Stat(home); err == nil {
		return nil
	}
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
	return os.Rename(jars, home)
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
