package postgres

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"urncast/registry"
)

// IdleMax is for tests.
const IdleMax = idleMax

// ConnectHold opens a session of the kind that a lease is bound to.
func ConnectHold(ctx context.Context, s *Store) (*pgx.Conn, error) {
	return (&ProducerStore{Store: s}).connectForLease(ctx)
}

var errUndone = errors.New("undone")

// RecordIn records an act in a transaction that lasts for a while and is then committed or
// rolled back.
func RecordIn(ctx context.Context, s *Store, a registry.Act, lasts time.Duration, keep bool) error {
	err := pgx.BeginFunc(ctx, s.pool, func(t pgx.Tx) error {
		if err := audit(ctx, t, a); err != nil {
			return err
		}
		time.Sleep(lasts)
		if !keep {
			return errUndone
		}
		return nil
	})
	if errors.Is(err, errUndone) {
		return nil
	}
	return err
}

// Migrate migrates with less patience.
func Migrate(ctx context.Context, url string, patience time.Duration) error {
	config, err := configOf(url)
	if err != nil {
		return err
	}
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return err
	}
	defer pool.Close()
	return migrate(ctx, pool, patience)
}
