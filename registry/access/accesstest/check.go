package accesstest

import (
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"urncast/registry"
	"urncast/registry/access"
)

// Check tests an implementation of access.Store. open returns a new, empty store at each call.
func Check(t *testing.T, open func(*testing.T) access.Store) {
	for name, check := range map[string]func(*testing.T, access.Store){
		"accounts": checkAccounts, "the last administrator stays": checkLastAdmin, "a code is used once": checkSetUp,
		"sessions": checkSessions, "tokens": checkTokens, "the audit": checkActs,
	} {
		t.Run(name, func(t *testing.T) { check(t, open(t)) })
	}
}

var began = time.Date(2026, 11, 26, 9, 0, 0, 0, time.UTC)

func ok(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func is(t *testing.T, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("the error is %v, not %v", err, want)
	}
}

func act(action string) registry.Act {
	return registry.Act{User: "root", Remote: "192.0.2.1:5", Action: action, Subject: "Somebody", Detail: []byte(`{}`)}
}

// last checks the actions in the audit, the last first.
func last(t *testing.T, s access.Store, want ...string) {
	t.Helper()
	acts, err := s.Acts(t.Context(), access.Query{Limit: 100})
	ok(t, err)
	var got []string
	for _, a := range acts {
		got = append(got, a.Action)
	}
	if len(got) != len(want) {
		t.Fatalf("the audit has %q, not %q", got, want)
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("the audit has %q, not %q", got, want)
		}
	}
}

func account(t *testing.T, s access.Store, name string, role access.Role) *access.Account {
	t.Helper()
	a := &access.Account{Name: name, Role: role, Agencies: []string{}, Hash: "digest", HasPassword: true, Revision: 1,
		CreatedAt: began, CreatedBy: "root", ChangedAt: began, ChangedBy: "root"}
	if role == access.Maintainer {
		a.Agencies = []string{"BIS", "SDMX"}
	}
	ok(t, s.CreateAccount(t.Context(), a, act("created "+name)))
	return a
}

func checkAccounts(t *testing.T, s access.Store) {
	ctx := t.Context()
	account(t, s, "bea", access.Reader)
	a := account(t, s, "anna", access.Maintainer)
	is(t, s.CreateAccount(ctx, &access.Account{Name: "anna", Role: access.Reader, Agencies: []string{}}, act("no")), access.ErrTaken)
	got, err := s.Account(ctx, "anna")
	ok(t, err)
	if got.ID != a.ID || got.Hash != "digest" || !got.HasPassword || got.Role != access.Maintainer || len(got.Agencies) != 2 ||
		!got.CreatedAt.Equal(began) || !got.SignedInAt.IsZero() {
		t.Errorf("what came back is %+v", got)
	}
	all, err := s.Accounts(ctx)
	if ok(t, err); len(all) != 2 || all[0].Name != "anna" {
		t.Errorf("all are %+v", all)
	}
	stale := *got
	got.Disabled, got.ChangedBy = true, "bea"
	ok(t, s.ChangeAccount(ctx, got, false, "", false, act("changed")))
	is(t, s.ChangeAccount(ctx, &stale, false, "", false, act("no")), access.ErrChanged)
	ok(t, s.SignedIn(ctx, a.ID, began.Add(time.Hour)))
	again, err := s.Account(ctx, "anna")
	if ok(t, err); !again.Disabled || again.ChangedBy != "bea" || again.Revision != got.Revision || !again.SignedInAt.Equal(began.Add(time.Hour)) {
		t.Errorf("after the change it is %+v, revision %d expected", again, got.Revision)
	}
	ok(t, s.DeleteAccount(ctx, "anna", false, act("deleted")))
	is(t, s.DeleteAccount(ctx, "anna", false, act("no")), registry.ErrNotFound)
	_, err = s.Account(ctx, "anna")
	is(t, err, registry.ErrNotFound)
	last(t, s, "deleted", "changed", "created anna", "created bea")
}

