package mail

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"html"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	netmail "net/mail"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-smtp"

	"urncast/integration/rig"
	"urncast/producer"
	"urncast/producer/notice"
)

const secret = "planted-mail-password"

var to = []string{"admin@example.org"}

// settings are those for a server; the authority may be nil.
func settings(t *testing.T, s *rig.SMTPServer, a *rig.Authority, security string) *notice.StoredSettings {
	t.Helper()
	m := &notice.StoredSettings{Settings: notice.Defaults()}
	m.Host, m.Port, m.Security, m.Sender, m.Admins = s.Host, s.Port, security, `"The Registry" <urncast@example.org>`, to
	m.PublicURL = "https://registry.example.org/urncast"
	if a != nil {
		b, err := os.ReadFile(a.File)
		if err != nil {
			t.Fatal(err)
		}
		m.CA = string(b)
	}
	if err := m.Check(); err != nil {
		t.Fatal(err)
	}
	return m
}

func login(m *notice.StoredSettings, auth string) *notice.StoredSettings {
	m.User, m.Secret, m.Password.Set, m.Auth = "urncast", secret, true, auth
	return m
}

func failure() *notice.Letter {
	l := &notice.Letter{Kind: notice.KindIncident, ID: "i1.incident", First: "i1.incident", Thread: strings.Repeat("ab", 32),
		Producer: "default", Routes: []producer.Route{{Topic: "sdmx.structures", Format: "fusion-json"}}, Times: 1, Environment: "production",
		Since: time.Date(2026, 11, 3, 9, 0, 0, 0, time.UTC), RecordedAt: time.Date(2026, 11, 3, 8, 59, 59, 0, time.UTC), Structures: 23,
		Pending: 1234, OldestPending: time.Date(2026, 11, 3, 8, 59, 59, 0, time.UTC)}
	l.State, l.Number, l.Brief, l.Cure = producer.Failed, 48213, "Broker: Message size too large (Kafka error 10)", "raise the topic's max.message.bytes"
	l.Reason = "transaction 48213: Kafka answered with an error: <b>Message</b> size & more. Raise the topic's max.message.bytes."
	for i := range notice.LetterURNs {
		l.URNs = append(l.URNs, fmt.Sprintf("urn:sdmx:org.sdmx.infomodel.codelist.Codelist=A:CL_%d(1.0)", i))
	}
	return l
}

// came returns the addresses whose mail was accepted, and the errors of the others.
func came(all []notice.Delivery) (sent []string, err error) {
	for _, d := range all {
		if err = errors.Join(err, d.Err); d.Err == nil {
			sent = append(sent, d.Address)
		}
	}
	return sent, err
}

func send(t *testing.T, m *notice.StoredSettings, l *notice.Letter, to ...string) ([]string, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	return came((&Client{Quiet: 2 * time.Second}).Send(ctx, m, l, to))
}

// Every way to secure a connection and every mechanism is spoken with a real server.
func TestEveryWayToAServer(t *testing.T) {
	a := rig.NewAuthority(t)
	cert := a.Issue(t, rig.Subject{Name: "mail"})
	users := map[string]string{"urncast": secret}
	for _, security := range []string{notice.StartTLS, notice.TLS, notice.Opportunistic, notice.Plaintext} {
		for auth, mechanism := range map[string]string{"": "", notice.AuthPlain: "PLAIN", notice.AuthLogin: "LOGIN", notice.AuthCramMD5: "CRAM-MD5",
			notice.AuthAuto: "the best"} {
			t.Run(security+" "+auth, func(t *testing.T) {
				o := rig.SMTPOptions{Implicit: security == notice.TLS}
				if security != notice.Plaintext {
					o.Certificate = cert
				}
				if auth != "" {
					o.Users, o.Mechanisms = users, []string{"PLAIN", "LOGIN", "CRAM-MD5"}
				}
				s := rig.StartSMTP(t, o)
				m := settings(t, s, a, security)
				if auth != "" {
					login(m, auth)
				}
				if auth == notice.AuthAuto {
					mechanism = map[bool]string{true: "PLAIN", false: "CRAM-MD5"}[security == notice.StartTLS || security == notice.TLS]
				}
				if sent, err := send(t, m, failure(), to...); err != nil || len(sent) != 1 {
					t.Fatal(sent, err)
				}
				all := s.Letters()
				if len(all) != 1 || all[0].Mechanism != mechanism || all[0].Secured != (security != notice.Plaintext) || all[0].From != "urncast@example.org" {
					t.Errorf("%d mails: %s, secured %v, from %s", len(all), all[0].Mechanism, all[0].Secured, all[0].From)
				}
			})
		}
	}
}

