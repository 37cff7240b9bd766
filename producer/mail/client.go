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

// A Client sends mails. It sends the mails of one letter over one connection, and opens
// another if the server ends that. It keeps no connection for the next letter, which would
// perhaps find it dead.
type Client struct {
	// Quiet is how long the server may stay silent while it receives a mail; 30 s if 0.
	// The context bounds the whole.
	Quiet time.Duration
}

const quietDefault = 30 * time.Second

// Send sends the letter once for each address, so that an address that is refused, or at which
// the connection ends, does not keep the mail from the others. It returns a Delivery for each
// address, in their order.
func (c *Client) Send(ctx context.Context, s *notice.StoredSettings, l *notice.Letter, to []string) []notice.Delivery {
	all := make([]notice.Delivery, len(to))
	var open *session
	defer func() { open.close() }()
	var unreachable error // of connecting: the remaining addresses fail with it too
	for i, address := range to {
		all[i].Address = address
		if unreachable != nil {
			all[i].Err = unreachable
			continue
		}
		m, err := message(s, l, address)
		if err != nil {
			all[i].Err = err
			continue
		}
		open, unreachable, all[i].Err = c.sendOne(ctx, s, open, m, address)
	}
	return all
}

// sendOne sends one mail over the open connection, or over a new one if that is nil or has
// ended before the server had the mail's content. It returns the connection for the next mail,
// nil if it has ended. unreachable is the error of connecting to the server.
func (c *Client) sendOne(ctx context.Context, s *notice.StoredSettings, open *session, m *gomail.Msg, address string) (next *session, unreachable, err error) {
	for {
		isNew := open == nil
		if isNew {
			if open, err = c.dial(ctx, s); err != nil {
				unreachable = explain(ctx, s, "the server could not be used", err)
				return nil, unreachable, unreachable
			}
		}
		err = open.client.Send(m)
		ended := err != nil && endsConnection(err)
		if ended {
			open.close()
			open = nil
		}
		switch {
		case err == nil || m.IsDelivered():
			return open, nil, nil
		case ended && !isNew && isBeforeContent(err):
			continue
		}
		return open, nil, explain(ctx, s, "the mail to "+address+" was not taken", err)
	}
}

// endsConnection reports whether the connection is over after an error: the server said so
// (421), or there was no answer at all.
func endsConnection(err error) bool {
	var sent *gomail.SendError
	if !errors.As(err, &sent) {
		return true
	}
	return sent.ErrorCode() == 0 || sent.ErrorCode() == 421
}

// isBeforeContent reports whether an error came before the server got the mail's content, so
// that it cannot have accepted the mail.
func isBeforeContent(err error) bool {
	var sent *gomail.SendError
	return errors.As(err, &sent) && sent.Reason != gomail.ErrWriteContent && sent.Reason != gomail.ErrSMTPDataClose
}

// A session is one connection to the server, logged in.
type session struct {
	client *gomail.Client
	line   *line
	stop   func() bool // stops the closing of line at the end of the context
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

// close sends QUIT, if the server still listens, and ends the connection. A nil session has
// none.
func (o *session) close() {
	if o == nil {
		return
	}
	_ = o.client.Close() // QUIT; an error takes no accepted mail back
	o.stop()
	o.line.close()
}

// A line is the network connection to the server. It is closed here, because the library
// leaves it open after some errors, and heeds no context once it is open.
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

// close ends the connection; reads and writes that wait on it then fail.
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

// auth chooses the mechanism. If the connection may be unencrypted, CRAM-MD5, which does not
// reveal the password, is tried first; the library sends a password in the clear only to this
// machine.
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
		pool = x509.NewCertPool() // only the authority of the settings
	}
	if !pool.AppendCertsFromPEM([]byte(s.CA)) {
		return nil, errors.New("ca, of the mail settings, holds no certificate in PEM")
	}
	config.RootCAs = pool
	return config, nil
}

// hello returns the host name for EHLO; servers refuse an empty one.
func hello() string {
	host, err := os.Hostname()
	if err != nil || host == "" {
		return "localhost"
	}
	return host
}

// explain adds to an error the mail server and the failed step, and replaces the library's
// text for time-outs and TLS mismatches by one that says what to do.
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
	text, _, _ := strings.Cut(err.Error(), ", affected ") // the library adds ids and addresses; what has the address
	return fmt.Errorf("mail server %s: %s: %s", s.Server(), what, text)
}

// message returns the mail to one address.
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
		// All mails of a cause refer to a first mail that is never sent, so that mail
		// programs show them as one thread.
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
