package workspace

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"

	"urncast/internal/secret"
	"urncast/registry"
	"urncast/registry/workspace"
)

// draftPlace binds what is sealed to its row.
func draftPlace(id string) string { return "draft/" + id + "/secrets" }

// seal seals the secrets of a draft, and checks its size.
func (s *Store) seal(d *workspace.Draft) (sealed []byte, bytes int, err error) {
	bytes = len(d.Content) + len(d.Secrets)
	if bytes > workspace.DraftBytesMax {
		return nil, 0, workspace.ErrLarge
	}
	if len(d.Secrets) > 0 {
		sealed, err = s.Ring.Seal(d.Secrets, draftPlace(d.ID))
	}
	return sealed, bytes, err
}

// CreateDraft keeps a draft under an id that it gives. Older ones go for it.
// secret.ErrNoKey says that there is no key for its secrets.
func (s *Store) CreateDraft(ctx context.Context, d *workspace.Draft) error {
	d.ID, d.Revision = newID(), 1
	sealed, bytes, err := s.seal(d)
	if err != nil {
		return err
	}
	_, err = s.Pool.Exec(ctx, `INSERT INTO drafts (id, user_name, path, content, secrets, bytes) VALUES ($1, $2, $3, $4, $5, $6)`, d.ID, d.User, d.Path, d.Content, sealed, bytes)
	if err != nil {
		return err
	}
	return s.boundDrafts(ctx, d)
}

// SaveDraft saves a draft onto its revision; workspace.ErrChanged says that it is another
// now, registry.ErrNotFound that the draft is gone.
func (s *Store) SaveDraft(ctx context.Context, d *workspace.Draft) error {
	sealed, bytes, err := s.seal(d)
	if err != nil {
		return err
	}
	tag, err := s.Pool.Exec(ctx, `UPDATE drafts SET content = $4, secrets = $5, bytes = $6, revision = revision + 1, used_at = clock_timestamp()
		WHERE id = $1 AND user_name = $2 AND revision = $3 AND gone IS NULL`, d.ID, d.User, d.Revision, d.Content, sealed, bytes)
	if err != nil {
		return err
	}
	if tag.RowsAffected() == 0 {
		now, err := s.Draft(ctx, d.ID, d.User)
		if err == nil && now.Gone != "" {
			err = registry.ErrNotFound
		}
		if err == nil {
			err = workspace.ErrChanged
		}
		return err
	}
	d.Revision++
	return s.boundDrafts(ctx, d)
}

// boundDrafts deletes what is oldest until drafts are within their bounds, but never d.
func (s *Store) boundDrafts(ctx context.Context, d *workspace.Draft) error {
	_, err := s.Pool.Exec(ctx, `
		WITH sized AS (
			SELECT id, row_number() OVER mine AS my_place, sum(bytes) OVER mine AS my_bytes, row_number() OVER everyones AS place, sum(bytes) OVER everyones AS all_bytes, user_name
			FROM drafts WHERE gone IS NULL
			WINDOW mine AS (PARTITION BY user_name ORDER BY id <> $1, made_at DESC, id), everyones AS (ORDER BY id <> $1, made_at DESC, id)
		)
		UPDATE drafts SET gone = $6, content = '', secrets = NULL, bytes = 0 FROM sized
		WHERE drafts.id = sized.id AND sized.id <> $1 AND (my_place > $2 OR my_bytes > $3 OR place > $4 OR all_bytes > $5)`,
		d.ID, workspace.UserDraftsMax, int64(workspace.UserDraftBytesMax), workspace.DraftsMax, int64(workspace.DraftBytesAllMax), "they were discarded for newer edits of somebody")
	return err
}

// Draft gives a draft to the one who made it, registry.ErrNotFound if there is none. What
// was sealed with a key that this process does not have is gone for it, and Gone says so. A
// rotation of keys seals drafts anew; one that a process with the old first key saves after it
// is the exception.
func (s *Store) Draft(ctx context.Context, id, user string) (*workspace.Draft, error) {
	d := &workspace.Draft{ID: id, User: user}
	var sealed []byte
	var gone *string
	err := s.Pool.QueryRow(ctx, `UPDATE drafts SET used_at = CASE WHEN gone IS NULL THEN clock_timestamp() ELSE used_at END
		WHERE id = $1 AND user_name = $2 RETURNING path, content, secrets, revision, gone`, id, user).Scan(&d.Path, &d.Content, &sealed, &d.Revision, &gone)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return nil, registry.ErrNotFound
	case err != nil:
		return nil, err
	case gone != nil:
		d.Gone = *gone
	case sealed != nil:
		if d.Secrets, err = s.Ring.Open(sealed, draftPlace(id)); err != nil {
			d.Gone, d.Content = unopened(err), nil
		}
	}
	return d, nil
}

// unopened says why the secrets of edits cannot be opened, to whoever made them.
func unopened(err error) string {
	if missing := (*secret.MissingKeyError)(nil); errors.As(err, &missing) {
		return "they hold secrets that were sealed with key " + missing.ID + ", which was rotated or is not given to this instance"
	}
	return "they hold secrets that cannot be opened: " + err.Error()
}

// ResealDrafts has the secrets of all drafts sealed anew in t, one by one, for they may be large.
// What cannot be opened stays: it expires, and must not keep a lost key from being replaced.
func ResealDrafts(ctx context.Context, t pgx.Tx, reseal func(sealed *[]byte, place string) error) error {
	rows, err := t.Query(ctx, `SELECT id FROM drafts WHERE secrets IS NOT NULL ORDER BY id FOR UPDATE`)
	if err != nil {
		return err
	}
	ids, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return err
	}
	for _, id := range ids {
		var sealed []byte
		if err := t.QueryRow(ctx, `SELECT secrets FROM drafts WHERE id = $1`, id).Scan(&sealed); err != nil {
			return err
		}
		if reseal(&sealed, draftPlace(id)) != nil {
			continue
		}
		if _, err := t.Exec(ctx, `UPDATE drafts SET secrets = $2 WHERE id = $1`, id, sealed); err != nil {
			return err
		}
	}
	return nil
}

// DropDraft deletes a draft that was saved, or that nobody wants any more.
func (s *Store) DropDraft(ctx context.Context, id, user string) error {
	_, err := s.Pool.Exec(ctx, `DELETE FROM drafts WHERE id = $1 AND user_name = $2`, id, user)
	return err
}
