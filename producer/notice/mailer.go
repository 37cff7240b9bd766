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

// A MailKind says what a mail is about.
type Kind string

// The kinds of mail.
const (
	KindIncident  Kind = "incident"  // a producer does not publish
	KindDigest    Kind = "digest"    // and still does not
	KindRecovered Kind = "recovered" // and does again
	KindTest      Kind = "test"
)

// A Letter is everything that a mail says.
type Letter struct {
	Kind Kind
	// ID is unlike that of any other mail. Thread is the same for all mails of a
	// cause, First for all of one incident: the ID of its first mail.
	ID, Thread, First string

	Producer string
	Routes   []producer.Route
	producer.Incident
	Times         int64 // that it was met
	Since         time.Time
	Ended         time.Time // zero while it lasts
	RecordedAt    time.Time // of the transaction, if there is one
	Structures    int       // that it has
	URNs          []string  // the first of them
	Pending       int64
	OldestPending time.Time

	Environment string // the name of the installation; may be empty
}

// A Delivery says what became of a mail to one address: its error has the mail server's
// words, and is nil if the server took it.
type Delivery struct {
	Address string
	Err     error
}

// taken gives the addresses whose mail was taken, and an error with the words for the others;
// nil if there are none.
func taken(all []Delivery) (to []string, err error) {
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

// refusedAll are deliveries of which none came about, for one reason.
func refusedAll(to []string, err error) []Delivery {
	all := make([]Delivery, len(to))
	for i, address := range to {
		all[i] = Delivery{address, err}
	}
	return all
}

// LetterURNs is how many URNs a mail lists.
const LetterURNs = 20

// A MailQueue shows how it stands with the mails.
type Queue struct {
	Waiting       int64     `json:"waiting"`
	OldestWaiting time.Time `json:"oldestWaiting,omitzero"`
	NextAttempt   time.Time `json:"nextAttempt,omitzero"`
	LastSent      time.Time `json:"lastSent,omitzero"`
	LastError     string    `json:"lastError,omitempty"` // the server's words
	LastErrorAt   time.Time `json:"lastErrorAt,omitzero"`
	// Refusals are the addresses that mails wait for after an attempt that failed.
	Refusals []Refusal `json:"refusals,omitempty"`
}

// A MailRefusal is an address to which a mail, or mails, could not be sent yet, and what
// the last attempt came to.
type Refusal struct {
	Address     string    `json:"address"`
	Mails       int       `json:"mails"` // that wait for it
	Attempts    int       `json:"attempts"`
	Error       string    `json:"error"` // the server's words
	NextAttempt time.Time `json:"nextAttempt"`
}

// A Mailed is one mail, sent or waiting.
type Mail struct {
	ID       int64
	Kind     Kind
	Producer string
	Brief    string // what it is about
	MadeAt   time.Time
	SentAt   time.Time // since when nobody waits for it; zero while somebody does
	SentTo   []string
	Refusals []Refusal // to whom it could not be sent when it was tried last
	Attempts int       // that failed, for one address or more
	Error    string
	NextAt   time.Time // of the next attempt
}

// A MailStore keeps settings, incidents and the queue of mails.
type Store interface {
	MailSettings(ctx context.Context) (*StoredSettings, error)
	// SaveMailSettings writes settings onto the revision that they name, together
	// with the act, and sets the new revision. What waits is due at once then. A
	// *MailConflictError says that others were saved meanwhile.
	SaveMailSettings(ctx context.Context, s *StoredSettings, a registry.Act) error
	// MakeMails makes the mails that are due, each once however many instances
	// call it, and closes what is over.
	MakeMails(ctx context.Context) error
	// NextMail hands the next mail to send, with the addresses for which it is due, while no other
	// instance can take it. It records what send says of each: one that was refused is put off by
	// itself, and each address is given the mails of an incident in their order. It gives false
	// if no mail is due.
	NextMail(ctx context.Context, send func(ctx context.Context, l *Letter, to []string) []Delivery) (bool, error)
	MailQueue(ctx context.Context) (Queue, error)
	// Mails lists the newest mails below an id, 0 for all, the newest first.
	Mails(ctx context.Context, below int64, limit int) ([]Mail, error)
}

// A Mailer mails admins what their producers meet. It shares nothing with the
// publisher but the database: a mail server that is slow or dead stops nothing.
type Mailer struct {
	Store Store
	// Send sends a mail to each of the addresses, and says of each what became of it.
	Send func(ctx context.Context, s *StoredSettings, l *Letter, to []string) []Delivery
	// Environment names the installation in subjects; may be empty.
	Environment string
	Log         *slog.Logger

	failures prometheus.Counter
	waiting  *prometheus.Desc
	every    time.Duration // of tests; mailEvery if 0
}

const (
	mailEvery   = 3 * time.Second
	mailTimeout = 2 * time.Minute // for one mail to all its addresses
	testTimeout = 45 * time.Second
	// mailLastWait is how long a mail that is under way keeps a process that ends.
	mailLastWait = 5 * time.Second
)

// NewMailer makes a Mailer and registers its figures.
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
	said := ""
	for ctx.Err() == nil {
		err := m.round(ctx)
		if err == nil {
			said = ""
		} else if text := match.WithoutFigures(err.Error()); text != said && ctx.Err() == nil { // else the log has it
			said = text
			m.Log.Warn("mail cannot be sent; it is kept and tried again", "error", err)
		}
		select {
		case <-time.After(every):
		case <-ctx.Done():
		}
	}
}

