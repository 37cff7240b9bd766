package probe

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"strings"
	"sync"
	"time"
)

const (
	// patience is how long a first answer is waited for before other connections
	// find out what the port speaks, and identifyLimit bounds these: together they
	// stay within the three seconds in which something has to be said.
	patience      = 1200 * time.Millisecond
	identifyLimit = 1200 * time.Millisecond
)

// identifying makes the first exchange on a connection. If it breaks, or nothing comes for a while,
// other connections find out what protocol the port speaks. Nothing may come because the server takes
// what was sent for the beginning of a message of its own protocol, and waits for the rest.
func (p *Peer) identifying(ctx context.Context, f func() error) error {
	found := make(chan error, 1)
	conn := p.conn
	timer := time.AfterFunc(patience, func() {
		known := p.identify(ctx)
		if known != nil {
			conn.SetDeadline(time.Unix(1, 0))
		}
		found <- known
	})
	err := f()
	var known error
	switch {
	case !timer.Stop():
		known = <-found
	case err != nil && broken(err):
		known = p.identify(ctx)
	}
	if known != nil && err != nil {
		return known
	}
	return err
}

// identify returns which other protocol a port speaks, as a trouble; nil if that cannot be found out.
func (p *Peer) identify(parent context.Context) error {
	ctx, cancel := context.WithTimeout(parent, identifyLimit)
	defer cancel()
	var other, web error
	var ways sync.WaitGroup
	ways.Go(func() { web = p.speaksHTTP(ctx) })
	switch {
	case p.dialer.Settings.TLS == nil:
		ways.Go(func() {
			if p.wantsTLS(ctx) {
				other = p.tlsPort()
			}
		})
	case p.TLS == nil:
		ways.Go(func() { other = p.speaksPlainly(ctx) })
	}
	ways.Wait()
	if web != nil {
		return web
	}
	return other
}

// unidentified is the trouble of a port whose protocol could not be found out.
func (p *Peer) unidentified(err error) error {
	if isTimeout(err) {
		return Met(Silent, err, "server", p.Server, "limit", Rounded(p.waited))
	}
	return Met(ClosedAtOnce, err, "server", p.Server)
}

// speaksPlainly finds out whether a port that did not answer to TLS answers without.
// A broker without TLS takes a ClientHello for the length of a request: it closes,
// or waits for the rest of it.
func (p *Peer) speaksPlainly(ctx context.Context) error {
	plain, err := p.again(ctx)
	if err != nil {
		return nil
	}
	defer plain.Close()
	if _, err := plain.exchange(ctx, versionsRequest(0)); err == nil {
		now, other := p.protocol()
		return Met(PlaintextPort, nil, "server", p.Server, "protocol", now, "without", other)
	}
	return nil
}

// wantsTLS finds out whether a port that did not answer to Kafka speaks TLS.
func (p *Peer) wantsTLS(ctx context.Context) bool {
	conn, err := p.insecure(ctx)
	if conn != nil {
		conn.Close()
	}
	var op *net.OpError
	return err == nil || errors.As(err, &op) && op.Op == "remote error"
}

// insecure makes a TLS connection without verifying the server. No secret may be sent on it.
func (p *Peer) insecure(ctx context.Context) (net.Conn, error) {
	fresh, err := p.again(ctx)
	if err != nil {
		return nil, err
	}
	defer fresh.bounded(ctx)()
	conn := tls.Client(fresh.conn, &tls.Config{InsecureSkipVerify: true, ServerName: p.Host})
	return conn, conn.HandshakeContext(ctx)
}

// speaksHTTP sends a request of HTTP, at which a broker closes the connection.
func (p *Peer) speaksHTTP(ctx context.Context) error {
	var conn net.Conn
	if p.TLS != nil {
		var err error
		if conn, err = p.insecure(ctx); err != nil {
			return nil
		}
	} else {
		fresh, err := p.again(ctx)
		if err != nil {
			return nil
		}
		conn = fresh.conn
	}
	defer conn.Close()
	deadline, _ := ctx.Deadline()
	conn.SetDeadline(deadline)
	defer context.AfterFunc(ctx, func() { conn.SetDeadline(time.Unix(1, 0)) })()
	if _, err := io.WriteString(conn, "HEAD / HTTP/1.0\r\n\r\n"); err != nil {
		return nil
	}
	line, _ := bufio.NewReader(io.LimitReader(conn, 1024)).ReadString('\n') // what there is
	if !strings.HasPrefix(line, "HTTP/") {
		return nil
	}
	return Met(HTTPPort, nil, "server", p.Server, "first", shown([]byte(line)))
}
