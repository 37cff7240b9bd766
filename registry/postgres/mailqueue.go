package postgres

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"urncast/producer"
)

// newest says that no other open incident of the producer was met later: of what
// lies behind it nothing more is told until it is over.
const newest = `NOT EXISTS (SELECT FROM incidents o WHERE o.producer = i.producer AND o.ended_at IS NULL AND o.seen_at > i.seen_at)`

// makeMails are the steps of MakeMails. They run in one transaction that needs no
// answer of ours in its midst: a process that is paused there holds no lock.
var makeMails = []string{
	// Whoever holds a lock on a producer's row for long is paused in the midst.
	`SELECT set_config('lock_timeout', '5s', true)`,
	// Instances do this one after the other, so that they lock in no different orders.
	`SELECT pg_advisory_xact_lock(hashtextextended('urncast mails ' || current_schema(), 0))`,

	// The state and the incident of a producer do not change while this looks at both.
	`SELECT id FROM producers p WHERE EXISTS (SELECT FROM incidents i WHERE i.producer = p.id AND i.ended_at IS NULL) FOR SHARE`,

	// What stopped a producer is told at once, and even if it is over already. A
	// degraded one is given time.
	`INSERT INTO mails (incident, kind)
	SELECT i.id, 'incident' FROM incidents i JOIN producers p ON p.id = i.producer, mail_settings m
	WHERE i.ended_at IS NULL AND m.host <> ''
		AND NOT EXISTS (SELECT FROM mails x WHERE x.incident = i.id)
		AND (i.state <> 'DEGRADED' OR p.state IN ('DEGRADED', 'RECOVERING') AND ` + newest + `
			AND clock_timestamp() >= i.opened_at + make_interval(secs => m.degraded_after_seconds))
	ORDER BY i.opened_at
	ON CONFLICT DO NOTHING`,

	// It is over when the producer is idle again and has handled what it stopped at,
	// or has nothing to send. Of what was not told nobody hears.
	`WITH over AS (
		UPDATE incidents i SET ended_at = clock_timestamp()
		FROM producers p LEFT JOIN cursors c ON c.producer = p.id, registry r
		WHERE i.producer = p.id AND i.ended_at IS NULL AND p.started AND p.state = 'IDLE'
			AND (coalesce(c.number, 0) >= i.until_number OR coalesce(c.number, 0) >= r.last_number)
		RETURNING i.id, i.opened_at)
	INSERT INTO mails (incident, kind)
	SELECT o.id, 'recovered' FROM over o WHERE EXISTS (SELECT FROM mails x WHERE x.incident = o.id)
	ORDER BY o.opened_at
	ON CONFLICT DO NOTHING`,

	// Digests do not pile up behind a mail server that is away.
	`INSERT INTO mails (incident, kind, part)
	SELECT i.id, 'digest', d.sent FROM incidents i JOIN producers p ON p.id = i.producer,
		LATERAL (SELECT count(*) AS sent, max(x.sent_at) AS last, bool_and(x.sent_at IS NOT NULL) AS whole FROM mails x WHERE x.incident = i.id) d,
		mail_settings m
	WHERE i.ended_at IS NULL AND m.host <> '' AND m.digest_every_seconds > 0 AND d.sent > 0 AND d.whole
		AND clock_timestamp() >= d.last + make_interval(secs => m.digest_every_seconds)
		AND p.state <> 'SUSPENDED' AND ` + newest + `
	ON CONFLICT DO NOTHING`,

	// What nobody was told of leaves no trace; what was told is kept for 90 days, and
	// what could not be told for 7 days after it was over.
	`DELETE FROM incidents i WHERE i.ended_at IS NOT NULL AND (
		i.ended_at < now() - interval '90 days'
		OR NOT EXISTS (SELECT FROM mails x WHERE x.incident = i.id)
		OR i.ended_at < now() - interval '7 days' AND EXISTS (SELECT FROM mails x WHERE x.incident = i.id AND x.sent_at IS NULL))`,
}

// MakeMails implements producer.MailStore.
func (s *MailStore) MakeMails(ctx context.Context) error {
	b := &pgx.Batch{} // one implicit transaction
	for _, sql := range makeMails {
		b.Queue(sql)
	}
	return s.pool.SendBatch(ctx, b).Close()
}

// The waits between the attempts for one mail.
const (
	mailBackoffFirst = 5 * time.Second
	mailBackoffMax   = 15 * time.Minute
)

// sendingMax bounds the transaction that sends a mail; send has a shorter end of
// its own.
const sendingMax = 4 * time.Minute

