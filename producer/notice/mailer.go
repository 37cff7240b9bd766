package notice

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/mail"
	"slices"
	"strings"
	"time"

	"urncast/internal/match"
	"urncast/internal/secret"
	"urncast/producer"
	"urncast/registry"

	"github.com/prometheus/client_golang/prometheus"
)

// A Kind says what a mail is about.
type Kind string

// The kinds of mail.
const (
	KindIncident  Kind = "incident"  // a producer does not publish
	KindDigest    Kind = "digest"    // it still does not publish
	KindRecovered Kind = "recovered" // it publishes again
	KindTest      Kind = "test"
)

// A Letter is the content of a mail.
type Letter struct {
	Kind Kind
	// ID is unique to the mail. Thread is the same for all mails of a cause. First is the
	// ID of the incident's first mail.
	ID, Thread, First string

	Producer string
	Routes   []producer.Route
	producer.Incident
	Times         int64 // how often the incident was met
	Since         time.Time
	Ended         time.Time // zero while the incident lasts
	RecordedAt    time.Time // of the incident's transaction, if it has one
	Structures    int       // of that transaction
	URNs          []string  // of the first LetterURNs structures
	Pending       int64
	OldestPending time.Time

	Environment string // the name of the installation; may be empty
}

// A Delivery is the result of sending a mail to one address. Err is nil if the mail server
// accepted the mail, else it has the server's words.
type Delivery struct {
	Address string
	Err     error
}

// accepted returns the addresses whose mail was accepted, and the errors of the others joined,
// each once; nil if there are none.
func accepted(all []Delivery) (to []string, err error) {
	var errs []error
	for _, d := range all {
		if d.Err == nil {
			to = append(to, d.Address)
		} else if !slices.ContainsFunc(errs, func(e error) bool { return e.Error() == d.Err.Error() }) {
			errs = append(errs, d.Err)
		}
	}
	return to, errors.Join(errs...)
}

// refusedAll returns deliveries to all addresses that failed with the same error.
func refusedAll(to []string, err error) []Delivery {
	all := make([]Delivery, len(to))
	for i, address := range to {
		all[i] = Delivery{address, err}
	}
	return all
}

// LetterURNs is how many URNs a mail lists.
const LetterURNs = 20

// A Queue is the state of the queue of mails.
type Queue struct {
	Waiting       int64     `json:"waiting"`
	OldestWaiting time.Time `json:"oldestWaiting,omitzero"`
	NextAttempt   time.Time `json:"nextAttempt,omitzero"`
	LastSent      time.Time `json:"lastSent,omitzero"`
	LastError     string    `json:"lastError,omitempty"` // the server's words
	LastErrorAt   time.Time `json:"lastErrorAt,omitzero"`
	// Refusals are the addresses whose mails wait after a failed attempt.
	Refusals []Refusal `json:"refusals,omitempty"`
}

// A Store keeps settings, incidents and the queue of mails.
type Store interface {
	MailSettings(ctx context.Context) (*StoredSettings, error)
	// SaveMailSettings replaces the revision that s names, together with the act, and sets
	// the new revision in s. Waiting mails are then due at once. A *ConflictError says that
	// another revision was saved meanwhile.
	SaveMailSettings(ctx context.Context, s *StoredSettings, a registry.Act) error
	// MakeMails queues the mails that are due, each once however many instances call it,
	// and closes incidents that are over.
	MakeMails(ctx context.Context) error
	// NextMail calls send with the next mail and the addresses for which it is due, while
	// the mail is locked against other instances, and records the deliveries. An address
	// that was refused is tried again later, independently of the others. Each address gets
	// the mails of an incident in order. NextMail returns false if no mail is due.
	NextMail(ctx context.Context, send func(ctx context.Context, l *Letter, to []string) []Delivery) (bool, error)
	MailQueue(ctx context.Context) (Queue, error)
	// Mails lists the newest mails below an id, 0 for all, the newest first.
	Mails(ctx context.Context, below int64, limit int) ([]Mail, error)
}

// A Mailer mails admins about incidents of their producers. It shares only the database with
// the publisher: a slow or dead mail server does not stop publishing.
type Mailer struct {
	Store Store
	// Send sends a mail to each of the addresses and returns a Delivery for each.
	Send func(ctx context.Context, s *StoredSettings, l *Letter, to []string) []Delivery
	// Environment names the installation in subjects; may be empty.
	Environment string
	Log         *slog.Logger

	failures prometheus.Counter
	waiting  *prometheus.Desc
	every    time.Duration // set by tests; mailEvery if 0
}

