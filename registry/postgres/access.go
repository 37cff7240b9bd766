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

// Access returns the store of accounts, sessions, tokens and the audit.
func (s *Store) Access() *AccessStore { return &AccessStore{s} }

const accountColumns = `a.id, a.name, a.password, a.role, a.agencies, a.disabled, a.revision,
	a.created_at, a.created_by, a.changed_at, a.changed_by, a.signed_in_at`

// An accountRow is a scanned row of accountColumns.
type accountRow struct {
	access.Account
	role       string
	signedInAt *time.Time
}

func (r *accountRow) targets() []any {
	a := &r.Account
	return []any{&a.ID, &a.Name, &a.Hash, &r.role, &a.Agencies, &a.Disabled, &a.Revision,
		&a.CreatedAt, &a.CreatedBy, &a.ChangedAt, &a.ChangedBy, &r.signedInAt}
}

func (r *accountRow) account() (*access.Account, error) {
	a := &r.Account
	a.HasPassword = a.Hash != ""
	a.CreatedAt, a.ChangedAt, a.SignedInAt = a.CreatedAt.UTC(), a.ChangedAt.UTC(), timeOrZero(r.signedInAt)
	return a, a.Role.UnmarshalText([]byte(r.role))
}

// timeOrZero returns a nullable time in UTC; the zero time for NULL.
func timeOrZero(t *time.Time) time.Time {
	if t == nil {
		return time.Time{}
	}
	return t.UTC()
}

func scanAccount(row pgx.CollectableRow) (access.Account, error) {
	var r accountRow
	if err := row.Scan(r.targets()...); err != nil {
		return access.Account{}, err
	}
	a, err := r.account()
	return *a, err
}

// queryOne returns the row of a query, or registry.ErrNotFound if there is none.
func queryOne[T any](ctx context.Context, q querier, scan pgx.RowToFunc[T], sql string, args ...any) (*T, error) {
	rows, err := q.Query(ctx, sql, args...)
	if err != nil {
		return nil, err
	}
	v, err := pgx.CollectExactlyOneRow(rows, scan)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, registry.ErrNotFound
	}
	return &v, err
}

// queryAll returns the rows of a query.
func queryAll[T any](ctx context.Context, q querier, scan pgx.RowToFunc[T], sql string, args ...any) ([]T, error) {
	rows, err := q.Query(ctx, sql, args...)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, scan)
}

// Account implements access.Store.
func (s *AccessStore) Account(ctx context.Context, name string) (*access.Account, error) {
	return queryOne(ctx, s.pool, scanAccount, `SELECT `+accountColumns+` FROM accounts a WHERE a.name = $1`, name)
}

// Accounts implements access.Store.
func (s *AccessStore) Accounts(ctx context.Context) ([]access.Account, error) {
	return queryAll(ctx, s.pool, scanAccount, `SELECT `+accountColumns+` FROM accounts a ORDER BY a.name`)
}

// audited runs a change and records its act in one database transaction.
func (s *AccessStore) audited(ctx context.Context, a registry.Act, change func(pgx.Tx) error) error {
	return pgx.BeginFunc(ctx, s.pool, func(t pgx.Tx) error {
		if err := change(t); err != nil {
			return err
		}
		return audit(ctx, t, a)
	})
}

// isUniqueViolation reports whether an error is that a unique value, such as a name, exists
// already (SQLSTATE 23505).
func isUniqueViolation(err error) bool {
	var e *pgconn.PgError
	return errors.As(err, &e) && e.Code == "23505"
}

func insertAccount(ctx context.Context, t pgx.Tx, a *access.Account) error {
	err := t.QueryRow(ctx, `
		INSERT INTO accounts (name, password, role, agencies, created_at, created_by, changed_at, changed_by)
		VALUES ($1, $2, $3, $4, $5, $6, $5, $6) RETURNING id, revision`,
		a.Name, a.Hash, a.Role.String(), a.Agencies, a.CreatedAt, a.CreatedBy).Scan(&a.ID, &a.Revision)
	if isUniqueViolation(err) {
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

// administrators counts the administrators who can sign in with a password.
const administrators = `SELECT count(*) FROM accounts WHERE role = 'admin' AND NOT disabled AND password <> ''`

// lockAccounts serializes changes of accounts. It locks the audit's counter row, which each
// change locks anyway at its end; a lock on the table would block its vacuum.
const lockAccounts = `SELECT FROM audit_counter FOR UPDATE`

// changeAccounts runs a change of accounts. The error is access.ErrLastAdmin if the change
// would remove the last administrator, unless allowNone is set. The lock keeps two
// administrators from removing each other at the same time.
func (s *AccessStore) changeAccounts(ctx context.Context, allowNone bool, act registry.Act, change func(pgx.Tx) error) error {
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
		if before > 0 && after == 0 && !allowNone {
			return access.ErrLastAdmin
		}
		return nil
	})
}

// ChangeAccount implements access.Store.
func (s *AccessStore) ChangeAccount(ctx context.Context, a *access.Account, endSessions bool, keep string, allowNone bool, act registry.Act) error {
	return s.changeAccounts(ctx, allowNone, act, func(t pgx.Tx) error {
		err := t.QueryRow(ctx, `
			UPDATE accounts SET password = $3, role = $4, agencies = $5, disabled = $6, changed_at = $7, changed_by = $8, revision = revision + 1
			WHERE id = $1 AND revision = $2 RETURNING revision`,
			a.ID, a.Revision, a.Hash, a.Role.String(), a.Agencies, a.Disabled, a.ChangedAt, a.ChangedBy).Scan(&a.Revision)
		if errors.Is(err, pgx.ErrNoRows) {
			return access.ErrChanged
		}
		if err != nil || !endSessions {
			return err
		}
		_, err = t.Exec(ctx, `DELETE FROM sessions WHERE account = $1 AND id::text <> $2`, a.ID, keep)
		return err
	})
}

// DeleteAccount implements access.Store.
func (s *AccessStore) DeleteAccount(ctx context.Context, name string, allowNone bool, act registry.Act) error {
	return s.changeAccounts(ctx, allowNone, act, func(t pgx.Tx) error {
		return notFoundIfNone(t.Exec(ctx, `DELETE FROM accounts WHERE name = $1`, name))
	})
}

// notFoundIfNone returns registry.ErrNotFound for a statement that affected no row.
func notFoundIfNone(tag pgconn.CommandTag, err error) error {
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
		var valid bool
		if err := t.QueryRow(ctx, administrators).Scan(&n); err != nil {
			return err
		}
		if err := t.QueryRow(ctx, `SELECT EXISTS (SELECT FROM setup_codes WHERE digest = $1)`, digest).Scan(&valid); err != nil {
			return err
		}
		if n > 0 || !valid {
			return access.ErrSetUp
		}
		if _, err := t.Exec(ctx, `DELETE FROM setup_codes`); err != nil {
			return err
		}
		return insertAccount(ctx, t, a)
	})
}
