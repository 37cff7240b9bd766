package postgres

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"urncast/registry"
	"urncast/registry/access"
)

// An AccessStore keeps accounts, sessions and tokens, and reads the audit. It
// implements access.Store.
type AccessStore struct{ *Store }

// Access returns the store of accounts.
func (s *Store) Access() *AccessStore { return &AccessStore{s} }

const accountColumns = `a.id, a.name, a.password, a.role, a.agencies, a.disabled, a.revision,
	a.created_at, a.created_by, a.changed_at, a.changed_by, a.signed_in_at`

// An accountRow is what of an account is scanned.
type accountRow struct {
	access.Account
	role   string
	signed *time.Time
}

func (r *accountRow) into() []any {
	a := &r.Account
	return []any{&a.ID, &a.Name, &a.Hash, &r.role, &a.Agencies, &a.Disabled, &a.Revision,
		&a.CreatedAt, &a.CreatedBy, &a.ChangedAt, &a.ChangedBy, &r.signed}
}

func (r *accountRow) account() (*access.Account, error) {
	a := &r.Account
	a.HasPassword = a.Hash != ""
	a.CreatedAt, a.ChangedAt, a.SignedInAt = a.CreatedAt.UTC(), a.ChangedAt.UTC(), timeOf(r.signed)
	return a, a.Role.UnmarshalText([]byte(r.role))
}

func timeOf(t *time.Time) time.Time {
	if t == nil {
		return time.Time{}
	}
	return t.UTC()
}

func scanAccount(row pgx.CollectableRow) (access.Account, error) {
	var r accountRow
	if err := row.Scan(r.into()...); err != nil {
		return access.Account{}, err
	}
	a, err := r.account()
	return *a, err
}

// one returns the row of a query, registry.ErrNotFound if there is none.
func one[T any](ctx context.Context, s *AccessStore, scan pgx.RowToFunc[T], sql string, args ...any) (*T, error) {
	rows, err := s.pool.Query(ctx, sql, args...)
	if err != nil {
		return nil, err
	}
	v, err := pgx.CollectExactlyOneRow(rows, scan)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, registry.ErrNotFound
	}
	return &v, err
}

func all[T any](ctx context.Context, s *AccessStore, scan pgx.RowToFunc[T], sql string, args ...any) ([]T, error) {
	rows, err := s.pool.Query(ctx, sql, args...)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, scan)
}

// Account implements access.Store.
func (s *AccessStore) Account(ctx context.Context, name string) (*access.Account, error) {
	return one(ctx, s, scanAccount, `SELECT `+accountColumns+` FROM accounts a WHERE a.name = $1`, name)
}

// Accounts implements access.Store.
func (s *AccessStore) Accounts(ctx context.Context) ([]access.Account, error) {
	return all(ctx, s, scanAccount, `SELECT `+accountColumns+` FROM accounts a ORDER BY a.name`)
}

// audited runs a change and records it, both or neither.
func (s *AccessStore) audited(ctx context.Context, a registry.Act, change func(pgx.Tx) error) error {
	return pgx.BeginFunc(ctx, s.pool, func(t pgx.Tx) error {
		if err := change(t); err != nil {
			return err
		}
		return audit(ctx, t, registry.Act(a))
	})
}

// taken reports whether an error is of a name that is taken.
func taken(err error) bool {
	var e *pgconn.PgError
	return errors.As(err, &e) && e.Code == "23505"
}

func insertAccount(ctx context.Context, t pgx.Tx, a *access.Account) error {
	err := t.QueryRow(ctx, `
		INSERT INTO accounts (name, password, role, agencies, created_at, created_by, changed_at, changed_by)
		VALUES ($1, $2, $3, $4, $5, $6, $5, $6) RETURNING id, revision`,
		a.Name, a.Hash, a.Role.String(), a.Agencies, a.CreatedAt, a.CreatedBy).Scan(&a.ID, &a.Revision)
	if taken(err) {
		return access.ErrTaken
	}
	if err != nil {
		return fmt.Errorf("creating account %s: %w", a.Name, err)
	}
	return nil
}

// CreateAccount implements access.Store.
func (s *AccessStore) CreateAccount(ctx context.Context, a *access.Account, act registry.Act) error {
	return s.audited(ctx, act, func(t pgx.Tx) error { return insertAccount(ctx, t, a) })
}

