package workspace

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"

	"urncast/registry"
	"urncast/registry/workspace"
)

const (
	// chunkBytes is how much of a file is in memory at a time.
	chunkBytes = 1 << 20
	// arriving is how long an upload that is not whole is kept after its last chunk: longer
	// than the server waits for a client that sends nothing.
	arriving = 5 * time.Minute
)

func newID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails: crypto/rand ends the program instead
	return hex.EncodeToString(b[:])
}

// BeginUpload begins an upload, to which AddFile adds files and which KeepUpload keeps. If
// the process is killed in between, what has arrived expires.
func (s *Store) BeginUpload(ctx context.Context, user string) (*workspace.Upload, error) {
	u := &workspace.Upload{ID: newID(), User: user}
	_, err := s.Pool.Exec(ctx, `INSERT INTO uploads (id, user_name, expires_at) VALUES ($1, $2, clock_timestamp() + $3::interval)`, u.ID, user, arriving)
	return u, err
}

// AddFile adds a file, chunk by chunk, and sets its size. A *workspace.FullError says that it
// does not fit beside the user's others. Uploads of anybody go for it, the oldest first, if
// all together are too large. Errors of in are returned as they are.
func (s *Store) AddFile(ctx context.Context, u *workspace.Upload, f workspace.File, in io.Reader) (size int64, err error) {
	chunk := make([]byte, chunkBytes)
	for place := 0; ; place++ {
		n, err := fill(chunk, in)
		if n > 0 && (err == nil || err == io.EOF) {
			if err := s.addChunk(ctx, u, len(u.Files), place, chunk[:n]); err != nil {
				return f.Size, err
			}
			f.Size += int64(n)
		}
		if err == io.EOF {
			u.Files = append(u.Files, f)
			return f.Size, nil
		}
		if err != nil {
			return f.Size, err
		}
	}
}

// fill reads until the chunk is full, or an error as in gives it: io.ReadFull has one error
// for the end of a file and for a connection that broke off.
func fill(chunk []byte, in io.Reader) (n int, err error) {
	for n < len(chunk) && err == nil {
		var more int
		more, err = in.Read(chunk[n:])
		n += more
	}
	return n, err
}

// addChunk adds one chunk, of which all is kept or nothing. It needs no disk to acknowledge
// it: KeepUpload does for all of them.
func (s *Store) addChunk(ctx context.Context, u *workspace.Upload, file, place int, content []byte) error {
	return pgx.BeginFunc(ctx, s.Pool, func(tx pgx.Tx) error {
		b := &pgx.Batch{}
		b.Queue(`SELECT set_config('synchronous_commit', 'off', true)`)
		there := 0
		b.Queue(`UPDATE uploads SET bytes = bytes + $2, expires_at = clock_timestamp() + $3::interval WHERE id = $1 AND gone IS NULL RETURNING 1`,
			u.ID, len(content), arriving).QueryRow(func(row pgx.Row) error { return row.Scan(&there) })
		err := tx.SendBatch(ctx, b).Close()
		switch {
		case errors.Is(err, pgx.ErrNoRows):
			return s.whyGone(ctx, u)
		case err != nil:
			return err
		}
		if err := s.makeRoom(ctx, tx, u); err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `INSERT INTO upload_chunks (upload, file, place, content) VALUES ($1, $2, $3, $4)`, u.ID, file, place, content)
		return err
	})
}

// notBeside is why an upload was deleted while it arrived; its sender is told in a FullError.
const notBeside = "They did not fit beside other files of yours."

// whyGone is the error of adding to an upload that was deleted.
func (s *Store) whyGone(ctx context.Context, u *workspace.Upload) error {
	var why string
	err := s.Pool.QueryRow(ctx, `SELECT gone FROM uploads WHERE id = $1 AND gone IS NOT NULL`, u.ID).Scan(&why)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return workspace.ErrDiscarded
	case err == nil && why == notBeside:
		return s.full(ctx, u.User)
	}
	return cmp.Or(err, workspace.ErrDiscarded)
}

// full is the error of files that do not fit beside the others of their user.
func (s *Store) full(ctx context.Context, user string) error {
	rows, err := s.Pool.Query(ctx, `SELECT id, files FROM uploads WHERE user_name = $1 AND whole AND gone IS NULL ORDER BY made_at`, user)
	if err != nil {
		return err
	}
	kept, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (u workspace.Upload, err error) {
		u.User = user
		return u, row.Scan(&u.ID, &u.Files)
	})
	if err != nil {
		return err
	}
	return &workspace.FullError{Max: s.userMax(), Kept: kept}
}

func (s *Store) userMax() int64 { return cmp.Or(s.userBytesMax, workspace.UserBytesMax) }

