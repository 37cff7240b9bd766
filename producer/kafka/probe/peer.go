package probe

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"strings"
	"syscall"
	"time"

	"github.com/twmb/franz-go/pkg/sasl"

	"urncast/producer/kafka/properties"
)

// silence is how long a connection or an answer is waited for. A broker that is up answers in
// milliseconds. One that is down must not use up the time of the caller's step, within which the
// result must be there.
const silence = 5 * time.Second

// A Dialer makes connections with the settings of a resolved connection.
type Dialer struct {
	Settings *properties.Resolved
	// Kerberos returns the mechanism GSSAPI for a broker's host.
	Kerberos func(ctx context.Context, host string) (sasl.Mechanism, error)
	// Token returns a token for OAUTHBEARER, and whose it is; if nil, tokens come from the token
	// endpoint.
	Token func(context.Context) (token, whose string, err error)
	// Patience is how long the answer to a request is waited for; never less than a connection
	// is.
	Patience time.Duration
}

// A Peer is a connection to one broker, with what each step found out. It is used by one goroutine
// at a time.
type Peer struct {
	Server     string   // as it was named, host:port
	Host, Port string   //
	Addresses  []string // what Host resolves to
	Address    string   // the one that the connection goes to
	TLS        *TLSFacts
	Login      Login
	Offered    map[int16]Range // by API key
	Features   map[string]int16

	dialer      *Dialer
	conn        net.Conn
	correlation int32
	lost        bool
	patience    time.Duration
	waited      time.Duration // how long the last exchange took, or was waited for
}

// Open makes a connection with all steps, on which requests can be sent.
func (d *Dialer) Open(ctx context.Context, server string) (*Peer, error) {
	p, err := d.Resolve(ctx, server)
	if err != nil {
		return nil, err
	}
	for _, step := range []func(context.Context) error{p.Connect, p.Secure, p.Greet, p.Authenticate} {
		if err := step(ctx); err != nil {
			p.Close()
			return nil, err
		}
	}
	p.patience = d.Patience
	return p, nil
}

// Resolve looks a server's name up.
func (d *Dialer) Resolve(ctx context.Context, server string) (*Peer, error) {
	p := &Peer{Server: server, dialer: d}
	var err error
	if p.Host, p.Port, err = net.SplitHostPort(server); err != nil || p.Host == "" || p.Port == "" {
		return nil, Met(BadAddress, err, "server", server)
	}
	if _, err := net.LookupPort("tcp", p.Port); err != nil {
		return nil, Met(BadAddress, err, "server", server)
	}
	ctx, cancel := context.WithTimeout(ctx, silence)
	defer cancel()
	found, err := net.DefaultResolver.LookupIPAddr(ctx, p.Host)
	var dns *net.DNSError
	switch {
	case errors.As(err, &dns) && dns.IsNotFound:
		return nil, Met(NameUnknown, err, "host", p.Host)
	case err != nil:
		return nil, Met(DNSFails, err, "host", p.Host)
	}
	var all []string
	family := d.Settings.Client["broker.address.family"]
	for _, a := range found {
		all = append(all, a.String())
		if v4 := a.IP.To4() != nil; family == "v4" && !v4 || family == "v6" && v4 {
			continue
		}
		p.Addresses = append(p.Addresses, a.String())
	}
	if len(p.Addresses) == 0 {
		return nil, Met(NoFamily, nil, "host", p.Host, "family", family, "addresses", strings.Join(all, ", "))
	}
	return p, nil
}

// Connect opens the connection, trying each address.
func (p *Peer) Connect(ctx context.Context) (err error) {
	for _, address := range p.Addresses {
		dialer := net.Dialer{Timeout: silence}
		asked := time.Now()
		p.conn, err = dialer.DialContext(ctx, "tcp", net.JoinHostPort(address, p.Port))
		if err == nil {
			p.Address = address
			return nil
		}
		err = p.connectTrouble(ctx, address, time.Since(asked), err)
		if ctx.Err() != nil {
			return err
		}
	}
	return err
}

func (p *Peer) connectTrouble(ctx context.Context, address string, took time.Duration, err error) error {
	values := []string{"server", p.Server, "address", address, "port", p.Port, "limit", Rounded(took)}
	var timeout net.Error
	switch {
	case errors.Is(ctx.Err(), context.Canceled):
		return Met(Cancelled, err)
	case errors.Is(err, syscall.ECONNREFUSED):
		return Met(Refused, err, values...)
	case errors.Is(err, syscall.EHOSTUNREACH), errors.Is(err, syscall.ENETUNREACH):
		return Met(NoRoute, err, values...)
	case errors.As(err, &timeout) && timeout.Timeout():
		return Met(NoAnswer, err, values...)
	}
	return Met(ConnectFails, err, values...)
}

// Close ends the connection.
func (p *Peer) Close() {
	if p.conn != nil {
		p.conn.Close()
	}
}

// again opens another connection to the same address, without TLS, to find out what protocol the
// port speaks.
func (p *Peer) again(ctx context.Context) (*Peer, error) {
	fresh := &Peer{Server: p.Server, Host: p.Host, Port: p.Port, Addresses: []string{p.Address}, dialer: p.dialer}
	return fresh, fresh.Connect(ctx)
}

// bounded sets the connection's deadline to the end of the context, and not later than silence or
// patience from now; done removes it.
func (p *Peer) bounded(ctx context.Context) (done func()) {
	began := time.Now()
	deadline := began.Add(max(silence, p.patience))
	if d, ok := ctx.Deadline(); ok && d.Before(deadline) {
		deadline = d
	}
	conn := p.conn
	conn.SetDeadline(deadline)
	stop := context.AfterFunc(ctx, func() { conn.SetDeadline(time.Unix(1, 0)) })
	return func() {
		p.waited = time.Since(began)
		if stop() {
			conn.SetDeadline(time.Time{})
		}
	}
}

// protocol returns the security.protocol of the settings, and the one that differs in TLS.
func (p *Peer) protocol() (now, other string) {
	plain, secure := "PLAINTEXT", "SSL"
	if p.dialer.Settings.Mechanism != "" {
		plain, secure = "SASL_PLAINTEXT", "SASL_SSL"
	}
	if p.dialer.Settings.TLS != nil {
		return secure, plain
	}
	return plain, secure
}

// Rounded formats a duration for people.
func Rounded(d time.Duration) string {
	if d < 10*time.Second {
		return d.Round(time.Millisecond).String()
	}
	return d.Round(time.Second).String()
}

// TLSFacts are the results of a TLS handshake.
type TLSFacts struct {
	Version, Cipher string
	Chain           []string // subjects, the broker's own first
	Names           []string
	NotAfter        time.Time // the earliest of the chain
	Expires         string    // the subject of that one
	Asked           bool      // a client certificate was asked for
	Sent            string    // the subject of the one that was sent
	issuers         []string
	sentUntil       time.Time
}

func factsOf(state tls.ConnectionState) TLSFacts {
	f := TLSFacts{Version: tls.VersionName(state.Version), Cipher: tls.CipherSuiteName(state.CipherSuite)}
	for i, c := range state.PeerCertificates {
		f.Chain = append(f.Chain, c.Subject.String())
		if i == 0 {
			f.Names = namesOf(c)
		}
		if f.NotAfter.IsZero() || c.NotAfter.Before(f.NotAfter) {
			f.NotAfter, f.Expires = c.NotAfter, c.Subject.String()
		}
	}
	return f
}
