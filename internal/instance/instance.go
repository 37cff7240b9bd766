// Package instance wires the parts of one process of urncast and runs them: database,
// producers, HTTP server, mail and housekeeping.
package instance

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"golang.org/x/sync/errgroup"

	"urncast/internal/certificate"
	"urncast/internal/secret"
	"urncast/producer"
	"urncast/producer/connection"
	"urncast/producer/control"
	"urncast/producer/diagnosis"
	"urncast/producer/kafka"
	"urncast/producer/mail"
	"urncast/producer/notice"
	"urncast/producer/publisher"
	"urncast/registry"
	"urncast/registry/access"
	"urncast/registry/plan"
	"urncast/registry/postgres"
	"urncast/registry/postgres/signin"
	"urncast/registry/postgres/workspace"
	"urncast/web"
)

// An Instance is the configuration of one process of urncast. The commands dev and serve differ
// in where its database and broker come from.
type Instance struct {
	Version  string // of the program
	Database string // URL
	HTTP     string
	Cert     string
	Key      string
	// Producer is the producer that the process was started with; nil for none. Seed is the
	// producer to create where the database has none.
	Producer, Seed *producer.Config
	// Prefix replaces the prefix of all producers' transactional ids, unless it is empty.
	Prefix string
	// Kafka is the cluster client. Run sets its Connection function, which returns Fixed
	// or the stored connection that a producer names.
	Kafka  kafka.Cluster
	Fixed  *connection.Connection
	Client connection.Client
	Topics diagnosis.Topics
	Ring   *secret.Ring
	// User and Password are of the administrator with whom the process is started; there is
	// none if Password is empty.
	User, Password string
	// Web is what the server is told; Run sets its parts.
	Web web.Options
	// Started is called once requests are served.
	Started func(address string, producers *control.Producers) error
}

// shutdownPatience is how long requests and the Kafka transaction in flight may
// take to end.
const shutdownPatience = 15 * time.Second

// cutOffPatience is how long a request may take to end once its connection is closed.
const cutOffPatience = 5 * time.Second

// Run serves until ctx ends.
func (i *Instance) Run(ctx context.Context, log *slog.Logger) error {
	slog.SetDefault(log) // for libraries that use the standard log
	if err := i.checkFixed(ctx); err != nil {
		return err
	}
	store, err := postgres.Open(ctx, i.Database)
	if err != nil {
		return certificate.Explain(err, "put into the file that sslrootcert names in --database")
	}
	defer store.Close()
	directory, err := i.directory(ctx, store)
	if err != nil {
		return err
	}
	producers := &control.Producers{Directory: directory}
	metrics := prometheus.NewRegistry()
	metrics.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}), buildInfo(i.Version))
	if err := i.connect(ctx, store.Connections(i.Ring), producers, log); err != nil {
		return err
	}
	control.NewFigures(metrics, producers)
	fleet := &publisher.Fleet{Stock: directory, Cluster: &i.Kafka, Metrics: publisher.NewMetrics(metrics), Log: log, ProcessStart: directory.Born()}
	mailer := notice.NewMailer(metrics, notice.Mailer{Store: store.Mail(i.Ring), Send: (&mail.Client{}).Send, Environment: i.Web.Environment, Log: log})
	i.Web.Mail = mailer
	i.Kafka.Log = log
	metrics.MustRegister(&i.Kafka)
	defer i.Kafka.Close() // before the store, which its connections come from
	i.Web.Registry, i.Web.Producers = plan.New(store), producers
	i.Web.Metrics, i.Web.Register = metricsPage(metrics, log), metrics
	i.Web.Ready = func(ctx context.Context) error {
		_, err := store.Now(ctx)
		return err
	}
	desk := &workspace.Store{Pool: store.Pool(), Ring: i.Ring, Instance: store.Instance()}
	i.Web.Workspace, i.Web.Log, i.Web.Version = desk, log, i.Version
	if i.Web.Access, err = i.access(ctx, store, log); err != nil {
		return err
	}
	metrics.MustRegister(tokenEnds{store.Access()})
	pair, err := i.certificate(metrics, log)
	if err != nil {
		return err
	}
	listener, err := i.listen(pair)
	if err != nil {
		return err
	}
	log.Info("starting", "instance", store.Instance())
	return i.serve(ctx, listener, producers, log, fleet.Run, mailer.Run,
		func(ctx context.Context) {
			if pair != nil {
				pair.Run(ctx)
			}
		},
		func(ctx context.Context) { housekeeping(ctx, i.Web.Registry.Registry, housekeepEvery, log) },
		func(ctx context.Context) { sweeping(ctx, log, failures(store), desk) },
		func(ctx context.Context) { labelling(ctx, i.Web.Registry.Registry, log) },
		func(ctx context.Context) { store.Attend(ctx, i.page(listener.Addr()), i.Version) })
}

