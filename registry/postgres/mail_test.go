package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"urncast/internal/secret"
	"urncast/producer"
	"urncast/producer/notice"
	"urncast/registry"
	"urncast/registry/plan"
	"urncast/registry/postgres"
)

// A mailbox is a database with a producer whose mails are collected in a list.
type mailbox struct {
	t        *testing.T
	registry *plan.Registry
	store    *postgres.Store
	mail     *postgres.MailStore
	hold     producer.Hold

	mu   sync.Mutex
	got  []string // "kind state number", as they came
	fail error    // what sending answers, if it is set
	bad  string   // an address that is refused
	to   []string // "address kind", as they came
}

func newMailbox(t *testing.T) *mailbox {
	r, store := open(t)
	ctx, cancel := context.WithCancel(context.Background())
	t.Cleanup(cancel)
	p, err := producerOf(ctx, store, producer.Config{Routes: []producer.Route{{Topic: "structures"}}}.WithDefaults(), "")
	if err != nil {
		t.Fatal(err)
	}
	b := &mailbox{t: t, registry: r, store: store, mail: store.Mail(keys(t, secret.NewKey()))}
	if b.hold, err = p.Acquire(ctx, nobody); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.hold.Release)
	b.ok(b.hold.Adopt(ctx, producer.Published{}, "system", producer.Cursor{}, 0))
	b.set(func(*notice.StoredSettings) {})
	return b
}

func (b *mailbox) ok(err error) {
	b.t.Helper()
	if err != nil {
		b.t.Fatal(err)
	}
}

// set saves changed settings.
func (b *mailbox) set(change func(*notice.StoredSettings)) {
	b.t.Helper()
	s, err := b.mail.MailSettings(b.t.Context())
	b.ok(err)
	s.Host, s.Sender, s.Admins = "mail.example.org", "urncast@example.org", []string{"a@example.org", "b@example.org"}
	change(s)
	b.ok(b.mail.SaveMailSettings(b.t.Context(), s, act))
}

func (b *mailbox) report(state producer.State, n registry.Number, cause string) {
	b.t.Helper()
	b.ok(b.hold.Report(b.t.Context(), producer.Incident{State: state, Reason: "it is " + cause, Brief: cause, Number: n, Cause: cause}))
}

// submitted records a number of transactions.
func (b *mailbox) submitted(n int) {
	b.t.Helper()
	for range n {
		submit(b.t, b.registry, registry.ModeReplace, codelist(fmt.Sprintf("CL_%d", time.Now().UnixNano()), "1.0", "A"))
	}
}

// idle reports that the producer has recovered and has handled transactions up to a number.
func (b *mailbox) idle(handled registry.Number) {
	b.t.Helper()
	b.ok(b.hold.Move(b.t.Context(), producer.Cursor{Number: handled}, nil))
	b.ok(b.hold.Show(b.t.Context(), producer.Idle, "", nil))
}

func (b *mailbox) send(_ context.Context, l *notice.Letter, to []string) (all []notice.Delivery) {
	b.mu.Lock()
	defer b.mu.Unlock()
	taken := false
	for _, address := range to {
		err := b.fail
		if address == b.bad {
			err = errors.New("550 no such user " + address)
		}
		if err == nil {
			taken = true
			b.to = append(b.to, fmt.Sprintf("%s %s", address, l.Kind))
		}
		all = append(all, notice.Delivery{Address: address, Err: err})
	}
	if taken {
		b.got = append(b.got, fmt.Sprintf("%s %s %d", l.Kind, l.State, l.Number))
	}
	return all
}

// retry makes refused mails due at once.
func (b *mailbox) retry() {
	b.t.Helper()
	_, err := b.store.Pool().Exec(b.t.Context(), `UPDATE mail_refusals SET next_at = now()`)
	b.ok(err)
}

// wantTo checks which mails each address has received, in order.
func (b *mailbox) wantTo(want ...string) {
	b.t.Helper()
	b.round(b.mail)
	b.mu.Lock()
	defer b.mu.Unlock()
	got := slices.Clone(b.to)
	slices.SortStableFunc(got, func(x, y string) int { return strings.Compare(x[:1], y[:1]) })
	if !slices.Equal(got, want) {
		b.t.Errorf("they got %q, want %q", got, want)
	}
}