// What a server refuses is told in its own words, which hold no password.
func TestRefusalsInTheServersWords(t *testing.T) {
	a := rig.NewAuthority(t)
	cert := a.Issue(t, rig.Subject{Name: "mail"})
	starttls := rig.SMTPOptions{Certificate: cert}
	locked := rig.SMTPOptions{Certificate: cert, Users: map[string]string{"urncast": "another"}, Mechanisms: []string{"PLAIN", "LOGIN", "CRAM-MD5"}}
	for name, c := range map[string]struct {
		options  rig.SMTPOptions
		security string
		change   func(*rig.SMTPServer, *notice.StoredSettings)
		says     string
	}{
		"no STARTTLS":    {rig.SMTPOptions{}, notice.StartTLS, nil, "does not offer STARTTLS"},
		"not TLS":        {rig.SMTPOptions{}, notice.TLS, nil, "does not begin with TLS"},
		"TLS, not asked": {rig.SMTPOptions{Certificate: cert, Implicit: true}, notice.StartTLS, nil, "did not answer in time"},
		"untrusted":      {starttls, notice.StartTLS, func(_ *rig.SMTPServer, m *notice.StoredSettings) { m.CA = "" }, "unknown authority"},
		"plain":          {locked, notice.StartTLS, func(_ *rig.SMTPServer, m *notice.StoredSettings) { login(m, notice.AuthPlain) }, "535"},
		"login":          {locked, notice.StartTLS, func(_ *rig.SMTPServer, m *notice.StoredSettings) { login(m, notice.AuthLogin) }, "Authentication failed"},
		"cram-md5":       {locked, notice.StartTLS, func(_ *rig.SMTPServer, m *notice.StoredSettings) { login(m, notice.AuthCramMD5) }, "535"},
		"no user":        {locked, notice.StartTLS, nil, "authenticate first"},
		"sender": {starttls, notice.StartTLS, func(s *rig.SMTPServer, _ *notice.StoredSettings) {
			s.Refuse(func(string, string) error { return &smtp.SMTPError{Code: 550, Message: "relaying for you? never"} })
		}, "relaying for you? never"},
		"dead":    {starttls, notice.StartTLS, func(s *rig.SMTPServer, _ *notice.StoredSettings) { s.Stop() }, "connection refused"},
		"slow":    {starttls, notice.StartTLS, func(s *rig.SMTPServer, _ *notice.StoredSettings) { s.Delay(time.Minute) }, "did not answer in time"},
		"unknown": {starttls, notice.StartTLS, func(_ *rig.SMTPServer, m *notice.StoredSettings) { m.Host = "mail.invalid" }, "mail.invalid"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := rig.StartSMTP(t, c.options)
			m := settings(t, s, a, c.security)
			if c.change != nil {
				c.change(s, m)
			}
			began := time.Now()
			sent, err := send(t, m, failure(), to...)
			if err == nil || len(sent) > 0 || !strings.Contains(err.Error(), c.says) || !strings.Contains(err.Error(), m.Server()) {
				t.Errorf("%v: %v does not say %q", sent, err, c.says)
			}
			t.Log(err)
			if err != nil && strings.Contains(err.Error(), secret) || len(s.Letters()) > 0 {
				t.Errorf("%v; %d mails", err, len(s.Letters()))
			}
			if took := time.Since(began); took > 10*time.Second {
				t.Errorf("it took %s", took)
			}
		})
	}
}

