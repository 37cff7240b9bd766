package postgres

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"urncast/registry"
	"urncast/registry/access"
)

// CreateSession implements access.Store.
func (s *AccessStore) CreateSession(ctx context.Context, n *access.Session, digest []byte, over access.Over, act registry.Act) error {
	return s.audited(ctx, act, func(t pgx.Tx) error {
		if _, err := t.Exec(ctx, `DELETE FROM sessions WHERE ends_at < $1 OR seen_at < $2`, over.Ended, over.Seen); err != nil {
			return err
		}
		var account *string
		if n.AccountID != "" {
			account = &n.AccountID
		}
		_, err := t.Exec(ctx, `
			INSERT INTO sessions (id, digest, account, name, began_at, seen_at, ends_at, remote, agent)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
			n.ID, digest, account, n.Account, n.BeganAt, n.SeenAt, n.EndsAt, n.Remote, n.Agent)
		return err
	})
}

const sessionColumns = `s.id, s.account, s.name, s.began_at, s.seen_at, s.ends_at, s.remote, s.agent`

func sessionInto(s *access.Session, account **string) []any {
	return []any{&s.ID, account, &s.Account, &s.BeganAt, &s.SeenAt, &s.EndsAt, &s.Remote, &s.Agent}
}

func scanSession(row pgx.CollectableRow) (access.Session, error) {
	var s access.Session
	var account *string
	err := row.Scan(sessionInto(&s, &account)...)
	if account != nil {
		s.AccountID = *account
	}
	s.BeganAt, s.SeenAt, s.EndsAt = s.BeganAt.UTC(), s.SeenAt.UTC(), s.EndsAt.UTC()
	return s, err
}

// Session implements access.Store.
func (s *AccessStore) Session(ctx context.Context, digests ...[]byte) (*access.Session, *access.Account, error) {
	found, err := queryOne(ctx, s.pool, scanSession, `SELECT `+sessionColumns+` FROM sessions s WHERE s.digest = ANY($1)`, digests)
	if err != nil || found.AccountID == "" {
		return found, nil, err
	}
	a, err := queryOne(ctx, s.pool, scanAccount, `SELECT `+accountColumns+` FROM accounts a WHERE a.id = $1`, found.AccountID)
	return found, a, err
}

// SeeSession implements access.Store.
func (s *AccessStore) SeeSession(ctx context.Context, id, remote string, at time.Time) error {
	_, err := s.pool.Exec(ctx, `UPDATE sessions SET seen_at = greatest(seen_at, $2), remote = $3 WHERE id = $1`, id, at, remote)
	return err
}

// Sessions implements access.Store.
func (s *AccessStore) Sessions(ctx context.Context, name string) ([]access.Session, error) {
	return queryAll(ctx, s.pool, scanSession, `
		SELECT `+sessionColumns+` FROM sessions s WHERE $1 IN ('', s.name) ORDER BY s.began_at DESC, s.id`, name)
}

// EndSession implements access.Store.
func (s *AccessStore) EndSession(ctx context.Context, id string, act registry.Act) error {
	return s.audited(ctx, act, func(t pgx.Tx) error {
		return notFoundIfNone(t.Exec(ctx, `DELETE FROM sessions WHERE id = $1`, id))
	})
}

// CreateToken implements access.Store.
func (s *AccessStore) CreateToken(ctx context.Context, n *access.Token, digest []byte, act registry.Act) error {
	return s.audited(ctx, act, func(t pgx.Tx) error {
		_, err := t.Exec(ctx, `
			INSERT INTO tokens (id, digest, account, name, role, agencies, created_at, expires_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
			n.ID, digest, n.AccountID, n.Name, n.Role.String(), n.Agencies, n.CreatedAt, n.ExpiresAt)
		if isUniqueViolation(err) {
			return access.ErrTaken
		}
		return err
	})
}

const tokenColumns = `k.id, k.account, a.name, k.name, k.role, k.agencies, k.created_at, k.expires_at, k.used_at, k.used_from`

func scanToken(row pgx.CollectableRow) (access.Token, error) {
	var t access.Token
	var role string
	var used *time.Time
	err := row.Scan(&t.ID, &t.AccountID, &t.Account, &t.Name, &role, &t.Agencies, &t.CreatedAt, &t.ExpiresAt, &used, &t.UsedFrom)
	if err != nil {
		return t, err
	}
	t.CreatedAt, t.ExpiresAt, t.UsedAt = t.CreatedAt.UTC(), t.ExpiresAt.UTC(), timeOrZero(used)
	return t, t.Role.UnmarshalText([]byte(role))
}

// Token implements access.Store.
func (s *AccessStore) Token(ctx context.Context, digest []byte) (*access.Token, *access.Account, error) {
	t, err := queryOne(ctx, s.pool, scanToken, `SELECT `+tokenColumns+` FROM tokens k JOIN accounts a ON a.id = k.account WHERE k.digest = $1`, digest)
	if err != nil {
		return nil, nil, err
	}
	a, err := s.Account(ctx, t.Account)
	if err == nil && a.ID != t.AccountID { // deleted, and created again, between the two queries
		err = registry.ErrNotFound
	}
	return t, a, err
}

// UseToken implements access.Store.
func (s *AccessStore) UseToken(ctx context.Context, id, remote string, at time.Time) error {
	_, err := s.pool.Exec(ctx, `UPDATE tokens SET used_at = greatest(used_at, $2), used_from = $3 WHERE id = $1`, id, at, remote)
	return err
}

// Tokens implements access.Store.
func (s *AccessStore) Tokens(ctx context.Context, account string) ([]access.Token, error) {
	return queryAll(ctx, s.pool, scanToken, `
		SELECT `+tokenColumns+` FROM tokens k JOIN accounts a ON a.id = k.account WHERE $1 IN ('', a.name) ORDER BY a.name, k.name`, account)
}

// DeleteToken implements access.Store.
func (s *AccessStore) DeleteToken(ctx context.Context, id string, act registry.Act) error {
	return s.audited(ctx, act, func(t pgx.Tx) error {
		return notFoundIfNone(t.Exec(ctx, `DELETE FROM tokens WHERE id = $1`, id))
	})
}
