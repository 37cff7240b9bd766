package postgres

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"urncast/internal/secret"
	"urncast/producer/notice"
	"urncast/registry"
)

// A MailStore keeps mail settings, incidents and the queue of mails. It implements
// notice.Store.
type MailStore struct {
	*Store
	ring *secret.Ring
}

// Mail returns the store of mail. ring has the keys that seal the password; nil if the process
// has none.
func (s *Store) Mail(ring *secret.Ring) *MailStore { return &MailStore{s, ring} }

// mailPlace is the place of the sealed password (secret.Ring).
const mailPlace = "mail/password"

// MailSettings implements notice.Store.
func (s *MailStore) MailSettings(ctx context.Context) (*notice.StoredSettings, error) {
	m := &notice.StoredSettings{}
	var sealed []byte
	var degraded, digest int64
	err := s.pool.QueryRow(ctx, `
		SELECT host, port, security, auth, user_name, password, ca, sender, admins, producer_admins, public_url,
			degraded_after_seconds, digest_every_seconds, revision, changed_at, changed_by
		FROM mail_settings`).Scan(&m.Host, &m.Port, &m.Security, &m.Auth, &m.User, &sealed, &m.CA, &m.Sender, &m.Admins, &m.Producers, &m.PublicURL,
		&degraded, &digest, &m.Revision, &m.ChangedAt, &m.ChangedBy)
	if err != nil {
		return nil, fmt.Errorf("reading the mail settings: %w", err)
	}
	m.DegradedAfter = notice.Span(time.Duration(degraded) * time.Second)
	m.DigestEvery = notice.Span(time.Duration(digest) * time.Second)
	m.ChangedAt = m.ChangedAt.UTC()
	if m.Revision == 0 {
		m.ChangedAt = time.Time{}
	}
	if sealed == nil {
		return m, nil
	}
	m.Password = secret.Property{Set: true}
	plain, err := s.ring.Open(sealed, mailPlace)
	if err != nil {
		m.Key, m.Locked = err, "The password cannot be opened: "+err.Error()
	}
	m.Secret = string(plain)
	return m, nil
}

// SaveMailSettings implements notice.Store.
func (s *MailStore) SaveMailSettings(ctx context.Context, m *notice.StoredSettings, a registry.Act) error {
	var sealed []byte
	if m.Secret != "" {
		var err error
		if sealed, err = s.ring.Seal([]byte(m.Secret), mailPlace); err != nil {
			return err
		}
	}
	producers, admins := m.Producers, m.Admins
	if producers == nil {
		producers = map[string][]string{}
	}
	if admins == nil {
		admins = []string{}
	}
	seconds := func(v notice.Span) int64 { return int64(time.Duration(v) / time.Second) }
	return pgx.BeginFunc(ctx, s.pool, func(t pgx.Tx) error {
		base := m.Revision
		err := t.QueryRow(ctx, `
			UPDATE mail_settings SET host = $1, port = $2, security = $3, auth = $4, user_name = $5, password = $6, ca = $7, sender = $8,
				admins = $9, producer_admins = $10, public_url = $11, degraded_after_seconds = $12, digest_every_seconds = $13,
				revision = revision + 1, changed_at = clock_timestamp(), changed_by = $14
			WHERE revision = $15 RETURNING revision`, m.Host, m.Port, m.Security, m.Auth, m.User, sealed, m.CA, m.Sender,
			admins, producers, m.PublicURL, seconds(m.DegradedAfter), seconds(m.DigestEvery), a.User, base).Scan(&m.Revision)
		if errors.Is(err, pgx.ErrNoRows) {
			e := &notice.ConflictError{Base: base}
			if err := t.QueryRow(ctx, `SELECT revision, changed_by, changed_at FROM mail_settings`).Scan(&e.Now, &e.By, &e.At); err != nil {
				return err
			}
			return e
		}
		if err != nil {
			return fmt.Errorf("saving the mail settings: %w", err)
		}
		// All waiting mails become due, as the new settings may let them through. A mail that
		// is being sent is locked, and keeps its next attempt.
		_, err = t.Exec(ctx, `
			WITH waiting AS (UPDATE mails SET next_at = clock_timestamp()
				WHERE id IN (SELECT id FROM mails WHERE sent_at IS NULL FOR UPDATE SKIP LOCKED) RETURNING id)
			UPDATE mail_refusals SET next_at = clock_timestamp() WHERE mail IN (SELECT id FROM waiting)`)
		if err != nil {
			return err
		}
		return audit(ctx, t, a)
	})
}

