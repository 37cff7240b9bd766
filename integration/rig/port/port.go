// Package port finds ports for the servers of tests, and serves on them.
package port

import (
	"fmt"
	"math/rand/v2"
	"net"
	"sync"
	"testing"
)

// given are the ports that Free gave.
var given struct {
	sync.Mutex
	ports map[int]bool
}

// Free gives a loopback port that nobody listens on, and none twice. It lies
// below those that the system takes for outgoing connections: a server that is
// killed finds it free again.
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

// Serve serves each connection on l with f, and closes it then, until the test ends.
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

// Listen serves each connection with f on loopback, and gives the address.
func Listen(tb testing.TB, f func(net.Conn)) string {
	tb.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	Serve(tb, l, f)
	return l.Addr().String()
}