// round does what each instance does periodically.
func (b *mailbox) round(m *postgres.MailStore) {
	b.t.Helper()
	ctx := context.Background()
	if err := m.MakeMails(ctx); err != nil {
		b.t.Error(err)
	}
	for {
		if found, err := m.NextMail(ctx, b.send); err != nil || !found {
			if err != nil {
				b.t.Error(err)
			}
			return
		}
	}
}

func (b *mailbox) want(want ...string) {
	b.t.Helper()
	b.round(b.mail)
	b.mu.Lock()
	defer b.mu.Unlock()
	if !slices.Equal(b.got, want) {
		b.t.Errorf("mailed %q, want %q", b.got, want)
	}
}

// However often a cause occurs, and however many instances look, it is mailed once.
func TestOneMailForACause(t *testing.T) {
	b := newMailbox(t)
	b.submitted(3)
	b.idle(1)
	var rounds sync.WaitGroup
	for range 6 {
		rounds.Go(func() {
			for range 10 {
				b.round(b.mail)
			}
		})
	}
	for range 20 {
		b.report(producer.Failed, 2, "too large")
		b.ok(b.hold.Show(t.Context(), producer.Recovering, "", nil))
	}
	rounds.Wait()
	b.want("incident FAILED 2")
	b.report(producer.Stopped, 0, "made anew") // another cause is another mail
	b.want("incident FAILED 2", "incident STOPPED 0")

	// Idle is not enough: what it failed at must be handled.
	b.idle(1)
	b.want("incident FAILED 2", "incident STOPPED 0")
	b.idle(2)
	for range 4 {
		rounds.Go(func() { b.round(b.mail) })
	}
	rounds.Wait()
	slices.Sort(b.got) // they were sent side by side
	b.want("incident FAILED 2", "incident STOPPED 0", "recovered FAILED 2", "recovered STOPPED 0")
	b.report(producer.Failed, 3, "too large") // what comes again after it was over is told again
	b.want("incident FAILED 2", "incident STOPPED 0", "recovered FAILED 2", "recovered STOPPED 0", "incident FAILED 3")
}

// State and incident are written by one statement: a holder that has lost its lock writes
// neither.
func TestStateAndIncidentStandTogether(t *testing.T) {
	b := newMailbox(t)
	b.report(producer.Failed, 0, "refused")
	count := func() (state string, incidents int) {
		b.ok(b.store.Pool().QueryRow(t.Context(), `SELECT state, (SELECT count(*) FROM incidents) FROM producers`).Scan(&state, &incidents))
		return state, incidents
	}
	if state, n := count(); state != "FAILED" || n != 1 {
		t.Errorf("%s with %d incidents", state, n)
	}
	_, err := b.store.Pool().Exec(t.Context(), `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND datname = current_database()`)
	b.ok(err)
	if err := b.hold.Report(t.Context(), producer.Incident{State: producer.Stopped, Cause: "another"}); !errors.Is(err, producer.ErrLost) {
		t.Error(err)
	}
	if state, n := count(); state != "FAILED" || n != 1 {
		t.Errorf("after the lock was lost: %s with %d incidents", state, n)
	}
}

// A fault that is over before any instance has looked is mailed all the same, in order.
func TestCuredBeforeItWasMailed(t *testing.T) {
	b := newMailbox(t)
	b.submitted(1)
	b.report(producer.Failed, 1, "too large")
	b.idle(1)
	b.want("incident FAILED 1", "recovered FAILED 1")
}

// A DEGRADED producer is mailed only after a while, and a short outage not at all.
func TestDegradedMailsAfterAWhile(t *testing.T) {
	b := newMailbox(t)
	b.set(func(s *notice.StoredSettings) { s.DegradedAfter = notice.Span(2 * time.Second) })
	b.report(producer.Degraded, 0, "DEGRADED")
	b.want()
	b.idle(0)
	b.want()
	var left int
	b.ok(b.store.Pool().QueryRow(t.Context(), `SELECT count(*) FROM incidents`).Scan(&left))
	if left != 0 {
		t.Errorf("%d incidents are left of a short outage", left)
	}
	b.submitted(1)
	b.report(producer.Degraded, 0, "DEGRADED")
	time.Sleep(1200 * time.Millisecond)
	b.ok(b.hold.Show(t.Context(), producer.Recovering, "", nil)) // each attempt does so
	b.report(producer.Degraded, 0, "DEGRADED")
	b.want()
	time.Sleep(time.Second)
	b.want("incident DEGRADED 0")
	b.idle(0) // recovered, with something to send that may meet it again
	b.want("incident DEGRADED 0")
	b.idle(1)
	b.want("incident DEGRADED 0", "recovered DEGRADED 0")
}

