package rig

import (
	"bytes"
	"crypto/hmac"
	"crypto/md5"
	"crypto/tls"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"net/mail"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"

	"urncast/integration/rig/port"
)

// SMTPOptions configures a mail server.
type SMTPOptions struct {
	Host        string       // host to listen on; 127.0.0.1 if empty
	Certificate *Certificate // for STARTTLS or TLS; nil for neither
	Implicit    bool         // implicit TLS instead of STARTTLS
	// Users maps users to passwords. With users, the server requires authentication.
	Users      map[string]string
	Mechanisms []string // SASL mechanisms to offer; PLAIN if empty
}

// A Letter is one mail that a server accepted.
type Letter struct {
	From, Mechanism, User string
	To                    []string
	Secured               bool // it came over TLS
	Raw                   []byte
}

// Header returns a header field of the mail.
func (l *Letter) Header(name string) string {
	m, err := mail.ReadMessage(bytes.NewReader(l.Raw))
	if err != nil {
		return err.Error()
	}
	return m.Header.Get(name)
}

// An SMTPServer is a real mail server on loopback that keeps the mails that it accepts.
type SMTPServer struct {
	Host string
	Port int

	tb       testing.TB
	options  SMTPOptions
	server   *smtp.Server
	listen   net.Listener
	mu       sync.Mutex
	letters  []Letter
	refuse   func(from, to string) error
	delay    time.Duration
	stopping chan struct{} // closed when the server stops, to end delays
	dialed   int
}

// StartSMTP starts a mail server that ends with the test.
func StartSMTP(tb testing.TB, o SMTPOptions) *SMTPServer {
	tb.Helper()
	s := &SMTPServer{Host: o.Host, tb: tb, options: o}
	if s.Host == "" {
		s.Host = "127.0.0.1"
	}
	port, err := port.Free()
	if err != nil {
		tb.Fatal(err)
	}
	s.Port = port
	s.Start()
	tb.Cleanup(s.Stop)
	return s
}

// Start starts the server on its port; it can be called after Stop.
func (s *SMTPServer) Start() {
	s.tb.Helper()
	server := smtp.NewServer(smtp.BackendFunc(s.session))
	server.Domain, server.AllowInsecureAuth, server.MaxLineLength = "mail.rig", true, 4000
	server.ReadTimeout, server.WriteTimeout = time.Minute, time.Minute
	server.ErrorLog = quiet{}
	l, err := net.Listen("tcp", net.JoinHostPort(s.Host, fmt.Sprint(s.Port)))
	// After Stop the port may still be in use for a moment: a process that another test has just
	// forked has the former listener open until it calls exec.
	for deadline := time.Now().Add(10 * time.Second); errors.Is(err, syscall.EADDRINUSE) && time.Now().Before(deadline); {
		time.Sleep(5 * time.Millisecond)
		l, err = net.Listen("tcp", net.JoinHostPort(s.Host, fmt.Sprint(s.Port)))
	}
	if err != nil {
		s.tb.Fatal(err)
	}
	if c := s.options.Certificate; c != nil {
		pair, err := tls.LoadX509KeyPair(c.Chain, c.Key)
		if err != nil {
			s.tb.Fatal(err)
		}
		config := &tls.Config{Certificates: []tls.Certificate{pair}}
		if s.options.Implicit {
			l = tls.NewListener(l, config)
		} else {
			server.TLSConfig = config
		}
	}
	s.mu.Lock()
	s.server, s.listen, s.stopping = server, l, make(chan struct{})
	s.mu.Unlock()
	go server.Serve(l) // returns after Stop
}

// Stop ends the server. Its port then refuses connections.
func (s *SMTPServer) Stop() {
	s.mu.Lock()
	server, listen, stopping := s.server, s.listen, s.stopping
	s.server = nil
	s.mu.Unlock()
	if server != nil {
		close(stopping)
		listen.Close() // server.Close does not close it if Serve has not begun
		server.Close()
	}
}

type quiet struct{}

func (quiet) Printf(string, ...any) {}
func (quiet) Println(...any)        {}

// Refuse sets a function that refuses senders and recipients by returning an error; nil
// accepts all. An *smtp.SMTPError is sent as it is.
func (s *SMTPServer) Refuse(f func(from, to string) error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.refuse = f
}

// Delay delays each response to the content of a mail.
func (s *SMTPServer) Delay(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.delay = d
}

