package gateway

import (
	"bufio"
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kmsg"
)

const (
	// setupTimeout bounds the steps before frames are relayed. It is less than the 30 s after
	// which the client gives up, so that the client gets the reason.
	setupTimeout = 25 * time.Second
	// graceMin is the least time that a session must still last for another login to be tried.
	graceMin = 200 * time.Millisecond
)

// A link is one connection of the client, with the one to the broker behind it.
type link struct {
	g      *Gateway
	broker *broker
	conn   net.Conn
	in     *bufio.Reader
	out    sink

	mu sync.Mutex
	up *upstream // set by admit alone
}

// serve is the life of one connection of the client.
func (g *Gateway) serve(b *broker, c net.Conn) {
	l := &link{g: g, broker: b, conn: c, in: bufio.NewReaderSize(c, bufferBytes), out: sink{w: bufio.NewWriterSize(c, bufferBytes)}}
	ctx, cancel := context.WithTimeout(g.ctx, setupTimeout)
	defer cancel()
	unwatch := context.AfterFunc(g.ctx, l.close)
	defer unwatch()
	defer l.close()
	c.SetDeadline(time.Now().Add(setupTimeout))
	err := l.admit(ctx)
	<-g.strangers
	if err != nil {
		if !errors.Is(err, errStranger) && g.ctx.Err() == nil {
			g.note(b, err)
		}
		return
	}
	g.note(b, nil)
	// From here on no deadline: a connection may be idle for as long as broker
	// and client like.
	c.SetDeadline(time.Time{})
	l.up.conn.SetDeadline(time.Time{})
	l.up.answered = make(chan []byte, 1)
	g.running.Go(func() {
		defer l.close()
		defer close(l.up.answered)
		l.quit("reading answers", l.answers())
	})
	l.quit("reading requests", l.requests())
}

// quit logs why a connection ended, unless one side closed it.
func (l *link) quit(doing string, err error) {
	if err != nil && err != io.EOF && !errors.Is(err, net.ErrClosed) && l.g.ctx.Err() == nil {
		l.g.log.Debug("a connection through the gateway ended", "broker", l.broker.address, "while", doing, "error", err)
	}
}

// close ends both sides.
func (l *link) close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.conn.Close()
	if l.up != nil {
		l.up.conn.Close()
	}
}

// took sets the connection to the broker, so that close closes it too.
func (l *link) took(u *upstream) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.up = u
	if l.g.ctx.Err() != nil {
		u.conn.Close() // close came before
	}
}

// errStranger is the error of a connection that is not our client's, or whose client went away.
// It is no failure of the broker.
var errStranger = errors.New("the client did not log in to the gateway")

// admit answers the client until it has logged in to the gateway, and the gateway to the broker.
func (l *link) admit(ctx context.Context) error {
	for {
		q, err := readRequest(l.in)
		if err != nil {
			return errStranger
		}
		body, err := readWhole(l.in, q.size, strangerBytes)
		if err != nil {
			return errStranger
		}
		if l.up == nil {
			u, err := l.g.dial(ctx, l.broker)
			if err != nil {
				return err
			}
			l.took(u)
		}
		switch q.key {
		case apiVersions:
			err = l.out.frame(frameOf(q, versionsAnswer(q.version, l.up.versions))...)
		case apiSaslHandshake:
			err = l.handshake(q, body)
		case apiSaslAuthenticate:
			in, err := l.login(ctx, q, body)
			if in || err != nil {
				return err
			}
		default:
			return errStranger
		}
		if err != nil {
			return errStranger
		}
	}
}

// frameOf gives the parts of an answer whose header is of version 0.
func frameOf(q request, body []byte) [][]byte {
	return [][]byte{answerFrame(len(body), q.correlation), body}
}

// handshake answers the choice of a mechanism: PLAIN is the only one.
func (l *link) handshake(q request, body []byte) error {
	ask, answer := kmsg.NewSASLHandshakeRequest(), kmsg.NewPtrSASLHandshakeResponse()
	answer.Version = q.version
	answer.SupportedMechanisms = []string{"PLAIN"}
	if err := readBody(&ask, q, body); err != nil || q.version != 1 || ask.Mechanism != "PLAIN" {
		answer.ErrorCode = errorUnsupportedMechanism
	}
	return l.out.frame(frameOf(q, answer.AppendTo(nil))...)
}

// readBody reads a request of no flexible version from behind its client id.
func readBody(into kmsg.Request, q request, body []byte) error {
	if len(body) < 2 {
		return errors.New("a request without a client id")
	}
	n := 2
	if id := int16(binary.BigEndian.Uint16(body)); id > 0 {
		n += int(id)
	}
	if n > len(body) {
		return errors.New("a request's client id is longer than the request")
	}
	into.SetVersion(q.version)
	return into.ReadFrom(body[n:])
}

