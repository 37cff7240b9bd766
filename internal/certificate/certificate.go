// Package certificate serves HTTPS with a certificate whose files may be replaced while the
// process runs.
package certificate

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// interval is the time between two checks of the certificate's files. Each check reads them
// whole, by path: Kubernetes replaces a symbolic link above them, which changes no file time.
const interval = 10 * time.Second

// warnAhead is how long before its end a certificate is warned of, as the alert rule does.
const warnAhead = 14 * 24 * time.Hour

// A Certificate is the pair of certificate and key that HTTPS is served with, kept up to date
// with its files. Each handshake takes the newest usable pair; open connections keep theirs.
type Certificate struct {
	cert, key string
	every     time.Duration
	log       *slog.Logger
	pair      atomic.Pointer[tls.Certificate]
	unusable  atomic.Bool // the files hold a pair that cannot be used
	seen      [32]byte    // digest of the files when they were last taken up or reported
	doubted   [32]byte    // digest at the check before, if the files could not be used then
	warned    time.Time   // when the log last said that the certificate ends
}

// Open reads a certificate and its key, which must fit each other.
func Open(cert, key string, log *slog.Logger) (*Certificate, error) {
	c := &Certificate{cert: cert, key: key, every: interval, log: log}
	pair, digest, err := c.read()
	if err != nil {
		return nil, err
	}
	c.seen = digest
	c.pair.Store(pair)
	c.warn(time.Now())
	return c, nil
}

// Config returns a TLS configuration for servers. Each handshake asks for the certificate anew.
func (c *Certificate) Config() *tls.Config {
	return &tls.Config{MinVersion: tls.VersionTLS12, NextProtos: []string{"h2", "http/1.1"},
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return c.pair.Load(), nil }}
}

// warn logs that the certificate has expired, or will within two weeks, unless it did so within a day.
func (c *Certificate) warn(now time.Time) {
	end := ends(c.pair.Load())
	if now.Sub(c.warned) < 24*time.Hour || end.Sub(now) > warnAhead {
		return
	}
	c.warned = now
	if now.Before(end) {
		c.log.Warn("the certificate to serve HTTPS with ends soon: replace its files; they are read anew within 10 s", "file", c.cert, "ends", end)
		return
	}
	c.log.Error("the certificate to serve HTTPS with has expired: no client will trust it", "file", c.cert, "ended", end)
}

// Run takes up changes of the files until ctx ends.
func (c *Certificate) Run(ctx context.Context) {
	pace := time.NewTicker(c.every)
	defer pace.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-pace.C:
			c.check()
			c.warn(now)
		}
	}
}

// check takes up a new pair. A pair that cannot be used leaves the old one in place, and is
// logged once, at the second check: the two files are not written at the same instant, and a
// pair that does not fit for a moment is no fault.
func (c *Certificate) check() {
	pair, digest, err := c.read()
	switch {
	case digest == c.seen:
		c.doubted = [32]byte{}
	case err == nil && !time.Now().Before(ends(pair)):
		err = fmt.Errorf("it expired at %s", ends(pair).UTC().Format(time.RFC3339))
	}
	switch {
	case digest == c.seen:
	case err == nil:
		c.pair.Store(pair)
		c.unusable.Store(false)
		c.seen, c.doubted = digest, [32]byte{}
		c.log.Info("a new certificate is served", "file", c.cert, "subject", pair.Leaf.Subject.String(), "ends", ends(pair))
	case digest != c.doubted:
		c.doubted = digest
	default:
		c.unusable.Store(true)
		c.seen, c.doubted = digest, [32]byte{}
		c.log.Error("the new certificate cannot be used; the old one is served until the files are replaced",
			"file", c.cert, "key_file", c.key, "error", err, "old_ends", ends(c.pair.Load()))
	}
}

// read reads both files. The digest is of their content, or of the error if they cannot be read.
func (c *Certificate) read() (*tls.Certificate, [32]byte, error) {
	cert, certErr := os.ReadFile(c.cert)
	key, keyErr := os.ReadFile(c.key)
	if err := errors.Join(certErr, keyErr); err != nil {
		return nil, sha256.Sum256([]byte(err.Error())), fmt.Errorf("reading the certificate: %w", err)
	}
	digest := sha256.Sum256(fmt.Appendf(nil, "%d %s%s", len(cert), cert, key))
	pair, err := tls.X509KeyPair(cert, key)
	if err != nil {
		return nil, digest, fmt.Errorf("the certificate of %s with the key of %s: %w", c.cert, c.key, err)
	}
	return &pair, digest, nil
}

// ends returns when the first certificate of the chain expires.
func ends(pair *tls.Certificate) time.Time {
	end := pair.Leaf.NotAfter
	for _, der := range pair.Certificate[1:] {
		if c, err := x509.ParseCertificate(der); err == nil && c.NotAfter.Before(end) { // X509KeyPair parsed the first alone
			end = c.NotAfter
		}
	}
	return end
}

var (
	certificateEnds = prometheus.NewDesc("urncast_http_certificate_expiry_timestamp_seconds",
		"When the certificate that HTTPS is served with expires, or the first of its chain, as a Unix time.", nil, nil)
	certificateWrong = prometheus.NewDesc("urncast_http_certificate_files_unusable",
		"1 while the files of the certificate hold one that cannot be used and an older one is served.", nil, nil)
)

// Describe implements prometheus.Collector.
func (c *Certificate) Describe(to chan<- *prometheus.Desc) {
	to <- certificateEnds
	to <- certificateWrong
}

// Collect implements prometheus.Collector.
func (c *Certificate) Collect(to chan<- prometheus.Metric) {
	wrong := 0.0
	if c.unusable.Load() {
		wrong = 1
	}
	to <- prometheus.MustNewConstMetric(certificateEnds, prometheus.GaugeValue, float64(ends(c.pair.Load()).Unix()))
	to <- prometheus.MustNewConstMetric(certificateWrong, prometheus.GaugeValue, wrong)
}
