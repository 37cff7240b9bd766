// Package port finds ports for the servers of tests.
package port

import (
	"fmt"
	"math/rand/v2"
	"net"
	"sync"
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
