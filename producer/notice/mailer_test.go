package notice

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"urncast/internal/secret"
	"urncast/registry"

	"github.com/prometheus/client_golang/prometheus"
)

const mailSecret = "planted-password"

// A memoryMail keeps settings, and a queue of letters, in memory.
type memoryMail struct {
	mu    sync.Mutex
	saved StoredSettings
	acts  []registry.Act
	queue []*Letter
	made  int
}

func (m *memoryMail) MailSettings(context.Context) (*StoredSettings, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	s := m.saved
	return &s, nil
}

func (m *memoryMail) SaveMailSettings(_ context.Context, s *StoredSettings, a registry.Act) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	s.Revision++
	m.saved, m.acts = *s, append(m.acts, a)
	return nil
}

func (m *memoryMail) MakeMails(context.Context) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.made++
	return nil
}

func (m *memoryMail) NextMail(ctx context.Context, send func(context.Context, *Letter, []string) []Delivery) (bool, error) {
	m.mu.Lock()
	if len(m.queue) == 0 {
		m.mu.Unlock()
		return false, nil
	}
	l := m.queue[0]
	m.mu.Unlock()
	sent, err := accepted(send(ctx, l, m.saved.Admins))
	m.mu.Lock()
	defer m.mu.Unlock()
	if err == nil || len(sent) > 0 { // who was refused is the database's matter
		m.queue = m.queue[1:]
	}
	return true, nil
}

func (m *memoryMail) Mails(context.Context, int64, int) ([]Mail, error) { return nil, nil }

func (m *memoryMail) MailQueue(context.Context) (Queue, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return Queue{Waiting: int64(len(m.queue))}, nil
}

func newTestMailer(send func(context.Context, *StoredSettings, *Letter, []string) []Delivery) (*Mailer, *memoryMail) {
	store := &memoryMail{saved: StoredSettings{Settings: goodMail()}}
	m := NewMailer(prometheus.NewRegistry(), Mailer{Store: store, Send: send, Environment: "test", Log: slog.New(slog.DiscardHandler)})
	m.every = time.Millisecond
	return m, store
}

func goodMail() Settings {
	s := Defaults()
	s.Host, s.Sender, s.Admins = "mail.example.org", "urncast@example.org", []string{"a@example.org", "b@example.org"}
	return s
}

// A mail that one address refuses does not hold back the next mail; a mail that all refuse
// does, for a while. The log names the addresses that have a mail.
func TestARoundGoesOnBehindARefusal(t *testing.T) {
	away := false
	m, store := newTestMailer(func(_ context.Context, _ *StoredSettings, l *Letter, to []string) []Delivery {
		if away {
			return refusedAll(to, errors.New("no route to host"))
		}
		return []Delivery{{to[0], nil}, {to[1], errors.New("550 no such user")}}
	})
	letters := []*Letter{{Kind: KindIncident, Producer: "one"}, {Kind: KindIncident, Producer: "two"}}
	store.queue = letters
	if err := m.round(t.Context()); err == nil || err.Error() != "sent to a@example.org, and not to all: 550 no such user" || len(store.queue) > 0 {
		t.Errorf("%v, %d are left", err, len(store.queue))
	}
	away, store.queue = true, letters
	if err := m.round(t.Context()); err == nil || err.Error() != "no route to host" || len(store.queue) != 2 {
		t.Errorf("%v, %d are left", err, len(store.queue))
	}
}

// A process that is to end waits a moment for the mail that is under way.
func TestAMailUnderWayIsFinished(t *testing.T) {
	began, ended := make(chan struct{}), make(chan struct{})
	m, store := newTestMailer(func(ctx context.Context, _ *StoredSettings, _ *Letter, to []string) []Delivery {
		close(began)
		select {
		case <-ctx.Done():
			return refusedAll(to, ctx.Err())
		case <-time.After(200 * time.Millisecond):
			return refusedAll(to, nil)
		}
	})
	store.queue = []*Letter{{Kind: KindIncident, Producer: "default"}}
	ctx, cancel := context.WithCancel(t.Context())
	go func() { m.Run(ctx); close(ended) }()
	<-began
	cancel()
	<-ended
	if len(store.queue) > 0 {
		t.Error("the mail was cut off")
	}
}

