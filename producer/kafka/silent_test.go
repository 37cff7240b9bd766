package kafka

import (
	"io"
	"net"
	"testing"

	"urncast/integration/rig/port"
)

// silent is the address of a server that takes everything and answers nothing.
func silent(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port.Serve(t, l, func(c net.Conn) { io.Copy(io.Discard, c) })
	return l.Addr().String()
}
