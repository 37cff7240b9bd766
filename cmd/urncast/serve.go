package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"time"

	"github.com/alecthomas/kong"

	"urncast/internal/commandline"
	"urncast/internal/instance"
	"urncast/producer"
	"urncast/producer/connection"
	"urncast/producer/kafka"
	"urncast/producer/kafka/trial"
	"urncast/web"
)

// serveCommand has a flag for each setting. Each setting is taken from the environment, too, and
// from the file of --config: see commandline.NameVariables and commandline.ConfigFile.
type serveCommand struct {
	Config      commandline.ConfigFile `placeholder:"FILE" help:"File of settings: a line \"name = value\" each, named like these flags. Flags overrule the environment, which overrules the file."`
	PrintConfig bool                   `help:"Print the settings as they would apply, with where each comes from, and end. Secrets are not shown."`

	databaseFlags     `embed:""`
	HTTP              string `name:"http" default:"127.0.0.1:8080" help:"Address to serve on."`
	TLSCert           string `name:"tls-cert" help:"Certificate file (PEM) to serve HTTPS with."`
	TLSKey            string `name:"tls-key" help:"The certificate's key file (PEM)."`
	BehindProxy       bool   `help:"A proxy in front of this server ends TLS."`
	AdminUser         string `default:"admin" help:"User name of this process's own administrator, who needs no account in the database."`
	AdminPassword     string `help:"That administrator's password; better from a file. Without it, only accounts can sign in."`
	AdminPasswordFile string `help:"File whose first line is the administrator's password." type:"existingfile"`
	ReadsClosed       bool   `help:"Let only signed-in users read."`
	Environment       string `help:"Name of this installation, shown on the console."`

	keyFlags    `embed:""`
	Connection  string `help:"The stored connection (urncast connection) to publish over; \"default\" if neither this nor --bootstrap is given."`
	Bootstrap   string `help:"Kafka's bootstrap servers: host:port, separated by commas. The connection is then fixed, and cannot be changed while the process runs."`
	Topic       string `help:"Topic to publish to. These flags then define the producer \"default\"; without it, producers are the stored ones (urncast producer)."`
	Format      string `enum:"${formats}," default:"" help:"Format of the messages: ${formats}; fusion-json by default."`
	filterFlags `embed:""`
	Prefix      string            `help:"Prefix of the transactional ids; tx by default."`
	Sender      string            `default:"URNCAST" help:"Sender named in each message's header."`
	Kafka       map[string]string `mapsep:"none" help:"Further Kafka properties, by the names of librdkafka or of Java: --kafka sasl.mechanism=PLAIN."`

	baselineFlags `embed:""`

	CreateTopic bool          `default:"true" negatable:"" help:"Create the topic if it is missing."`
	Retention   time.Duration `default:"168h" help:"How long a consumer may be away and still see every transaction whole; for topics that urncast creates."`

	LogFormat string `default:"text" enum:"text,json" help:"text or json."`
	LogLevel  string `default:"info" enum:"debug,info,warn,error" help:"debug, info, warn or error."`
}

// Run serves until a signal ends it.
func (c *serveCommand) Run(ctx context.Context, k *kong.Context) error {
	log := instance.NewLog(c.LogFormat, c.LogLevel)
	commandline.WarnOfVariables(log, k.Model, os.Environ(), c.AdminPassword != "" || c.AdminPasswordFile != "")
	if c.PrintConfig {
		return commandline.PrintConfig(os.Stdout, k)
	}
	if err := c.check(); err != nil {
		return err
	}
	database, err := c.url()
	if err != nil {
		return err
	}
	ring, err := c.ring()
	if err != nil {
		return err
	}
	if err := instance.NoDump(); err != nil {
		return err
	}
	for _, warning := range commandline.VisibleSecrets(k) {
		log.Warn(warning)
	}
	commandline.DropPostgresVariables()
	commandline.WarnOfReadable(log, k)
	client := &trial.Client{CreateTopic: c.CreateTopic, Log: log}
	i := &instance.Instance{
		Version:  version,
		Database: database, HTTP: c.HTTP, Cert: c.TLSCert, Key: c.TLSKey,
		Producer: c.producer(),
		Kafka:    kafka.Cluster{CreateTopic: c.CreateTopic, Retention: c.Retention},
		Fixed:    c.fixed(),
		Client:   client,
		Topics:   client,
		Ring:     ring,
		User:     c.AdminUser, Password: c.AdminPassword,
		Web: web.Options{ReadsClosed: c.ReadsClosed, BehindProxy: c.BehindProxy,
			Sender: c.Sender, Environment: c.Environment},
	}
	if i.Producer == nil {
		return i.Run(ctx, log)
	}
	if err := i.Producer.Check(); err != nil {
		return err
	}
	return i.Run(ctx, log)
}

