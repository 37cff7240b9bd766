package mail

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	netmail "net/mail"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	gomail "github.com/wneessen/go-mail"

	"urncast/producer/notice"
)

// A Client sends mails. The mails of one letter go over one connection, and over another
// where the server ends that; none is kept, for a connection that is kept is one that may be
// dead.
type Client struct {
	// Quiet is how long the server may stay silent while a mail is handed over; 30 s
	// if 0. The whole of it is bounded by the context.
	Quiet time.Duration
}

const quietDefault = 30 * time.Second

// Send hands the letter to the server once for each address, so that one that is
// refused, or met by the end of the connection, keeps it from nobody else. It says of each what
// became of it, in their order.
func (c *Client) Send(ctx context.Context, s *notice.StoredSettings, l *notice.Letter, to []string) []notice.Delivery {
	all := make([]notice.Delivery, len(to))
	var open *session
	defer func() { open.close() }()
	var away error // the server could not be used: neither can it be for those that follow
	for i, address := range to {
		all[i].Address = address
		if away != nil {
			all[i].Err = away
			continue
		}
		m, err := message(s, l, address)
		if err != nil {
			all[i].Err = err
			continue
		}
		open, away, all[i].Err = c.hand(ctx, s, open, m, address)
	}
	return all
}

// hand hands one mail over, on the open connection or, where that has ended before the mail's turn
// or is nil, on another one. It gives the connection for the next mail, nil if there is none. away is what
// keeps everybody from connecting.
func (c *Client) hand(ctx context.Context, s *notice.StoredSettings, open *session, m *gomail.Msg, address string) (next *session, away, err error) {
	for {
		fresh := open == nil
		if fresh {
			if open, err = c.dial(ctx, s); err != nil {
				away = explain(ctx, s, "the server could not be used", err)
				return nil, away, away
			}
		}
		err = open.client.Send(m)
		ended := err != nil && over(err)
		if ended {
			open.close()
			open = nil
		}
		switch {
		case err == nil || m.IsDelivered():
			return open, nil, nil
		case ended && !fresh && before(err):
			continue
		}
		return open, nil, explain(ctx, s, "the mail to "+address+" was not taken", err)
	}
}

// over reports whether an error ends its connection: the server says so (421), or there is
// no answer at all.
func over(err error) bool {
	var sent *gomail.SendError
	if !errors.As(err, &sent) {
		return true
	}
	return sent.ErrorCode() == 0 || sent.ErrorCode() == 421
}

// before reports whether an error came before the server was given the mail's content, so
// that it cannot have taken it.
func before(err error) bool {
	var sent *gomail.SendError
	return errors.As(err, &sent) && sent.Reason != gomail.ErrWriteContent && sent.Reason != gomail.ErrSMTPDataClose
}

// A session is one connection to the server, logged in.
type session struct {
	client *gomail.Client
	line   *line
	stop   func() bool // of what closes it when the context ends
}

func (c *Client) dial(ctx context.Context, s *notice.StoredSettings) (*session, error) {
	o := &session{line: &line{}}
	o.stop = context.AfterFunc(ctx, o.line.close)
	var err error
	if o.client, err = c.client(s, o.line); err == nil {
		err = o.client.DialWithContext(ctx)
	}
	if err != nil {
		o.stop()
		o.line.close()
		return nil, err
	}
	return o, nil
}

// close says goodbye, if the server still listens, and ends the connection. To nil there is
// nothing to do.
func (o *session) close() {
	if o == nil {
		return
	}
	_ = o.client.Close() // QUIT; what was taken is taken
	o.stop()
	o.line.close()
}

// A line is the connection to the server. The library leaves it open after some
// errors, and knows no context once it is there, so it is closed here.
type line struct {
	mu     sync.Mutex
	conn   net.Conn
	closed bool
}

func (l *line) opened(conn net.Conn) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.conn = conn; l.closed {
		conn.Close()
	}
}

// close ends the connection; whatever waits on it then fails.
func (l *line) close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed = true; l.conn != nil {
		l.conn.Close()
	}
}

func (c *Client) client(s *notice.StoredSettings, l *line) (*gomail.Client, error) {
	quiet := c.Quiet
	if quiet == 0 {
		quiet = quietDefault
	}
	config, err := tlsConfig(s)
	if err != nil {
		return nil, err
	}
	policy := map[string]gomail.TLSPolicy{
		notice.StartTLS: gomail.TLSMandatory, notice.Opportunistic: gomail.TLSOpportunistic,
		notice.TLS: gomail.NoTLS, notice.Plaintext: gomail.NoTLS,
	}[s.Security]
	options := []gomail.Option{gomail.WithPort(s.Port), gomail.WithTimeout(quiet), gomail.WithTLSConfig(config), gomail.WithTLSPolicy(policy),
		gomail.WithoutNoop(), gomail.WithHELO(hello()), gomail.WithDialContextFunc(func(ctx context.Context, network, address string) (net.Conn, error) {
			conn, err := (&net.Dialer{}).DialContext(ctx, network, address)
			if err != nil {
				return nil, err
			}
			l.opened(conn)
			if s.Security != notice.TLS {
				return conn, nil
			}
			secured := tls.Client(conn, config)
			return secured, secured.HandshakeContext(ctx)
		})}
	if s.User != "" {
		options = append(options, gomail.WithUsername(s.User), gomail.WithPassword(s.Secret), auth(s))
	}
	client, err := gomail.NewClient(s.Host, options...)
	if err != nil {
		return nil, fmt.Errorf("the mail settings cannot be used: %w", err)
	}
	return client, nil
}

