package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"time"

	"github.com/alecthomas/kong"

	"urncast/producer"
	"urncast/producer/connection"
	"urncast/producer/kafka"
	"urncast/web"
)

// serveCommand has a flag for each setting. Each is taken from the environment, too, and from the
// file of --config: see nameVariables and configFile.
type serveCommand struct {
	Config      configFile `placeholder:"FILE" help:"File of settings, one \"name = value\" a line, named as these flags are. Flags count before the environment, and that before the file."`
	PrintConfig bool       `help:"Print the settings as they would count, with where each comes from, and end. Secrets are not shown."`

	databaseFlags     `embed:""`
	HTTP              string `name:"http" default:"127.0.0.1:8080" help:"Address to serve on."`
	TLSCert           string `name:"tls-cert" help:"Certificate file (PEM) to serve HTTPS with."`
	TLSKey            string `name:"tls-key" help:"The certificate's key file (PEM)."`
	BehindProxy       bool   `help:"A proxy in front of this server ends TLS."`
	AdminUser         string `default:"admin" help:"User name of an administrator of this process, who is in no table."`
	AdminPassword     string `help:"That administrator's password; better from a file. Without it accounts alone count."`
	AdminPasswordFile string `help:"File whose first line is the administrator's password." type:"existingfile"`
	ReadsClosed       bool   `help:"Let only those read who have signed in."`
	Environment       string `help:"Name of this installation, shown on the console."`

	keyFlags    `embed:""`
	Connection  string `help:"The connection to publish over, of those that are defined with the API and urncast connection; \"default\" if neither this nor --bootstrap is given."`
	Bootstrap   string `help:"Kafka's bootstrap servers: host:port, separated by commas. The connection is then fixed, and cannot be changed while the process runs."`
	Topic       string `help:"Topic to publish to. The producer \"default\" is then what these flags say; without it, producers are what was saved with the API and urncast producer."`
	Format      string `help:"Format of the messages; fusion-json by default."`
	filterFlags `embed:""`
	Prefix      string            `help:"Prefix of the transactional ids; tx by default."`
	Sender      string            `default:"URNCAST" help:"Sender named in each message's header."`
	Kafka       map[string]string `mapsep:"none" help:"Further Kafka properties, by the names of librdkafka or of Java: --kafka sasl.mechanism=PLAIN."`

	baselineFlags `embed:""`

	CreateTopic bool          `default:"true" negatable:"" help:"Make the topic if it is missing."`
	Retention   time.Duration `default:"168h" help:"How long a consumer may be away and still see every transaction whole; for topics made here."`

	LogFormat string `default:"text" enum:"text,json" help:"text or json."`
	LogLevel  string `default:"info" enum:"debug,info,warn,error" help:"debug, info, warn or error."`
}

// Run serves until a signal ends it.
func (c *serveCommand) Run(ctx context.Context, k *kong.Context) error {
	if c.PrintConfig {
		return printConfig(os.Stdout, k)
	}
	if err := c.check(); err != nil {
		return err
	}
	ring, err := c.ring()
	if err != nil {
		return err
	}
	if err := noDump(); err != nil {
		return err
	}
	log := logger(c.LogFormat, c.LogLevel)
	warnOfVariables(log, k.Model, os.Environ(), c.AdminPassword != "")
	dropPostgresVariables()
	warnOfReadable(log, k)
	client := &kafka.Client{CreateTopic: c.CreateTopic, Log: log}
	i := &instance{
		Database: c.Database, HTTP: c.HTTP, Cert: c.TLSCert, Key: c.TLSKey,
		Producer: c.producer(),
		Kafka:    kafka.Cluster{CreateTopic: c.CreateTopic, Retention: c.Retention},
		Fixed:    c.fixed(),
		Client:   client,
		Topics:   client,
		Ring:     ring,
		Web: web.Options{User: c.AdminUser, Password: c.AdminPassword, ReadsClosed: c.ReadsClosed, BehindProxy: c.BehindProxy,
			Sender: c.Sender, Environment: c.Environment},
	}
	if i.Producer == nil {
		return i.run(ctx, log)
	}
	if err := i.Producer.Check(); err != nil {
		return err
	}
	return i.run(ctx, log)
}

