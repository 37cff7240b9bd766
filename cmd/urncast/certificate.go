package main

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

// certificateEvery is how often the files of the certificate are looked at. They are read
// whole each time, by their paths: Kubernetes swaps a symbolic link above them, and file
// times say nothing then.
const certificateEvery = 10 * time.Second

// A certificate is what HTTPS is served with, as its files have it now. Handshakes take
// the newest that can be used; connections that stand are not touched.
type certificate struct {
	cert, key string
	every     time.Duration
	log       *slog.Logger
	pair      atomic.Pointer[tls.Certificate]
	wrong     atomic.Bool // the files hold something else, which cannot be used
	seen      [32]byte    // the files' digest, when they were taken or told of last
	doubted   [32]byte    // that of the look before, if they could not be used
}

// openCertificate reads a certificate and its key, which must fit each other.
func openCertificate(cert, key string, log *slog.Logger) (*certificate, error) {
	c := &certificate{cert: cert, key: key, every: certificateEvery, log: log}
	pair, digest, err := c.read()
	if err != nil {
		return nil, err
	}
	c.seen = digest
	c.pair.Store(pair)
	if end := ends(pair); !time.Now().Before(end) {
		log.Error("the certificate to serve HTTPS with has ended: no client will trust it", "file", cert, "ended", end)
	}
	return c, nil
}

// config is for servers: each handshake asks for the certificate anew.
func (c *certificate) config() *tls.Config {
	return &tls.Config{MinVersion: tls.VersionTLS12, NextProtos: []string{"h2", "http/1.1"},
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return c.pair.Load(), nil }}
}

// run takes up what the files hold until ctx ends.
func (c *certificate) run(ctx context.Context) {
	pace := time.NewTicker(c.every)
	defer pace.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-pace.C:
			c.look()
		}
	}
}

// look takes a new certificate up. One that cannot be used leaves the old one in place,
// and is told of once, at the second look: two files are not written at one time, and
// what lies between is no fault.
func (c *certificate) look() {
	pair, digest, err := c.read()
	switch {
	case digest == c.seen:
		c.doubted = [32]byte{}
	case err == nil && !time.Now().Before(ends(pair)):
		err = fmt.Errorf("it ended at %s", ends(pair).UTC().Format(time.RFC3339))
	}
	switch {
	case digest == c.seen:
	case err == nil:
		c.pair.Store(pair)
		c.wrong.Store(false)
		c.seen, c.doubted = digest, [32]byte{}
		c.log.Info("a new certificate is served", "file", c.cert, "subject", pair.Leaf.Subject.String(), "ends", ends(pair))
	case digest != c.doubted:
		c.doubted = digest
	default:
		c.wrong.Store(true)
		c.seen, c.doubted = digest, [32]byte{}
		c.log.Error("the new certificate cannot be used, and the old one is served until its files are mended",
			"file", c.cert, "key_file", c.key, "error", err, "old_ends", ends(c.pair.Load()))
	}
}

// read reads both files. The digest tells what they hold, or why they could not be read.
func (c *certificate) read() (*tls.Certificate, [32]byte, error) {
	cert, certErr := os.ReadFile(c.cert)
	key, keyErr := os.ReadFile(c.key)
	if err := errors.Join(certErr, keyErr); err != nil {
		return nil, sha256.Sum256([]byte(err.Error())), fmt.Errorf("the certificate: %w", err)
	}
	digest := sha256.Sum256(fmt.Appendf(nil, "%d %s%s", len(cert), cert, key))
	pair, err := tls.X509KeyPair(cert, key)
	if err != nil {
		return nil, digest, fmt.Errorf("the certificate of %s with the key of %s: %w", c.cert, c.key, err)
	}
	return &pair, digest, nil
}

// ends is when the first certificate of the chain ends.
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
		"When the certificate that HTTPS is served with ends, or the first of its chain, as a Unix time.", nil, nil)
	certificateWrong = prometheus.NewDesc("urncast_http_certificate_files_unusable",
		"1 while the files of the certificate hold one that cannot be used and an older one is served.", nil, nil)
)

// Describe implements prometheus.Collector.
func (c *certificate) Describe(to chan<- *prometheus.Desc) {
	to <- certificateEnds
	to <- certificateWrong
}

// Collect implements prometheus.Collector.
func (c *certificate) Collect(to chan<- prometheus.Metric) {
	wrong := 0.0
	if c.wrong.Load() {
		wrong = 1
	}
	to <- prometheus.MustNewConstMetric(certificateEnds, prometheus.GaugeValue, float64(ends(c.pair.Load()).Unix()))
	to <- prometheus.MustNewConstMetric(certificateWrong, prometheus.GaugeValue, wrong)
}