// Of two administrators who take each other's role at the same time, only one succeeds.
func checkLastAdmin(t *testing.T, s access.Store) {
	ctx := t.Context()
	accounts := []*access.Account{account(t, s, "anna", access.Admin), account(t, s, "bea", access.Admin)}
	errs := make([]error, 2)
	var both sync.WaitGroup
	for i, a := range accounts {
		both.Go(func() {
			a.Role = access.Reader
			errs[i] = s.ChangeAccount(ctx, a, false, "", false, act("deposed"))
		})
	}
	both.Wait()
	if (errs[0] == nil) == (errs[1] == nil) || !errors.Is(errors.Join(errs...), access.ErrLastAdmin) {
		t.Fatalf("the errors are %v", errs)
	}
	one := "anna"
	if errs[0] == nil {
		one = "bea"
	}
	is(t, s.DeleteAccount(ctx, one, false, act("no")), access.ErrLastAdmin)
	left, err := s.Account(ctx, one)
	ok(t, err)
	left.Disabled = true
	is(t, s.ChangeAccount(ctx, left, false, "", false, act("no")), access.ErrLastAdmin)
	ok(t, s.DeleteAccount(ctx, one, true, act("deleted")))
	last(t, s, "deleted", "deposed", "created bea", "created anna")
}

func checkSetUp(t *testing.T, s access.Store) {
	ctx := t.Context()
	for _, code := range []string{"one", "two"} {
		needed, err := s.AddSetUpCode(ctx, []byte(code))
		if ok(t, err); !needed {
			t.Error("no set-up is needed")
		}
	}
	first := &access.Account{Name: "anna", Role: access.Admin, Agencies: []string{}, Hash: "h", HasPassword: true, CreatedAt: began}
	is(t, s.SetUp(ctx, []byte("three"), first, act("no")), access.ErrSetUp)
	ok(t, s.SetUp(ctx, []byte("one"), first, act("set up")))
	second := &access.Account{Name: "eve", Role: access.Admin, Agencies: []string{}, Hash: "h", HasPassword: true, CreatedAt: began}
	is(t, s.SetUp(ctx, []byte("two"), second, act("no")), access.ErrSetUp)
	needed, err := s.SetUpNeeded(ctx)
	if ok(t, err); needed {
		t.Error("a set-up is needed after it")
	}
	if needed, err = s.AddSetUpCode(ctx, []byte("four")); needed || err != nil {
		t.Errorf("a code is made although there is an administrator: %v", err)
	}
	last(t, s, "set up")
}

func checkSessions(t *testing.T, s access.Store) {
	ctx := t.Context()
	a := account(t, s, "anna", access.Reader)
	begin := func(id, digest, owner string, at time.Time) {
		n := &access.Session{ID: "11111111-1111-1111-1111-" + id, Account: "anna", AccountID: owner, BeganAt: at, SeenAt: at, EndsAt: at.Add(12 * time.Hour), Remote: "r", Agent: "g"}
		ok(t, s.CreateSession(ctx, n, []byte(digest), access.Over{Ended: at, Seen: at.Add(-2 * time.Hour)}, act("began "+digest)))
	}
	begin("000000000001", "one", a.ID, began)
	begin("000000000002", "two", "", began.Add(time.Hour))
	got, owner, err := s.Session(ctx, []byte("none"), []byte("one"))
	if ok(t, err); owner == nil || owner.Name != "anna" || !got.EndsAt.Equal(began.Add(12*time.Hour)) || got.Remote != "r" || got.Agent != "g" {
		t.Errorf("the session is %+v of %+v", got, owner)
	}
	if _, owner, err = s.Session(ctx, []byte("two")); err != nil || owner != nil {
		t.Errorf("the session without an account is %+v's: %v", owner, err)
	}
	_, _, err = s.Session(ctx, []byte("none"))
	is(t, err, registry.ErrNotFound)
	ok(t, s.SeeSession(ctx, got.ID, "elsewhere", began.Add(90*time.Minute)))
	all, err := s.Sessions(ctx, "")
	if ok(t, err); len(all) != 2 || all[1].Remote != "elsewhere" || !all[1].SeenAt.Equal(began.Add(90*time.Minute)) {
		t.Errorf("all are %+v", all)
	}
	if all, err = s.Sessions(ctx, "bea"); err != nil || len(all) > 0 {
		t.Errorf("those of another are %v, %v", all, err)
	}
	begin("000000000003", "three", a.ID, began.Add(200*time.Minute)) // two was last seen 140 minutes before
	_, _, err = s.Session(ctx, []byte("two"))
	is(t, err, registry.ErrNotFound)
	ok(t, s.ChangeAccount(ctx, a, true, "11111111-1111-1111-1111-000000000003", false, act("changed")))
	_, _, err = s.Session(ctx, []byte("one"))
	is(t, err, registry.ErrNotFound)
	ok(t, s.EndSession(ctx, "11111111-1111-1111-1111-000000000003", act("ended")))
	is(t, s.EndSession(ctx, "11111111-1111-1111-1111-000000000003", act("no")), registry.ErrNotFound)
	last(t, s, "ended", "changed", "began three", "began two", "began one", "created anna")
}