// Letters returns the mails accepted so far.
func (s *SMTPServer) Letters() []Letter {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Letter{}, s.letters...)
}

// Dialed returns how many connections were made.
func (s *SMTPServer) Dialed() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.dialed
}

func (s *SMTPServer) session(c *smtp.Conn) (smtp.Session, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.dialed++
	return &smtpSession{s: s, conn: c}, nil
}

type smtpSession struct {
	s      *SMTPServer
	conn   *smtp.Conn
	letter Letter
	user   string
	mech   string
}

// AuthMechanisms implements smtp.AuthSession.
func (s *smtpSession) AuthMechanisms() []string {
	switch o := s.s.options; {
	case len(o.Users) == 0:
		return nil
	case len(o.Mechanisms) > 0:
		return o.Mechanisms
	}
	return []string{sasl.Plain}
}

// Auth implements smtp.AuthSession.
func (s *smtpSession) Auth(mech string) (sasl.Server, error) {
	right := func(user, password string) error {
		if want, ok := s.s.options.Users[user]; !ok || want != password {
			return smtp.ErrAuthFailed
		}
		s.user, s.mech = user, mech
		return nil
	}
	switch mech {
	case sasl.Plain:
		return sasl.NewPlainServer(func(_, user, password string) error { return right(user, password) }), nil
	case sasl.Login:
		return &loginServer{right: right}, nil
	case "CRAM-MD5":
		return &cramServer{users: s.s.options.Users, right: right}, nil
	}
	return nil, smtp.ErrAuthUnknownMechanism
}

// Mail implements smtp.Session.
func (s *smtpSession) Mail(from string, _ *smtp.MailOptions) error {
	if len(s.s.options.Users) > 0 && s.user == "" {
		return smtp.ErrAuthRequired
	}
	_, secured := s.conn.TLSConnectionState()
	s.letter = Letter{From: from, User: s.user, Mechanism: s.mech, Secured: secured}
	return nil
}

// Rcpt implements smtp.Session.
func (s *smtpSession) Rcpt(to string, _ *smtp.RcptOptions) error {
	s.s.mu.Lock()
	refuse := s.s.refuse
	s.s.mu.Unlock()
	if refuse != nil {
		if err := refuse(s.letter.From, to); err != nil {
			return err
		}
	}
	s.letter.To = append(s.letter.To, to)
	return nil
}

// Data implements smtp.Session.
func (s *smtpSession) Data(r io.Reader) (err error) {
	if s.letter.Raw, err = io.ReadAll(r); err != nil {
		return err
	}
	s.s.mu.Lock()
	delay, stopping := s.s.delay, s.s.stopping
	s.s.mu.Unlock()
	if delay > 0 {
		select {
		case <-time.After(delay):
		case <-stopping:
			return errors.New("the mail server was stopped")
		}
	}
	s.s.mu.Lock()
	defer s.s.mu.Unlock()
	s.s.letters = append(s.s.letters, s.letter)
	return nil
}

// Reset implements smtp.Session.
func (s *smtpSession) Reset() { s.letter = Letter{} }

// Logout implements smtp.Session.
func (s *smtpSession) Logout() error { return nil }

// A loginServer is the server's side of the mechanism LOGIN, which asks for the user name and
// then for the password.
type loginServer struct {
	right func(user, password string) error
	user  string
	step  int
}

// Next implements sasl.Server.
func (l *loginServer) Next(response []byte) ([]byte, bool, error) {
	l.step++
	switch l.step {
	case 1:
		return []byte("Username:"), false, nil
	case 2:
		l.user = string(response)
		return []byte("Password:"), false, nil
	}
	return nil, true, l.right(l.user, string(response))
}

// A cramServer is the server's side of the mechanism CRAM-MD5 (RFC 2195).
type cramServer struct {
	users     map[string]string
	right     func(user, password string) error
	challenge []byte
}

// Next implements sasl.Server.
func (c *cramServer) Next(response []byte) ([]byte, bool, error) {
	if c.challenge == nil {
		c.challenge = fmt.Appendf(nil, "<%d@mail.rig>", time.Now().UnixNano())
		return c.challenge, false, nil
	}
	user, digest, _ := strings.Cut(string(response), " ")
	mac := hmac.New(md5.New, []byte(c.users[user]))
	mac.Write(c.challenge)
	if hex.EncodeToString(mac.Sum(nil)) != digest {
		return nil, true, smtp.ErrAuthFailed
	}
	return nil, true, c.right(user, c.users[user])
}
