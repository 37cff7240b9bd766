package postgres

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"urncast/producer/notice"
)

// newestIncident is the condition that no other open incident of the producer was seen later
// than i. No further mails are made about older open incidents.
const newestIncident = `NOT EXISTS (SELECT FROM incidents o WHERE o.producer = i.producer AND o.ended_at IS NULL AND o.seen_at > i.seen_at)`

// makeMails are the steps of MakeMails. They are sent as one batch, so that the server runs
// the whole transaction by itself: a process that is paused meanwhile keeps no lock.
var makeMails = []string{
	// A session that keeps a lock on a producer's row for longer is paused; try again later.
	`SELECT set_config('lock_timeout', '5s', true)`,
	// Instances take turns, so that they do not take row locks in different orders.
	`SELECT pg_advisory_xact_lock(hashtextextended('urncast mails ' || current_schema(), 0))`,

	// The states of producers with open incidents must not change during the transaction.
	`SELECT id FROM producers p WHERE EXISTS (SELECT FROM incidents i WHERE i.producer = p.id AND i.ended_at IS NULL) FOR SHARE`,

	// An incident that stopped a producer is mailed at once, even if it is over already; a
	// DEGRADED one only if it lasts.
	`INSERT INTO mails (incident, kind)
	SELECT i.id, 'incident' FROM incidents i JOIN producers p ON p.id = i.producer, mail_settings m
	WHERE i.ended_at IS NULL AND m.host <> ''
		AND NOT EXISTS (SELECT FROM mails x WHERE x.incident = i.id)
		AND (i.state <> 'DEGRADED' OR p.state IN ('DEGRADED', 'RECOVERING') AND ` + newestIncident + `
			AND clock_timestamp() >= i.opened_at + make_interval(secs => m.degraded_after_seconds))
	ORDER BY i.opened_at
	ON CONFLICT DO NOTHING`,

	// An incident is over when the producer is IDLE again and has handled the transaction at
	// which it stopped, or has nothing to send. Only an incident that was mailed is followed
	// by a mail that it is over.
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

	// A digest is made only if every earlier mail of the incident has reached somebody, so
	// that digests do not pile up while the mail server is away.
	`INSERT INTO mails (incident, kind, part)
	SELECT i.id, 'digest', d.sent FROM incidents i JOIN producers p ON p.id = i.producer,
		LATERAL (SELECT count(*) AS sent, max(coalesce(x.taken_at, x.sent_at, x.made_at)) AS last, bool_and(x.sent_to <> '{}') AS told FROM mails x WHERE x.incident = i.id) d,
		mail_settings m
	WHERE i.ended_at IS NULL AND m.host <> '' AND m.digest_every_seconds > 0 AND d.sent > 0 AND d.told
		AND clock_timestamp() >= d.last + make_interval(secs => m.digest_every_seconds)
		AND p.state <> 'SUSPENDED' AND ` + newestIncident + `
	ON CONFLICT DO NOTHING`,

	// Mails are given up seven days after their incident was over.
	`UPDATE mails m SET sent_at = clock_timestamp() FROM incidents i
	WHERE m.incident = i.id AND m.sent_at IS NULL AND i.ended_at < now() - interval '7 days'
		AND m.id IN (SELECT id FROM mails WHERE sent_at IS NULL FOR UPDATE SKIP LOCKED)`,

	// An incident that is over is deleted at once if it has no mails, after 7 days if none of
	// its mails reached anybody, and otherwise after 90 days.
	`DELETE FROM incidents i WHERE i.ended_at IS NOT NULL AND (
		i.ended_at < now() - interval '90 days'
		OR NOT EXISTS (SELECT FROM mails x WHERE x.incident = i.id)
		OR i.ended_at < now() - interval '7 days' AND NOT EXISTS (SELECT FROM mails x WHERE x.incident = i.id AND x.sent_to <> '{}'))`,
}

