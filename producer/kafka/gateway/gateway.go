package gateway

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"urncast/producer/kafka/properties"
)

// user is the client's user name at the gateway's listeners; the secret is its password.
const user = "urncast"

const (
	// brokersMax bounds the listeners. The largest clusters known have some
	// hundreds of brokers.
	brokersMax = 4096
	// strangersMax bounds the connections whose client has not logged in yet.
	strangersMax = 256
)

// Options of a gateway.
type Options struct {
	Bootstrap []string    // host:port
	TLS       *tls.Config // to the brokers; nil without
	Kerberos  *properties.Kerberos
	Log       *slog.Logger
}

// A Gateway has a listener for every broker of one cluster.
type Gateway struct {
	options Options
	secret  string
	login   *login
	log     *slog.Logger

	ctx       context.Context // ends with Close
	stop      context.CancelFunc
	running   sync.WaitGroup
	strangers chan struct{}

	mu      sync.Mutex
	brokers map[string]*broker // by the address that the cluster gives
}

// A broker is a broker of the cluster, with the gateway's listener for it.
type broker struct {
	address  string // host:port, lower case
	host     string
	listener net.Listener
	failure  *Failure // of the last attempt to connect; nil if it went well
}

// Start opens a listener for each bootstrap server, and logs in to the KDC, so that wrong settings
// are reported at once. Its errors are Failures. The context bounds the start; the gateway lives
// until Close.
func Start(ctx context.Context, o Options) (*Gateway, error) {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	l, err := newLogin(*o.Kerberos, o.Log)
	if err != nil {
		return nil, err
	}
	g := assemble(ctx, o, l)
	if err = g.listen(); err == nil {
		err = g.greet(ctx)
	}
	if err != nil {
		g.Close()
		return nil, err
	}
	g.running.Go(func() { l.keep(g.ctx) })
	return g, nil
}

// assemble makes a gateway that does not listen yet.
func assemble(ctx context.Context, o Options, l *login) *Gateway {
	random := make([]byte, 32)
	rand.Read(random)
	g := &Gateway{options: o, secret: base64.RawURLEncoding.EncodeToString(random), login: l, log: o.Log,
		strangers: make(chan struct{}, strangersMax), brokers: map[string]*broker{}}
	g.ctx, g.stop = context.WithCancel(context.WithoutCancel(ctx))
	return g
}

// listen opens a listener for each bootstrap server.
func (g *Gateway) listen() error {
	if len(g.options.Bootstrap) == 0 {
		return &Failure{Stage: StageConfiguration, Text: "No bootstrap server is named",
			Cure: "Set bootstrap.servers to at least one host:port"}
	}
	for _, server := range g.options.Bootstrap {
		host, port, err := split(server)
		if err == nil {
			_, err = g.stand(host, port)
		}
		if err != nil {
			return unusable(server, err)
		}
	}
	return nil
}

func unusable(server string, err error) *Failure {
	return &Failure{Stage: StageConfiguration, Text: "The server " + server + " cannot be used",
		Cure: "Write it as host:port", Err: err}
}

// greet logs in and asks for a ticket to a bootstrap server.
func (g *Gateway) greet(ctx context.Context) (first error) {
	for _, server := range g.options.Bootstrap {
		host, _, err := split(server)
		if err != nil {
			return unusable(server, err)
		}
		_, _, err = g.login.service(ctx, strings.ToLower(host))
		if err == nil {
			return nil
		}
		if first == nil {
			first = err
		}
		// Another server may be named as its principal is; a KDC that does
		// not know us gives the same answer again.
		var f *Failure
		if !errors.As(err, &f) || f.Stage != StageService {
			return err
		}
	}
	return first
}

// Client returns librdkafka's properties for connections to the gateway. They replace all of the
// connection's properties of servers and security.
func (g *Gateway) Client() map[string]string {
	servers := make([]string, len(g.options.Bootstrap))
	for i, s := range g.options.Bootstrap {
		servers[i] = g.local(s)
	}
	return map[string]string{
		"bootstrap.servers":     strings.Join(servers, ","),
		"security.protocol":     "sasl_plaintext",
		"sasl.mechanism":        "PLAIN",
		"sasl.username":         user,
		"sasl.password":         g.secret,
		"broker.address.family": "v4",
	}
}

// Close ends every connection and listener.
func (g *Gateway) Close() {
	g.stop()
	g.mu.Lock()
	for _, b := range g.brokers {
		b.listener.Close()
	}
	g.mu.Unlock()
	g.running.Wait()
	g.login.close()
}

