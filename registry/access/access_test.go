package access_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"urncast/registry"
	"urncast/registry/access"
	"urncast/registry/access/accesstest"
)

func TestStoreInMemory(t *testing.T) {
	accesstest.Check(t, func(*testing.T) access.Store { return &accesstest.Store{} })
}

// A house is a Control with a clock that stands still, for one test.
type house struct {
	*access.Control
	t     *testing.T
	store *accesstest.Store
	now   time.Time
	log   strings.Builder
}

func newHouse(t *testing.T) *house {
	h := &house{t: t, store: &accesstest.Store{}, now: time.Date(2026, 11, 26, 9, 0, 0, 0, time.UTC)}
	h.Control = &access.Control{Store: h.store, Failures: accesstest.Uncounted{}, User: "root", Password: "correct-horse", Now: func() time.Time { return h.now },
		Log: slog.New(slog.NewTextHandler(&h.log, nil))}
	return h
}

const (
	password = "four words in a row"
	home     = "192.0.2.1:40000"
)

func (h *house) ok(err error) {
	h.t.Helper()
	if err != nil {
		h.t.Fatal(err)
	}
}

// refused checks the kind of a refusal, and a part of its text.
func (h *house) refused(err error, why access.Why, part string) *access.Refusal {
	h.t.Helper()
	var r *access.Refusal
	if !errors.As(err, &r) || r.Why != why || !strings.Contains(r.Text, part) {
		h.t.Errorf("the error is %v, not one of kind %d with %q", err, why, part)
		return &access.Refusal{}
	}
	return r
}

// as returns the context of a request from an account.
func (h *house) as(name string) context.Context {
	h.t.Helper()
	if name == "root" {
		return access.With(h.t.Context(), access.Principal{Name: "root", Role: access.Admin, Remote: home})
	}
	a, err := h.Account(h.t.Context(), name)
	h.ok(err)
	return access.With(h.t.Context(), access.Principal{Name: name, Role: a.Role, Agencies: a.Agencies, Account: a.ID, Remote: home})
}

func (h *house) create(name string, role access.Role, agencies ...string) {
	h.t.Helper()
	_, err := h.Create(h.as("root"), access.NewAccount{Name: name, Password: password, Role: role, Agencies: agencies})
	h.ok(err)
}

func TestWhoMaintainsWhat(t *testing.T) {
	maintainer := access.Principal{Role: access.Maintainer, Agencies: []string{"SDMX", "BIS.XTD"}}
	for agency, want := range map[string]bool{"SDMX": true, "SDMX.SUB": true, "SDMX.SUB.SUB": true, "SDMXA": false, "BIS": false,
		"BIS.XTD": true, "BIS.XT": false, "BIS.XTD.A": true, "": false} {
		if got := maintainer.Maintains(agency); got != want {
			t.Errorf("%s: %v", agency, got)
		}
		if !(access.Principal{Role: access.Admin}).Maintains(agency) || (access.Principal{Role: access.Reader, Agencies: []string{"SDMX"}}).Maintains(agency) {
			t.Errorf("%s: an admin may, a reader may not", agency)
		}
	}
}

func TestAccountsAreChecked(t *testing.T) {
	h := newHouse(t)
	for part, in := range map[string]access.NewAccount{
		"no/name":                        {Name: "no/name", Password: password, Role: access.Reader},
		"role is missing":                {Name: "a", Password: password},
		"A maintainer needs agencies":    {Name: "a", Password: password, Role: access.Maintainer},
		"for maintainers alone":          {Name: "a", Password: password, Role: access.Admin, Agencies: []string{"SDMX"}},
		`"S DMX" is none`:                {Name: "a", Password: password, Role: access.Maintainer, Agencies: []string{"S DMX"}},
		"11 characters, and needs 12":    {Name: "a", Password: "elevenchars", Role: access.Reader},
		"holds the account's name":       {Name: "margarethe", Password: "Margarethe-2026", Role: access.Reader},
		"a single character over and ov": {Name: "a", Password: "zzzzzzzzzzzz", Role: access.Reader},
	} {
		_, err := h.Create(h.as("root"), in)
		h.refused(err, access.Invalid, part)
	}
	_, err := h.Create(h.as("root"), access.NewAccount{Name: "Root", Password: password, Role: access.Reader})
	h.refused(err, access.Conflict, "started with")
	a, err := h.Create(h.as("root"), access.NewAccount{Name: "Anna", Role: access.Maintainer, Agencies: []string{"SDMX", "BIS", "SDMX"}})
	if h.ok(err); a.Name != "anna" || fmt.Sprint(a.Agencies) != "[BIS SDMX]" || a.HasPassword || a.CreatedBy != "root" {
		t.Errorf("the account is %+v", a)
	}
	_, err = h.Verify(t.Context(), "anna", "", home)
	h.refused(err, access.Unproven, "wrong")
	_, err = h.Create(h.as("root"), access.NewAccount{Name: "ANNA", Role: access.Reader})
	h.refused(err, access.Conflict, "already")
}