// MakeMails implements notice.Store.
func (s *MailStore) MakeMails(ctx context.Context) error {
	b := &pgx.Batch{} // one implicit transaction
	for _, sql := range makeMails {
		b.Queue(sql)
	}
	return s.pool.SendBatch(ctx, b).Close()
}

// The waits between attempts to send a mail to an address.
const (
	mailBackoffFirst = 5 * time.Second
	mailBackoffMax   = 15 * time.Minute
)

// sendingMax bounds the database transaction in which a mail is sent. The send function has a
// shorter timeout of its own.
const sendingMax = 4 * time.Minute

// wantedAddresses is a table of the addresses a that are still to receive mail m of producer p
// by the settings s: those of the producer, or of all administrators if it has none. A digest
// has no addresses once there is a newer one.
const wantedAddresses = `(SELECT u.a, min(u.n) AS place FROM unnest(CASE WHEN jsonb_array_length(coalesce(s.producer_admins -> p.name, '[]')) > 0
		THEN ARRAY(SELECT jsonb_array_elements_text(s.producer_admins -> p.name)) ELSE s.admins END) WITH ORDINALITY u(a, n)
	WHERE u.a <> ALL (m.sent_to)
		AND NOT (m.kind = 'digest' AND EXISTS (SELECT FROM mails y WHERE y.incident = m.incident AND y.kind = 'digest' AND y.id > m.id))
	GROUP BY u.a)`

// dueCondition is the condition that mail m is due for address w.a: it does not wait for its
// next attempt, and no earlier mail of the same incident waits for that address.
const dueCondition = `NOT EXISTS (SELECT FROM mail_refusals f WHERE f.mail = m.id AND f.address = w.a AND f.next_at > clock_timestamp())
	AND NOT EXISTS (SELECT FROM mails x WHERE x.incident = m.incident AND x.id < m.id AND x.sent_at IS NULL AND w.a <> ALL (x.sent_to))`

// NextMail implements notice.Store. A mail being sent is locked by its row: other
// instances skip it, and the lock ends with a process that dies. If a process dies between the
// mail server's answer and the commit, the mail is sent again with the same Message-ID.
func (s *MailStore) NextMail(ctx context.Context, send func(context.Context, *notice.Letter, []string) []notice.Delivery) (found bool, err error) {
	sendCtx := ctx
	// The result is stored even if the process is being stopped.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), sendingMax)
	defer cancel()
	err = pgx.BeginFunc(ctx, s.pool, func(t pgx.Tx) error {
		// The lock of a process that is paused while it sends must end some time.
		if _, err := t.Exec(ctx, `SET LOCAL idle_in_transaction_session_timeout = '5min'`); err != nil {
			return err
		}
		const from = ` FROM mails m JOIN incidents i ON i.id = m.incident JOIN producers p ON p.id = i.producer, mail_settings s `
		var id int64
		l := &notice.Letter{}
		err := t.QueryRow(ctx, `SELECT m.id, m.kind, m.incident::text`+from+`
			WHERE m.sent_at IS NULL AND s.host <> ''
				AND (EXISTS (SELECT FROM `+wantedAddresses+` w WHERE `+dueCondition+`) OR NOT EXISTS (SELECT FROM `+wantedAddresses+` w))
			ORDER BY m.next_at, m.id LIMIT 1 FOR UPDATE OF m SKIP LOCKED`).Scan(&id, &l.Kind, &l.First)
		if errors.Is(err, pgx.ErrNoRows) {
			return nil
		}
		if err != nil {
			return err
		}
		found = true
		// Read again under the lock: another instance may just have sent it to some of them.
		var to []string
		if err := t.QueryRow(ctx, `SELECT ARRAY(SELECT w.a FROM `+wantedAddresses+` w WHERE `+dueCondition+` ORDER BY w.place)`+from+`WHERE m.id = $1`, id).Scan(&to); err != nil {
			return err
		}
		if len(to) == 0 { // every address has received it, or waits for an earlier mail
			return s.closeMail(ctx, t, id)
		}
		if err := readLetter(ctx, t, id, l); err != nil {
			return fmt.Errorf("reading what mail %d is about: %w", id, err)
		}
		return s.delivered(ctx, t, id, send(sendCtx, l, to))
	})
	return found, err
}