// pause waits a moment for a chunk that is being added elsewhere.
func pause(ctx context.Context) (over bool, err error) {
	select {
	case <-time.After(10 * time.Millisecond):
		return true, nil
	case <-ctx.Done():
		return false, ctx.Err()
	}
}

// endYoungest deletes what has arrived of the user's upload that began last; last says that this
// is u. One to which a chunk is being added is left alone for that moment: no two transactions
// may wait for each other's rows.
func (s *Store) endYoungest(ctx context.Context, tx pgx.Tx, u *workspace.Upload) (last, ended bool, err error) {
	var id string
	err = tx.QueryRow(ctx, `SELECT id FROM uploads WHERE user_name = $1 AND gone IS NULL AND NOT whole AND bytes > 0 ORDER BY made_at DESC, id LIMIT 1`, u.User).Scan(&id)
	if err != nil || id == u.ID {
		return err == nil, false, err
	}
	tag, err := tx.Exec(ctx, `
		WITH other AS MATERIALIZED (
			SELECT id FROM uploads WHERE id = $2 AND gone IS NULL AND NOT whole FOR UPDATE SKIP LOCKED
		), chunks AS (
			DELETE FROM upload_chunks c USING other WHERE c.upload = other.id
		)
		UPDATE uploads SET gone = $1, bytes = 0, expires_at = clock_timestamp() + $3::interval FROM other WHERE uploads.id = other.id`,
		notBeside, id, arriving)
	return false, err == nil && tag.RowsAffected() > 0, err
}

// makeRoom keeps the bytes of the user, and of all, within their bounds. Of the user's uploads
// that arrive the one that began last gives way; of all that have arrived the oldest is deleted.
func (s *Store) makeRoom(ctx context.Context, tx pgx.Tx, u *workspace.Upload) error {
	userMax, allMax := s.userMax(), cmp.Or(s.bytesMax, workspace.BytesMax)
	for {
		var mine, all int64
		err := tx.QueryRow(ctx, `SELECT coalesce(sum(bytes) FILTER (WHERE user_name = $1), 0)::bigint, coalesce(sum(bytes), 0)::bigint FROM uploads`, u.User).Scan(&mine, &all)
		var dropped bool
		switch {
		case err != nil:
			return err
		case mine > userMax:
			var last bool
			switch last, dropped, err = s.endYoungest(ctx, tx, u); {
			case last:
				return s.full(ctx, u.User)
			case dropped: // what is still too much goes for the next chunk: who holds one upload waits for no other
				return nil
			case err == nil:
				dropped, err = pause(ctx)
			}
		case all > allMax:
			dropped, err = evict(ctx, tx, `u.id <> $2 AND u.whole AND u.bytes > 0`, `They were discarded for newer ones: all files together may have `+exact(allMax)+`.`, u.ID)
		default:
			return nil
		}
		if err != nil {
			return err
		}
		if !dropped {
			return workspace.ErrFull
		}
	}
}

func exact(n int64) string { return strconv.FormatInt(n>>20, 10) + " MiB" }

// evictor runs statements, inside a transaction or each in its own.
type evictor interface {
	QueryRow(ctx context.Context, sql string, args ...any) pgx.Row
}

func (s *Store) evict(ctx context.Context, which, why string, args ...any) (bool, error) {
	return evict(ctx, s.Pool, which, why, args...)
}

// evict deletes the files of the oldest upload that a condition names and that no work
// under way reads; false if there is none. One that another instance deletes at this
// moment is left to that.
func evict(ctx context.Context, q evictor, which, why string, args ...any) (bool, error) {
	var id string
	err := q.QueryRow(ctx, `
		WITH one AS MATERIALIZED (
			SELECT u.id FROM uploads u WHERE u.gone IS NULL AND `+which+`
				AND NOT EXISTS (SELECT FROM tasks t WHERE t.upload = u.id AND `+running+`)
			ORDER BY u.made_at LIMIT 1 FOR UPDATE SKIP LOCKED
		), chunks AS (
			DELETE FROM upload_chunks c USING one WHERE c.upload = one.id
		)
		UPDATE uploads SET gone = $1, bytes = 0, expires_at = clock_timestamp() + interval '1 day' FROM one WHERE uploads.id = one.id RETURNING uploads.id`,
		append([]any{why}, args...)...).Scan(&id)
	if errors.Is(err, pgx.ErrNoRows) {
		return false, nil
	}
	return err == nil, err
}

// KeepUpload keeps an upload whose files have all arrived, with what is to be done with
// them. Older ones go for it.
func (s *Store) KeepUpload(ctx context.Context, u *workspace.Upload) error {
	files, err := json.Marshal(u.Files)
	if err != nil {
		return err
	}
	choices, err := json.Marshal(u.Choices)
	if err != nil {
		return err
	}
	tag, err := s.Pool.Exec(ctx, `UPDATE uploads SET files = $2, choices = $3, whole = true, expires_at = clock_timestamp() + $4::interval WHERE id = $1 AND gone IS NULL`,
		u.ID, files, choices, workspace.UploadAge)
	if err == nil && tag.RowsAffected() == 0 {
		err = workspace.ErrDiscarded
	}
	if err != nil {
		return err
	}
	return s.makePlace(ctx, u)
}

