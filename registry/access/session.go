package access

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"strings"
	"time"

	"github.com/google/uuid"

	"urncast/registry"
)

// How long a session lasts without use, and at most.
const (
	SessionIdle = 2 * time.Hour
	SessionMax  = 12 * time.Hour
)

// A Session is a browser's session.
type Session struct {
	ID      string    `json:"id"`
	Account string    `json:"account"` // name of the account
	BeganAt time.Time `json:"beganAt"`
	SeenAt  time.Time `json:"seenAt"` // last use, up to touchEvery behind
	EndsAt  time.Time `json:"endsAt"` // at the latest
	Remote  string    `json:"remote"` // address of the last use
	Agent   string    `json:"agent"`  // the User-Agent header
	Current bool      `json:"current,omitempty"`

	AccountID string `json:"-"` // empty for the administrator with whom the process was started
}

const agentMax = 200

// newSecret returns a random secret of 256 bits, in base64url.
func newSecret() string {
	b := make([]byte, 32)
	_, _ = rand.Read(b) // never fails: crypto/rand ends the program instead
	return base64.RawURLEncoding.EncodeToString(b)
}

// digest returns the digest under which a secret is stored and found.
func digest(secret string) []byte {
	d := sha256.Sum256([]byte(secret))
	return d[:]
}

// ownAdminDigest returns the digest for a session of the process's own administrator. It
// includes the password, so that the session ends when that is changed. Passwords cannot be
// tried against a stored digest, because the secret is random and not stored.
func (c *Control) ownAdminDigest(token string) []byte { return digest(token + "\x00" + c.Password) }

// SignIn verifies name and password and begins a session. It returns the secret for the
// browser's cookie, of which only a digest is stored.
func (c *Control) SignIn(ctx context.Context, name, password, remote, agent string) (secret string, s *Session, err error) {
	p, err := c.Verify(ctx, name, password, remote)
	if err != nil {
		return "", nil, err
	}
	return c.begin(ctx, p, agent)
}

// begin begins a session of a principal.
func (c *Control) begin(ctx context.Context, p Principal, agent string) (secret string, s *Session, err error) {
	now := c.now()
	s = &Session{ID: uuid.NewString(), Account: p.Name, AccountID: p.Account, BeganAt: now, SeenAt: now, EndsAt: now.Add(SessionMax),
		Remote: p.Remote, Agent: strings.ToValidUTF8(agent[:min(len(agent), agentMax)], "")}
	secret = newSecret()
	d := digest(secret)
	if p.Account == "" {
		d = c.ownAdminDigest(secret)
	}
	over := Over{Ended: now, Seen: now.Add(-SessionIdle)}
	if err := c.Store.CreateSession(ctx, s, d, over, p.Actor().Did(ActSignedIn, p.Name, map[string]string{"agent": s.Agent})); err != nil {
		return "", nil, err
	}
	if p.Account != "" {
		c.logUnrecorded(ctx, c.Store.SignedIn(ctx, p.Account, now))
	}
	return secret, s, nil
}

// Cookie returns the principal of the session with a secret. If there is no such session, or it
// is over, the principal has no name; that is not an error.
func (c *Control) Cookie(ctx context.Context, secret, remote string) (Principal, error) {
	anonymous := Principal{Remote: remote}
	digests := [][]byte{digest(secret)}
	if c.Password != "" {
		digests = append(digests, c.ownAdminDigest(secret))
	}
	s, a, err := c.Store.Session(ctx, digests...)
	if errors.Is(err, registry.ErrNotFound) {
		return anonymous, nil
	}
	if err != nil {
		return anonymous, err
	}
	now := c.now()
	if !now.Before(s.EndsAt) || now.Sub(s.SeenAt) >= SessionIdle {
		return anonymous, nil
	}
	p := Principal{Name: s.Account, Role: Admin, Remote: remote}
	if a != nil {
		if p, err = c.principal(a, remote); err != nil {
			return anonymous, nil
		}
	} else if s.Account != c.User {
		return anonymous, nil
	}
	p.Session = s.ID
	if now.Sub(s.SeenAt) >= touchEvery {
		c.logUnrecorded(ctx, c.Store.SeeSession(ctx, s.ID, remote, now))
	}
	return p, nil
}

// logUnrecorded logs that the last use of an account, session or token could not be recorded.
// The request goes on.
func (c *Control) logUnrecorded(ctx context.Context, err error) {
	if err != nil {
		c.Log.WarnContext(ctx, "the last use of an account, session or token could not be recorded", "error", err)
	}
}

// Sessions returns the sender's open sessions, or all open ones for an administrator.
func (c *Control) Sessions(ctx context.Context) ([]Session, error) {
	by := From(ctx)
	name := by.Name
	if by.Role == Admin {
		name = ""
	}
	all, err := c.Store.Sessions(ctx, name)
	now, out := c.now(), []Session{}
	for _, s := range all {
		if now.Before(s.EndsAt) && now.Sub(s.SeenAt) < SessionIdle {
			s.Current = s.ID == by.Session
			out = append(out, s)
		}
	}
	return out, err
}

// EndSession ends a session of the sender, or any session for an administrator.
func (c *Control) EndSession(ctx context.Context, id string) error {
	by := From(ctx)
	if err := refuseToken(by); err != nil {
		return err
	}
	all, err := c.Sessions(ctx)
	if err != nil {
		return err
	}
	for _, s := range all {
		if s.ID == id {
			err := c.Store.EndSession(ctx, id, by.Actor().Did(ActSessionEnded, s.Account, map[string]any{"beganAt": s.BeganAt.Truncate(time.Second), "remote": s.Remote}))
			if !errors.Is(err, registry.ErrNotFound) {
				return err
			}
		}
	}
	return refuse(NotThere, "There is no session %q of yours: it may have ended already.", id)
}