// delivered stores the result of sending a mail to each address.
func (s *MailStore) delivered(ctx context.Context, t pgx.Tx, id int64, all []notice.Delivery) error {
	var sent, refused, words []string
	for _, d := range all {
		if d.Err == nil {
			sent = append(sent, d.Address)
			continue
		}
		refused = append(refused, d.Address)
		words = append(words, d.Err.Error())
	}
	_, err := t.Exec(ctx, `
		INSERT INTO mail_refusals AS f (mail, address, attempts, error, failed_at, next_at)
		SELECT $1, u.address, 1, u.error, clock_timestamp(), clock_timestamp() + make_interval(secs => $4)
		FROM unnest($2::text[], $3::text[]) u(address, error)
		ON CONFLICT (mail, address) DO UPDATE SET attempts = f.attempts + 1, error = excluded.error, failed_at = excluded.failed_at,
			next_at = clock_timestamp() + make_interval(secs => least($5, $4 * 2 ^ least(f.attempts, 20)))`,
		id, refused, words, mailBackoffFirst.Seconds(), mailBackoffMax.Seconds())
	if err != nil {
		return err
	}
	if _, err := t.Exec(ctx, `DELETE FROM mail_refusals WHERE mail = $1 AND address = ANY ($2)`, id, sent); err != nil {
		return err
	}
	_, err = t.Exec(ctx, `
		UPDATE mails SET sent_to = sent_to || coalesce($2::text[], '{}'), taken_at = CASE WHEN cardinality($2::text[]) > 0 THEN clock_timestamp() ELSE taken_at END,
			next_at = coalesce((SELECT min(next_at) FROM mail_refusals WHERE mail = $1), next_at)
		WHERE id = $1`, id, sent)
	if err == nil && len(refused) > 0 {
		_, err = t.Exec(ctx, `UPDATE mails SET attempts = attempts + 1, error = $2, failed_at = clock_timestamp() WHERE id = $1`,
			id, strings.Join(slices.Compact(words), "\n"))
	}
	if err != nil {
		return err
	}
	return s.closeMail(ctx, t, id)
}

// closeMail marks a mail as sent if no address is left that is to receive it.
func (s *MailStore) closeMail(ctx context.Context, t pgx.Tx, id int64) error {
	_, err := t.Exec(ctx, `
		UPDATE mails SET sent_at = clock_timestamp() WHERE id = $1 AND NOT EXISTS (
			SELECT FROM mails m JOIN incidents i ON i.id = m.incident JOIN producers p ON p.id = i.producer, mail_settings s, LATERAL `+wantedAddresses+` w
			WHERE m.id = $1)`, id)
	return err
}

// readLetter reads the content of a mail, as of now.
func readLetter(ctx context.Context, t pgx.Tx, id int64, l *notice.Letter) error {
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
		WHERE m.id = $1`, id, notice.LetterURNs).Scan(
		&part, &l.Thread, &l.Producer, &l.Routes,
		&l.State, &l.Reason, &l.Brief, &l.Cure, &ask, &l.Number, &l.Times, &l.Since, &ended,
		&recorded, &l.Structures, &l.URNs, &l.Pending, &oldest)
	if err != nil {
		return err
	}
	l.ID = fmt.Sprintf("%s.%s", incident, l.Kind)
	if l.Kind == notice.KindDigest {
		l.ID += fmt.Sprintf(".%d", part)
	}
	l.Since, l.Ended, l.RecordedAt, l.OldestPending = l.Since.UTC(), timeOrZero(ended), timeOrZero(recorded), timeOrZero(oldest)
	return json.Unmarshal(ask, &l.Ask)
}
