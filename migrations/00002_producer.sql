-- +goose Up

-- One row per producer: what it is, what an admin wishes, how far it came.
CREATE TABLE producers (
    id            uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    name          text NOT NULL UNIQUE,
    topic         text NOT NULL,
    format        text NOT NULL,
    prefix        text NOT NULL,
    sender        text NOT NULL,
    bootstrap     text NOT NULL DEFAULT '',

    -- The last wish; it is open while wish > taken.
    wish          bigint NOT NULL DEFAULT 0,
    taken         bigint NOT NULL DEFAULT 0,
    wish_run      text NOT NULL DEFAULT 'STOPPED',
    wish_how      text NOT NULL DEFAULT '',
    wish_keep     boolean NOT NULL DEFAULT false,
    wish_user     text NOT NULL DEFAULT '',
    wish_at       timestamptz,

    state         text NOT NULL DEFAULT 'STOPPED',
    reason        text NOT NULL DEFAULT '',
    ask           jsonb NOT NULL DEFAULT '[]',
    since         timestamptz NOT NULL DEFAULT now(),
    holder        text NOT NULL DEFAULT '',

    started       boolean NOT NULL DEFAULT false,
    sent_topic    text NOT NULL DEFAULT '',
    sent_topic_id text NOT NULL DEFAULT '',
    sent_cluster  text NOT NULL DEFAULT '',
    sent_format   text NOT NULL DEFAULT '',
    sent_prefix   text NOT NULL DEFAULT '',
    system        text NOT NULL DEFAULT ''
);

-- The cursor stands apart: it is written after every transaction, and nothing
-- else is.
CREATE TABLE cursors (
    producer   uuid PRIMARY KEY REFERENCES producers,
    number     bigint NOT NULL DEFAULT 0,
    kafka_offset bigint NOT NULL DEFAULT 0,
    moved_at   timestamptz NOT NULL DEFAULT now()
) WITH (fillfactor = 50);

-- What is not plainly sent, as ranges of transaction numbers.
CREATE TABLE marks (
    producer uuid NOT NULL REFERENCES producers,
    first    bigint NOT NULL,
    last     bigint NOT NULL,
    status   text NOT NULL,
    reason   text NOT NULL DEFAULT '',
    at       timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (producer, last, status)
);

-- Structures that the format cannot express.
CREATE TABLE left_out (
    producer uuid NOT NULL REFERENCES producers,
    number   bigint NOT NULL,
    urn      text NOT NULL,
    reason   text NOT NULL,
    PRIMARY KEY (producer, number, urn)
);

CREATE TABLE jobs (
    id         uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    producer   uuid NOT NULL REFERENCES producers,
    kind       text NOT NULL,
    as_of      bigint NOT NULL,
    phase      text NOT NULL DEFAULT 'publish',
    structures bigint NOT NULL DEFAULT 0,
    done       bigint NOT NULL DEFAULT 0,
    bytes      bigint NOT NULL DEFAULT 0,
    created_at timestamptz NOT NULL DEFAULT now(),
    ended_at   timestamptz
);
CREATE UNIQUE INDEX jobs_one_open ON jobs (producer) WHERE ended_at IS NULL;
