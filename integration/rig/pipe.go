package rig

import (
	"net"
	"sync"
	"testing"
)

// A Pipe is a TCP proxy for a server that can simulate a network partition: after Cut,
// connections stay open, and nothing that either end sends arrives.
type Pipe struct {
	listener net.Listener
	server   string

	mu    sync.Mutex
	open  chan struct{} // closed while data passes
	conns []net.Conn
}

// NewPipe starts a pipe to a server on a free port. It ends with the test.
func NewPipe(tb testing.TB, server string) *Pipe {
	tb.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	p := &Pipe{listener: l, server: server, open: make(chan struct{})}
	close(p.open)
	go p.accept()
	tb.Cleanup(p.close)
	return p
}

// Address is the address to which clients connect.
func (p *Pipe) Address() string { return p.listener.Addr().String() }

// Cut holds back all data from now on, in both directions.
func (p *Pipe) Cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.open = make(chan struct{})
}

// Mend passes on what was held back, and all data from now on.
func (p *Pipe) Mend() {
	p.mu.Lock()
	defer p.mu.Unlock()
	select {
	case <-p.open:
	default:
		close(p.open)
	}
}

func (p *Pipe) close() {
	p.listener.Close()
	p.Mend()
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range p.conns {
		c.Close()
	}
}

func (p *Pipe) passes() <-chan struct{} {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.open
}

func (p *Pipe) accept() {
	for {
		client, err := p.listener.Accept()
		if err != nil {
			return
		}
		go p.connect(client)
	}
}

func (p *Pipe) connect(client net.Conn) {
	<-p.passes()
	server, err := net.Dial("tcp", p.server)
	if err != nil {
		client.Close() // the server is down; so is the client's connection
		return
	}
	p.mu.Lock()
	p.conns = append(p.conns, client, server)
	p.mu.Unlock()
	go p.pass(client, server)
	go p.pass(server, client)
}

// pass copies data in one direction. Like the data, the end of the connection is held back
// after Cut.
func (p *Pipe) pass(from, to net.Conn) {
	defer to.Close()
	buffer := make([]byte, 32<<10)
	for {
		n, err := from.Read(buffer)
		<-p.passes()
		if n > 0 {
			if _, err := to.Write(buffer[:n]); err != nil {
				from.Close()
				return
			}
		}
		if err != nil {
			return
		}
	}
}
