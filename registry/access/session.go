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

// How long a session lasts: without use, and at most.
const (
	SessionIdle = 2 * time.Hour
	SessionMax  = 12 * time.Hour
)

// A Session is of a browser.
type Session struct {
	ID      string    `json:"id"`
	Account string    `json:"account"` // its name
	BeganAt time.Time `json:"beganAt"`
	SeenAt  time.Time `json:"seenAt"` // within a minute
	EndsAt  time.Time `json:"endsAt"` // at the latest
	Remote  string    `json:"remote"` // last seen from there
	Agent   string    `json:"agent"`  // what the browser says of itself
	Current bool      `json:"current,omitempty"`

	AccountID string `json:"-"` // empty for the administrator whom the process was started with
}

const agentMax = 200

// random makes a secret of 256 bits.
func random() string {
	b := make([]byte, 32)
	_, _ = rand.Read(b) // never fails: crypto/rand ends the program instead
	return base64.RawURLEncoding.EncodeToString(b)
}

func digest(secret string) []byte {
	d := sha256.Sum256([]byte(secret))
	return d[:]
}

// ownDigest is that of a session of the administrator whom the process was started
// with: it ends when the password becomes another. The token is random and not kept,
// so that nobody can try passwords against the digest.
func (c *Control) ownDigest(token string) []byte { return digest(token + "\x00" + c.Password) }

// SignIn begins a session, and returns the secret for the browser's cookie, of which a
// digest alone is kept.
func (c *Control) SignIn(ctx context.Context, name, password, remote, agent string) (secret string, s *Session, err error) {
	p, err := c.Verify(ctx, name, password, remote)
	if err != nil {
		return "", nil, err
	}
	return c.begin(ctx, p, agent)
}

func (c *Control) begin(ctx context.Context, p Principal, agent string) (secret string, s *Session, err error) {
	if c.Store == nil {
		return "", nil, refuse(Conflict, "This server keeps no sessions. Use Basic authentication.")
	}
	now := c.now()
	s = &Session{ID: uuid.NewString(), Account: p.Name, AccountID: p.Account, BeganAt: now, SeenAt: now, EndsAt: now.Add(SessionMax),
		Remote: p.Remote, Agent: strings.ToValidUTF8(agent[:min(len(agent), agentMax)], "")}
	secret = random()
	d := digest(secret)
	if p.Account == "" {
		d = c.ownDigest(secret)
	}
	over := Over{Ended: now, Seen: now.Add(-SessionIdle)}
	if err := c.Store.CreateSession(ctx, s, d, over, p.Actor().Did(ActSignedIn, p.Name, map[string]string{"agent": s.Agent})); err != nil {
		return "", nil, err
	}
	if p.Account != "" {
		c.noted(ctx, c.Store.SignedIn(ctx, p.Account, now))
	}
	return secret, s, nil
}

// Cookie finds whose session a secret is. Who has none, or one that is over, is
// nobody: that is no error.
func (c *Control) Cookie(ctx context.Context, secret, remote string) (Principal, error) {
	nobody := Principal{Remote: remote}
	if c.Store == nil {
		return nobody, nil
	}
	digests := [][]byte{digest(secret)}
	if c.Password != "" {
		digests = append(digests, c.ownDigest(secret))
	}
	s, a, err := c.Store.Session(ctx, digests...)
	if errors.Is(err, registry.ErrNotFound) {
		return nobody, nil
	}
	if err != nil {
		return nobody, err
	}
	now := c.now()
	if !now.Before(s.EndsAt) || now.Sub(s.SeenAt) >= SessionIdle {
		return nobody, nil
	}
	p := Principal{Name: s.Account, Role: Admin, Remote: remote}
	if a != nil {
		if p, err = c.principal(a, remote); err != nil {
			return nobody, nil
		}
	} else if s.Account != c.User {
		return nobody, nil
	}
	p.Session = s.ID
	if now.Sub(s.SeenAt) >= touchEvery {
		c.noted(ctx, c.Store.SeeSession(ctx, s.ID, remote, now))
	}
	return p, nil
}

// noted logs why a use could not be noted: that is no reason to let nobody in.
func (c *Control) noted(ctx context.Context, err error) {
	if err != nil {
		c.log().WarnContext(ctx, "when it was last used could not be noted", "error", err)
	}
}

// Sessions lists one's own sessions, or all for an administrator: those that are not
// over.
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

// EndSession ends one's own session, or anybody's for an administrator.
func (c *Control) EndSession(ctx context.Context, id string) error {
	by := From(ctx)
	if err := unproven(by); err != nil {
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