// administrators are those who can sign in, or come with a token.
const administrators = `SELECT count(*) FROM accounts WHERE role = 'admin' AND NOT disabled AND password <> ''`

// lockAccounts keeps two changes of accounts from running at once. Each is audited, so it
// takes the audit's counter row early; a lock of the table would hold up its vacuum.
const lockAccounts = `SELECT FROM audit_counter FOR UPDATE`

// changing changes accounts, and refuses to leave none who administrates where there
// was one: two may not depose each other at once.
func (s *AccessStore) changing(ctx context.Context, none bool, act registry.Act, change func(pgx.Tx) error) error {
	return s.audited(ctx, act, func(t pgx.Tx) error {
		if _, err := t.Exec(ctx, lockAccounts); err != nil {
			return err
		}
		var before, after int
		if err := t.QueryRow(ctx, administrators).Scan(&before); err != nil {
			return err
		}
		if err := change(t); err != nil {
			return err
		}
		if err := t.QueryRow(ctx, administrators).Scan(&after); err != nil {
			return err
		}
		if before > 0 && after == 0 && !none {
			return access.ErrLastAdmin
		}
		return nil
	})
}

// ChangeAccount implements access.Store.
func (s *AccessStore) ChangeAccount(ctx context.Context, a *access.Account, end bool, keep string, none bool, act registry.Act) error {
	return s.changing(ctx, none, act, func(t pgx.Tx) error {
		err := t.QueryRow(ctx, `
			UPDATE accounts SET password = $3, role = $4, agencies = $5, disabled = $6, changed_at = $7, changed_by = $8, revision = revision + 1
			WHERE id = $1 AND revision = $2 RETURNING revision`,
			a.ID, a.Revision, a.Hash, a.Role.String(), a.Agencies, a.Disabled, a.ChangedAt, a.ChangedBy).Scan(&a.Revision)
		if errors.Is(err, pgx.ErrNoRows) {
			return access.ErrChanged
		}
		if err != nil || !end {
			return err
		}
		_, err = t.Exec(ctx, `DELETE FROM sessions WHERE account = $1 AND id::text <> $2`, a.ID, keep)
		return err
	})
}

// DeleteAccount implements access.Store.
func (s *AccessStore) DeleteAccount(ctx context.Context, name string, none bool, act registry.Act) error {
	return s.changing(ctx, none, act, func(t pgx.Tx) error {
		return found(t.Exec(ctx, `DELETE FROM accounts WHERE name = $1`, name))
	})
}

// found makes registry.ErrNotFound of a statement that hit nothing.
func found(tag pgconn.CommandTag, err error) error {
	if err == nil && tag.RowsAffected() == 0 {
		return registry.ErrNotFound
	}
	return err
}

// SignedIn implements access.Store.
func (s *AccessStore) SignedIn(ctx context.Context, account string, at time.Time) error {
	_, err := s.pool.Exec(ctx, `UPDATE accounts SET signed_in_at = $2 WHERE id = $1`, account, at)
	return err
}

// SetUpNeeded implements access.Store.
func (s *AccessStore) SetUpNeeded(ctx context.Context) (bool, error) {
	var n int
	err := s.pool.QueryRow(ctx, administrators).Scan(&n)
	return n == 0, err
}

// AddSetUpCode implements access.Store.
func (s *AccessStore) AddSetUpCode(ctx context.Context, digest []byte) (bool, error) {
	needed, err := s.SetUpNeeded(ctx)
	if err != nil || !needed {
		return false, err
	}
	_, err = s.pool.Exec(ctx, `INSERT INTO setup_codes (digest) VALUES ($1)`, digest)
	return true, err
}

// SetUp implements access.Store.
func (s *AccessStore) SetUp(ctx context.Context, digest []byte, a *access.Account, act registry.Act) error {
	return s.audited(ctx, act, func(t pgx.Tx) error {
		if _, err := t.Exec(ctx, lockAccounts); err != nil {
			return err
		}
		var n int
		var right bool
		if err := t.QueryRow(ctx, administrators).Scan(&n); err != nil {
			return err
		}
		if err := t.QueryRow(ctx, `SELECT EXISTS (SELECT FROM setup_codes WHERE digest = $1)`, digest).Scan(&right); err != nil {
			return err
		}
		if n > 0 || !right {
			return access.ErrSetUp
		}
		if _, err := t.Exec(ctx, `DELETE FROM setup_codes`); err != nil {
			return err
		}
		return insertAccount(ctx, t, a)
	})
}
