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

// classes returns an archive of the classes that a broker loads (class data sharing), with
// which a JVM starts in little more than half the time. The first call on a machine for each
// JVM makes it, beside the jars. If that fails, classes returns "", and brokers start without
// it.
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
	// An archive is only valid for the JVM that made it; others ignore it.
	archive = fmt.Sprintf("%s-%d.jsa", jars, is.ModTime().Unix())
	if _, err := os.Stat(archive); err == nil {
		return archive
	}
	if err := oneAtATime(archive, func() error { return archiveClasses(jars, archive) }); err != nil {
		tb.Logf("brokers start slowly, because the archive of their classes could not be made: %v", err)
		return ""
	}
	return archive
}

// archiveClasses runs a broker that writes the archive of its classes when it ends. The file
// is renamed when it is complete.
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
	k.jvmFlags = []string{"-XX:ArchiveClassesAtExit=" + made, "-Xlog:cds=off", "-Xlog:cds+dynamic=off"}
	defer k.end()
	if err := k.Start(); err != nil {
		return err
	}
	if err := k.process.Stop(startMost); err != nil {
		return err
	}
	return os.Rename(made, archive)
}
