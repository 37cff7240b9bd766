package rig

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

// A Disk is a small file system that a test can fill.
type Disk struct{ Dir string }

// NewDisk mounts a file system in memory with so many megabytes, until the test ends. Only
// root may mount; without root NewDisk returns an error that says so.
func NewDisk(tb testing.TB, megabytes int) (*Disk, error) {
	tb.Helper()
	dir, err := os.MkdirTemp("", "urncast-disk-")
	if err != nil {
		return nil, err
	}
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, fmt.Sprintf("size=%dm,mode=0755", megabytes)); err != nil {
		return nil, errors.Join(fmt.Errorf("mounting a file system for a test requires root: %w", err), os.Remove(dir))
	}
	tb.Cleanup(func() {
		err := syscall.Unmount(dir, syscall.MNT_DETACH)
		if err := errors.Join(err, os.Remove(dir)); err != nil {
			tb.Errorf("removing %s: %v", dir, err)
		}
	})
	return &Disk{dir}, nil
}

// Fill keeps the disk full until ctx ends, and then frees the space.
func (d *Disk) Fill(ctx context.Context) error {
	file := filepath.Join(d.Dir, "ballast")
	f, err := os.OpenFile(file, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer os.Remove(file)
	defer f.Close()
	block := make([]byte, 1<<20)
	for ; ctx.Err() == nil; time.Sleep(20 * time.Millisecond) {
		for size := len(block); size > 0; {
			n, err := f.Write(block[:size])
			if n == size {
				continue
			}
			if !errors.Is(err, syscall.ENOSPC) {
				return fmt.Errorf("filling %s: %w", d.Dir, err)
			}
			size /= 2
		}
	}
	return nil
}
