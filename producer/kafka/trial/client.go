package trial

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"urncast/internal/panics"
	"urncast/producer/connection"
	"urncast/producer/kafka"
	"urncast/producer/kafka/probe"
	"urncast/producer/kafka/properties"
)

// A Client implements connection.Client.
type Client struct {
	// CreateTopic reports that producers make a missing topic. A test then asks the brokers whether
	// they would allow that.
	CreateTopic bool
	Log         *slog.Logger
}

// tryLimit bounds Try, for which somebody waits who saves a connection.
const tryLimit = 10 * time.Second

// Try implements connection.Client.
func (c *Client) Try(ctx context.Context, to *connection.Connection) []connection.Tried {
	settings, _, err := properties.Resolve(to)
	if err != nil {
		var all []connection.Tried
		for _, server := range written(to) {
			all = append(all, connection.Tried{Server: server, Text: sentence(err.Error()), Cure: settingsCure})
		}
		return all
	}
	ctx, cancel := context.WithTimeout(ctx, tryLimit)
	defer cancel()
	dialer, done := kafka.NewDialer(settings, c.Log)
	defer done()
	tried := make([]connection.Tried, len(settings.Bootstrap))
	var servers panics.Group
	for i, server := range settings.Bootstrap {
		servers.Go(func() { tried[i] = try(ctx, dialer, server) })
	}
	servers.Wait()
	return tried
}

// settingsCure goes with an error of Resolve.
const settingsCure = "Correct each property that is named."

// written returns the bootstrap servers as a connection has them, without resolving its properties.
func written(c *connection.Connection) (servers []string) {
	for s := range strings.SplitSeq(c.Properties["bootstrap.servers"], ",") {
		servers = append(servers, strings.TrimSpace(s))
	}
	return servers
}

// try connects to one server, logs in, and returns what came of it.
func try(ctx context.Context, dialer *probe.Dialer, server string) connection.Tried {
	asked := time.Now()
	peer, err := dialer.Open(ctx, server)
	tried := connection.Tried{Server: server, OK: err == nil, Took: time.Since(asked)}
	if err != nil {
		trouble := probe.Of(err)
		tried.Text, tried.Cure = trouble.Text, trouble.Cure
		return tried
	}
	defer peer.Close()
	tried.Text = fmt.Sprintf("%s (%s) answers, %s.", server, peer.Address, secured(peer))
	return tried
}

// secured says how a connection is protected, and as whom it is logged in.
func secured(p *probe.Peer) string {
	words := "without TLS"
	if p.TLS != nil {
		words = "with " + p.TLS.Version
	}
	if p.Login.Mechanism != "" {
		words += ", " + p.Login.Mechanism
	}
	return words + ", as " + p.Login.Principal
}