func TestMailPasswordGoesInAndDoesNotComeOut(t *testing.T) {
	m, store := newTestMailer(func(_ context.Context, s *StoredSettings, _ *Letter, to []string) []Delivery {
		return refusedAll(to, fmt.Errorf("500 what is %s, %s?", s.Secret, base64.StdEncoding.EncodeToString([]byte("\x00u\x00"+s.Secret))))
	})
	e := goodMail()
	e.User, e.Password = "u", secret.Property{Value: mailSecret}
	save := func(e Settings) (Shown, error) { return m.Save(t.Context(), e, registry.Actor{User: "admin"}) }
	shown, err := save(e)
	if err != nil || !shown.Settings.Password.Set || store.saved.Secret != mailSecret {
		t.Fatal(err, shown)
	}
	if _, err := save(shown.Settings); err != nil || len(store.acts) != 1 { // nothing changed
		t.Error(err, store.acts)
	}
	shown.Settings.Port = 25
	if _, err := save(shown.Settings); err != nil || store.saved.Secret != mailSecret {
		t.Errorf("the password is not kept: %v", err)
	}
	_, err = m.Test(t.Context(), "me@example.org", registry.Actor{User: "admin"})
	var refused *SendError
	if !errors.As(err, &refused) || !strings.Contains(err.Error(), "500 what is (not shown), (not shown)?") || !strings.Contains(err.Error(), "mail.example.org:25") {
		t.Error(err)
	}
	partly := &SendError{Server: "mail.example.org:25", Sent: []string{"a@example.org"}, Err: errors.New("b@example.org is full")}
	if got := partly.Error(); strings.Contains(got, "not sent") || !strings.Contains(got, "was sent over mail.example.org:25 to a@example.org, and not to all: b@example.org is full") {
		t.Error(got)
	}
	all, err := json.Marshal(map[string]any{"shown": shown, "acts": store.acts})
	if err != nil || strings.Contains(string(all), "planted") || !strings.Contains(string(all), `"port":{"from":587,"to":25}`) {
		t.Errorf("%v: %s", err, all)
	}
	if text := fmt.Sprintf("%v %+v %#v %s", store.saved, &store.saved, store.saved, store.saved); strings.Contains(text, "planted") {
		t.Errorf("it shows when printed: %s", text)
	}
	store.saved.Key = errors.New("it is sealed with another key")
	if _, err := save(shown.Settings); err == nil || !strings.Contains(err.Error(), "another key") {
		t.Error(err)
	}
	if _, err := m.Test(t.Context(), "", registry.Actor{}); err == nil || !strings.Contains(err.Error(), "another key") {
		t.Error(err)
	}
	store.saved = StoredSettings{Settings: Defaults()}
	if _, err := m.Test(t.Context(), "", registry.Actor{}); !errors.Is(err, ErrNoServer) {
		t.Error(err)
	}
	e.Password = secret.Property{Set: true}
	if _, err := save(e); err == nil || !strings.Contains(err.Error(), "no password is saved") {
		t.Error(err)
	}
}

func TestMailSettingsThatCannotWork(t *testing.T) {
	for says, change := range map[string]func(*Settings){
		"no host name":                func(s *Settings) { s.Host = "smtp://mail:25" },
		"port 0 is none":              func(s *Settings) { s.Port = 0 },
		`security "ssl" is none`:      func(s *Settings) { s.Security = "ssl" },
		`auth "ntlm" is none`:         func(s *Settings) { s.Auth = "ntlm" },
		"a password and no user":      func(s *Settings) { s.Password.Value = "x" },
		"a user and no password":      func(s *Settings) { s.User = "x" },
		"in the clear":                func(s *Settings) { s.User, s.Password.Value, s.Security, s.Auth = "x", "y", "none", "login" },
		"no certificate in PEM":       func(s *Settings) { s.CA = "x" },
		`sender "" is no address`:     func(s *Settings) { s.Sender = "" },
		"control character":           func(s *Settings) { s.User, s.Password.Value = "x\r\nRCPT TO:<y>", "y" },
		`admins: "x" is no address`:   func(s *Settings) { s.Admins = []string{"x"} },
		"no address to mail to":       func(s *Settings) { s.Admins = nil },
		"producer p has no address":   func(s *Settings) { s.Producers = map[string][]string{"p": {}} },
		"more than 100":               func(s *Settings) { s.Admins = slices.Repeat(s.Admins, 51) },
		"publicUrl is not":            func(s *Settings) { s.PublicURL = "https://u:p@registry.example.org" },
		"degradedAfter is -1m":        func(s *Settings) { s.DegradedAfter = Span(-time.Minute) },
		"digestEvery is 2400h":        func(s *Settings) { s.DigestEvery = Span(2400 * time.Hour) },
		"whole seconds":               func(s *Settings) { s.DigestEvery = Span(time.Millisecond) },
		`p: "a b@x" is no address`:    func(s *Settings) { s.Producers = map[string][]string{"p": {"a b@x"}} },
		`"A <a@x.org>" is no address`: func(s *Settings) { s.Admins = []string{"A <a@x.org>"} },
	} {
		s := goodMail()
		change(&s)
		if err := s.Check(); err == nil || !strings.Contains(strings.ReplaceAll(err.Error(), `\"`, `"`), says) {
			t.Errorf("%v does not say %q", err, says)
		}
	}
	for _, change := range []func(*Settings){
		func(*Settings) {}, func(s *Settings) { *s = Defaults() }, func(s *Settings) { s.Host = "::1" },
		func(s *Settings) { s.Sender = "The Registry <urncast@example.org>" },
		func(s *Settings) { s.User, s.Password.Value, s.Security, s.Auth = "x", "y", "none", "cram-md5" },
	} {
		s := goodMail()
		change(&s)
		if err := s.Check(); err != nil {
			t.Error(err)
		}
	}
}

func TestSpansAreText(t *testing.T) {
	for text, d := range map[string]time.Duration{"15m": 15 * time.Minute, "24h": 24 * time.Hour, "1h30m": 90 * time.Minute, "10s": 10 * time.Second, "0s": 0, "1h0m5s": time.Hour + 5*time.Second} {
		var back Span
		if b, err := Span(d).MarshalText(); err != nil || string(b) != text || back.UnmarshalText(b) != nil || back != Span(d) {
			t.Errorf("%s is %s, and back %s: %v", d, b, time.Duration(back), err)
		}
	}
	if err := new(Span).UnmarshalText([]byte("soon")); err == nil {
		t.Error("soon is a time")
	}
}