// While an incident lasts, a digest is made periodically, for the newest incident only; none
// while the last mail waits or the producer is suspended.
func TestDigests(t *testing.T) {
	b := newMailbox(t)
	b.set(func(s *notice.StoredSettings) { s.DigestEvery = notice.Span(time.Second) })
	b.report(producer.Failed, 0, "old")
	b.want("incident FAILED 0")
	b.report(producer.Stopped, 0, "new")
	want := []string{"incident FAILED 0", "incident STOPPED 0"}
	b.want(want...)
	for range 2 {
		time.Sleep(1100 * time.Millisecond)
		want = append(want, "digest STOPPED 0")
		b.want(want...)
		b.want(want...)
	}
	b.mu.Lock()
	b.fail = errors.New("the server is away")
	b.mu.Unlock()
	for range 3 {
		time.Sleep(1100 * time.Millisecond)
		b.round(b.mail)
	}
	if q, err := b.mail.MailQueue(t.Context()); err != nil || q.Waiting != 1 || q.LastError != "the server is away" || q.LastErrorAt.IsZero() || q.NextAttempt.Before(time.Now()) {
		t.Errorf("%+v, %v", q, err)
	}
	b.fail = nil
	b.set(func(*notice.StoredSettings) {}) // what waits is due at once
	want = append(want, "digest STOPPED 0")
	b.want(want...)
	b.ok(b.hold.Show(t.Context(), producer.Suspended, "by hand", nil))
	time.Sleep(1100 * time.Millisecond)
	b.want(want...)
}

// Without a mail server no mails are made. When one is set, incidents that still last are
// mailed.
func TestMailThatIsSetLater(t *testing.T) {
	b := newMailbox(t)
	b.set(func(s *notice.StoredSettings) { s.Host = "" })
	b.submitted(1)
	b.report(producer.Stopped, 0, "over soon")
	b.want()
	b.idle(1)
	b.want()
	b.report(producer.Failed, 0, "refused")
	b.want()
	b.set(func(*notice.StoredSettings) {})
	b.want("incident FAILED 0")
}

// The queue survives a restart, with the addresses that have received a mail already.
func TestTheQueueSurvivesARestart(t *testing.T) {
	b := newMailbox(t)
	b.submitted(2)
	b.report(producer.Failed, 2, "too large")
	b.ok(b.mail.MakeMails(t.Context()))
	found, err := b.mail.NextMail(t.Context(), func(_ context.Context, l *notice.Letter, to []string) []notice.Delivery {
		return []notice.Delivery{{Address: to[0]}, {Address: to[1], Err: errors.New(to[1] + " is full")}}
	})
	if !found || err != nil {
		t.Fatal(found, err)
	}
	if found, err := b.mail.NextMail(t.Context(), b.send); found || err != nil {
		t.Errorf("it is tried again at once: %v", err)
	}
	url := b.store.Pool().Config().ConnString()
	again, err := postgres.Open(t.Context(), url)
	b.ok(err)
	defer again.Close()
	b.retry()
	var l *notice.Letter
	var asked []string
	found, err = again.Mail(nil).NextMail(t.Context(), func(_ context.Context, in *notice.Letter, to []string) []notice.Delivery {
		l, asked = in, to
		return []notice.Delivery{{Address: to[0]}}
	})
	if !found || err != nil || !slices.Equal(asked, []string{"b@example.org"}) {
		t.Fatalf("%v, %v, %v", found, err, asked)
	}
	if len(l.URNs) != 1 || l.Structures != 1 || l.RecordedAt.IsZero() || l.Pending != 2 || l.OldestPending.IsZero() || l.Producer != "default" ||
		l.Routes[0].Topic != "structures" || l.ID != l.First || len(l.Thread) != 64 {
		t.Errorf("the letter: %+v", l)
	}
	if q, err := again.Mail(nil).MailQueue(t.Context()); err != nil || q.Waiting != 0 || q.LastSent.IsZero() {
		t.Errorf("%+v, %v", q, err)
	}
}

