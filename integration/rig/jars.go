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

// Jars returns the folder that holds Kafka's jars. The first call on a machine downloads them
// with Maven into the user's cache. Without Java or Maven the test is skipped; with CI set it
// fails.
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

// oneAtATime runs f while no other test process on the machine does so for the same file. f
// makes the file unless it exists.
func oneAtATime(file string, f func() error) error {
	lock, err := os.OpenFile(file+".lock", os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	defer lock.Close() // which releases the lock
	for err = syscall.EINTR; err == syscall.EINTR; {
		err = syscall.Flock(int(lock.Fd()), syscall.LOCK_EX)
	}
	if err != nil {
		return err
	}
	return f()
}

// fetchJars downloads the jars into a temporary folder and renames it when it is complete.
// Callers must hold the lock: two Maven processes in one local repository would disturb each
// other.
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

// Cache returns the folder in the user's cache for what is kept from one test run to the next.
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

// Missing skips the test because a program is not installed. With CI set it fails the test, so
// that CI skips nothing unnoticed.
func Missing(tb testing.TB, format string, args ...any) {
	tb.Helper()
	if os.Getenv("CI") != "" {
		tb.Fatalf(format, args...)
	}
	tb.Skipf(format, args...)
}
