package main

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"

	"urncast/internal/client"
	"urncast/internal/commandline"
)

// healthPatience is the time to wait for the answer: an orchestrator's own time limit is often longer.
const healthPatience = 4 * time.Second

type healthCommand struct {
	Config  commandline.ConfigFile `env:"URNCAST_CONFIG" placeholder:"FILE" help:"The configuration file of serve, for where it serves. Flags and environment overrule it."`
	HTTP    string                 `name:"http" env:"URNCAST_HTTP" default:"127.0.0.1:8080" help:"Address that serve serves on."`
	TLSCert string                 `name:"tls-cert" env:"URNCAST_TLS_CERT" help:"Certificate file of serve: with one, health asks over HTTPS."`
}

// Run asks the server of this machine whether its process answers. It needs no account, and asks
// neither for the database nor for Kafka: a container must not be restarted for what is wrong
// elsewhere. No answer is status 1, because that is what the verb looks for.
func (c *healthCommand) Run(ctx context.Context) error {
	url, err := c.url()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, healthPatience)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	// No certificate has the name of the loopback address.
	own := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}}
	resp, err := own.Do(r)
	if err != nil {
		return client.Refusef("the server does not answer (--http, URNCAST_HTTP or the file of --config says where it serves): %v", err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(io.LimitReader(resp.Body, 1<<10))
	if err != nil || resp.StatusCode != http.StatusOK {
		return client.Refusef("%s: %s %s", url, resp.Status, strings.TrimSpace(string(b)))
	}
	fmt.Print(string(b))
	return nil
}

// url returns the address to ask: the loopback address if the server serves on every address.
func (c *healthCommand) url() (string, error) {
	host, port, err := net.SplitHostPort(c.HTTP)
	if err != nil {
		return "", fmt.Errorf("--http: the address %q is not host:port: %w", c.HTTP, err)
	}
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
		if ip != nil && ip.To4() == nil {
			host = "::1"
		}
	}
	scheme := "http"
	if c.TLSCert != "" {
		scheme = "https"
	}
	return scheme + "://" + net.JoinHostPort(host, port) + "/healthz", nil
}
