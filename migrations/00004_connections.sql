-- +goose Up

-- A connection to a Kafka cluster, as an admin wrote it. Secret values and the
-- content of files are sealed (internal/secret) and bound to the row's name;
-- beside them stands what may be seen without a key.
CREATE TABLE connections (
    name       text PRIMARY KEY,
    properties jsonb NOT NULL, -- name to value; without secrets
    secret_names text[] NOT NULL, -- of the properties in secrets
    secrets    bytea, -- sealed: name to value; null if there are none
    file_infos jsonb NOT NULL, -- name to size and time; without content
    files      bytea, -- sealed: name to content; null if there are none
    revision   bigint NOT NULL,
    changed_at timestamptz NOT NULL DEFAULT now(),
    changed_by text NOT NULL
);

-- Revisions are never used twice, so that a connection that was deleted and made
-- again is seen to be another.
CREATE SEQUENCE connection_revisions;

-- Who changed what. Ids rise in the order of commits.
CREATE TABLE audit (
    id        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at        timestamptz NOT NULL DEFAULT now(),
    user_name text NOT NULL,
    remote    text NOT NULL,
    action    text NOT NULL,
    subject   text NOT NULL,
    detail    jsonb NOT NULL -- without secrets
);

-- The connection that a producer takes; empty if its process was started with one.
-- A program of the version before leaves it empty, and uses bootstrap.
ALTER TABLE producers ADD COLUMN connection text NOT NULL DEFAULT '';