// A password signs its account in, and is stored only as a digest.
func TestPasswords(t *testing.T) {
	h := newHouse(t)
	h.create("anna", access.Maintainer, "BIS")
	p, err := h.Verify(t.Context(), "Anna", password, home)
	if h.ok(err); p.Name != "anna" || p.Role != access.Maintainer || !p.Maintains("BIS.X") || p.Remote != home || p.Account == "" {
		t.Errorf("it is %+v", p)
	}
	if p, err = h.Verify(t.Context(), "root", "correct-horse", home); err != nil || p.Role != access.Admin || p.Account != "" {
		t.Errorf("the administrator of the process is %+v, %v", p, err)
	}
	a, err := h.Account(t.Context(), "anna")
	if h.ok(err); !regexp.MustCompile(`^\$argon2id\$v=19\$m=32768,t=2,p=1\$[^$]{22}\$[^$]{43}$`).MatchString(a.Hash) {
		t.Errorf("kept is %s", a.Hash)
	}
	began := time.Now()
	for range 200 { // a digest takes some 50 ms
		_, err = h.Verify(t.Context(), "anna", password, home)
		h.ok(err)
	}
	if took := time.Since(began); took > 2*time.Second {
		t.Errorf("to verify a password again 200 times took %s", took)
	}
	h.ok(h.SetPassword(h.as("root"), "anna", "", "another four words"))
	_, err = h.Verify(t.Context(), "anna", password, home)
	h.refused(err, access.Unproven, "wrong")
	h.refused(h.SetPassword(h.as("anna"), "anna", password, "and four more words"), access.Forbidden, "present password is wrong")
	h.ok(h.SetPassword(h.as("anna"), "anna", "another four words", "and four more words"))
	h.create("bea", access.Reader)
	h.refused(h.SetPassword(h.as("bea"), "anna", "", "and four more words"), access.Forbidden, "needs admin")
	h.refused(h.SetPassword(h.as("bea"), "nobody", "", "and four more words"), access.Forbidden, "needs admin")
	disabled := true
	_, err = h.Change(h.as("root"), "anna", access.AccountEdit{Disabled: &disabled})
	h.ok(err)
	_, err = h.Verify(t.Context(), "anna", "and four more words", home)
	h.refused(err, access.Unproven, "disabled")
	for _, act := range h.acts() {
		if strings.Contains(string(act.Detail), "words") || strings.Contains(string(act.Detail), "argon") {
			t.Errorf("the audit shows a secret: %s", act.Detail)
		}
	}
}

func (h *house) acts() []registry.Act {
	h.t.Helper()
	all, err := h.Acts(h.t.Context(), access.Query{Limit: 1000, Ascending: true})
	h.ok(err)
	return all
}