// A refused address does not keep mails from the others: neither this one, nor digests, nor
// the mail that the incident is over. It is tried by itself and, when it is accepted, receives
// each mail once and in order. The status says who has received what, and no address receives
// a mail twice.
func TestOneRefusalIsThatOnes(t *testing.T) {
	b := newMailbox(t)
	b.set(func(s *notice.StoredSettings) {
		s.Admins, s.DigestEvery = []string{"a@example.org", "b@example.org", "c@example.org", "a@example.org"}, notice.Span(time.Second)
	})
	b.bad = "b@example.org"
	b.submitted(1)
	b.report(producer.Failed, 1, "too large")
	b.wantTo("a@example.org incident", "c@example.org incident")
	b.retry()
	b.wantTo("a@example.org incident", "c@example.org incident")
	shown, err := b.mail.Mails(t.Context(), 0, 10)
	b.ok(err)
	if m := shown[0]; !m.SentAt.IsZero() || !slices.Equal(m.SentTo, []string{"a@example.org", "c@example.org"}) || len(m.Refusals) != 1 ||
		m.Refusals[0].Address != b.bad || m.Refusals[0].Attempts != 2 || m.Refusals[0].Error != "550 no such user b@example.org" ||
		time.Until(m.Refusals[0].NextAttempt) < 8*time.Second || !m.NextAt.Equal(m.Refusals[0].NextAttempt) {
		t.Errorf("it is shown as %+v", m)
	}
	time.Sleep(1100 * time.Millisecond)
	b.wantTo("a@example.org incident", "a@example.org digest", "c@example.org incident", "c@example.org digest")
	time.Sleep(1100 * time.Millisecond)
	b.idle(1)
	b.wantTo("a@example.org incident", "a@example.org digest", "a@example.org recovered",
		"c@example.org incident", "c@example.org digest", "c@example.org recovered")
	q, err := b.mail.MailQueue(t.Context())
	b.ok(err)
	if q.Waiting != 3 || len(q.Refusals) != 1 || q.Refusals[0].Address != b.bad || q.Refusals[0].Mails != 1 || q.LastSent.IsZero() || q.NextAttempt.Before(time.Now()) {
		t.Errorf("the queue is shown as %+v", q)
	}
	b.bad = ""
	b.set(func(s *notice.StoredSettings) { s.Admins = append(s.Admins, "c@example.org") }) // what waits is due at once
	b.wantTo("a@example.org incident", "a@example.org digest", "a@example.org recovered",
		"b@example.org incident", "b@example.org digest", "b@example.org recovered",
		"c@example.org incident", "c@example.org digest", "c@example.org recovered")
	if q, err := b.mail.MailQueue(t.Context()); err != nil || q.Waiting != 0 || len(q.Refusals) != 0 {
		t.Errorf("the queue is shown as %+v, %v", q, err)
	}
}

// Of the digests that an address could not receive only the newest is sent, and an address
// that is removed from the settings is not waited for. A mail that reached somebody is kept,
// even if another address never accepted it.
func TestRefusedMailsEnd(t *testing.T) {
	b := newMailbox(t)
	b.set(func(s *notice.StoredSettings) { s.DigestEvery = notice.Span(time.Second) })
	b.submitted(1)
	b.report(producer.Failed, 1, "too large")
	b.want("incident FAILED 1")
	b.bad = "b@example.org"
	for range 2 {
		time.Sleep(1100 * time.Millisecond)
		b.round(b.mail)
	}
	b.bad = ""
	b.retry()
	b.wantTo("a@example.org incident", "a@example.org digest", "a@example.org digest", "b@example.org incident", "b@example.org digest")
	b.bad = "b@example.org"
	b.set(func(s *notice.StoredSettings) { s.DigestEvery = 0 })
	b.idle(1)
	b.round(b.mail)
	exec(t, b.store, `UPDATE incidents SET ended_at = now() - interval '8 days'`)
	b.round(b.mail)
	if q, err := b.mail.MailQueue(t.Context()); err != nil || q.Waiting != 0 {
		t.Errorf("after seven days the queue is %+v, %v", q, err)
	}
	shown, err := b.mail.Mails(t.Context(), 0, 10)
	if err != nil || len(shown) != 4 || len(shown[0].Refusals) != 1 || shown[0].SentAt.IsZero() {
		t.Errorf("after seven days the mails are %+v, %v", shown, err)
	}
	b.submitted(1)
	b.report(producer.Failed, 2, "too large")
	b.round(b.mail)
	b.set(func(s *notice.StoredSettings) { s.Admins = s.Admins[:1] })
	b.round(b.mail)
	if q, err := b.mail.MailQueue(t.Context()); err != nil || q.Waiting != 0 {
		t.Errorf("without the address that is refused the queue is %+v, %v", q, err)
	}
}