// NextMail implements producer.MailStore. The mail's row stays locked while it is
// sent: another instance passes over it, and a process that dies lets go of it. One
// that dies between the server's answer and the commit has the mail sent again, by
// the same Message-ID.
func (s *MailStore) NextMail(ctx context.Context, send func(context.Context, *producer.Letter) ([]string, error)) (found bool, err error) {
	asked := ctx
	// What was sent is written down even if we are being stopped.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), sendingMax)
	defer cancel()
	err = pgx.BeginFunc(ctx, s.pool, func(t pgx.Tx) error {
		// A process that is paused in the midst of sending must not keep the row for good.
		if _, err := t.Exec(ctx, `SET LOCAL idle_in_transaction_session_timeout = '5min'`); err != nil {
			return err
		}
		var id int64
		var attempts int
		l := &producer.Letter{}
		err := t.QueryRow(ctx, `
			SELECT m.id, m.kind, m.part, m.incident::text, m.attempts, m.sent_to FROM mails m, mail_settings s
			WHERE m.sent_at IS NULL AND m.next_at <= clock_timestamp() AND s.host <> ''
				AND NOT EXISTS (SELECT FROM mails x WHERE x.incident = m.incident AND x.id < m.id AND x.sent_at IS NULL)
			ORDER BY m.next_at, m.id LIMIT 1 FOR UPDATE OF m SKIP LOCKED`).Scan(&id, &l.Kind, new(int64), &l.First, &attempts, &l.SentTo)
		if errors.Is(err, pgx.ErrNoRows) {
			return nil
		}
		if err != nil {
			return err
		}
		found = true
		if err := letter(ctx, t, id, l); err != nil {
			return fmt.Errorf("reading what mail %d is about: %w", id, err)
		}
		sent, failure := send(asked, l)
		to := append(append([]string{}, l.SentTo...), sent...) // not null, if it is empty
		if failure == nil {
			_, err = t.Exec(ctx, `UPDATE mails SET sent_at = clock_timestamp(), sent_to = $2 WHERE id = $1`, id, to)
			return err
		}
		wait := min(mailBackoffMax, mailBackoffFirst<<min(attempts, 20))
		_, err = t.Exec(ctx, `
			UPDATE mails SET sent_to = $2, error = $3, attempts = attempts + 1, failed_at = clock_timestamp(),
				next_at = clock_timestamp() + make_interval(secs => $4) WHERE id = $1`, id, to, failure.Error(), wait.Seconds())
		return err
	})
	return found, err
}

// letter reads what a mail says, as things stand now.
func letter(ctx context.Context, t pgx.Tx, id int64, l *producer.Letter) error {
	incident := l.First
	l.First = incident + ".incident"
	var ask []byte
	var part int64
	var ended, recorded, oldest *time.Time
	err := t.QueryRow(ctx, `
		SELECT m.part, encode(sha256(convert_to(i.producer::text || ' ' || i.cause, 'UTF8')), 'hex'), p.name, p.routes,
			i.state, i.reason, i.brief, i.cure, i.ask, i.number, i.times, i.opened_at, i.ended_at,
			t.recorded_at, coalesce(t.structures, 0),
			ARRAY(SELECT u.urn FROM changes x JOIN urns u ON u.id = x.urn_id WHERE x.number = i.number ORDER BY x.position LIMIT $2),
			CASE WHEN p.started THEN r.last_number - coalesce(c.number, 0) ELSE 0 END,
			(SELECT recorded_at FROM transactions n WHERE n.number > coalesce(c.number, 0) AND p.started ORDER BY number LIMIT 1)
		FROM registry r, mails m JOIN incidents i ON i.id = m.incident JOIN producers p ON p.id = i.producer
			LEFT JOIN cursors c ON c.producer = p.id LEFT JOIN transactions t ON t.number = i.number
		WHERE m.id = $1`, id, producer.LetterURNs).Scan(
		&part, &l.Thread, &l.Producer, &l.Routes,
		&l.State, &l.Reason, &l.Brief, &l.Cure, &ask, &l.Number, &l.Times, &l.Since, &ended,
		&recorded, &l.Structures, &l.URNs, &l.Pending, &oldest)
	if err != nil {
		return err
	}
	l.ID = fmt.Sprintf("%s.%s", incident, l.Kind)
	if l.Kind == producer.MailDigest {
		l.ID += fmt.Sprintf(".%d", part)
	}
	l.Since, l.Ended, l.RecordedAt, l.OldestPending = l.Since.UTC(), utc(ended), utc(recorded), utc(oldest)
	return json.Unmarshal(ask, &l.Ask)
}
