// Package port chooses free ports for the servers of tests, and runs simple servers.
package port

import (
	"fmt"
	"math/rand/v2"
	"net"
	"sync"
	"testing"
)

// given records the ports that Free has returned.
var given struct {
	sync.Mutex
	ports map[int]bool
}

// Free returns a loopback port on which nothing listens, and no port twice. The port is below
// the range that the system uses for outgoing connections, so that a server which was killed
// can listen on it again.
func Free() (int, error) {
	const lowest, above = 10_000, 32_000
	given.Lock()
	defer given.Unlock()
	if given.ports == nil {
		given.ports = map[int]bool{}
	}
	var err error
	for range 100 {
		port := lowest + rand.IntN(above-lowest)
		if given.ports[port] {
			continue
		}
		var l net.Listener
		if l, err = net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port)); err == nil {
			given.ports[port] = true
			return port, l.Close()
		}
	}
	return 0, fmt.Errorf("no free port was found from %d to %d: %w", lowest, above, err)
}

// Serve calls f for each connection on l and closes the connection afterwards, until the test
// ends.
func Serve(tb testing.TB, l net.Listener, f func(net.Conn)) {
	tb.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				f(c)
			}()
		}
	}()
}

// Listen serves connections with f on a loopback port until the test ends, and returns the
// address.
func Listen(tb testing.TB, f func(net.Conn)) string {
	tb.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	Serve(tb, l, f)
	return l.Addr().String()
}