// round makes what is due and sends it. It ends at the first mail that is taken for nobody: the
// next one most likely would not be, either, and each may take as long as the patience is.
func (m *Mailer) round(ctx context.Context) error {
	if err := m.Store.MakeMails(ctx); err != nil {
		return fmt.Errorf("making the mails that are due: %w", err)
	}
	var partly error // of mails that some have and others do not
	for ctx.Err() == nil {
		var sent []string
		var refused error
		found, err := m.Store.NextMail(ctx, func(ctx context.Context, l *Letter, to []string) []Delivery {
			all := m.deliver(ctx, l, to)
			sent, refused = taken(all)
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
	// A mail that is under way when the process is to end is given some time more:
	// one whose answer is not waited for may be sent twice.
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

// redactMail cuts the password out of what a server answers, who may repeat what
// was sent to it: as it is, and as authentication encodes it.
func redactMail(s *StoredSettings) *strings.Replacer {
	if s.Secret == "" {
		return secret.Redactor()
	}
	return secret.Redactor(s.Secret, base64.StdEncoding.EncodeToString([]byte(s.Secret)),
		base64.StdEncoding.EncodeToString([]byte("\x00"+s.User+"\x00"+s.Secret)))
}

// MailShown is everything about mail that may be seen.
type Shown struct {
	Settings Settings `json:"settings"`
	Queue    Queue    `json:"queue"`
}

// Show shows settings and queue.
func (m *Mailer) Show(ctx context.Context) (Shown, error) {
	s, err := m.Store.MailSettings(ctx)
	if err != nil {
		return Shown{}, err
	}
	q, err := m.Store.MailQueue(ctx)
	return Shown{s.Settings, q}, err
}

// Save saves settings, whole. It does not try them: the mail server may be away
// just now, and Test says more.
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

// ErrNoMail says that there is nothing to send a mail with.
var ErrNoServer = errors.New("no mail server is set: set host, sender and admins first")

// A MailError carries what the mail server answered.
type SendError struct {
	Server string
	Sent   []string // whose mail was taken all the same
	Err    error
}

// Error gives the server's words, and says to whom the mail was sent.
func (e *SendError) Error() string {
	if len(e.Sent) > 0 {
		return fmt.Sprintf("The test mail was sent over %s to %s, and not to all: %s", e.Server, strings.Join(e.Sent, ", "), e.Err)
	}
	return fmt.Sprintf("The test mail was not sent over %s: %s", e.Server, e.Err)
}

// Unwrap gives the cause.
func (e *SendError) Unwrap() error { return e.Err }

// Test sends a test mail to an address, or to all admins if it is empty, with the
// settings that are saved, and gives those to whom the server took it.
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
	sent, err := taken(m.send(ctx, s, l, to, testTimeout))
	if err != nil {
		return sent, &SendError{Server: s.Server(), Sent: sent, Err: err}
	}
	return sent, nil
}

// A MailConflictError says that mail settings were saved meanwhile.
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