func checkTokens(t *testing.T, s access.Store) {
	ctx := t.Context()
	a := account(t, s, "anna", access.Maintainer)
	k := &access.Token{ID: "22222222-2222-2222-2222-000000000001", AccountID: a.ID, Account: "anna", Name: "ci", Role: access.Maintainer,
		Agencies: []string{"BIS"}, CreatedAt: began, ExpiresAt: began.AddDate(0, 0, 90)}
	ok(t, s.CreateToken(ctx, k, []byte("one"), act("made")))
	twin := *k
	twin.ID = "22222222-2222-2222-2222-000000000002"
	is(t, s.CreateToken(ctx, &twin, []byte("two"), act("no")), access.ErrTaken)
	ok(t, s.UseToken(ctx, k.ID, "there", began.Add(time.Hour)))
	got, owner, err := s.Token(ctx, []byte("one"))
	if ok(t, err); owner.Name != "anna" || got.Name != "ci" || got.Role != access.Maintainer || len(got.Agencies) != 1 ||
		!got.UsedAt.Equal(began.Add(time.Hour)) || got.UsedFrom != "there" || !got.ExpiresAt.Equal(k.ExpiresAt) {
		t.Errorf("the token is %+v of %+v", got, owner)
	}
	_, _, err = s.Token(ctx, []byte("two"))
	is(t, err, registry.ErrNotFound)
	if all, err := s.Tokens(ctx, "anna"); err != nil || len(all) != 1 {
		t.Errorf("anna's are %v, %v", all, err)
	}
	if all, err := s.Tokens(ctx, "bea"); err != nil || len(all) != 0 {
		t.Errorf("bea's are %v, %v", all, err)
	}
	ok(t, s.DeleteToken(ctx, k.ID, act("unmade")))
	is(t, s.DeleteToken(ctx, k.ID, act("no")), registry.ErrNotFound)
	ok(t, s.CreateToken(ctx, k, []byte("one"), act("made again")))
	ok(t, s.DeleteAccount(ctx, "anna", false, act("deleted")))
	_, _, err = s.Token(ctx, []byte("one"))
	is(t, err, registry.ErrNotFound)
	last(t, s, "deleted", "made again", "unmade", "made", "created anna")
}

func checkActs(t *testing.T, s access.Store) {
	ctx := t.Context()
	for i, who := range []string{"anna", "bea", "anna"} {
		a := act([]string{"one", "two", "three"}[i])
		a.User = who
		ok(t, s.Record(ctx, a))
	}
	all, err := s.Acts(ctx, access.Query{Limit: 9, Ascending: true})
	if ok(t, err); len(all) != 3 || all[0].Action != "one" || time.Since(all[0].At) > time.Minute || string(all[0].Detail) != "{}" || all[0].Remote != "192.0.2.1:5" {
		t.Fatalf("all are %+v", all)
	}
	for want, q := range map[string]access.Query{
		"three one":     {User: "anna", Limit: 9},
		"two":           {Action: "two", Limit: 9},
		"three two one": {Subject: "SOME", From: all[0].At, To: all[2].At.Add(time.Second), Limit: 9},
		"":              {Subject: "%", Limit: 9},
		"two three":     {After: all[0].ID, Limit: 9},
		"two one":       {Before: all[2].ID, Limit: 9},
		"three":         {Limit: 1},
		"one two":       {Ascending: true, Limit: 2},
	} {
		found, err := s.Acts(ctx, q)
		ok(t, err)
		got := ""
		for i, a := range found {
			if i > 0 {
				got += " "
			}
			got += a.Action
		}
		if got != want {
			t.Errorf("%+v finds %q, not %q", q, got, want)
		}
	}
	ok(t, s.Record(ctx, act("one")))
	if actions, err := s.Actions(ctx); err != nil || strings.Join(actions, " ") != "one three two" {
		t.Errorf("the actions are %q, %v", actions, err)
	}
	if none, err := s.Acts(ctx, access.Query{To: all[0].At, Limit: 9}); err != nil || len(none) != 0 {
		t.Errorf("before the first there are %v, %v", none, err)
	}
}
