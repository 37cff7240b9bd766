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
	// CreateTopic says that a missing topic would be made: a test then sees
	// whether the brokers allow that.
	CreateTopic bool
	Log         *slog.Logger
}

// tryLimit bounds the trying of all servers, which happens while somebody waits
// for a save.
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

// written are the servers as they stand in a connection that cannot be resolved.
func written(c *connection.Connection) (servers []string) {
	for s := range strings.SplitSeq(c.Properties["bootstrap.servers"], ",") {
		servers = append(servers, strings.TrimSpace(s))
	}
	return servers
}

// try makes one connection and says what came of it.
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

// secured says by what a connection is protected and who is logged in.
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
