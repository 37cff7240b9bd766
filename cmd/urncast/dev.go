package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"urncast/internal/commandline"
	"urncast/internal/dev"
	"urncast/internal/instance"
	"urncast/producer"
	"urncast/producer/control"
	"urncast/producer/kafka"
	"urncast/producer/kafka/trial"
	"urncast/web"
)

type devCommand struct {
	Data        string `help:"Folder for all data; by default urncast-dev in the user's data folder." type:"path"`
	HTTP        string `name:"http" default:"127.0.0.1:8080" help:"Address to serve on."`
	Kafka       string `default:"127.0.0.1:9092" help:"Address of the broker in this process."`
	Topic       string `default:"sdmx.structures" help:"Topic to publish to, for the producer that the first start creates."`
	Format      string `default:"fusion-json" enum:"${formats}" help:"Format of the messages, for that producer: ${enum}."`
	filterFlags `embed:""`
	LogLevel    string `default:"warn" enum:"debug,info,warn,error" help:"debug, info, warn or error."`
}

// Run starts database, broker and registry, and serves until a signal ends it.
func (c *devCommand) Run(ctx context.Context) (err error) {
	commandline.DropPostgresVariables()
	if c.Data == "" {
		if c.Data, err = dev.DefaultData(); err != nil {
			return err
		}
	}
	if err := os.MkdirAll(c.Data, 0o755); err != nil {
		return err
	}
	password, err := dev.Kept(filepath.Join(c.Data, "password"))
	if err != nil {
		return err
	}
	ring, err := dev.Key(filepath.Join(c.Data, "secret.key"))
	if err != nil {
		return err
	}
	if err := instance.NoDump(); err != nil {
		return err
	}
	db, err := dev.StartPostgres(ctx, c.Data)
	if err != nil {
		return err
	}
	defer db.Stop()
	broker, err := dev.StartBroker(c.Kafka, c.Data)
	if err != nil {
		return err
	}
	defer broker.Close()
	log := instance.NewLog("text", c.LogLevel)
	client := &trial.Client{CreateTopic: true, Log: log}
	seed := producer.Config{Routes: []producer.Route{{Topic: c.Topic, Format: c.Format, Filter: c.filter()}}}.WithDefaults()
	if err := seed.Check(); err != nil {
		return err
	}
	i := &instance.Instance{
		Version:  version,
		Database: db.URL(), HTTP: c.HTTP,
		Seed: &seed,
		// The broker in the process does not abort the transactions that a crash left
		// open, so each start takes new transactional ids.
		Prefix: "dev-" + strconv.FormatInt(time.Now().UnixNano(), 36),
		Kafka:  kafka.Cluster{CreateTopic: true, Replication: 1, Retention: 7 * 24 * time.Hour},
		Fixed:  instance.FixedConnection(map[string]string{"bootstrap.servers": c.Kafka, "enable.metrics.push": "false"}),
		Client: client,
		Topics: client,
		Ring:   ring, Password: password,
		Web: web.Options{Environment: "dev"},
		Started: func(address string, producers *control.Producers) error {
			if err := dev.StartOnce(ctx, producers, seed.Name); err != nil {
				return err
			}
			c.welcome(os.Args[0], address, password)
			return nil
		},
	}
	return i.Run(ctx, log)
}

// welcome prints the addresses, and commands to copy: program is the path that this process was
// started with.
func (c *devCommand) welcome(program, address, password string) {
	fmt.Printf(`urncast is running, with everything in %s
  registry:  http://%s
  kafka:     %s, topic %s (for trying it out, not for production)
  user:      admin
  password:  %s

Next, in another terminal:
  export URNCAST_URL=http://%[2]s URNCAST_PASSWORD=%[5]s
  %[6]s submit FILE…     # SDMX-ML 2.1, SDMX-JSON 2 or Fusion-JSON
  %[6]s tail             # watch the committed messages
  %[6]s status
  %[6]s verify           # compare topic and registry
`, c.Data, address, c.Kafka, c.Topic, password, program)
}

// fetchCommand is the hidden verb that dev runs as an unprivileged user.
type fetchCommand struct {
	Dir string `arg:""`
}

// Run downloads PostgreSQL.
func (c *fetchCommand) Run() error { return dev.FetchPostgres(c.Dir) }