// auth chooses the mechanism. Where the connection may be in the clear, one that
// does not show the password comes first; the library refuses to send one in the
// clear to anything but this machine.
func auth(s *notice.StoredSettings) gomail.Option {
	switch s.Auth {
	case notice.AuthPlain:
		return gomail.WithSMTPAuth(gomail.SMTPAuthPlain)
	case notice.AuthLogin:
		return gomail.WithSMTPAuth(gomail.SMTPAuthLogin)
	case notice.AuthCramMD5:
		return gomail.WithSMTPAuth(gomail.SMTPAuthCramMD5)
	}
	mechanisms := []gomail.SMTPAuthType{gomail.SMTPAuthPlain, gomail.SMTPAuthLogin, gomail.SMTPAuthCramMD5}
	if s.Security == notice.Opportunistic || s.Security == notice.Plaintext {
		slices.Reverse(mechanisms)
	}
	return gomail.WithOpportunisticSMTPAuth(mechanisms...)
}

func tlsConfig(s *notice.StoredSettings) (*tls.Config, error) {
	config := &tls.Config{ServerName: s.Host, MinVersion: tls.VersionTLS12}
	if s.CA == "" {
		return config, nil
	}
	pool, err := x509.SystemCertPool()
	if err != nil {
		pool = x509.NewCertPool() // no system's: the settings' alone
	}
	if !pool.AppendCertsFromPEM([]byte(s.CA)) {
		return nil, errors.New("ca, of the mail settings, holds no certificate in PEM")
	}
	config.RootCAs = pool
	return config, nil
}

// hello is the name that we greet with; servers refuse one that is empty.
func hello() string {
	host, err := os.Hostname()
	if err != nil || host == "" {
		return "localhost"
	}
	return host
}

// explain says where it failed and, if the patience ended, for how long it waited.
func explain(ctx context.Context, s *notice.StoredSettings, what string, err error) error {
	var timeout net.Error
	late := errors.As(err, &timeout) && timeout.Timeout() || errors.Is(err, context.DeadlineExceeded) ||
		strings.Contains(err.Error(), "i/o timeout") // the library does not hand on what caused its error
	switch {
	case ctx.Err() != nil || late:
		return fmt.Errorf("mail server %s: %s: it did not answer in time", s.Server(), what)
	case s.Security == notice.StartTLS && strings.Contains(err.Error(), "does not support STARTTLS"):
		return fmt.Errorf("mail server %s: %s: it does not offer STARTTLS, without which nothing is sent (security=tls is for TLS from the first byte)", s.Server(), what)
	}
	var header tls.RecordHeaderError
	if errors.As(err, &header) {
		return fmt.Errorf("mail server %s: %s: it does not begin with TLS: security=starttls is for a port that begins without", s.Server(), what)
	}
	text, _, _ := strings.Cut(err.Error(), ", affected ") // which mail, and to whom, stands before
	return fmt.Errorf("mail server %s: %s: %s", s.Server(), what, text)
}

// message makes the mail to one address.
func message(s *notice.StoredSettings, l *notice.Letter, to string) (*gomail.Msg, error) {
	c, err := compose(s, l, time.Now())
	if err != nil {
		return nil, err
	}
	sender, err := netmail.ParseAddress(s.Sender)
	if err != nil {
		return nil, fmt.Errorf("sender %q, of the mail settings, is no address: %w", s.Sender, err)
	}
	m := gomail.NewMsg(gomail.WithNoDefaultUserAgent())
	m.FromMailAddress(sender)
	if err := m.To(to); err != nil {
		return nil, fmt.Errorf("%q is no address: %w", to, err)
	}
	_, domain, _ := strings.Cut(sender.Address, "@")
	reference := func(id string) string { return "<" + id + "@" + domain + ">" }
	m.Subject(c.Subject)
	m.SetDate()
	m.SetMessageIDWithValue(l.ID + "@" + domain)
	m.SetGenHeader("Auto-Submitted", "auto-generated")
	m.SetGenHeader(gomail.HeaderXAutoResponseSuppress, "All")
	if l.Kind != notice.KindTest {
		// Nobody ever sends the mail that the thread begins with: all of a cause refer to
		// it, so that mail programs show them together.
		thread := reference("cause." + l.Thread[:min(len(l.Thread), 32)])
		answers := thread
		if l.First != l.ID {
			answers = reference(l.First)
			thread += " " + answers
		}
		m.SetGenHeaderPreformatted(gomail.HeaderReferences, thread)
		m.SetGenHeaderPreformatted(gomail.HeaderInReplyTo, answers)
	}
	m.SetBodyString(gomail.TypeTextPlain, c.Text)
	m.AddAlternativeString(gomail.TypeTextHTML, c.HTML)
	return m, nil
}