// Guessing is slowed down, with the time in the refusal, and the wait ends. Failures do not lock
// out an account on an address where it has signed in before, and unknown names do not get into
// the audit.
func TestGuessingIsSlow(t *testing.T) {
	h := newHouse(t)
	h.create("anna", access.Admin)
	_, err := h.Verify(t.Context(), "anna", password, "198.51.100.7:1")
	h.ok(err)
	const bad = "203.0.113.9:%d"
	for i := range 5 {
		_, err := h.Verify(t.Context(), "anna", "wrong", fmt.Sprintf(bad, i))
		h.refused(err, access.Unproven, "wrong")
	}
	_, err = h.Verify(t.Context(), "anna", "wrong", fmt.Sprintf(bad, 9))
	if r := h.refused(err, access.TooMany, "Try again in 6 s, at 09:00:06 UTC"); r.After != 6*time.Second {
		t.Errorf("it waits %s", r.After)
	}
	_, err = h.Verify(t.Context(), "root", "not the password", fmt.Sprintf(bad, 10))
	h.refused(err, access.Unproven, "wrong")
	h.now = h.now.Add(6 * time.Second)
	for i := range 20 { // from many addresses, until the account has to wait
		_, err = h.Verify(t.Context(), "anna", "wrong", fmt.Sprintf("203.0.113.%d:1", 10+i))
		var r *access.Refusal
		if errors.As(err, &r) && r.Why == access.TooMany {
			break
		}
	}
	_, err = h.Verify(t.Context(), "anna", "some other guess", "192.0.2.200:1")
	h.refused(err, access.TooMany, "Try again")
	_, err = h.Verify(t.Context(), "anna", password, "198.51.100.7:2")
	h.ok(err)
	h.now = h.now.Add(2 * time.Minute)
	_, err = h.Verify(t.Context(), "anna", password, "198.51.100.7:2") // the password is not cached any more
	h.ok(err)
	h.now = h.now.Add(16 * time.Minute)
	_, err = h.Verify(t.Context(), "anna", password, fmt.Sprintf(bad, 1))
	h.ok(err)
	_, err = h.Verify(t.Context(), "my secret password", "anna", home)
	h.refused(err, access.Unproven, "wrong")
	failed := 0
	for _, act := range h.acts() {
		if act.Action == access.ActSignInFailed {
			failed++
		}
		if strings.Contains(act.Subject, "secret") {
			t.Errorf("the audit has %q", act.Subject)
		}
	}
	if failed < 20 {
		t.Errorf("the audit has %d failures", failed)
	}
}

// While an account has to wait, a right guess is answered as a wrong one is, even if its owner has just
// signed in elsewhere, so that the answer does not tell whether the guess was right.
func TestARightGuessWaits(t *testing.T) {
	h := newHouse(t)
	h.create("anna", access.Admin)
	const guesser = "203.0.113.9:1"
	for range 5 {
		_, err := h.Verify(t.Context(), "anna", "wrong", guesser)
		h.refused(err, access.Unproven, "wrong")
	}
	_, err := h.Verify(t.Context(), "anna", password, home)
	h.ok(err)
	_, err = h.Verify(t.Context(), "anna", password, guesser)
	h.refused(err, access.TooMany, "Try again")
	_, err = h.Verify(t.Context(), "anna", password, home)
	h.ok(err)
}

// Guesses that are made at the same time have to wait as those one after the other do.
func TestGuessingAtOnceIsSlow(t *testing.T) {
	h := newHouse(t)
	h.create("anna", access.Admin)
	const guesses = 30
	errs := make([]error, guesses)
	var group sync.WaitGroup
	for i := range errs {
		group.Go(func() { _, errs[i] = h.Verify(t.Context(), "anna", fmt.Sprintf("guess %d", i), "203.0.113.9:1") })
	}
	group.Wait()
	why := map[access.Why]int{}
	for _, err := range errs {
		var r *access.Refusal
		if !errors.As(err, &r) {
			t.Fatal(err)
		}
		why[r.Why]++
	}
	if n := why[access.Unproven]; n < 5 || n > 6 || why[access.TooMany] != guesses-n { // two are digested at a time
		t.Errorf("of %d guesses %d were tried, and %d have to wait", guesses, n, why[access.TooMany])
	}
}

// hung is a database that takes connections and does not answer.
type hung struct{}

func (hung) Wait(ctx context.Context, _ access.Attempt) (time.Duration, error) {
	<-ctx.Done()
	return 0, ctx.Err()
}

func (hung) Fail(ctx context.Context, _ access.Attempt) error { <-ctx.Done(); return ctx.Err() }

func (hung) Succeed(ctx context.Context, _ access.Attempt) error { <-ctx.Done(); return ctx.Err() }

// The administrator of the flags signs in while the database hangs, before a page gives up.
func TestAHungDatabaseDoesNotHoldUpTheProcessAdministrator(t *testing.T) {
	t.Parallel()
	c := &access.Control{Failures: hung{}, User: "root", Password: password, Log: slog.New(slog.DiscardHandler)}
	began := time.Now()
	if _, err := c.Verify(t.Context(), "root", password, "203.0.113.9:1"); err != nil || time.Since(began) > 10*time.Second {
		t.Errorf("after %s: %v", time.Since(began), err)
	}
}

// away is a database that refuses connections.
type away struct{}

func (away) Wait(context.Context, access.Attempt) (time.Duration, error) { return 0, errAway }
func (away) Fail(context.Context, access.Attempt) error                  { return errAway }
func (away) Succeed(context.Context, access.Attempt) error               { return errAway }

var errAway = errors.New("connection refused")