// A password is not sent in the clear over a network: 127.0.0.2 stands for one.
func TestNoPasswordInTheClear(t *testing.T) {
	s := rig.StartSMTP(t, rig.SMTPOptions{Host: "127.0.0.2", Users: map[string]string{"urncast": secret}, Mechanisms: []string{"PLAIN", "LOGIN"}})
	for _, auth := range []string{notice.AuthAuto, notice.AuthPlain, notice.AuthLogin} {
		sent, err := send(t, login(settings(t, s, nil, notice.Opportunistic), auth), failure(), to...)
		if err == nil || len(sent) > 0 || !strings.Contains(err.Error(), "unencrypted") {
			t.Errorf("%s: %v, %v", auth, sent, err)
		}
	}
}

// An address that is refused does not keep the mail from the others.
func TestOneRefusedAddress(t *testing.T) {
	s := rig.StartSMTP(t, rig.SMTPOptions{})
	s.Refuse(func(_, to string) error {
		if to == "gone@example.org" {
			return &smtp.SMTPError{Code: 550, Message: "no such user here"}
		}
		return nil
	})
	sent, err := send(t, settings(t, s, nil, notice.Opportunistic), failure(), "a@example.org", "gone@example.org", "b@example.org")
	if err == nil || !strings.Contains(err.Error(), "gone@example.org") || !strings.Contains(err.Error(), "no such user here") || len(sent) != 2 {
		t.Errorf("%v, %v", sent, err)
	}
	if all := s.Letters(); len(all) != 2 || all[1].To[0] != "b@example.org" || s.Dialed() != 1 {
		t.Errorf("%d mails over %d connections", len(all), s.Dialed())
	}
}

// A context that ends closes the connection, whatever the server does.
func TestSendingEndsWithItsContext(t *testing.T) {
	s := rig.StartSMTP(t, rig.SMTPOptions{})
	s.Delay(time.Minute)
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	began := time.Now()
	_, err := came((&Client{}).Send(ctx, settings(t, s, nil, notice.Opportunistic), failure(), to))
	if err == nil || time.Since(began) > 5*time.Second {
		t.Errorf("%v after %s", err, time.Since(began))
	}
}

