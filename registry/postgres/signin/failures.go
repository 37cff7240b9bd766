// Package signin counts in Postgres the attempts to sign in that failed.
package signin

import (
	"context"
	"crypto/sha256"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"urncast/registry/access"
)

// Failures counts failed attempts to sign in, over all instances. It implements
// access.Failures. Times are the database's.
type Failures struct {
	// Pool gives connections, as postgres.Store sets them up; Registry is the id of the
	// registry.
	Pool     *pgxpool.Pool
	Registry string
}

// counted are what an attempt is counted by. The digests hide names, in whose place people
// type their password, from one who leafs through the table; the registry's id makes those
// of two registries differ. They are sorted: attempts that are counted at the same time lock rows
// in one order.
func (f *Failures) counted(counts []access.Limit) (digests [][]byte, free []int32) {
	type row struct {
		digest []byte
		free   int32
	}
	var rows []row
	for _, c := range counts {
		rows = append(rows, row{f.digest(c.Key), int32(c.Allowed)})
	}
	slices.SortFunc(rows, func(a, b row) int { return slices.Compare(a.digest, b.digest) })
	for _, r := range rows {
		digests, free = append(digests, r.digest), append(free, r.free)
	}
	return digests, free
}

func (f *Failures) digest(by string) []byte {
	sum := sha256.Sum256([]byte(f.Registry + "\x00" + by))
	return sum[:]
}

// Wait implements access.Failures, with one look-up by index.
func (f *Failures) Wait(ctx context.Context, a access.Attempt) (wait time.Duration, err error) {
	all, _ := f.counted(a.Limits())
	var seconds float64
	err = f.Pool.QueryRow(ctx, `
		SELECT coalesce(max(extract(epoch FROM until_at - clock_timestamp())), 0)::float8 FROM login_failures
		WHERE digest = ANY($1) AND (digest = $2 OR NOT EXISTS (SELECT FROM login_addresses WHERE digest = $2 AND seen_at > clock_timestamp() - $3::interval))`,
		all, f.digest(a.Pair().Key), access.KnownFor).Scan(&seconds)
	return max(0, time.Duration(seconds*float64(time.Second))), err
}

// Fail implements access.Failures. Of what is lost when the database is killed at this moment
// nothing is missed but a count, so the disk need not acknowledge it.
func (f *Failures) Fail(ctx context.Context, a access.Attempt) error {
	digests, free := f.counted(a.Limits())
	b := &pgx.Batch{}
	b.Queue(`SELECT set_config('synchronous_commit', 'off', true)`)
	b.Queue(`
		INSERT INTO login_failures AS f (digest, failed, last_at, until_at)
			SELECT digest, 1, clock_timestamp(), clock_timestamp() FROM unnest($1::bytea[]) digest
		ON CONFLICT (digest) DO UPDATE SET last_at = clock_timestamp(), failed = CASE WHEN f.last_at < clock_timestamp() - $2::interval THEN 1 ELSE f.failed + 1 END`,
		digests, access.ForgetAfter)
	b.Queue(`
		UPDATE login_failures f SET until_at = clock_timestamp() + least($3::interval, $4::interval * 2 ^ least(f.failed - c.free, 16))
		FROM unnest($1::bytea[], $2::integer[]) c (digest, free) WHERE f.digest = c.digest AND f.failed >= c.free`,
		digests, free, access.WaitMax, access.WaitFirst)
	return f.Pool.SendBatch(ctx, b).Close()
}

// Succeed implements access.Failures. It is asked for whoever signs in with a password, every
// minute or so, and writes only what is news: an address is noted anew once a day.
func (f *Failures) Succeed(ctx context.Context, a access.Attempt) error {
	pair := f.digest(a.Pair().Key)
	var failed, known bool
	err := f.Pool.QueryRow(ctx, `SELECT EXISTS (SELECT FROM login_failures WHERE digest = $1),
		EXISTS (SELECT FROM login_addresses WHERE digest = $1 AND seen_at > clock_timestamp() - interval '1 day')`, pair).Scan(&failed, &known)
	if err != nil || known && !failed {
		return err
	}
	b := &pgx.Batch{}
	b.Queue(`SELECT set_config('synchronous_commit', 'off', true)`)
	b.Queue(`DELETE FROM login_failures WHERE digest = $1`, pair)
	b.Queue(`INSERT INTO login_addresses (digest, seen_at) VALUES ($1, clock_timestamp()) ON CONFLICT (digest) DO UPDATE SET seen_at = excluded.seen_at`, pair)
	return f.Pool.SendBatch(ctx, b).Close()
}

// Sweep forgets what is old, and what is more than is remembered: first the failures for which
// nobody has to wait, so that a flood of other names and addresses does not end a wait, and of those
// the oldest. In between the tables grow by what instances can digest of passwords, some 40 a second each.
func (f *Failures) Sweep(ctx context.Context) error {
	b := &pgx.Batch{}
	b.Queue(`DELETE FROM login_failures WHERE digest IN (SELECT digest FROM login_failures
			WHERE last_at < clock_timestamp() - $1::interval OR digest IN (SELECT digest FROM login_failures ORDER BY until_at > now() DESC, last_at DESC OFFSET $2) FOR UPDATE SKIP LOCKED)`,
		access.ForgetAfter, access.RememberMax)
	b.Queue(`DELETE FROM login_addresses WHERE digest IN (SELECT digest FROM login_addresses
			WHERE seen_at < clock_timestamp() - $1::interval OR seen_at < (SELECT seen_at FROM login_addresses ORDER BY seen_at DESC OFFSET $2 LIMIT 1) FOR UPDATE SKIP LOCKED)`,
		access.KnownFor, access.RememberMax-1)
	return f.Pool.SendBatch(ctx, b).Close()
}