// metricsPage returns the handler of /metrics. If the database does not answer, it serves the
// metrics that do not need it.
func metricsPage(from prometheus.Gatherer, log *slog.Logger) http.Handler {
	return promhttp.HandlerFor(from, promhttp.HandlerOpts{ErrorHandling: promhttp.ContinueOnError, ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelWarn)})
}

// access opens the access control, and logs a set-up code if no administrator exists yet.
func (i *Instance) access(ctx context.Context, store *postgres.Store, log *slog.Logger) (*access.Control, error) {
	c := &access.Control{Store: store.Access(), Failures: failures(store), User: cmp.Or(i.User, "admin"), Password: i.Password, Log: log}
	if err := c.Open(ctx); err != nil {
		return nil, fmt.Errorf("looking for an administrator: %w", err)
	}
	return c, nil
}

// failures returns the counts of failed attempts to sign in.
func failures(store *postgres.Store) *signin.Failures {
	return &signin.Failures{Pool: store.Pool(), Registry: store.RegistryID()}
}

// serve serves requests and runs the functions of beside until ctx ends.
func (i *Instance) serve(ctx context.Context, listener net.Listener, producers *control.Producers, log *slog.Logger, beside ...func(context.Context)) error {
	handler := web.New(i.Web)
	server := web.NewServer(handler)
	requests := counted(server)
	group, ctx := errgroup.WithContext(ctx)
	for _, run := range beside {
		group.Go(func() error {
			run(ctx)
			return nil
		})
	}
	group.Go(func() error {
		if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			return fmt.Errorf("serving on %s: %w", i.HTTP, err)
		}
		return nil
	})
	group.Go(func() error {
		<-ctx.Done()
		log.Info("stopping", "requests_under_way", requests.now.Load())
		web.Leave(handler)
		last, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutdownPatience)
		defer cancel()
		return errors.Join(shutdown(last, server, requests), web.Finish(last, handler))
	})
	log.Info("serving", "address", listener.Addr().String(), "version", i.Version)
	if i.Started != nil {
		if err := i.Started(listener.Addr().String(), producers); err != nil {
			group.Go(func() error { return err }) // ends the others, before the caller closes what they use
		}
	}
	err := group.Wait()
	if err == nil {
		log.Info("stopped: every request and every submission had ended")
	}
	return err
}

// certificate opens the certificate to serve HTTPS with; nil for plain HTTP.
func (i *Instance) certificate(metrics *prometheus.Registry, log *slog.Logger) (*certificate.Certificate, error) {
	if i.Cert == "" {
		return nil, nil
	}
	c, err := certificate.Open(i.Cert, i.Key, log)
	if err != nil {
		return nil, err
	}
	return c, metrics.Register(c)
}

func (i *Instance) listen(pair *certificate.Certificate) (net.Listener, error) {
	l, err := net.Listen("tcp", i.HTTP)
	if err != nil {
		return nil, fmt.Errorf("listening on %s (--http chooses another address): %w", i.HTTP, err)
	}
	if pair == nil {
		return l, nil
	}
	return tls.NewListener(l, pair.Config()), nil
}

