package rig

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
)

// A Disk is a small file system of its own. It ends with the test.
type Disk struct{ Dir string }

// NewDisk mounts one of so many megabytes. Where that is not allowed, as in most
// containers, the test is skipped.
func NewDisk(tb testing.TB, megabytes int) *Disk {
	tb.Helper()
	d := &Disk{tb.TempDir()}
	if out, err := exec.Command("mount", "-t", "tmpfs", "-o", fmt.Sprintf("size=%dm", megabytes), "tmpfs", d.Dir).CombinedOutput(); err != nil {
		tb.Skipf("a disk that can be filled needs the right to mount one: %v %s", err, out)
	}
	tb.Cleanup(func() {
		if out, err := exec.Command("umount", "--lazy", d.Dir).CombinedOutput(); err != nil {
			tb.Errorf("unmounting %s: %v %s", d.Dir, err, out)
		}
	})
	return d
}

func (d *Disk) filler() string { return filepath.Join(d.Dir, "filler") }

// Fill takes every byte that is left.
func (d *Disk) Fill(tb testing.TB) {
	tb.Helper()
	f, err := os.Create(d.filler())
	if err != nil {
		tb.Fatal(err)
	}
	defer f.Close()
	for block := make([]byte, 4096); err == nil; {
		_, err = f.Write(block)
	}
	if !errors.Is(err, syscall.ENOSPC) {
		tb.Fatalf("filling %s: %v", d.Dir, err)
	}
}

// Clear gives it back.
func (d *Disk) Clear(tb testing.TB) {
	tb.Helper()
	if err := os.Remove(d.filler()); err != nil {
		tb.Fatal(err)
	}
}
