//go:build unix && !linux

package instance

import (
	"fmt"
	"syscall"
)

// NoDump keeps the memory of this process, which holds secrets in the clear, out
// of core files.
func NoDump() error {
	if err := syscall.Setrlimit(syscall.RLIMIT_CORE, &syscall.Rlimit{}); err != nil {
		return fmt.Errorf("forbidding core files: %w", err)
	}
	return nil
}
