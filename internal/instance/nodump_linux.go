package instance

import (
	"fmt"
	"syscall"
)

// NoDump keeps the memory of this process, which holds secrets in the clear, out
// of core files. The limit alone would not do: it does not bind what the kernel
// pipes to a collector.
func NoDump() error {
	if err := syscall.Setrlimit(syscall.RLIMIT_CORE, &syscall.Rlimit{}); err != nil {
		return fmt.Errorf("forbidding core files: %w", err)
	}
	if _, _, e := syscall.RawSyscall(syscall.SYS_PRCTL, syscall.PR_SET_DUMPABLE, 0, 0); e != 0 {
		return fmt.Errorf("forbidding dumps of memory: %w", e)
	}
	return nil
}
