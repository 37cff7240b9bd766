package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"

	"urncast/producer"
	"urncast/producer/control"
	"urncast/producer/kafka"
	"urncast/registry"
	"urncast/web"
)

type devCommand struct {
	Data  string `help:"Folder that keeps everything; by default urncast-dev in the user's data folder." type:"path"`
	HTTP  string `name:"http" default:"127.0.0.1:8080" help:"Address to serve on."`
	Kafka string `default:"127.0.0.1:9092" help:"Address of the broker in this process."`
	Topic string `default:"sdmx.structures" help:"Topic to publish to, for the producer that the first start makes."`
	// Format is that of the messages.
	Format      string `default:"fusion-json" help:"Format of the messages, for that producer."`
	filterFlags `embed:""`
	LogLevel    string `default:"warn" enum:"debug,info,warn,error" help:"debug, info, warn or error."`
}

// Run starts database, broker and registry, and serves until a signal ends it.
func (c *devCommand) Run(ctx context.Context) (err error) {
	dropPostgresVariables()
	if c.Data == "" {
		if c.Data, err = defaultData(); err != nil {
			return err
		}
	}
	if err := os.MkdirAll(c.Data, 0o755); err != nil {
		return err
	}
	password, err := kept(filepath.Join(c.Data, "password"))
	if err != nil {
		return err
	}
	ring, err := keptKey(filepath.Join(c.Data, "secret.key"))
	if err != nil {
		return err
	}
	if err := noDump(); err != nil {
		return err
	}
	db, err := startDevPostgres(ctx, c.Data)
	if err != nil {
		return err
	}
	defer db.stop()
	broker, err := c.broker()
	if err != nil {
		return err
	}
	defer broker.Close()
	log := logger("text", c.LogLevel)
	client := &kafka.Client{CreateTopic: true, Log: log}
	seed := producer.Config{Routes: []producer.Route{{Topic: c.Topic, Format: c.Format, Filter: c.filter()}}}.WithDefaults()
	if err := seed.Check(); err != nil {
		return err
	}
	i := &instance{
		Database: db.url(), HTTP: c.HTTP,
		Seed: &seed,
		// The broker in the process forgets to abort what a crash left open, so
		// each life of this process has transactional ids of its own.
		Prefix: "dev-" + strconv.FormatInt(time.Now().UnixNano(), 36),
		Kafka:  kafka.Cluster{CreateTopic: true, Replication: 1, Retention: 7 * 24 * time.Hour},
		Fixed:  fixedConnection(map[string]string{"bootstrap.servers": c.Kafka, "enable.metrics.push": "false"}),
		Client: client,
		Topics: client,
		Ring:   ring,
		Web:    web.Options{Password: password, Environment: "dev"},
		Started: func(address string, producers *control.Producers) error {
			admin, err := producers.Find(ctx, seed.Name)
			if errors.Is(err, registry.ErrNotFound) { // it was deleted by hand
				c.welcome(os.Args[0], address, password)
				return nil
			}
			var s control.Status
			if err == nil {
				s, err = admin.Status(ctx)
			}
			if err == nil && !s.Started {
				err = startIdle(ctx, admin)
			}
			if err == nil {
				c.welcome(os.Args[0], address, password)
			}
			return err
		},
	}
	return i.run(ctx, log)
}

// startIdle starts the producer and waits until it has: what is submitted before
// that would never be sent.
func startIdle(ctx context.Context, admin *control.Producer) error {
	if err := admin.Start(ctx, producer.StartIdle, registry.Actor{User: "dev"}); err != nil {
		return err
	}
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(50 * time.Millisecond) {
		switch s, err := admin.Status(ctx); {
		case err != nil:
			return err
		case s.Started:
			return nil
		case time.Now().After(deadline) || ctx.Err() != nil:
			return fmt.Errorf("the producer does not start; it is %s: %s", s.State, s.Reason)
		}
	}
}

// broker starts the broker in the process, with its data in the folder.
func (c *devCommand) broker() (*kfake.Cluster, error) {
	host, text, err := net.SplitHostPort(c.Kafka)
	if err != nil {
		return nil, fmt.Errorf("the address %q is no host:port: %w", c.Kafka, err)
	}
	port, err := strconv.Atoi(text)
	if err != nil {
		return nil, fmt.Errorf("the address %q has no port number: %w", c.Kafka, err)
	}
	k, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.Ports(port), kfake.DataDir(filepath.Join(c.Data, "broker")),
		kfake.BrokerConfigs(map[string]string{"message.max.bytes": "1000000000"}),
		kfake.ListenFn(func(network, address string) (net.Listener, error) {
			_, port, err := net.SplitHostPort(address)
			if err != nil {
				return nil, err
			}
			return net.Listen(network, net.JoinHostPort(host, port))
		}))
	if err != nil {
		return nil, fmt.Errorf("the broker cannot serve on %s (--kafka chooses another address): %w", c.Kafka, err)
	}
	return k, nil
}

// welcome prints where everything is, with commands that run as copied: program is what
// this process was started as.
func (c *devCommand) welcome(program, address, password string) {
	fmt.Printf(`urncast is running, with everything in %s
  registry:  http://%s
  kafka:     %s, topic %s (for looking around, not for production)
  user:      admin
  password:  %s

Next, in another terminal:
  export URNCAST_URL=http://%[2]s URNCAST_PASSWORD=%[5]s
  %[6]s submit FILE…     # SDMX-ML 2.1 or Fusion-JSON
  %[6]s tail             # watch the committed messages
  %[6]s status
  %[6]s verify           # compare topic and registry
`, c.Data, address, c.Kafka, c.Topic, password, program)
}

// defaultData is where everything is kept when nothing is said.
func defaultData() (string, error) {
	if dir := os.Getenv("XDG_DATA_HOME"); dir != "" {
		return filepath.Join(dir, "urncast-dev"), nil
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return "", fmt.Errorf("there is no home folder to keep data in; name one with --data: %w", err)
	}
	return filepath.Join(home, ".local", "share", "urncast-dev"), nil
}

// kept reads the random word that an earlier start made, or makes one.
func kept(file string) (string, error) {
	b, err := os.ReadFile(file)
	if err == nil {
		return strings.TrimSpace(string(b)), nil
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return "", err
	}
	word := rand.Text()[:16] // letters and digits: no shell and no flag takes it for something else
	return word, os.WriteFile(file, []byte(word+"\n"), 0o600)
}
