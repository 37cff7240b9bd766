package kafka

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"urncast/producer/kafka/expiry"
	"urncast/producer/kafka/properties"
)

// expiryTimeout bounds the reading of the connection for a scrape.
const expiryTimeout = 5 * time.Second

// Describe implements prometheus.Collector.
func (c *Cluster) Describe(out chan<- *prometheus.Desc) {
	out <- expiry.OwnDesc
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
		out <- prometheus.NewInvalidMetric(expiry.OwnDesc, err)
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
	expiry.CollectOwn(connection.Name, resolved.Certificates, out)
	c.servers.Collect(connection.Name, resolved, out)
}
