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
)

// healthPatience bounds the question: an orchestrator's own time limit is often longer.
const healthPatience = 4 * time.Second

type healthCommand struct {
	HTTP    string `name:"http" env:"URNCAST_HTTP" default:"127.0.0.1:8080" help:"Address that it serves on, as serve has it."`
	TLSCert string `name:"tls-cert" env:"URNCAST_TLS_CERT" help:"Given if it serves HTTPS, as serve has it."`
}

// Run asks the server of this machine whether its process answers. It needs no account,
// and asks neither for the database nor for Kafka: a container is not to be killed for
// what is wrong elsewhere.
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
	// The address is this machine's own, for which no certificate has a name.
	own := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}}
	resp, err := own.Do(r)
	if err != nil {
		return fmt.Errorf("the server does not answer (URNCAST_HTTP or --http says where it serves): %w", err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(io.LimitReader(resp.Body, 1<<10))
	if err != nil || resp.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %s %s", url, resp.Status, strings.TrimSpace(string(b)))
	}
	fmt.Print(string(b))
	return nil
}

// url is where to ask: what serves on every address is asked on the machine's own.
func (c *healthCommand) url() (string, error) {
	host, port, err := net.SplitHostPort(c.HTTP)
	if err != nil {
		return "", fmt.Errorf("the address %q is no host:port: %w", c.HTTP, err)
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
