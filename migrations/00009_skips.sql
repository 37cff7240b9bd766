-- +goose Up

-- A wish may name a transaction to skip, and says why.
ALTER TABLE producers
    ADD COLUMN wish_skip   bigint NOT NULL DEFAULT 0,
    ADD COLUMN wish_reason text NOT NULL DEFAULT '';

-- Who asked for what a mark says; empty where nobody did.
ALTER TABLE marks ADD COLUMN user_name text NOT NULL DEFAULT '';

-- What one record may have on a topic, as the publisher last saw it; 0 where that is
-- not known.
CREATE TABLE topic_limits (
    producer uuid NOT NULL REFERENCES producers ON DELETE CASCADE,
    topic    text NOT NULL,
    request  bigint NOT NULL,
    message  bigint NOT NULL,
    socket   bigint NOT NULL,
    seen_at  timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (producer, topic)
);
