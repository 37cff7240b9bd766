package rig

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
)

var archives sync.Mutex

// classes gives an archive of the classes that a broker loads, with which a JVM starts in
// little more than half the time. The first call for a JVM on a machine makes it, beside
// the jars. Where that fails there is none, and brokers start as fast as they can.
func classes(tb testing.TB, jars string) (archive string) {
	tb.Helper()
	archives.Lock()
	defer archives.Unlock()
	java, err := exec.LookPath("java")
	if err == nil {
		java, err = filepath.EvalSymlinks(java)
	}
	if err != nil {
		return ""
	}
	is, err := os.Stat(java)
	if err != nil {
		return ""
	}
	// An archive fits the JVM that made it; another one would leave it aside.
	archive = fmt.Sprintf("%s-%d.jsa", jars, is.ModTime().Unix())
	if _, err := os.Stat(archive); err == nil {
		return archive
	}
	if err := oneAtATime(archive, func() error { return archiveClasses(jars, archive) }); err != nil {
		tb.Logf("Brokers start slowly, without an archive of their classes: %v", err)
		return ""
	}
	return archive
}

// archiveClasses runs a broker that writes down at its end what it has loaded. The file
// is renamed when it is whole.
func archiveClasses(jars, archive string) error {
	if _, err := os.Stat(archive); err == nil {
		return nil
	}
	dir, err := os.MkdirTemp(filepath.Dir(archive), "classes-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	made := filepath.Join(dir, "made.jsa")
	k := &Kafka{dir: dir, jars: jars, fast: true, shared: true}
	if err := k.prepare(); err != nil {
		return err
	}
	k.system = []string{"-XX:ArchiveClassesAtExit=" + made, "-Xlog:cds=off", "-Xlog:cds+dynamic=off"}
	defer k.end()
	if err := k.Start(); err != nil {
		return err
	}
	if err := k.process.Stop(startMost); err != nil {
		return err
	}
	return os.Rename(made, archive)
}
