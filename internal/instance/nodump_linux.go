package instance

import (
	"fmt"
	"syscall"
)

// NoDump keeps the memory of this process, which has secrets in the clear, out of core files.
// A core limit of 0 does not suffice: the kernel ignores it when core_pattern pipes dumps to a
// collector.
func NoDump() error {
	if err := syscall.Setrlimit(syscall.RLIMIT_CORE, &syscall.Rlimit{}); err != nil {
		return fmt.Errorf("forbidding core files: %w", err)
	}
	if _, _, e := syscall.RawSyscall(syscall.SYS_PRCTL, syscall.PR_SET_DUMPABLE, 0, 0); e != 0 {
		return fmt.Errorf("forbidding dumps of memory: %w", e)
	}
	return nil
}
