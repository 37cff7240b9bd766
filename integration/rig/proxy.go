package rig

import (
	"encoding/binary"
	"errors"
	"io"
	"net"
	"sync"
	"time"
)

// API keys of the Kafka requests that tests delay or lose.
const (
	Produce            = 0
	InitProducerID     = 22
	AddPartitionsToTxn = 24
	EndTxn             = 26
)

// A Request is the part of a client's request that a rule can look at.
type Request struct {
	Key         int16 // API key: Produce, EndTxn, ...
	Version     int16 // API version
	Correlation int32
	// TransactionalID is set for requests whose body begins with one.
	TransactionalID string
}

// A Ruling says what the proxy does with a request.
type Ruling struct {
	// Delay delays the request, and with it all that follow on the connection; responses still
	// pass.
	Delay time.Duration
	// Hold delays the request until the channel is closed; nil does not. The request is
	// delivered even if the client closes its connection before that.
	Hold <-chan struct{}
	// LoseAnswer passes the request on, and closes the connection instead of returning the
	// response.
	LoseAnswer bool
	// Lose closes the connection instead of passing the request on.
	Lose bool
	// Answered is called with the whole response, even if the client has closed its
	// connection.
	Answered func(frame []byte)
}

// A Proxy passes requests and responses between Kafka clients and a broker, as Rule says.
type Proxy struct {
	listener net.Listener
	broker   string

	mu    sync.Mutex
	rule  func(Request) Ruling
	conns map[net.Conn]bool
}

// NewProxy starts a proxy for a broker's listener on a free port.
func NewProxy(broker string) (*Proxy, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	p := &Proxy{listener: l, broker: broker, conns: map[net.Conn]bool{}}
	go p.accept()
	return p, nil
}

// Address is the address to which clients connect.
func (p *Proxy) Address() string { return p.listener.Addr().String() }

// Rule sets the rule that decides what happens to each request; nil passes all on.
func (p *Proxy) Rule(f func(Request) Ruling) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.rule = f
}

// Cut closes every connection.
func (p *Proxy) Cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for c := range p.conns {
		c.Close()
	}
}

// Close stops the proxy.
func (p *Proxy) Close() {
	p.listener.Close()
	p.Cut()
}

func (p *Proxy) accept() {
	for {
		client, err := p.listener.Accept()
		if err != nil {
			return
		}
		server, err := net.Dial("tcp", p.broker)
		if err != nil {
			client.Close() // the broker is down; so is the client's connection
			continue
		}
		l := &proxiedConn{proxy: p, client: client, server: server, lose: map[int32]bool{}, callbacks: map[int32]func([]byte){}}
		p.track(client, true)
		p.track(server, true)
		go l.requests()
		go l.answers()
	}
}

func (p *Proxy) track(c net.Conn, open bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if open {
		p.conns[c] = true
	} else {
		delete(p.conns, c)
	}
}

// rulingFor asks the rule about a request.
func (p *Proxy) rulingFor(r Request) Ruling {
	p.mu.Lock()
	rule := p.rule
	p.mu.Unlock()
	if rule == nil {
		return Ruling{}
	}
	return rule(r)
}

// A proxiedConn is a client's connection and the connection to the broker that belongs to it.
type proxiedConn struct {
	proxy          *Proxy
	client, server net.Conn

	mu sync.Mutex
	// By correlation id: responses to lose, and functions to call with a response.
	lose      map[int32]bool
	callbacks map[int32]func([]byte)
}

func (l *proxiedConn) close() {
	for _, c := range []net.Conn{l.client, l.server} {
		c.Close()
		l.proxy.track(c, false)
	}
}

// requests passes requests to the broker.
func (l *proxiedConn) requests() {
	defer l.close()
	for {
		frame, err := readFrame(l.client)
		if err != nil {
			return
		}
		r := parseRequest(frame)
		v := l.proxy.rulingFor(r)
		if v.Lose {
			return
		}
		l.mu.Lock()
		if v.LoseAnswer {
			l.lose[r.Correlation] = true
		}
		if v.Answered != nil {
			l.callbacks[r.Correlation] = v.Answered
		}
		l.mu.Unlock()
		time.Sleep(v.Delay)
		if v.Hold != nil {
			<-v.Hold
		}
		if _, err := l.server.Write(frame); err != nil {
			return
		}
	}
}

// answers passes responses to the client. When the client closes its connection, the one to
// the broker stays open while requests holds a request back.
func (l *proxiedConn) answers() {
	for {
		frame, err := readFrame(l.server)
		if err != nil {
			l.close()
			return
		}
		id := int32(binary.BigEndian.Uint32(frame[4:]))
		l.mu.Lock()
		lost, callback := l.lose[id], l.callbacks[id]
		delete(l.callbacks, id)
		l.mu.Unlock()
		if callback != nil {
			callback(frame)
		}
		if lost {
			l.close()
			return
		}
		if _, err := l.client.Write(frame); err != nil && !errors.Is(err, net.ErrClosed) {
			l.client.Close()
		}
	}
}

// readFrame reads a request or a response, with the size in front of it.
func readFrame(r io.Reader) ([]byte, error) {
	var size [4]byte
	if _, err := io.ReadFull(r, size[:]); err != nil {
		return nil, err
	}
	n := binary.BigEndian.Uint32(size[:])
	if n < 4 || n > 1<<30 {
		return nil, errors.New("not a Kafka frame")
	}
	frame := make([]byte, 4+n)
	copy(frame, size[:])
	_, err := io.ReadFull(r, frame[4:])
	return frame, err
}

// flexibleFrom maps the requests whose body begins with a transactional id to their first
// flexible version: from it on the header ends with tagged fields, and strings are compact.
var flexibleFrom = map[int16]int16{Produce: 9, InitProducerID: 2, AddPartitionsToTxn: 3, EndTxn: 3}

// parseRequest parses the request header, and the transactional id if that is the first field
// of the body.
func parseRequest(frame []byte) Request {
	if len(frame) < 14 {
		return Request{Key: -1}
	}
	r := Request{Key: int16(binary.BigEndian.Uint16(frame[4:])), Version: int16(binary.BigEndian.Uint16(frame[6:])), Correlation: int32(binary.BigEndian.Uint32(frame[8:]))}
	from, has := flexibleFrom[r.Key]
	if !has || r.Key == AddPartitionsToTxn && r.Version > 3 { // from version 4 it has several ids
		return r
	}
	rest := frame[14:]
	if n := int16(binary.BigEndian.Uint16(frame[12:])); n > 0 {
		rest = rest[min(int(n), len(rest)):] // client id
	}
	flexible := r.Version >= from
	if flexible && len(rest) > 0 {
		rest = rest[1:] // no tagged fields in the header
	}
	size, used := 0, 0
	if flexible {
		u, n := binary.Uvarint(rest)
		size, used = int(u)-1, n
	} else if len(rest) >= 2 {
		size, used = int(int16(binary.BigEndian.Uint16(rest))), 2
	}
	if used > 0 && size >= 0 && used+size <= len(rest) {
		r.TransactionalID = string(rest[used : used+size])
	}
	return r
}