// makePlace deletes what is oldest until the number of uploads of the user, and of all, is
// within its bounds.
func (s *Store) makePlace(ctx context.Context, u *workspace.Upload) error {
	for {
		var mine, all int
		err := s.Pool.QueryRow(ctx, `SELECT count(*) FILTER (WHERE user_name = $1), count(*) FROM uploads WHERE whole AND gone IS NULL`, u.User).Scan(&mine, &all)
		var dropped bool
		switch {
		case err != nil:
			return err
		case mine > workspace.UserUploadsMax:
			dropped, err = s.evict(ctx, `u.whole AND u.user_name = $2 AND u.id <> $3`, fmt.Sprintf("They were discarded for newer ones: the last %d uploads are kept.", workspace.UserUploadsMax), u.User, u.ID)
		case all > workspace.UploadsMax:
			dropped, err = s.evict(ctx, `u.whole AND u.id <> $2`, fmt.Sprintf("They were discarded for newer ones: the last %d uploads of all users are kept.", workspace.UploadsMax), u.ID)
		default:
			return nil
		}
		if err != nil || !dropped { // the work that reads the others ends, and they expire
			return err
		}
	}
}

// Upload gives an upload to the one who sent it, registry.ErrNotFound if there is none.
func (s *Store) Upload(ctx context.Context, id, user string) (*workspace.Upload, error) {
	u := &workspace.Upload{ID: id, User: user}
	var gone *string
	err := s.Pool.QueryRow(ctx, `SELECT files, choices, gone FROM uploads WHERE id = $1 AND user_name = $2 AND (whole OR gone IS NOT NULL)`, id, user).Scan(&u.Files, &u.Choices, &gone)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, registry.ErrNotFound
	}
	if gone != nil {
		u.Gone = *gone
	}
	return u, err
}

// Choose saves what is to be done with an upload.
func (s *Store) Choose(ctx context.Context, u *workspace.Upload) error {
	choices, err := json.Marshal(u.Choices)
	if err != nil {
		return err
	}
	tag, err := s.Pool.Exec(ctx, `UPDATE uploads SET choices = $3 WHERE id = $1 AND user_name = $2 AND gone IS NULL`, u.ID, u.User, choices)
	if err == nil && tag.RowsAffected() == 0 {
		return workspace.ErrDiscarded
	}
	return err
}

// DropUpload deletes the files of an upload, and remembers why, unless it never was whole: then
// nobody knows of it.
func (s *Store) DropUpload(ctx context.Context, id, user, why string) error {
	if tag, err := s.Pool.Exec(ctx, `DELETE FROM uploads WHERE id = $1 AND user_name = $2 AND NOT whole`, id, user); err != nil || tag.RowsAffected() > 0 {
		return err
	}
	_, err := s.Pool.Exec(ctx, `
		WITH gone AS (
			UPDATE uploads SET gone = $3, bytes = 0, expires_at = clock_timestamp() + $4::interval WHERE id = $1 AND user_name = $2 AND gone IS NULL RETURNING id
		)
		DELETE FROM upload_chunks c USING gone WHERE c.upload = gone.id`, id, user, why, goneFor)
	return err
}

// OpenFile reads a file of an upload, a chunk at a time. ErrDiscarded says that it was
// deleted meanwhile.
func (s *Store) OpenFile(ctx context.Context, u *workspace.Upload, file int) io.Reader {
	return &fileReader{ctx: ctx, store: s, upload: u.ID, file: file, left: u.Files[file].Size}
}

type fileReader struct {
	ctx         context.Context
	store       *Store
	upload      string
	file, place int
	left        int64 // of what is not read yet from the database
	chunk       []byte
}

// Read implements io.Reader.
func (r *fileReader) Read(p []byte) (int, error) {
	if len(r.chunk) == 0 {
		if r.left == 0 {
			return 0, io.EOF
		}
		err := r.store.Pool.QueryRow(r.ctx, `SELECT content FROM upload_chunks WHERE upload = $1 AND file = $2 AND place = $3`, r.upload, r.file, r.place).Scan(&r.chunk)
		switch {
		case errors.Is(err, pgx.ErrNoRows):
			return 0, workspace.ErrDiscarded
		case err != nil:
			return 0, fmt.Errorf("reading the files from the database: %w", err)
		}
		r.place++
		r.left -= int64(len(r.chunk))
	}
	n := copy(p, r.chunk)
	r.chunk = r.chunk[n:]
	return n, nil
}