// While the database is away, requests with a password do not flood the log.
func TestUncountedFailuresAreLoggedOnceInAWhile(t *testing.T) {
	var log strings.Builder
	now := time.Now()
	c := &access.Control{Failures: away{}, User: "root", Password: password, Log: slog.New(slog.NewTextHandler(&log, nil)), Now: func() time.Time { return now }}
	for i := range 100 {
		if _, err := c.Verify(t.Context(), "root", password, "203.0.113.9:1"); err != nil {
			t.Fatal(err)
		}
		if want := 1 + i/50; strings.Count(log.String(), "connection refused") != want {
			t.Fatalf("after %d requests the log has not %d lines:\n%s", i+1, want, log.String())
		}
		if i == 49 {
			now = now.Add(time.Minute)
		}
	}
}

func TestASessionIsIdleOrOver(t *testing.T) {
	h := newHouse(t)
	h.create("anna", access.Reader)
	begin := func(name, word string) string {
		secret, _, err := h.SignIn(t.Context(), name, word, home, "a browser")
		h.ok(err)
		return secret
	}
	who := func(secret, want string) access.Principal {
		t.Helper()
		p, err := h.Cookie(t.Context(), secret, home)
		if h.ok(err); p.Name != want {
			t.Errorf("at %s it is %q, not %q", h.now, p.Name, want)
		}
		return p
	}
	first, own := begin("anna", password), begin("root", "correct-horse")
	if p := who(own, "root"); p.Role != access.Admin || p.Session == "" {
		t.Errorf("it is %+v", p)
	}
	who("nonsense", "")
	for range 7 {
		h.now = h.now.Add(100 * time.Minute)
		who(first, "anna")
	}
	h.now = h.now.Add(20 * time.Minute) // 12 hours
	who(first, "")
	second := begin("anna", password)
	h.now = h.now.Add(access.SessionIdle)
	who(second, "")

	third, fourth := begin("anna", password), begin("anna", password)
	p := who(fourth, "anna")
	h.ok(h.SetPassword(access.With(t.Context(), p), "anna", password, "another four words"))
	who(third, "")
	who(fourth, "anna")
	own = begin("root", "correct-horse")
	h.Password = "another-horse"
	who(own, "")
	h.Password = ""
	who(own, "")
}

func TestSessionsAreOnesOwn(t *testing.T) {
	h := newHouse(t)
	h.create("anna", access.Reader)
	h.create("bea", access.Reader)
	_, s, err := h.SignIn(t.Context(), "anna", password, home, "a browser")
	h.ok(err)
	_, _, err = h.SignIn(t.Context(), "bea", password, home, "a browser")
	h.ok(err)
	for who, want := range map[string]int{"anna": 1, "bea": 1, "root": 2} {
		if all, err := h.Sessions(h.as(who)); err != nil || len(all) != want {
			t.Errorf("%s sees %v, %v", who, all, err)
		}
	}
	h.refused(h.EndSession(h.as("bea"), s.ID), access.NotThere, "of yours")
	h.ok(h.EndSession(h.as("root"), s.ID))
	h.refused(h.EndSession(h.as("anna"), s.ID), access.NotThere, "ended already")
}

