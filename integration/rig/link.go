package rig

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	toxiproxy "github.com/Shopify/toxiproxy/v2"
	"github.com/rs/zerolog"
)

// A Link is the network between a client and a server, made with toxiproxy. It can refuse
// connections, delay data, end connections in the middle of the data, or lose all data.
type Link struct {
	listen, server string

	mu    sync.Mutex
	proxy *toxiproxy.Proxy
}

// The directions in which a link can be disturbed.
const (
	ToServer = "upstream"
	ToClient = "downstream"
)

// NewLink makes a link that listens on an address and leads to a server. It ends with the
// test.
func NewLink(tb testing.TB, listen, server string) *Link {
	tb.Helper()
	l := &Link{listen: listen, server: server}
	if err := l.renew(); err != nil {
		tb.Fatal(err)
	}
	l.listen = l.proxy.Listen
	tb.Cleanup(func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.proxy.Stop()
	})
	return l
}

// Address is the address to which clients connect.
func (l *Link) Address() string { return l.listen }

// renew ends every connection and starts a new proxy without toxics. Removing some of
// toxiproxy's toxics from a connection that they have ended can block for ever.
func (l *Link) renew() error {
	if l.proxy != nil {
		l.proxy.Stop()
	}
	api := toxiproxy.NewServer(toxiproxy.NewMetricsContainer(nil), zerolog.Nop())
	l.proxy = toxiproxy.NewProxy(api, "link", l.listen, l.server)
	if err := l.proxy.Start(); err != nil {
		return fmt.Errorf("listening on %s for %s: %w", l.listen, l.server, err)
	}
	return nil
}

// Move ends every connection and makes new ones lead to another server.
func (l *Link) Move(server string) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.server = server
	return l.renew()
}

// Cut ends every connection and refuses new ones for a while.
func (l *Link) Cut(during time.Duration) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.proxy.Stop()
	time.Sleep(during)
	return l.renew()
}

// Delay delays the data in one direction for a while; nothing is lost.
func (l *Link) Delay(direction string, by, during time.Duration) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := l.add("latency", direction, fmt.Sprintf(`"latency":%d,"jitter":%d`, by.Milliseconds(), by.Milliseconds()/4)); err != nil {
		return err
	}
	time.Sleep(during)
	removed := make(chan error, 1)
	go func(p *toxiproxy.Proxy) { removed <- p.Toxics.RemoveToxic(context.Background(), "latency_"+direction) }(l.proxy)
	select {
	case err := <-removed:
		return err
	case <-time.After(5 * time.Second):
		return l.renew()
	}
}

// Halve ends each connection after so many bytes in one direction, in the middle of a request
// or a response. After a while the link is as before.
func (l *Link) Halve(direction string, bytes int, during time.Duration) error {
	return l.spoil("limit_data", direction, fmt.Sprintf(`"bytes":%d`, bytes), during)
}

// Swallow loses all data in both directions for a while without ending connections, as a
// network partition does.
func (l *Link) Swallow(during time.Duration) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, direction := range []string{ToServer, ToClient} {
		if err := l.add("timeout", direction, `"timeout":0`); err != nil {
			return err
		}
	}
	time.Sleep(during)
	return l.renew()
}

func (l *Link) spoil(kind, direction, attributes string, during time.Duration) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := l.add(kind, direction, attributes); err != nil {
		return err
	}
	time.Sleep(during)
	return l.renew()
}

func (l *Link) add(kind, direction, attributes string) error {
	_, err := l.proxy.Toxics.AddToxicJson(strings.NewReader(fmt.Sprintf(`{"type":%q,"stream":%q,"attributes":{%s}}`, kind, direction, attributes)))
	if err != nil {
		return fmt.Errorf("toxic %s on the link to %s: %w", kind, l.server, err)
	}
	return nil
}