const (
	mailEvery   = 3 * time.Second
	mailTimeout = 2 * time.Minute // for one mail to all its addresses
	testTimeout = 45 * time.Second
	// mailLastWait is how long a process that is to end waits for a mail that is being
	// sent.
	mailLastWait = 5 * time.Second
)

// NewMailer makes a Mailer and registers its metrics.
func NewMailer(r prometheus.Registerer, m Mailer) *Mailer {
	m.failures = prometheus.NewCounter(prometheus.CounterOpts{Name: "urncast_mail_failures_total",
		Help: "Attempts of this process to send a mail that failed."})
	m.waiting = prometheus.NewDesc("urncast_mail_waiting", "Mails that are waiting to be sent.", nil, nil)
	r.MustRegister(m.failures, &m)
	return &m
}

// Describe implements prometheus.Collector.
func (m *Mailer) Describe(out chan<- *prometheus.Desc) { out <- m.waiting }

// Collect implements prometheus.Collector.
func (m *Mailer) Collect(out chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	q, err := m.Store.MailQueue(ctx)
	if err != nil {
		out <- prometheus.NewInvalidMetric(m.waiting, err)
		return
	}
	out <- prometheus.MustNewConstMetric(m.waiting, prometheus.GaugeValue, float64(q.Waiting))
}

// Run makes and sends mails until ctx ends.
func (m *Mailer) Run(ctx context.Context) {
	every := m.every
	if every == 0 {
		every = mailEvery
	}
	logged := ""
	for ctx.Err() == nil {
		err := m.round(ctx)
		if err == nil {
			logged = ""
		} else if text := match.WithoutFigures(err.Error()); text != logged && ctx.Err() == nil {
			logged = text
			m.Log.Warn("mail cannot be sent; it is kept and tried again", "error", err)
		}
		select {
		case <-time.After(every):
		case <-ctx.Done():
		}
	}
}

// round queues the mails that are due and sends them. It ends at the first mail that no
// address accepts: the next one would most likely fail too, and each may take mailTimeout.
func (m *Mailer) round(ctx context.Context) error {
	if err := m.Store.MakeMails(ctx); err != nil {
		return fmt.Errorf("making the mails that are due: %w", err)
	}
	var partly error // of mails that reached some of their addresses
	for ctx.Err() == nil {
		var sent []string
		var refused error
		found, err := m.Store.NextMail(ctx, func(ctx context.Context, l *Letter, to []string) []Delivery {
			all := m.deliver(ctx, l, to)
			sent, refused = accepted(all)
			return all
		})
		if refused != nil {
			m.failures.Inc()
		}
		switch {
		case refused != nil && len(sent) > 0 && err == nil:
			partly = fmt.Errorf("sent to %s, and not to all: %w", strings.Join(sent, ", "), refused)
		case refused != nil || err != nil:
			return errors.Join(refused, err)
		case !found:
			return partly
		}
	}
	return partly
}

// deliver sends a letter to addresses.
func (m *Mailer) deliver(ctx context.Context, l *Letter, to []string) []Delivery {
	s, err := m.Store.MailSettings(ctx)
	if err != nil {
		return refusedAll(to, err)
	}
	// When the process is to end, a mail that is being sent gets some more time: without
	// the server's answer it would be sent again.
	last, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	defer context.AfterFunc(ctx, func() { time.AfterFunc(mailLastWait, cancel) })()
	return m.send(last, s, l, to, mailTimeout)
}

func (m *Mailer) send(ctx context.Context, s *StoredSettings, l *Letter, to []string, patience time.Duration) []Delivery {
	if s.Key != nil {
		return refusedAll(to, fmt.Errorf("the password of mail user %s cannot be opened: %w", s.User, s.Key))
	}
	l.Environment = m.Environment
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	all := m.Send(ctx, s, l, to)
	for i := range all {
		if all[i].Err != nil {
			all[i].Err = errors.New(redactMail(s).Replace(all[i].Err.Error()))
		}
	}
	return all
}

// redactMail returns a replacer that cuts the password out of a server's answers, which may
// repeat it in the clear or as authentication encodes it.
func redactMail(s *StoredSettings) *strings.Replacer {
	if s.Secret == "" {
		return secret.Redactor()
	}
	return secret.Redactor(s.Secret, base64.StdEncoding.EncodeToString([]byte(s.Secret)),
		base64.StdEncoding.EncodeToString([]byte("\x00"+s.User+"\x00"+s.Secret)))
}