// login answers SaslAuthenticate. A client with the secret gets the result of the gateway's login
// to the broker, with the text of a refusal.
func (l *link) login(ctx context.Context, q request, body []byte) (in bool, err error) {
	ask, answer := kmsg.NewSASLAuthenticateRequest(), kmsg.NewPtrSASLAuthenticateResponse()
	answer.Version = q.version
	refuse := func(text string) error {
		answer.ErrorCode, answer.ErrorMessage = errorSaslAuthentication, &text
		return l.out.frame(frameOf(q, answer.AppendTo(nil))...)
	}
	if err := readBody(&ask, q, body); err != nil || q.version < 0 || q.version > versionMax[apiSaslAuthenticate] || !l.g.knows(ask.SASLAuthBytes) {
		refuse("This listener of urncast is for its own process alone") // it is closed next, whether that was read or not
		return false, errStranger
	}
	life, err := l.authenticate(ctx)
	if err != nil {
		refuse(err.Error()) // likewise
		return false, err
	}
	answer.SessionLifetimeMillis = life.Milliseconds()
	if err := l.out.frame(frameOf(q, answer.AppendTo(nil))...); err != nil {
		return false, errStranger
	}
	return true, nil
}

// knows reports whether a client has sent the secret. Both are hashed first, so that the time it
// takes does not even depend on the length.
func (g *Gateway) knows(shown []byte) bool {
	want := sha256.Sum256([]byte("\x00" + user + "\x00" + g.secret))
	got := sha256.Sum256(shown)
	return subtle.ConstantTimeCompare(want[:], got[:]) == 1
}

// authenticate authenticates to the broker, the first time or again, and gives the
// session's life; 0 is without end.
func (l *link) authenticate(ctx context.Context) (time.Duration, error) {
	if !l.up.relaying() {
		u, err := l.g.authenticate(ctx, l.up)
		if u != nil {
			l.took(u) // a second try has a connection of its own
		}
		if err != nil {
			return 0, err
		}
		return u.life, nil
	}
	ticket, _, err := l.g.login.service(ctx, l.broker.host)
	if err == nil {
		err = l.up.authenticate(ctx, ticket)
	}
	if err == nil {
		return l.up.life, nil
	}
	// The KDC is away, but the session at the broker still lasts: the client gets half of
	// the rest as its session's life, and logs in again then.
	var f *Failure
	if rest := time.Until(l.up.expires); errors.As(err, &f) && f.Transitory && f.Stage == StageKDC && rest > graceMin {
		l.g.note(l.broker, err)
		return rest / 2, nil
	}
	l.g.note(l.broker, err)
	return 0, err
}

// requests passes the client's requests on until one side ends.
func (l *link) requests() error {
	for {
		q, err := readRequest(l.in)
		if err != nil {
			return err
		}
		if !passes(q.key, q.version) {
			return fmt.Errorf("the client sent request %d, version %d, which was not offered", q.key, q.version)
		}
		switch q.key {
		case apiVersions, apiSaslHandshake, apiSaslAuthenticate:
			if err := l.answer(q); err != nil {
				return err
			}
			continue
		}
		if e := (expected{q.key, q.version}); e.names() {
			l.up.expect(q.correlation, e)
		}
		if err := l.up.out.relayed(q.head(), l.in, q.size); err != nil {
			return err
		}
	}
}

// answer answers what does not go to the broker: the client authenticating again
// before its session ends.
func (l *link) answer(q request) error {
	if err := l.up.out.flush(); err != nil {
		return err
	}
	body, err := readWhole(l.in, q.size, strangerBytes)
	if err != nil {
		return err
	}
	switch q.key {
	case apiVersions:
		return l.out.frame(frameOf(q, versionsAnswer(q.version, l.up.versions))...)
	case apiSaslHandshake:
		return l.handshake(q, body)
	}
	ctx, cancel := context.WithTimeout(l.g.ctx, setupTimeout)
	defer cancel()
	_, err = l.login(ctx, q, body)
	return err
}

// answers passes the broker's answers on until one side ends.
func (l *link) answers() error {
	for {
		size, correlation, err := readAnswer(l.up.in)
		if err != nil {
			return err
		}
		if own, e, names := l.up.claims(correlation); own {
			if err := l.out.flush(); err != nil {
				return err
			}
			body, err := readWhole(l.up.in, size, wholeBytes)
			if err != nil {
				return err
			}
			l.up.answered <- body
		} else if names {
			if err := l.renamed(e, size, correlation); err != nil {
				return err
			}
		} else if err := l.out.relayed(answerFrame(size, correlation), l.up.in, size); err != nil {
			return err
		}
	}
}

// renamed passes on an answer that names brokers, with the gateway's addresses. Only the part of
// the answer that names them is kept in memory.
func (l *link) renamed(e expected, size int, correlation int32) error {
	if err := l.out.flush(); err != nil {
		return err
	}
	held, err := readWhole(l.up.in, min(size, wholeBytes), wholeBytes)
	if err != nil {
		return cut(err)
	}
	begin, used, err := rewrite(e, held, l.g.translate)
	if err != nil {
		err = &Failure{Stage: StageConnect, Server: l.broker.address,
			Text: "Broker " + l.broker.address + " sent an answer that is not understood", Transitory: true, Err: err}
		l.g.note(l.broker, err)
		return err
	}
	rest := held[used:]
	head := answerFrame(len(begin)+size-used, correlation)
	return l.out.relayed(append(append(head, begin...), rest...), l.up.in, size-len(held))
}