// producer is the one that the flags say; nil if those that are saved count.
func (c *serveCommand) producer() *producer.Config {
	if c.Topic == "" {
		return nil
	}
	p := producer.Config{Routes: []producer.Route{{Topic: c.Topic, Format: c.Format, Filter: c.filter()}}, Prefix: c.Prefix, Sender: c.Sender,
		Connection: c.Connection, BaselineAtEveryStart: c.BaselineAtEveryStart, BaselineWhenConnectionChanges: c.BaselineWhenConnectionChanges}.WithDefaults()
	return &p
}

// filterFlags say what the route takes.
type filterFlags struct {
	Classes  []string `help:"Publish structures of these classes alone: Codelist,DataStructure."`
	Agencies []string `help:"Publish structures of these agencies alone: SDMX, or SDMX.* with the agencies below it."`
	URNs     []string `name:"urns" help:"Publish structures alone whose URNs match one of these patterns, in which * stands for any characters."`
}

func (f *filterFlags) filter() producer.Filter {
	return producer.Filter{Classes: f.Classes, Agencies: f.Agencies, URNs: f.URNs}
}

// fixed is the connection that the flags say; nil if a stored one is to be taken.
func (c *serveCommand) fixed() *connection.Connection {
	if c.Bootstrap == "" {
		return nil
	}
	properties := map[string]string{"bootstrap.servers": c.Bootstrap}
	for k, v := range c.Kafka {
		properties[k] = v
	}
	return fixedConnection(properties)
}

// check refuses what is not safe, in a sentence that helps.
func (c *serveCommand) check() error {
	var err error
	if c.AdminPassword, err = oneOf("the administrator's password", c.AdminPassword, c.AdminPasswordFile); err != nil {
		return err
	}
	if err := c.readPassword(); err != nil {
		return err
	}
	switch {
	case c.Bootstrap != "" && c.Connection != "":
		return errors.New("--bootstrap gives a fixed connection and --connection names a stored one: give one of them")
	case c.Bootstrap == "" && len(c.Kafka) > 0:
		return errors.New("--kafka adds properties to --bootstrap, which is not given: give it, or save the properties with \"urncast connection set\"")
	case c.Topic == "" && (c.Format != "" || c.Prefix != "" || c.Connection != "" || !c.filter().IsZero()):
		return errors.New("--format, --prefix, --connection and the filter are of the producer that --topic makes, which is not given: " +
			"give it, or make producers with \"urncast producer create\"")
	case c.Bootstrap == "" && c.Connection == "":
		c.Connection = producer.NameDefault
	}
	host, _, err := net.SplitHostPort(c.HTTP)
	switch ip := net.ParseIP(host); {
	case err != nil:
		return fmt.Errorf("the address %q is no host:port: %w", c.HTTP, err)
	case c.AdminPassword != "" && len(c.AdminPassword) < 8:
		return errors.New("the administrator's password has fewer than 8 characters: choose a longer one")
	case (c.TLSCert == "") != (c.TLSKey == ""):
		return errors.New("HTTPS needs both --tls-cert and --tls-key")
	case c.TLSCert == "" && !c.BehindProxy && (ip == nil || !ip.IsLoopback()) && host != "localhost":
		return fmt.Errorf("serving plain HTTP on %s would let anybody on the way read the password: give --tls-cert and --tls-key, "+
			"say --behind-proxy if a proxy ends TLS, or serve on 127.0.0.1", c.HTTP)
	}
	return nil
}

func logger(format, level string) *slog.Logger {
	var l slog.Level
	if err := l.UnmarshalText([]byte(level)); err != nil {
		l = slog.LevelInfo // the flag's enum has seen it
	}
	o := &slog.HandlerOptions{Level: l}
	if format == "json" {
		return slog.New(slog.NewJSONHandler(os.Stderr, o))
	}
	return slog.New(slog.NewTextHandler(os.Stderr, o))
}
