package gateway

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"slices"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kmsg"
)

const (
	// dialTimeout bounds connecting and TLS, each.
	dialTimeout = 10 * time.Second
	// ownCorrelation is the correlation id of the gateway's own requests; the client counts
	// upwards from 1.
	ownCorrelation = -2
)

// An upstream is a connection of the gateway to a broker.
type upstream struct {
	broker   *broker
	conn     net.Conn
	in       *bufio.Reader
	out      sink
	versions []kmsg.ApiVersionsResponseApiKey // what the broker offers
	life     time.Duration                    // of the session, by the last login; 0 is without end
	expires  time.Time

	// answered has the answers to the gateway's own requests once link.answers reads the
	// connection; nil before.
	answered chan []byte

	mu       sync.Mutex
	asking   bool
	expected map[int32]expected // relayed requests whose answers name brokers, by correlation id
}

// dial connects to a broker and learns what it offers.
func (g *Gateway) dial(ctx context.Context, b *broker) (*upstream, error) {
	began := time.Now()
	bound, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	conn, err := new(net.Dialer).DialContext(bound, "tcp", b.address)
	if err != nil {
		return nil, connectFailure(b, StageConnect, began, err)
	}
	if g.options.TLS != nil {
		c := g.options.TLS.Clone()
		if c.ServerName == "" {
			c.ServerName = b.host
		}
		secure := tls.Client(conn, c)
		bound, cancel := context.WithTimeout(ctx, dialTimeout)
		defer cancel()
		if err := secure.HandshakeContext(bound); err != nil {
			conn.Close()
			return nil, connectFailure(b, StageTLS, began, err)
		}
		conn = secure
	}
	// The exchanges that follow take no context, so the connection gets its deadline.
	if end, ok := ctx.Deadline(); ok {
		conn.SetDeadline(end)
	}
	u := &upstream{broker: b, conn: conn, in: bufio.NewReaderSize(conn, bufferBytes), out: sink{w: bufio.NewWriterSize(conn, bufferBytes)},
		expected: map[int32]expected{}}
	if err := u.offers(ctx); err != nil {
		conn.Close()
		return nil, connectFailure(b, StageKafka, began, err)
	}
	return u, nil
}

// offers asks for the versions of requests that the broker knows.
func (u *upstream) offers(ctx context.Context) error {
	r := kmsg.NewPtrApiVersionsResponse()
	if err := u.ask(ctx, &kmsg.ApiVersionsRequest{}, r); err != nil {
		return err
	}
	if r.ErrorCode != 0 {
		return fmt.Errorf("asked for its versions, the broker answers with error %d", r.ErrorCode)
	}
	u.versions = r.ApiKeys
	return nil
}

// relaying reports whether link.answers reads the connection, and not reply.
func (u *upstream) relaying() bool { return u.answered != nil }

// ask sends one of the gateway's own requests, of a version that is not flexible, and reads the
// answer.
func (u *upstream) ask(ctx context.Context, q kmsg.Request, answer kmsg.Response) error {
	frame := kmsg.NewRequestFormatter(kmsg.FormatterClientID(user)).AppendRequest(nil, q, ownCorrelation)
	u.mu.Lock()
	u.asking = true
	u.mu.Unlock()
	if err := u.out.frame(frame); err != nil {
		return err
	}
	body, err := u.reply(ctx)
	if err != nil {
		return err
	}
	answer.SetVersion(q.GetVersion())
	return answer.ReadFrom(body)
}

// reply waits for the answer to the gateway's own request.
func (u *upstream) reply(ctx context.Context) ([]byte, error) {
	if u.relaying() {
		select {
		case body, ok := <-u.answered:
			if !ok {
				return nil, errors.New("the broker closed the connection")
			}
			return body, nil
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	size, correlation, err := readAnswer(u.in)
	if err != nil {
		return nil, err
	}
	if correlation != ownCorrelation {
		return nil, fmt.Errorf("an answer with the correlation id %d, which nobody asked for", correlation)
	}
	return readWhole(u.in, size, wholeBytes)
}

// expect notes that the answer to a relayed request names brokers.
func (u *upstream) expect(correlation int32, e expected) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.expected[correlation] = e
}

// claims reports whether an answer is to the gateway's own request, and whether it names brokers.
func (u *upstream) claims(correlation int32) (own bool, e expected, names bool) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.asking && correlation == ownCorrelation {
		u.asking = false
		return true, e, false
	}
	e, names = u.expected[correlation]
	delete(u.expected, correlation)
	return false, e, names
}

