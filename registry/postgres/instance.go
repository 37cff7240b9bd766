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
	// attendEvery is how often an instance says that it is there, seenWithin how
	// long that is believed, and forgetAfter how long one that has gone without a
	// word stays in the table.
	attendEvery = 5 * time.Second
	seenWithin  = 15 * time.Second
	forgetAfter = time.Hour
)

// newInstance names this process: for people by host and process, and apart from
// all others, in containers too, by chance.
func newInstance() string {
	host, err := os.Hostname()
	if err != nil {
		host = "unknown"
	}
	return fmt.Sprintf("%s:%d/%s", host, os.Getpid(), uuid.NewString()[:8])
}

// Instance names this process among those on the database.
func (s *Store) Instance() string { return s.instance }

// Attend enters this process into the table of instances until ctx ends. Its page
// is where its console is, empty if that is not known.
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
	_, _ = s.pool.Exec(last, `DELETE FROM instances WHERE id = $1`, s.instance) // it is forgotten in a while anyway
}

// attend writes one sign of life. One that fails is missed by nobody but those who
// look at who stands by.
func (s *Store) attend(ctx context.Context, page, version string) {
	ctx, cancel := context.WithTimeout(ctx, attendEvery)
	defer cancel()
	b := &pgx.Batch{}
	b.Queue(`SELECT set_config('synchronous_commit', 'off', true)`)
	b.Queue(`DELETE FROM instances WHERE seen_at < clock_timestamp() - $1::interval`, forgetAfter)
	b.Queue(`INSERT INTO instances (id, page, version) VALUES ($1, $2, $3)
		ON CONFLICT (id) DO UPDATE SET page = excluded.page, version = excluded.version, seen_at = clock_timestamp()`, s.instance, page, version)
	_ = s.pool.SendBatch(ctx, b).Close() // as said above
}

// standby lists the instances that were seen of late, without one.
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
