package access

import (
	"context"
	"crypto/rand"
	"encoding/base32"
	"errors"
	"fmt"
	"strings"
)

// setUpBytes is the number of random bytes of a set-up code, which are 20 letters and digits.
const setUpBytes = 100 / 8

// Open is called at the start of a process. If the process has an administrator of its own, it
// logs that, and refuses a name that an account has too, because the audit could not tell the
// two apart. Otherwise, if there is no administrator, it makes a set-up code and logs it. Each
// start makes one more code; using one invalidates all.
func (c *Control) Open(ctx context.Context) error {
	if c.hasOwnAdmin() {
		a, err := c.find(ctx, strings.ToLower(c.User))
		switch {
		case err != nil:
			return err
		case a != nil:
			return fmt.Errorf("the administrator of this process is named %s, as an account is: start without a password for him, "+
				"as that account can sign in, or give him another name with --admin-user", c.User)
		}
		c.Log.InfoContext(ctx, "this process has an administrator of its own, who is in no table", "user", c.User)
		return nil
	}
	code := newCode()
	needed, err := c.Store.AddSetUpCode(ctx, digest(normalizeCode(code)))
	if err != nil || !needed {
		return err
	}
	c.Log.WarnContext(ctx, "first run: nobody can sign in as administrator yet; open /setup and give this code to make the first account", "code", code)
	return nil
}

// newCode returns a random code in groups of five, which are easy to copy.
func newCode() string {
	b := make([]byte, setUpBytes)
	_, _ = rand.Read(b) // never fails: crypto/rand ends the program instead
	text := base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(b)
	var groups []string
	for len(text) > 5 {
		groups, text = append(groups, text[:5]), text[5:]
	}
	return strings.Join(append(groups, text), "-")
}

// normalizeCode returns a code without dashes and spaces and in upper case, for comparison.
func normalizeCode(code string) string {
	return strings.ToUpper(strings.Map(func(r rune) rune {
		if r == '-' || r == ' ' {
			return -1
		}
		return r
	}, strings.TrimSpace(code)))
}

// SetUpNeeded reports whether there is no administrator yet.
func (c *Control) SetUpNeeded(ctx context.Context) (bool, error) {
	if c.hasOwnAdmin() {
		return false, nil
	}
	return c.Store.SetUpNeeded(ctx)
}

// SetUp creates the first administrator for a sender who has the code from the log, and begins a
// session.
func (c *Control) SetUp(ctx context.Context, code, name, password, remote, agent string) (secret string, s *Session, err error) {
	switch needed, err := c.SetUpNeeded(ctx); {
	case err != nil:
		return "", nil, err
	case !needed:
		return "", nil, refuse(Conflict, "This registry is set up. Sign in.")
	}
	from := address(remote)
	tried := Attempt{"set-up from " + from, from}
	if wait := c.wait(ctx, tried); wait > 0 {
		return "", nil, c.tooMany(wait)
	}
	if password == "" {
		return "", nil, invalid("password", "The password is missing.")
	}
	a, err := c.newAccount(NewAccount{Name: name, Password: password, Role: Admin}, strings.ToLower(name))
	if err != nil {
		return "", nil, err
	}
	by := Principal{Name: a.Name, Role: Admin, Remote: remote}
	err = c.Store.SetUp(ctx, digest(normalizeCode(code)), a, by.Actor().Did(ActSetUp, a.Name, struct{}{}))
	if errors.Is(err, ErrSetUp) {
		c.fail(ctx, tried)
		c.auditFailure(ctx, nil, "", remote)
	}
	if err != nil {
		return "", nil, err
	}
	by.Account = a.ID
	return c.begin(ctx, by, agent)
}
