package kafka

import (
	"context"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"urncast/producer/kafka/expiry"
	"urncast/producer/kafka/properties"
)

const (
	// expiryWarning is how long before the end of a certificate the log begins to say so.
	expiryWarning = 30 * 24 * time.Hour
	// expiryAgain is how long it then says nothing of that certificate.
	expiryAgain = 24 * time.Hour
	// expiryTimeout bounds the reading of the connection for a scrape.
	expiryTimeout = 5 * time.Second
)

var expiryDesc = prometheus.NewDesc("urncast_connection_certificate_expiry_timestamp_seconds",
	"When a certificate that the connection to Kafka rests on expires, by the property that it came with, in seconds since 1970.",
	[]string{"connection", "property", "subject"}, nil)

// Describe implements prometheus.Collector.
func (c *Cluster) Describe(out chan<- *prometheus.Desc) {
	out <- expiryDesc
	out <- expiry.ServersDesc
}

// Collect implements prometheus.Collector: it reads the connections and their files
// as they are now, so that a renewed certificate shows before anything takes it up. A
// connection that cannot be used has no certificates to show.
func (c *Cluster) Collect(out chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), expiryTimeout)
	defer cancel()
	names, err := c.InUse(ctx)
	if err != nil {
		out <- prometheus.NewInvalidMetric(expiryDesc, err)
		return
	}
	for _, name := range names {
		c.collect(ctx, name, out)
	}
}

func (c *Cluster) collect(ctx context.Context, name string, out chan<- prometheus.Metric) {
	connection, err := c.Connection(ctx, name)
	if err != nil {
		return
	}
	resolved, _, err := properties.Resolve(connection)
	if err != nil {
		return
	}
	type key struct{ property, subject string }
	earliest := map[key]time.Time{} // a store may hold two of one subject
	for _, cert := range resolved.Certificates {
		k := key{cert.Where, cert.Subject}
		if known, ok := earliest[k]; !ok || cert.NotAfter.Before(known) {
			earliest[k] = cert.NotAfter
		}
	}
	for k, at := range earliest {
		out <- prometheus.MustNewConstMetric(expiryDesc, prometheus.GaugeValue, float64(at.Unix()), connection.Name, k.property, k.subject)
	}
	c.servers.Collect(connection.Name, resolved, out)
}

// warnOfExpiry logs which certificates of a connection have ended or soon will: each once a day,
// however many clients connect meanwhile.
func (c *Cluster) warnOfExpiry(connection string, certs []properties.Certificate, now time.Time) {
	if c.Log == nil {
		return
	}
	for _, cert := range certs {
		left, at := cert.NotAfter.Sub(now), cert.NotAfter.UTC().Format(time.RFC3339)
		if left < expiryWarning && c.expiries.isNewFor(expiryAgain, strings.Join([]string{connection, cert.Where, cert.Subject, at}, "\n"), now) {
			c.Log.Warn("a certificate of the connection to Kafka expires", "connection", connection, "property", cert.Where,
				"subject", cert.Subject, "at", at, "days_left", int(left.Hours()/24))
		}
	}
}