// parts reads a mail as a mail program does.
func parts(t *testing.T, raw []byte) (netmail.Header, map[string]string) {
	t.Helper()
	m, err := netmail.ReadMessage(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	kind, params, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
	if err != nil || kind != "multipart/alternative" {
		t.Fatal(kind, err)
	}
	out := map[string]string{}
	for r := multipart.NewReader(m.Body, params["boundary"]); ; {
		p, err := r.NextRawPart()
		if err == io.EOF {
			return m.Header, out
		}
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(quotedprintable.NewReader(p))
		if err != nil || p.Header.Get("Content-Transfer-Encoding") != "quoted-printable" {
			t.Fatal(err, p.Header)
		}
		kind, _, _ := mime.ParseMediaType(p.Header.Get("Content-Type"))
		out[kind] = strings.ReplaceAll(string(b), "\r\n", "\n")
	}
}

func TestWhatAMailSays(t *testing.T) {
	s := rig.StartSMTP(t, rig.SMTPOptions{})
	m := login(settings(t, s, nil, notice.Opportunistic), notice.AuthAuto)
	m.User = ""
	if _, err := send(t, m, failure(), to...); err != nil {
		t.Fatal(err)
	}
	raw := s.Letters()[0].Raw
	header, bodies := parts(t, raw)
	subject, err := new(mime.WordDecoder).DecodeHeader(header.Get("Subject"))
	if want := "[urncast production] default FAILED at transaction 48213: Broker: Message size too large (Kafka error 10)"; err != nil || subject != want {
		t.Errorf("the subject is %q, %v", subject, err)
	}
	for name, want := range map[string]string{"Message-Id": "<i1.incident@example.org>", "Auto-Submitted": "auto-generated", "To": "<admin@example.org>",
		"From": `"The Registry" <urncast@example.org>`, "References": "<cause." + strings.Repeat("ab", 16) + "@example.org>"} {
		if header.Get(name) != want {
			t.Errorf("%s is %q, want %q", name, header.Get(name), want)
		}
	}
	if at, err := header.Date(); err != nil || time.Since(at) > time.Minute {
		t.Errorf("the date is %s, %v", at, err)
	}
	for kind, body := range bodies {
		if n := strings.Count(html.UnescapeString(body), "Raise the topic's max.message.bytes."); n != 1 {
			t.Errorf("%s says what to do %d times", kind, n)
		}
	}
	for _, want := range []string{"FAILED at transaction 48213", "<b>Message</b> size & more", "default", "sdmx.structures (fusion-json)", "2026-11-03 09:00:00 UTC",
		"1234 transactions", "A:CL_19(1.0)", "and 3 more", "Raise the topic's max.message.bytes.", "urncast producer start --producer default", "urncast producer skip 48213 --producer default --reason", "https://registry.example.org/urncast/producers/default", "every 24h"} {
		if !strings.Contains(bodies["text/plain"], want) {
			t.Errorf("the text does not say %q:\n%s", want, bodies["text/plain"])
		}
		html := strings.NewReplacer("<b>", "&lt;b&gt;", "</b>", "&lt;/b&gt;", "&", "&amp;", "'", "&#39;").Replace(want)
		html = strings.ReplaceAll(html, "&amp;lt;", "&lt;")
		html = strings.ReplaceAll(html, "&amp;gt;", "&gt;")
		if !strings.Contains(bodies["text/html"], html) {
			t.Errorf("the HTML does not say %q:\n%s", html, bodies["text/html"])
		}
	}
	if strings.Contains(bodies["text/html"], "<b>") || bytes.Contains(raw, []byte(secret)) {
		t.Errorf("what is foreign is not escaped, or a secret shows:\n%s", raw)
	}
}

// Later mails of an incident refer to its first; nothing in a text breaks a header.
func TestThreadsAndSubjects(t *testing.T) {
	s := rig.StartSMTP(t, rig.SMTPOptions{})
	m := settings(t, s, nil, notice.Opportunistic)
	digest, over, asks, away := failure(), failure(), failure(), failure()
	digest.Kind, digest.ID, digest.Since = notice.KindDigest, "i1.digest.1", time.Now().Add(-50*time.Hour)
	over.Kind, over.ID, over.Ended = notice.KindRecovered, "i1.recovered", over.Since.Add(95*time.Minute)
	asks.State, asks.Number, asks.Brief, asks.Cure = producer.Stopped, 0, "Topic t was deleted\r\nBcc: everybody@example.org", ""
	asks.Ask = []producer.Choice{{Name: "baseline", Text: "Publish everything."}, {Name: "continue", Text: "Go on."}}
	away.State, away.Number, away.Since, away.Environment = producer.Degraded, 0, time.Now().Add(-15*time.Minute), ""
	for _, l := range []*notice.Letter{digest, over, asks, away, {Kind: notice.KindTest, ID: "test.1", Thread: "test.1"}} {
		if _, err := send(t, m, l, to...); err != nil {
			t.Fatal(err)
		}
	}
	all := s.Letters()
	for i, want := range []string{"[urncast production] default still FAILED at transaction 48213, for 2 d 2 h: Broker: Message size too large (Kafka error 10)",
		"[urncast production] default publishes again: FAILED at transaction 48213 is over",
		"[urncast production] default STOPPED and asks: Topic t was deleted Bcc: everybody@example.org",
		"[urncast] default DEGRADED for 15 min: Broker: Message size too large (Kafka error 10)",
		"[urncast] a test mail"} {
		header, bodies := parts(t, all[i].Raw)
		subject, err := new(mime.WordDecoder).DecodeHeader(header.Get("Subject"))
		if err != nil || subject != want || header.Get("Bcc") != "" {
			t.Errorf("the subject is %q, want %q; %v, %q", subject, want, err, header.Get("Bcc"))
		}
		if i < 2 && (!strings.HasSuffix(header.Get("References"), "@example.org> <i1.incident@example.org>") || header.Get("In-Reply-To") != "<i1.incident@example.org>") {
			t.Errorf("mail %d refers to %q, answers %q", i, header.Get("References"), header.Get("In-Reply-To"))
		}
		if i == 2 && !strings.Contains(bodies["text/plain"], "urncast producer start --producer default --baseline\n      Publish everything.") {
			t.Errorf("the choices are not shown: %s", bodies["text/plain"])
		}
	}
}
