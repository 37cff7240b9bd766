//go:build unix && !linux

package main

import (
	"fmt"
	"syscall"
)

// noDump keeps the memory of this process, which holds secrets in the clear, out
// of core files.
func noDump() error {
	if err := syscall.Setrlimit(syscall.RLIMIT_CORE, &syscall.Rlimit{}); err != nil {
		return fmt.Errorf("forbidding core files: %w", err)
	}
	return nil
}
