package postgres

import "syscall"

// tcpUserTimeout is TCP_USER_TIMEOUT, which package syscall does not name.
const tcpUserTimeout = 0x12

// boundUnanswered makes the system close a connection if sent data is not acknowledged within
// the time unanswered. Keep-alive does not cover that: it probes idle connections only.
func boundUnanswered(network, _ string, c syscall.RawConn) error {
	if network == "unix" {
		return nil
	}
	return c.Control(func(fd uintptr) {
		_ = syscall.SetsockoptInt(int(fd), syscall.IPPROTO_TCP, tcpUserTimeout, int(unanswered.Milliseconds())) // on an error the system's default stays
	})
}