// Shown has the settings without the password, and the state of the queue.
type Shown struct {
	Settings Settings `json:"settings"`
	Queue    Queue    `json:"queue"`
}

// Show returns settings and queue.
func (m *Mailer) Show(ctx context.Context) (Shown, error) {
	s, err := m.Store.MailSettings(ctx)
	if err != nil {
		return Shown{}, err
	}
	q, err := m.Store.MailQueue(ctx)
	return Shown{s.Settings, q}, err
}

// Save replaces all settings. It does not connect to the mail server, which may be down just
// now; Test does.
func (m *Mailer) Save(ctx context.Context, e Settings, by registry.Actor) (Shown, error) {
	was, err := m.Store.MailSettings(ctx)
	if err != nil {
		return Shown{}, err
	}
	if err := e.Check(); err != nil {
		return Shown{}, producer.BadEdit("The mail settings were not saved: %s", err)
	}
	next := &StoredSettings{Settings: e, Secret: e.Password.Value}
	if e.Password.Set {
		switch {
		case was.Key != nil:
			return Shown{}, producer.BadEdit("The mail settings were not saved, because the saved password cannot be kept: %s, or give the password anew", was.Key)
		case was.Secret == "":
			return Shown{}, producer.BadEdit("The mail settings were not saved: no password is saved that could be kept; give it")
		}
		next.Secret = was.Secret
	}
	next.Password = secret.Property{Set: next.Secret != ""}
	changed := mailChanges(was, next)
	if len(changed) == 0 && was.Revision == e.Revision {
		return m.Show(ctx)
	}
	detail, err := json.Marshal(changed)
	if err != nil {
		return Shown{}, err
	}
	if err := m.Store.SaveMailSettings(ctx, next, registry.Act{User: by.User, Remote: by.Remote, Action: ActSaved, Subject: "mail", Detail: detail}); err != nil {
		return Shown{}, err
	}
	return m.Show(ctx)
}

// ErrNoServer says that mail is not set up.
var ErrNoServer = errors.New("no mail server is set: set host, sender and admins first")

// A SendError is the failure of a test mail.
type SendError struct {
	Server string
	Sent   []string // addresses whose mail the server accepted nevertheless
	Err    error
}

// Error has the server's words, and says to whom the mail was sent.
func (e *SendError) Error() string {
	if len(e.Sent) > 0 {
		return fmt.Sprintf("The test mail was sent over %s to %s, and not to all: %s", e.Server, strings.Join(e.Sent, ", "), e.Err)
	}
	return fmt.Sprintf("The test mail was not sent over %s: %s", e.Server, e.Err)
}

// Unwrap returns the cause.
func (e *SendError) Unwrap() error { return e.Err }

// Test sends a test mail with the saved settings to an address, or to all admins if that is
// empty, and returns the addresses whose mail the server accepted.
func (m *Mailer) Test(ctx context.Context, address string, by registry.Actor) ([]string, error) {
	s, err := m.Store.MailSettings(ctx)
	if err != nil {
		return nil, err
	}
	to := s.Admins
	if address != "" {
		parsed, err := mail.ParseAddress(address)
		if err != nil || parsed.Address != address {
			return nil, producer.BadEdit("%q is no address such as admin@example.org", address)
		}
		to = []string{address}
	}
	if s.Host == "" || len(to) == 0 {
		return nil, ErrNoServer
	}
	now := time.Now()
	id := fmt.Sprintf("test.%d", now.UnixNano())
	l := &Letter{Kind: KindTest, ID: id, Thread: id, Since: now, Incident: producer.Incident{Brief: "asked for by " + by.User}}
	sent, err := accepted(m.send(ctx, s, l, to, testTimeout))
	if err != nil {
		return sent, &SendError{Server: s.Server(), Sent: sent, Err: err}
	}
	return sent, nil
}

// A ConflictError says that another revision of the mail settings was saved meanwhile.
type ConflictError struct {
	Base, Now int64
	By        string
	At        time.Time
}

// Error says who saved, and what to do.
func (e *ConflictError) Error() string {
	return fmt.Sprintf("The mail settings are not what this change was made to: %s saved them at %s, as revision %d, and the change is to revision %d. "+
		"Read them again, and repeat the change", e.By, e.At.UTC().Format(time.RFC3339), e.Now, e.Base)
}