// page returns the address of this instance's console, which the other instances show; empty
// behind a proxy, whose address is not known here.
func (i *Instance) page(served net.Addr) string {
	if i.Web.BehindProxy {
		return ""
	}
	host, port, err := net.SplitHostPort(served.String())
	if err != nil {
		return ""
	}
	if ip := net.ParseIP(host); ip == nil || ip.IsUnspecified() {
		if host, err = os.Hostname(); err != nil {
			return ""
		}
	}
	scheme := "http"
	if i.Cert != "" {
		scheme = "https"
	}
	return scheme + "://" + net.JoinHostPort(host, port) + "/"
}

// checkFixed refuses a fixed connection that cannot work. A stored connection is not checked: it
// can be changed while the registry serves.
func (i *Instance) checkFixed(ctx context.Context) error {
	if i.Fixed == nil {
		return nil
	}
	i.Kafka.Connection = func(context.Context, string) (*connection.Connection, error) { return i.Fixed, nil }
	return i.Kafka.Check(ctx, i.Fixed.Name)
}

// directory opens the directory of producers, and stores the producer that this process was
// started with.
func (i *Instance) directory(ctx context.Context, store *postgres.Store) (*postgres.Directory, error) {
	directory, err := store.Directory(ctx)
	if err != nil {
		return nil, err
	}
	bootstrap := ""
	if i.Fixed != nil {
		bootstrap = i.Fixed.Properties["bootstrap.servers"]
	}
	if err := directory.Fix(ctx, i.Producer, bootstrap); err != nil {
		return nil, err
	}
	all, err := directory.Producers(ctx)
	if err == nil && len(all) == 0 && i.Seed != nil {
		err = directory.CreateProducer(ctx, i.Seed, registry.Act{User: "urncast", Action: control.ActProducerCreated, Subject: i.Seed.Name, Detail: []byte("{}")})
	}
	if err == nil && i.Prefix != "" {
		err = directory.Reprefix(ctx, i.Prefix)
	}
	return directory, err
}

// largestAsked is how many of the largest stored structures are encoded to find the largest
// message: formats make more of one class than of another.
const largestAsked = 3

// connect wires the connections, and logs which secrets cannot be opened: the process serves
// nevertheless.
func (i *Instance) connect(ctx context.Context, store *postgres.ConnectionStore, producers *control.Producers, log *slog.Logger) error {
	connections := &connection.Connections{Store: store, Client: i.Client, Fixed: i.Fixed, Route: producers.RouteOver}
	producers.Connections = connections
	i.Kafka.Connection, i.Kafka.InUse = connections.Current, producers.ConnectionsInUse
	i.Web.Connections, i.Web.Reader = connections, &i.Kafka
	i.Web.Doctor = &diagnosis.Doctor{Connections: connections, Topics: i.Topics, Retention: i.Kafka.Retention,
		Largest: func(ctx context.Context, topic string) (l diagnosis.Largest, err error) {
			some, err := store.Largest(ctx, largestAsked)
			if err != nil {
				return l, err
			}
			u, format, bytes, err := producers.LargestMessage(ctx, topic, some)
			if bytes > 0 {
				l = diagnosis.Largest{URN: u.String(), Format: format, Bytes: bytes}
			}
			return l, err
		}}
	if i.Web.NoKey = i.Ring == nil; i.Web.NoKey {
		log.Warn("no secret can be saved, for this process has no key to seal it with: make one with \"urncast secrets key --out FILE\", " +
			"keep a copy of it apart from the database, and start with --secret-key-file FILE")
	}
	locked, err := store.Locked(ctx)
	if err != nil {
		return fmt.Errorf("reading the connections: %w", err)
	}
	for name, err := range locked {
		log.Error("opening the secrets of a connection; it cannot be used until they can be opened",
			"connection", name, "error", err)
	}
	mail, err := store.Mail(i.Ring).MailSettings(ctx)
	if err != nil {
		return err
	}
	if mail.Key != nil {
		log.Error("opening the password of the mail user; no mail is sent until it can be opened", "error", mail.Key)
	}
	return nil
}

// FixedConnection returns the connection of a process that was started with these properties.
func FixedConnection(properties map[string]string) *connection.Connection {
	return &connection.Connection{Name: producer.NameDefault, Properties: properties, Fixed: true}
}