// authenticate logs in on a new connection. A ticket that the broker refuses may be older than
// the broker's key. The login is then tried once more with a new ticket, on a new connection, which
// is returned in place of the first.
func (g *Gateway) authenticate(ctx context.Context, u *upstream) (*upstream, error) {
	t, fresh, err := g.login.service(ctx, u.broker.host)
	if err != nil {
		return u, err
	}
	if err = u.authenticate(ctx, t); err == nil {
		return u, nil
	}
	var f *Failure
	if errors.As(err, &f) && f.Stage == StageRefused {
		g.login.forget()
		if !fresh {
			u.conn.Close()
			again, err := g.dial(ctx, u.broker)
			if err != nil {
				return u, err
			}
			if t, _, err = g.login.service(ctx, u.broker.host); err == nil {
				err = again.authenticate(ctx, t)
			}
			return again, err
		}
	}
	return u, err
}

// authenticate logs in by GSSAPI, on a new connection or again on one in use.
func (u *upstream) authenticate(ctx context.Context, t *ticket) error {
	version := int16(-1)
	for _, k := range u.versions {
		if k.ApiKey == apiSaslAuthenticate {
			version = min(k.MaxVersion, versionMax[apiSaslAuthenticate])
		}
	}
	if version < 0 {
		return &Failure{Stage: StageKafka, Server: u.broker.address,
			Text: "Broker " + u.broker.address + " is older than Kafka 1.0 and does not speak SaslAuthenticate",
			Cure: "Update the broker"}
	}
	hello, offered := kmsg.NewPtrSASLHandshakeRequest(), kmsg.NewPtrSASLHandshakeResponse()
	hello.Version, hello.Mechanism = 1, "GSSAPI"
	if err := u.ask(ctx, hello, offered); err != nil {
		return u.broken(err)
	}
	if offered.ErrorCode == errorIllegalSaslState && u.relaying() {
		return &Failure{Stage: StageExchange, Server: u.broker.address, Transitory: true,
			Text: "Broker " + u.broker.address + " takes a login no sooner than a second after the one before",
			Cure: "This ends by itself, with a new connection"}
	}
	if offered.ErrorCode != 0 {
		return mechanismFailure(u.broker.address, offered.ErrorCode, offered.SupportedMechanisms)
	}
	exchange, token, err := t.exchange()
	if err != nil {
		return explain(err, StageKDC, t.names, u.broker.address)
	}
	asked := time.Now()
	for token != nil {
		say, heard := kmsg.NewPtrSASLAuthenticateRequest(), kmsg.NewPtrSASLAuthenticateResponse()
		say.Version, say.SASLAuthBytes = version, token
		if err := u.ask(ctx, say, heard); err != nil {
			return u.broken(err)
		}
		if heard.ErrorCode != 0 {
			return refusal(u.broker.address, t.names, heard.ErrorCode, heard.ErrorMessage)
		}
		u.life = time.Duration(max(0, heard.SessionLifetimeMillis)) * time.Millisecond
		if token, err = exchange.next(heard.SASLAuthBytes); err != nil {
			return explain(err, StageExchange, t.names, u.broker.address)
		}
	}
	u.expires = time.Time{}
	if u.life > 0 {
		u.expires = asked.Add(u.life)
	}
	return nil
}

// broken is the failure of a connection that ended during the login.
func (u *upstream) broken(err error) error {
	return &Failure{Stage: StageExchange, Server: u.broker.address, Transitory: true, Err: err,
		Text: "Broker " + u.broker.address + " ended the connection while urncast authenticated",
		Cure: "Look at the broker's log; a listener without SASL, or with TLS where urncast speaks none, ends it like that"}
}

// mechanismFailure is the failure of a login to a listener that does not offer GSSAPI.
func mechanismFailure(server string, code int16, offered []string) error {
	slices.Sort(offered)
	return &Failure{Stage: StageMechanism, Server: server,
		Text: fmt.Sprintf("Broker %s does not offer GSSAPI on this listener; it offers %v (Kafka error %d)", server, offered, code),
		Cure: "Name the port of the listener whose sasl.enabled.mechanisms holds GSSAPI, or set sasl.mechanism to one that is offered"}
}