// rotateMail seals the mail password with the first key.
func (s *ConnectionStore) rotateMail(ctx context.Context, t pgx.Tx, r *Rotated) error {
	var sealed []byte
	if err := t.QueryRow(ctx, `SELECT password FROM mail_settings FOR UPDATE`).Scan(&sealed); err != nil {
		return err
	}
	if err := s.reseal(&sealed, mailPlace, r); err != nil {
		return fmt.Errorf("sealing the password of the mail user anew (nothing was changed): %w", err)
	}
	_, err := t.Exec(ctx, `UPDATE mail_settings SET password = $1`, sealed)
	return err
}

// MailQueue implements notice.Store.
func (s *MailStore) MailQueue(ctx context.Context) (notice.Queue, error) {
	q := notice.Queue{}
	var oldest, next, sent, failed *time.Time
	err := s.pool.QueryRow(ctx, `
		SELECT count(*) FILTER (WHERE sent_at IS NULL), min(made_at) FILTER (WHERE sent_at IS NULL),
			-- A mail that waits behind an earlier one of its incident is due when that is.
			min(coalesce((SELECT min(f.next_at) FROM mail_refusals f WHERE f.mail = m.id), next_at)) FILTER (WHERE sent_at IS NULL AND (
				EXISTS (SELECT FROM mail_refusals f WHERE f.mail = m.id)
				OR NOT EXISTS (SELECT FROM mails x WHERE x.incident = m.incident AND x.id < m.id AND x.sent_at IS NULL))),
			max(coalesce(taken_at, sent_at)) FILTER (WHERE sent_to <> '{}'), max(failed_at),
			coalesce((SELECT error FROM mails WHERE failed_at IS NOT NULL ORDER BY failed_at DESC LIMIT 1), '')
		FROM mails m`).Scan(&q.Waiting, &oldest, &next, &sent, &failed, &q.LastError)
	if err != nil {
		return q, fmt.Errorf("reading the queue of mails: %w", err)
	}
	q.OldestWaiting, q.NextAttempt, q.LastSent, q.LastErrorAt = timeOrZero(oldest), timeOrZero(next), timeOrZero(sent), timeOrZero(failed)
	q.Refusals, err = s.refusals(ctx)
	return q, err
}

// refusals returns the addresses to which waiting mails could not be sent, each with the error
// of the last attempt.
func (s *MailStore) refusals(ctx context.Context) ([]notice.Refusal, error) {
	rows, err := s.pool.Query(ctx, `
		SELECT f.address, count(*), max(f.attempts), (array_agg(f.error ORDER BY f.failed_at DESC))[1], min(f.next_at)
		FROM mail_refusals f JOIN mails m ON m.id = f.mail WHERE m.sent_at IS NULL GROUP BY f.address ORDER BY f.address`)
	if err != nil {
		return nil, fmt.Errorf("reading to whom mail could not be sent: %w", err)
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (r notice.Refusal, err error) {
		err = row.Scan(&r.Address, &r.Mails, &r.Attempts, &r.Error, &r.NextAttempt)
		r.NextAttempt = r.NextAttempt.UTC()
		return r, err
	})
}

// Mails implements notice.Store.
func (s *MailStore) Mails(ctx context.Context, below int64, limit int) ([]notice.Mail, error) {
	rows, err := s.pool.Query(ctx, `
		SELECT m.id, m.kind, p.name, i.brief, m.made_at, m.sent_at, m.sent_to, m.attempts, m.error, m.next_at,
			(SELECT coalesce(json_agg(json_build_object('address', f.address, 'mails', 1, 'attempts', f.attempts, 'error', f.error, 'nextAttempt', f.next_at)
				ORDER BY f.address), '[]') FROM mail_refusals f WHERE f.mail = m.id)
		FROM mails m JOIN incidents i ON i.id = m.incident JOIN producers p ON p.id = i.producer
		WHERE $1::bigint = 0 OR m.id < $1 ORDER BY m.id DESC LIMIT $2`, below, limit)
	if err != nil {
		return nil, fmt.Errorf("reading the mails: %w", err)
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (m notice.Mail, err error) {
		var sent *time.Time
		err = row.Scan(&m.ID, &m.Kind, &m.Producer, &m.Brief, &m.MadeAt, &sent, &m.SentTo, &m.Attempts, &m.Error, &m.NextAt, &m.Refusals)
		m.MadeAt, m.SentAt, m.NextAt = m.MadeAt.UTC(), timeOrZero(sent), m.NextAt.UTC()
		return m, err
	})
}
