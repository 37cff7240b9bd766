-- +goose Up

-- How to mail the admins. The password is sealed (internal/secret).
CREATE TABLE mail_settings (
    only_one        boolean PRIMARY KEY DEFAULT true CHECK (only_one),
    host            text NOT NULL DEFAULT '', -- empty: no mail is sent
    port            integer NOT NULL DEFAULT 587,
    security        text NOT NULL DEFAULT 'starttls',
    auth            text NOT NULL DEFAULT 'auto',
    user_name       text NOT NULL DEFAULT '',
    password        bytea, -- sealed; null if there is none
    ca              text NOT NULL DEFAULT '',
    sender          text NOT NULL DEFAULT '',
    admins          text[] NOT NULL DEFAULT '{}',
    producer_admins jsonb NOT NULL DEFAULT '{}', -- a producer's name to addresses, in place of admins
    public_url      text NOT NULL DEFAULT '',
    degraded_after_seconds bigint NOT NULL DEFAULT 900,
    digest_every_seconds   bigint NOT NULL DEFAULT 86400, -- 0: none
    revision        bigint NOT NULL DEFAULT 0,
    changed_at      timestamptz NOT NULL DEFAULT now(),
    changed_by      text NOT NULL DEFAULT ''
);
INSERT INTO mail_settings DEFAULT VALUES;

-- Why a producer does not publish: a row per cause, open while it lasts. It is
-- written by the statement that writes the producer's state.
CREATE TABLE incidents (
    id        uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    producer  uuid NOT NULL REFERENCES producers ON DELETE CASCADE,
    cause     text NOT NULL,
    state     text NOT NULL,
    reason    text NOT NULL,
    brief     text NOT NULL,
    cure      text NOT NULL,
    ask       jsonb NOT NULL,
    number    bigint NOT NULL, -- the transaction that it is about; 0 for none
    until_number bigint NOT NULL, -- it is over when the producer has handled this one
    times     bigint NOT NULL DEFAULT 1,
    opened_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    seen_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
    ended_at  timestamptz
);
CREATE UNIQUE INDEX incidents_open ON incidents (producer, cause) WHERE ended_at IS NULL;

-- The queue of mails. What one says is read when it is sent.
CREATE TABLE mails (
    id        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    incident  uuid NOT NULL REFERENCES incidents ON DELETE CASCADE,
    kind      text NOT NULL, -- incident, digest or recovered
    part      bigint NOT NULL DEFAULT 0, -- of digests: the first, the second …
    made_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
    next_at   timestamptz NOT NULL DEFAULT clock_timestamp(), -- of the next attempt
    attempts  integer NOT NULL DEFAULT 0, -- that failed
    error     text NOT NULL DEFAULT '',
    failed_at timestamptz,
    sent_to   text[] NOT NULL DEFAULT '{}',
    sent_at   timestamptz, -- null while it waits
    UNIQUE (incident, kind, part) -- however many instances make mails
);
CREATE INDEX mails_waiting ON mails (next_at) WHERE sent_at IS NULL;
