//go:build !linux

package postgres

import "syscall"

// boundUnanswered does nothing: the system's default timeout for unacknowledged data stays.
func boundUnanswered(string, string, syscall.RawConn) error { return nil }