// While one instance waits for a slow server another sends the other mails, none is sent by
// both, and the producer continues meanwhile.
func TestASlowServerHoldsUpNothing(t *testing.T) {
	b := newMailbox(t)
	b.submitted(1)
	b.report(producer.Failed, 1, "first")
	b.ok(b.mail.MakeMails(t.Context()))
	began, answer := make(chan struct{}), make(chan struct{})
	done := make(chan error)
	go func() {
		_, err := b.mail.NextMail(context.Background(), func(ctx context.Context, l *notice.Letter, to []string) []notice.Delivery {
			close(began)
			<-answer
			return b.send(ctx, l, to)
		})
		done <- err
	}()
	<-began
	b.report(producer.Stopped, 0, "second")
	b.want("incident STOPPED 0")
	b.idle(1)
	b.want("incident STOPPED 0", "recovered STOPPED 0") // the other's waits for its first mail
	close(answer)
	b.ok(<-done)
	b.want("incident STOPPED 0", "recovered STOPPED 0", "incident FAILED 1", "recovered FAILED 1")
}

// The password is sealed, rotated with the other secrets, and locked without its key.
func TestMailPasswordIsSealed(t *testing.T) {
	b := newMailbox(t)
	old, fresh := secret.NewKey(), secret.NewKey()
	b.mail = b.store.Mail(keys(t, old))
	b.set(func(s *notice.StoredSettings) {
		s.User, s.Secret = "urncast", "planted-password"
		s.Producers = map[string][]string{"default": {"c@example.org"}}
	})
	var row string
	b.ok(b.store.Pool().QueryRow(t.Context(), `SELECT m::text || encode(m.password, 'escape') FROM mail_settings m`).Scan(&row))
	if strings.Contains(row, "planted") || strings.Contains(row, fmt.Sprintf("%x", "planted")) {
		t.Errorf("the password shows in %s", row)
	}
	r, err := b.store.Connections(keys(t, fresh, old)).Rotate(t.Context(), registry.Actor{User: "admin"})
	if err != nil || r.Sealed != 1 {
		t.Errorf("%+v, %v", r, err)
	}
	for name, c := range map[string]struct {
		ring   *secret.Ring
		secret string
	}{"the new key": {keys(t, fresh), "planted-password"}, "the old key": {keys(t, old), ""}, "none": {nil, ""}} {
		s, err := b.store.Mail(c.ring).MailSettings(t.Context())
		if err != nil || s.Secret != c.secret || (s.Key == nil) != (c.secret != "") || (s.Locked == "") != (c.secret != "") || !s.Password.Set {
			t.Errorf("with %s: %+v, %v", name, s.Settings, err)
		}
	}
	s, err := b.store.Mail(keys(t, fresh)).MailSettings(t.Context())
	b.ok(err)
	if got := s.To("default"); !slices.Equal(got, []string{"c@example.org"}) || !slices.Equal(s.To("other"), s.Admins) {
		t.Errorf("the addresses are %v", got)
	}
	s.Revision--
	var conflict *notice.ConflictError
	if err := b.store.Mail(keys(t, fresh)).SaveMailSettings(t.Context(), s, act); !errors.As(err, &conflict) || conflict.By != "admin" {
		t.Error(err)
	}
	s.Revision++
	if err := b.store.Mail(nil).SaveMailSettings(t.Context(), s, act); !errors.Is(err, secret.ErrNoKey) {
		t.Error(err)
	}
}
