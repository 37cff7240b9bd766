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

	"urncast/producer"
)

// A Client sends mails. Each one takes a connection of its own: there are few, and
// a connection that is kept is one that may be dead.
type Client struct {
	// Quiet is how long the server may stay silent while a mail is handed over; 30 s
	// if 0. The whole of it is bounded by the context.
	Quiet time.Duration
}

const quietDefault = 30 * time.Second

// Send hands the letter to the server once for each address, so that one that is
// refused keeps it from nobody else. It gives those whose mail was taken; the error
// has the server's words for the others.
func (c *Client) Send(ctx context.Context, s *producer.StoredMail, l *producer.Letter, to []string) ([]string, error) {
	messages := make([]*gomail.Msg, len(to))
	for i, address := range to {
		var err error
		if messages[i], err = message(s, l, address); err != nil {
			return nil, err
		}
	}
	line := &line{}
	defer line.close()
	defer context.AfterFunc(ctx, line.close)()
	client, err := c.client(s, line)
	if err != nil {
		return nil, err
	}
	if err := client.DialWithContext(ctx); err != nil {
		return nil, explain(ctx, s, "the server could not be used", err)
	}
	var taken []string
	var errs []error
	for i, m := range messages {
		if err := client.Send(m); err != nil && !m.IsDelivered() {
			errs = append(errs, explain(ctx, s, "the mail to "+to[i]+" was not taken", err))
			continue
		}
		taken = append(taken, to[i])
	}
	_ = client.Close() // QUIT; what was taken is taken
	return taken, errors.Join(errs...)
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

func (c *Client) client(s *producer.StoredMail, l *line) (*gomail.Client, error) {
	quiet := c.Quiet
	if quiet == 0 {
		quiet = quietDefault
	}
	config, err := tlsConfig(s)
	if err != nil {
		return nil, err
	}
	policy := map[string]gomail.TLSPolicy{
		producer.MailStartTLS: gomail.TLSMandatory, producer.MailOpportunistic: gomail.TLSOpportunistic,
		producer.MailTLS: gomail.NoTLS, producer.MailPlain: gomail.NoTLS,
	}[s.Security]
	options := []gomail.Option{gomail.WithPort(s.Port), gomail.WithTimeout(quiet), gomail.WithTLSConfig(config), gomail.WithTLSPolicy(policy),
		gomail.WithoutNoop(), gomail.WithHELO(hello()), gomail.WithDialContextFunc(func(ctx context.Context, network, address string) (net.Conn, error) {
			conn, err := (&net.Dialer{}).DialContext(ctx, network, address)
			if err != nil {
				return nil, err
			}
			l.opened(conn)
			if s.Security != producer.MailTLS {
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
func auth(s *producer.StoredMail) gomail.Option {
	switch s.Auth {
	case producer.MailAuthPlain:
		return gomail.WithSMTPAuth(gomail.SMTPAuthPlain)
	case producer.MailAuthLogin:
		return gomail.WithSMTPAuth(gomail.SMTPAuthLogin)
	case producer.MailAuthCramMD5:
		return gomail.WithSMTPAuth(gomail.SMTPAuthCramMD5)
	}
	mechanisms := []gomail.SMTPAuthType{gomail.SMTPAuthPlain, gomail.SMTPAuthLogin, gomail.SMTPAuthCramMD5}
	if s.Security == producer.MailOpportunistic || s.Security == producer.MailPlain {
		slices.Reverse(mechanisms)
	}
	return gomail.WithOpportunisticSMTPAuth(mechanisms...)
}

func tlsConfig(s *producer.StoredMail) (*tls.Config, error) {
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
func explain(ctx context.Context, s *producer.StoredMail, what string, err error) error {
	var timeout net.Error
	late := errors.As(err, &timeout) && timeout.Timeout() || errors.Is(err, context.DeadlineExceeded) ||
		strings.Contains(err.Error(), "i/o timeout") // the library does not hand on what caused its error
	switch {
	case ctx.Err() != nil || late:
		return fmt.Errorf("mail server %s: %s: it did not answer in time", s.Server(), what)
	case s.Security == producer.MailStartTLS && strings.Contains(err.Error(), "does not support STARTTLS"):
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
func message(s *producer.StoredMail, l *producer.Letter, to string) (*gomail.Msg, error) {
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
	if l.Kind != producer.MailTest {
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