// stand returns the broker of an address with its listener, and makes it if need be.
func (g *Gateway) stand(host string, port int32) (*broker, error) {
	if host == "" || len(host) > 255 || port < 1 || port > 65535 {
		return nil, fmt.Errorf("%.300q, port %d, is no broker's address", host, port)
	}
	host = strings.ToLower(host)
	address := net.JoinHostPort(host, strconv.Itoa(int(port)))
	g.mu.Lock()
	defer g.mu.Unlock()
	if b := g.brokers[address]; b != nil {
		return b, nil
	}
	if g.ctx.Err() != nil {
		return nil, errors.New("the gateway is closed")
	}
	if len(g.brokers) >= brokersMax {
		return nil, fmt.Errorf("the cluster names more than %d brokers, the last of them %s", brokersMax, address)
	}
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("opening a listener on loopback that stands for broker %s: %w", address, err)
	}
	b := &broker{address: address, host: host, listener: l}
	g.brokers[address] = b
	g.running.Go(func() { g.accept(b) })
	g.log.Debug("a loopback listener stands for a broker", "broker", address, "listener", l.Addr().String())
	return b, nil
}

// translate returns the address of the gateway's listener for a broker.
func (g *Gateway) translate(host string, port int32) (string, int32, error) {
	b, err := g.stand(host, port)
	if err != nil {
		return "", 0, err
	}
	return "127.0.0.1", int32(b.listener.Addr().(*net.TCPAddr).Port), nil
}

// local returns the address of the listener for a server; the server itself if it has none.
func (g *Gateway) local(server string) string {
	host, port, err := split(server)
	if err != nil {
		return server
	}
	b, err := g.stand(host, port)
	if err != nil {
		return server
	}
	return b.listener.Addr().String()
}

// split parts host:port.
func split(server string) (string, int32, error) {
	host, text, err := net.SplitHostPort(server)
	if err != nil {
		return "", 0, err
	}
	port, err := strconv.ParseUint(text, 10, 16)
	if err != nil {
		return "", 0, fmt.Errorf("%q is no port", text)
	}
	return host, int32(port), nil
}

// accept takes the client's connections to one broker.
func (g *Gateway) accept(b *broker) {
	for {
		c, err := b.listener.Accept()
		if err != nil {
			if g.ctx.Err() != nil || errors.Is(err, net.ErrClosed) {
				return
			}
			time.Sleep(100 * time.Millisecond) // out of file descriptors: wait for some
			continue
		}
		select {
		case g.strangers <- struct{}{}:
		default:
			c.Close()
			continue
		}
		g.running.Go(func() { g.serve(b, c) })
	}
}

// note sets the result of the last attempt to reach a broker, and logs a new failure.
func (g *Gateway) note(b *broker, err error) {
	var f *Failure
	if err != nil && !errors.As(err, &f) {
		f = &Failure{Stage: StageConnect, Server: b.address,
			Text: "The connection to broker " + b.address + " ended", Transitory: true, Err: err}
	}
	g.mu.Lock()
	was := b.failure
	b.failure = f
	g.mu.Unlock()
	if f != nil && (was == nil || was.Error() != f.Error()) {
		g.log.Warn("broker not reached", "broker", b.address, "error", f)
	}
}

// Failures lists why brokers were not reached at the last attempt, by their addresses. The client
// itself only sees that it was disconnected.
func (g *Gateway) Failures() []*Failure {
	g.mu.Lock()
	defer g.mu.Unlock()
	var out []*Failure
	for _, address := range slices.Sorted(maps.Keys(g.brokers)) {
		if f := g.brokers[address].failure; f != nil {
			out = append(out, f)
		}
	}
	return out
}

// Text replaces the addresses of the gateway's listeners in s by the brokers'.
func (g *Gateway) Text(s string) string {
	if !strings.Contains(s, "127.0.0.1:") {
		return s
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	pairs := make([]string, 0, 2*len(g.brokers))
	for _, b := range g.brokers {
		pairs = append(pairs, b.listener.Addr().String(), b.address)
	}
	// One address may be the beginning of another: the longer one is replaced first.
	return strings.NewReplacer(longestFirst(pairs)...).Replace(s)
}

// longestFirst sorts pairs of old and new by the length of the old.
func longestFirst(pairs []string) []string {
	var chunks [][]string
	for c := range slices.Chunk(pairs, 2) {
		chunks = append(chunks, c)
	}
	slices.SortFunc(chunks, func(a, b []string) int { return len(b[0]) - len(a[0]) })
	return slices.Concat(chunks...)
}

// Try connects to one server and authenticates, as a client's connection would.
// Its errors are Failures.
func (g *Gateway) Try(ctx context.Context, server string) error {
	host, port, err := split(server)
	if err != nil {
		return unusable(server, err)
	}
	ctx, cancel := context.WithTimeout(ctx, setupTimeout)
	defer cancel()
	u, err := g.dial(ctx, &broker{address: strings.ToLower(net.JoinHostPort(host, strconv.Itoa(int(port)))), host: strings.ToLower(host)})
	if err != nil {
		return err
	}
	u, err = g.authenticate(ctx, u)
	if u != nil {
		u.conn.Close()
	}
	return err
}
