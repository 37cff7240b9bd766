package workspace

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"urncast/registry/workspace"
)

var taskColumns = `t.user_name, t.address, t.id::text, t.kind, t.instance, t.writes, t.upload, t.key, t.progress, t.cancelled, t.told, t.began_at,
	t.ended_at IS NOT NULL, extract(epoch FROM coalesce(clock_timestamp() - t.ended_at, '0'))::float8, t.ended_at IS NULL AND NOT ` + running

// scanTask reads a row of taskColumns; nil if there is none.
func scanTask(row pgx.Row) (*workspace.Task, error) {
	t := &workspace.Task{}
	var ended float64
	err := row.Scan(&t.User, &t.Address, &t.ID, &t.Kind, &t.Instance, &t.Writes, &t.Upload, &t.Key, &t.Progress, &t.Cancelled, &t.Shown, &t.BeganAt, &t.Ended, &ended, &t.Lost)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, nil
	}
	t.BeganAt, t.EndedFor = t.BeganAt.UTC(), time.Duration(ended*float64(time.Second))
	return t, err
}

// BeginTask enters work of this instance at an address of a user, and gives what is there
// then: itself, or what was begun there before and is under way still, if that writes or the
// new work is single. Else what only looks gives way to what comes after it at its address, as
// does what has ended or was broken off. A crash after it leaves a row without signs of life.
func (s *Store) BeginTask(ctx context.Context, t *workspace.Task) (there *workspace.Task, err error) {
	for range 3 { // what was under way may end between the two statements
		there, err = scanTask(s.Pool.QueryRow(ctx, `
			INSERT INTO tasks AS t (user_name, address, id, kind, instance, writes, upload, key, progress) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
			ON CONFLICT (user_name, address) DO UPDATE SET id = excluded.id, kind = excluded.kind, instance = excluded.instance, writes = excluded.writes,
				upload = excluded.upload, key = excluded.key, progress = excluded.progress, cancelled = false, told = false, began_at = clock_timestamp(), beat_at = clock_timestamp(), ended_at = NULL, answer = NULL
			WHERE NOT ((t.writes OR $10) AND `+running+`) RETURNING `+taskColumns, t.User, t.Address, t.ID, t.Kind, s.Instance, t.Writes, t.Upload, t.Key, t.Progress, t.Single))
		if err != nil || there != nil {
			break
		}
		if there, err = s.Task(ctx, t.User, t.Address); err != nil || there != nil {
			return there, err
		}
	}
	switch {
	case err != nil:
		return nil, err
	case there == nil:
		return nil, fmt.Errorf("beginning work at %s: its row changes all the time", t.Address)
	}
	_, err = s.Pool.Exec(ctx, `DELETE FROM tasks t USING (SELECT id FROM tasks WHERE user_name = $1 ORDER BY began_at DESC OFFSET $2) old WHERE t.id = old.id AND NOT `+running, t.User, workspace.UserTasksMax)
	return there, err
}

// ClearOthers forgets work of a user and a kind elsewhere than at an address that has
// ended, and has what does not write end, on whichever instance.
func (s *Store) ClearOthers(ctx context.Context, user, kind, address string) error {
	b := &pgx.Batch{}
	b.Queue(`DELETE FROM tasks WHERE user_name = $1 AND kind = $2 AND address <> $3 AND ended_at IS NOT NULL`, user, kind, address)
	b.Queue(`UPDATE tasks SET cancelled = true WHERE user_name = $1 AND kind = $2 AND address <> $3 AND NOT writes AND ended_at IS NULL`, user, kind, address)
	return s.Pool.SendBatch(ctx, b).Close()
}

// CancelTask has the instance that runs work end it, within BeatEvery.
func (s *Store) CancelTask(ctx context.Context, id string) error {
	_, err := s.Pool.Exec(ctx, `UPDATE tasks SET cancelled = true WHERE id = $1 AND NOT writes AND ended_at IS NULL`, id)
	return err
}

// Task gives the work at an address of a user, without its answer; nil if there is none.
func (s *Store) Task(ctx context.Context, user, address string) (*workspace.Task, error) {
	return scanTask(s.Pool.QueryRow(ctx, `SELECT `+taskColumns+` FROM tasks t WHERE t.user_name = $1 AND t.address = $2`, user, address))
}

// Answer is what came of work that has ended.
func (s *Store) Answer(ctx context.Context, id string) (answer []byte, err error) {
	err = s.Pool.QueryRow(ctx, `SELECT answer FROM tasks WHERE id = $1 AND ended_at IS NOT NULL`, id).Scan(&answer)
	if errors.Is(err, pgx.ErrNoRows) {
		err = workspace.ErrSuperseded
	}
	return answer, err
}

// Beat is a sign of life of work, with how far it is. ErrSuperseded says that the work is
// not known any more: it was taken for broken off, and begun anew or forgotten. The row is no
// promise to anybody, so the disk need not acknowledge it.
func (s *Store) Beat(ctx context.Context, id string, progress json.RawMessage) (cancelled bool, err error) {
	b := &pgx.Batch{}
	b.Queue(`SELECT set_config('synchronous_commit', 'off', true)`)
	b.Queue(`UPDATE tasks SET progress = $2, beat_at = clock_timestamp() WHERE id = $1 AND ended_at IS NULL RETURNING cancelled`, id, progress).
		QueryRow(func(row pgx.Row) error { return row.Scan(&cancelled) })
	err = s.Pool.SendBatch(ctx, b).Close()
	if errors.Is(err, pgx.ErrNoRows) {
		err = workspace.ErrSuperseded
	}
	return cancelled, err
}

// EndTask notes what came of work. ErrLarge refuses an answer that is too large.
func (s *Store) EndTask(ctx context.Context, id string, progress json.RawMessage, answer []byte) error {
	if len(answer) > workspace.AnswerBytesMax {
		return workspace.ErrLarge
	}
	tag, err := s.Pool.Exec(ctx, `UPDATE tasks SET progress = $2, answer = $3, beat_at = clock_timestamp(), ended_at = clock_timestamp() WHERE id = $1 AND ended_at IS NULL`, id, progress, answer)
	if err == nil && tag.RowsAffected() == 0 {
		err = workspace.ErrSuperseded
	}
	return err
}

// MarkShown notes that its user has seen what came of work.
func (s *Store) MarkShown(ctx context.Context, id string) error {
	_, err := s.Pool.Exec(ctx, `UPDATE tasks SET told = true WHERE id = $1 AND NOT told`, id)
	return err
}

// ForgetTask forgets work that is over, or that its own instance gives up.
func (s *Store) ForgetTask(ctx context.Context, id string) error {
	_, err := s.Pool.Exec(ctx, `DELETE FROM tasks WHERE id = $1`, id)
	return err
}

// AbandonTask forgets work that has not ended, and takes its key, so that a transaction with it
// can no longer be recorded: a stopped instance that goes on fails to write it. False says that
// there is no such work any more, or that its transaction is recorded. A transaction that is being
// committed is waited for.
func (s *Store) AbandonTask(ctx context.Context, id string) (abandoned bool, err error) {
	tag, err := s.Pool.Exec(ctx, `
		WITH lost AS MATERIALIZED (
			SELECT id, user_name, key FROM tasks WHERE id = $1 AND ended_at IS NULL FOR UPDATE
		), taken AS (
			INSERT INTO request_keys (user_name, key, number) SELECT user_name, key, 0 FROM lost ON CONFLICT DO NOTHING RETURNING key
		)
		DELETE FROM tasks USING lost, taken WHERE tasks.id = lost.id`, id)
	return err == nil && tag.RowsAffected() > 0, err
}
