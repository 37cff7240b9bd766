// Package expiry tells when certificates end: those of bootstrap servers, and those that came with a
// connection.
package expiry

import (
	"context"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"urncast/producer/kafka/probe"
	"urncast/producer/kafka/properties"
)

const (
	// lookEvery is how long it is taken as known when a broker's certificate ends.
	lookEvery = time.Hour
	// lookAgain is how long nothing is tried after a look that did not see every server.
	lookAgain = time.Minute
	// lookTimeout bounds a look at the certificates of one connection's servers.
	lookTimeout = 15 * time.Second
)

// ServersDesc describes the metric that Collect sends.
var ServersDesc = prometheus.NewDesc("urncast_broker_certificate_expiry_timestamp_seconds",
	"When the certificate of a bootstrap server ends, or the first of its chain, as a Unix time. It is looked at once an hour, and once a minute while a server cannot be reached.",
	[]string{"connection", "server"}, nil)

// Servers knows when the certificates of bootstrap servers end. The servers are looked
// at beside the scrapes, which wait for no network: the first scrape after a start shows
// none yet.
type Servers struct {
	mu     sync.Mutex
	next   map[string]time.Time            // by connection, when its servers are looked at again
	ends   map[string]map[string]time.Time // by connection and server
	closed bool

	looking sync.WaitGroup
	life    context.Context // ends with Close
	end     context.CancelFunc
}

// Collect sends what is known of a connection's servers, and looks anew if that is old.
func (e *Servers) Collect(connection string, r *properties.Resolved, out chan<- prometheus.Metric) {
	if r.TLS == nil {
		return
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, server := range r.Bootstrap {
		if at, ok := e.ends[connection][server]; ok {
			out <- prometheus.MustNewConstMetric(ServersDesc, prometheus.GaugeValue, float64(at.Unix()), connection, server)
		}
	}
	if e.closed || time.Now().Before(e.next[connection]) {
		return
	}
	if e.next == nil {
		e.next, e.ends = map[string]time.Time{}, map[string]map[string]time.Time{}
		e.life, e.end = context.WithCancel(context.Background())
	}
	e.next[connection] = time.Now().Add(lookEvery)
	e.looking.Go(func() {
		ctx, cancel := context.WithTimeout(e.life, lookTimeout)
		defer cancel()
		e.look(ctx, connection, r)
	})
}

// look makes a TLS handshake with each server. Of one that cannot be reached, what was known
// stays, and the next look is soon.
func (e *Servers) look(ctx context.Context, connection string, r *properties.Resolved) {
	found, all := map[string]time.Time{}, true
	for _, server := range r.Bootstrap {
		if at := certificateEnd(ctx, &probe.Dialer{Settings: r}, server); !at.IsZero() {
			found[server] = at
		} else {
			all = false
		}
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if !all {
		e.next[connection] = time.Now().Add(lookAgain)
	}
	for server, at := range e.ends[connection] {
		if _, ok := found[server]; !ok {
			found[server] = at
		}
	}
	e.ends[connection] = found
}

// certificateEnd is when the first certificate of a server's chain ends; zero if that
// could not be seen.
func certificateEnd(ctx context.Context, d *probe.Dialer, server string) time.Time {
	p, err := d.Resolve(ctx, server)
	if err != nil {
		return time.Time{}
	}
	defer p.Close()
	if p.Connect(ctx) != nil || p.Secure(ctx) != nil && p.TLS == nil {
		return time.Time{}
	}
	return p.TLS.NotAfter
}

// Close ends looks that are under way.
func (e *Servers) Close() {
	e.mu.Lock()
	e.closed = true
	if e.end != nil {
		e.end()
	}
	e.mu.Unlock()
	e.looking.Wait()
}