func TestTokensAreNeverMoreThanTheirAccount(t *testing.T) {
	h := newHouse(t)
	h.create("anna", access.Maintainer, "BIS", "SDMX")
	h.create("bea", access.Reader)
	h.create("carl", access.Admin)
	for part, c := range map[string]struct {
		who string
		in  access.NewToken
	}{
		"above anna's":                 {"anna", access.NewToken{Name: "t", Role: access.Admin}},
		"ECB is none of anna's":        {"anna", access.NewToken{Name: "t", Agencies: []string{"ECB"}}},
		"needs agencies":               {"carl", access.NewToken{Name: "t", Role: access.Maintainer}},
		"narrow a maintainer's":        {"bea", access.NewToken{Name: "t", Agencies: []string{"BIS"}}},
		"from 1 to 366 days, not 1000": {"bea", access.NewToken{Name: "t", Days: 1000}},
		"none for a token":             {"bea", access.NewToken{}},
	} {
		_, err := h.CreateToken(h.as(c.who), c.in)
		h.refused(err, access.Invalid, part)
	}
	_, err := h.CreateToken(h.as("bea"), access.NewToken{Account: "anna", Name: "t"})
	h.refused(err, access.Forbidden, "needs admin")
	_, err = h.CreateToken(h.as("root"), access.NewToken{Name: "t"})
	h.refused(err, access.Conflict, "Make an account for the program")

	made, err := h.CreateToken(h.as("anna"), access.NewToken{Name: "ci", Agencies: []string{"BIS.XTD"}})
	if h.ok(err); !strings.HasPrefix(made.Secret, "urncast_") || len(made.Secret) < 51 {
		t.Errorf("the token is %q", made.Secret)
	}
	p, err := h.Bearer(t.Context(), made.Secret, home)
	if h.ok(err); !p.Maintains("BIS.XTD") || p.Maintains("BIS") || p.Name != "anna" || p.From() != home+" by token ci" {
		t.Errorf("it is %+v", p)
	}
	h.refused(h.Delete(access.With(t.Context(), p), "bea"), access.Forbidden, "token may not")
	_, err = h.CreateToken(access.With(t.Context(), p), access.NewToken{Name: "more"})
	h.refused(err, access.Forbidden, "token may not")

	agencies, reader := []string{"SDMX"}, access.Reader
	_, err = h.Change(h.as("root"), "anna", access.AccountEdit{Agencies: &agencies})
	h.ok(err)
	if p, err = h.Bearer(t.Context(), made.Secret, home); err != nil || p.Maintains("BIS.XTD") {
		t.Errorf("it keeps an agency that its account has lost: %+v, %v", p, err)
	}
	_, err = h.Change(h.as("root"), "anna", access.AccountEdit{Role: &reader})
	h.ok(err)
	if p, err = h.Bearer(t.Context(), made.Secret, home); err != nil || p.Role != access.Reader {
		t.Errorf("it keeps a role that its account has lost: %+v, %v", p, err)
	}
	h.now = h.now.AddDate(0, 0, 90)
	_, err = h.Bearer(t.Context(), made.Secret, home)
	h.refused(err, access.Unproven, "expired at 2027-02-24")
	h.refused(h.DeleteToken(h.as("bea"), made.ID), access.NotThere, "of yours")
	h.ok(h.DeleteToken(h.as("anna"), made.ID))
	_, err = h.Bearer(t.Context(), made.Secret, home)
	h.refused(err, access.Unproven, "not valid")
}

// An administrator of the process with the name of an account, in any case, is refused.
func TestProcessAdministratorIsNoAccount(t *testing.T) {
	h := newHouse(t)
	h.create("anna", access.Reader)
	h.User = "Anna"
	if err := h.Open(t.Context()); err == nil || !strings.Contains(err.Error(), "named Anna, as an account is") || !strings.Contains(err.Error(), "--admin-user") {
		t.Errorf("the error is %v", err)
	}
	h.Password = "" // without a password there is none
	h.ok(h.Open(t.Context()))
}

// The set-up code is in the log and works once; none is made if there is an administrator.
func TestSetUp(t *testing.T) {
	h := newHouse(t)
	h.ok(h.Open(t.Context()))
	if strings.Contains(h.log.String(), "code=") {
		t.Error("a code is made although the process has an administrator")
	}
	if !strings.Contains(h.log.String(), "administrator of its own") || !strings.Contains(h.log.String(), "user=root") {
		t.Errorf("the log does not say who the administrator is: %s", h.log.String())
	}
	h.Password = ""
	h.ok(h.Open(t.Context()))
	code := regexp.MustCompile(`code=([A-Z2-7-]{23})\n`).FindStringSubmatch(h.log.String())
	if code == nil {
		t.Fatalf("the log has no code: %s", h.log.String())
	}
	_, _, err := h.SetUp(t.Context(), "AAAAA-AAAAA-AAAAA-AAAAA", "anna", password, home, "b")
	h.refused(err, access.Unproven, "in the log")
	_, _, err = h.SetUp(t.Context(), code[1], "anna", "short", home, "b")
	h.refused(err, access.Invalid, "needs 12")
	secret, _, err := h.SetUp(t.Context(), " "+strings.ToLower(strings.ReplaceAll(code[1], "-", " ")), "Anna", password, home, "b")
	h.ok(err)
	if p, err := h.Cookie(t.Context(), secret, home); err != nil || p.Name != "anna" || p.Role != access.Admin {
		t.Errorf("signed in is %+v, %v", p, err)
	}
	_, _, err = h.SetUp(t.Context(), code[1], "eve", password, home, "b")
	h.refused(err, access.Conflict, "is set up")
	h.refused(h.Delete(h.as("anna"), "anna"), access.Conflict, "last administrator")
}
