package rig

import (
	"encoding/binary"
	"errors"
	"io"
	"net"
	"sync"
	"time"
)

// Kafka's numbers of the requests that the tests interfere with.
const (
	Produce            = 0
	InitProducerID     = 22
	AddPartitionsToTxn = 24
	EndTxn             = 26
)

// A Request is what a rule sees of a request on its way to the broker.
type Request struct {
	Key         int16 // of the API: Produce, EndTxn ...
	Version     int16 // of the API
	Correlation int32
	// TransactionalID is filled in for the requests that begin with one.
	TransactionalID string
}

// A Ruling says what becomes of a request.
type Ruling struct {
	// Delay holds the request back, and with it all that follow on the
	// connection from the client's side; answers go on.
	Delay time.Duration
	// Hold holds the request back until it is closed; nil holds nothing. When
	// the client's connection ends meanwhile, the request is still delivered.
	Hold <-chan struct{}
	// LoseAnswer lets the request through, waits for the broker's answer, and
	// cuts the connection in its place.
	LoseAnswer bool
	// Lose cuts the connection in place of the request.
	Lose bool
	// Answered is called with the broker's answer, whole, whether or not the client
	// is still there to hear it.
	Answered func(frame []byte)
}

// A Proxy stands between Kafka clients and a broker. It passes everything on
// until Rule says otherwise.
type Proxy struct {
	listener net.Listener
	broker   string

	mu    sync.Mutex
	rule  func(Request) Ruling
	conns map[net.Conn]bool
}

// NewProxy makes a proxy to a broker's listener, on a free port of its own.
func NewProxy(broker string) (*Proxy, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	p := &Proxy{listener: l, broker: broker, conns: map[net.Conn]bool{}}
	go p.accept()
	return p, nil
}

// Address is where clients connect.
func (p *Proxy) Address() string { return p.listener.Addr().String() }

// Rule sets what becomes of each request; nil passes everything on.
func (p *Proxy) Rule(f func(Request) Ruling) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.rule = f
}

// Cut ends every connection.
func (p *Proxy) Cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for c := range p.conns {
		c.Close()
	}
}

// Close ends the proxy.
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
		l := &link{proxy: p, client: client, server: server, lose: map[int32]bool{}, heard: map[int32]func([]byte){}}
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

func (p *Proxy) judge(r Request) Ruling {
	p.mu.Lock()
	rule := p.rule
	p.mu.Unlock()
	if rule == nil {
		return Ruling{}
	}
	return rule(r)
}

// A link is one client connection with its connection to the broker.
type link struct {
	proxy          *Proxy
	client, server net.Conn

	mu sync.Mutex
	// By correlation id: answers to lose, and who wants to hear an answer.
	lose  map[int32]bool
	heard map[int32]func([]byte)
}

func (l *link) close() {
	for _, c := range []net.Conn{l.client, l.server} {
		c.Close()
		l.proxy.track(c, false)
	}
}

// requests passes frames to the broker.
func (l *link) requests() {
	defer l.close()
	for {
		frame, err := readFrame(l.client)
		if err != nil {
			return
		}
		r := parseRequest(frame)
		v := l.proxy.judge(r)
		if v.Lose {
			return
		}
		l.mu.Lock()
		if v.LoseAnswer {
			l.lose[r.Correlation] = true
		}
		if v.Answered != nil {
			l.heard[r.Correlation] = v.Answered
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

// answers passes frames to the client. The client's going away does not close
// the way to the broker while requests holds something back.
func (l *link) answers() {
	for {
		frame, err := readFrame(l.server)
		if err != nil {
			l.close()
			return
		}
		id := int32(binary.BigEndian.Uint32(frame[4:]))
		l.mu.Lock()
		lost, heard := l.lose[id], l.heard[id]
		delete(l.heard, id)
		l.mu.Unlock()
		if heard != nil {
			heard(frame)
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

// readFrame reads one frame with its length in front.
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

// flexibleFrom is the version of each request that begins with a transactional id from
// which on its header ends with tagged fields and its strings are compact.
var flexibleFrom = map[int16]int16{Produce: 9, InitProducerID: 2, AddPartitionsToTxn: 3, EndTxn: 3}

// parseRequest reads the request header, and the transactional id where that is the
// body's first field.
func parseRequest(frame []byte) Request {
	if len(frame) < 14 {
		return Request{Key: -1}
	}
	r := Request{Key: int16(binary.BigEndian.Uint16(frame[4:])), Version: int16(binary.BigEndian.Uint16(frame[6:])), Correlation: int32(binary.BigEndian.Uint32(frame[8:]))}
	from, has := flexibleFrom[r.Key]
	if !has || r.Key == AddPartitionsToTxn && r.Version > 3 { // which is for several ids, between brokers
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