// producer returns the producer that the flags define; nil without --topic.
func (c *serveCommand) producer() *producer.Config {
	if c.Topic == "" {
		return nil
	}
	p := producer.Config{Routes: []producer.Route{{Topic: c.Topic, Format: c.Format, Filter: c.filter()}}, Prefix: c.Prefix, Sender: c.Sender,
		Connection: c.Connection, BaselineAtEveryStart: c.BaselineAtEveryStart, BaselineWhenConnectionChanges: c.BaselineWhenConnectionChanges}.WithDefaults()
	return &p
}

// filterFlags are the flags of a route's filter.
type filterFlags struct {
	Classes  []string `help:"Publish only structures of these classes: Codelist,DataStructure."`
	Agencies []string `help:"Publish only structures of these agencies: SDMX, or SDMX.* with the agencies below it."`
	URNs     []string `name:"urns" help:"Publish only structures whose URNs match one of these patterns, in which * stands for any characters."`
}

func (f *filterFlags) filter() producer.Filter {
	return producer.Filter{Classes: f.Classes, Agencies: f.Agencies, URNs: f.URNs}
}

// fixed returns the connection that the flags define; nil if a stored one is taken.
func (c *serveCommand) fixed() *connection.Connection {
	if c.Bootstrap == "" {
		return nil
	}
	properties := map[string]string{"bootstrap.servers": c.Bootstrap}
	for k, v := range c.Kafka {
		properties[k] = v
	}
	return instance.FixedConnection(properties)
}

// check refuses settings that contradict each other or are not safe.
func (c *serveCommand) check() error {
	var err error
	if c.AdminPassword, err = commandline.OneOf("the administrator's password", c.AdminPassword, c.AdminPasswordFile); err != nil {
		return err
	}
	switch {
	case c.Bootstrap != "" && c.Connection != "":
		return errors.New("--bootstrap gives a fixed connection and --connection names a stored one: give one of them")
	case c.Bootstrap == "" && len(c.Kafka) > 0:
		return errors.New("--kafka adds properties to --bootstrap, which is not given: give it, or save the properties with \"urncast connection set\"")
	case c.Topic == "" && (c.Format != "" || c.Prefix != "" || c.Connection != "" || !c.filter().IsZero()):
		return errors.New("--format, --prefix, --connection and the filter define a producer with --topic, which is not given: " +
			"give it, or create producers with \"urncast producer create\"")
	case c.Bootstrap == "" && c.Connection == "":
		c.Connection = producer.NameDefault
	}
	host, _, err := net.SplitHostPort(c.HTTP)
	switch ip := net.ParseIP(host); {
	case err != nil:
		return fmt.Errorf("--http: the address %q is not host:port: %w", c.HTTP, err)
	case c.AdminPassword != "" && len(c.AdminPassword) < 8:
		return errors.New("the administrator's password has fewer than 8 characters: choose a longer one")
	case (c.TLSCert == "") != (c.TLSKey == ""):
		return errors.New("HTTPS needs both --tls-cert and --tls-key")
	case c.TLSCert == "" && !c.BehindProxy && (ip == nil || !ip.IsLoopback()) && host != "localhost":
		return fmt.Errorf("serving plain HTTP on %s would show passwords to everyone on the network: give --tls-cert and --tls-key, "+
			"say --behind-proxy if a proxy ends TLS, or serve on 127.0.0.1", c.HTTP)
	}
	return nil
}
