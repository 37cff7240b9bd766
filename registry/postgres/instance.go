package postgres

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"urncast/producer/control"
)

const (
	// attendEvery is how often an instance updates its row, seenWithin how old the last
	// update of a running instance may be, and forgetAfter the age at which the row is
	// deleted.
	attendEvery = 5 * time.Second
	seenWithin  = 15 * time.Second
	forgetAfter = time.Hour
)

// newInstance returns a name for this process: host and process id for people, and a random
// part that makes it unique, since in containers the first two may be the same.
func newInstance() string {
	host, err := os.Hostname()
	if err != nil {
		host = "unknown"
	}
	return fmt.Sprintf("%s:%d/%s", host, os.Getpid(), uuid.NewString()[:8])
}

// Instance returns the name of this process among those on the database.
func (s *Store) Instance() string { return s.instance }

// Attend keeps this process in the table of instances until ctx ends. page is the URL of its
// console; empty if that is not known.
func (s *Store) Attend(ctx context.Context, page, version string) {
	tick := time.NewTicker(attendEvery)
	defer tick.Stop()
	for ctx.Err() == nil {
		s.attend(ctx, page, version)
		select {
		case <-tick.C:
		case <-ctx.Done():
		}
	}
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer cancel()
	_, _ = s.pool.Exec(last, `DELETE FROM instances WHERE id = $1`, s.instance) // on an error, other instances delete the row after forgetAfter
}

// attend updates this process's row. An error is ignored: only the list of standby instances
// depends on it.
func (s *Store) attend(ctx context.Context, page, version string) {
	ctx, cancel := context.WithTimeout(ctx, attendEvery)
	defer cancel()
	b := &pgx.Batch{}
	b.Queue(`SELECT set_config('synchronous_commit', 'off', true)`)
	b.Queue(`DELETE FROM instances WHERE seen_at < clock_timestamp() - $1::interval`, forgetAfter)
	b.Queue(`INSERT INTO instances (id, page, version) VALUES ($1, $2, $3)
		ON CONFLICT (id) DO UPDATE SET page = excluded.page, version = excluded.version, seen_at = clock_timestamp()`, s.instance, page, version)
	_ = s.pool.SendBatch(ctx, b).Close()
}

// standby returns the instances that have updated their rows within seenWithin, except one.
func (s *Store) standby(ctx context.Context, without string) ([]control.Instance, error) {
	rows, err := s.pool.Query(ctx, `SELECT id, page, version, started_at FROM instances
		WHERE id <> $1 AND seen_at > clock_timestamp() - $2::interval ORDER BY started_at, id`, without, seenWithin)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (i control.Instance, err error) {
		return i, row.Scan(&i.ID, &i.Page, &i.Version, &i.StartedAt)
	})
}
