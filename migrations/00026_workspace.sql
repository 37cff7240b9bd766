-- +goose Up

-- Files that somebody has sent and not submitted yet. One whose files went keeps its row
-- for a day, with the reason, for whoever comes back to it. An upload is whole when all
-- files have arrived: one whose instance ended before that never is, and expires.
CREATE TABLE uploads (
    id         text PRIMARY KEY, -- at random; it is the key of the request that submits it, too
    user_name  text NOT NULL,
    files      jsonb NOT NULL DEFAULT '[]', -- names, character sets and sizes
    choices    jsonb NOT NULL DEFAULT '{}', -- what is to be done with them
    bytes      bigint NOT NULL DEFAULT 0,   -- of its chunks
    whole      boolean NOT NULL DEFAULT false,
    gone       text, -- why its chunks were deleted; null while they are there
    made_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
    expires_at timestamptz NOT NULL
) WITH (fillfactor = 50);
CREATE INDEX uploads_expiry ON uploads (expires_at);

-- The bytes of their files, as they came: whoever reads or writes one holds a chunk in
-- memory and not a file.
CREATE TABLE upload_chunks (
    upload  text NOT NULL REFERENCES uploads ON DELETE CASCADE,
    file    integer NOT NULL,
    place   integer NOT NULL,
    content bytea NOT NULL,
    PRIMARY KEY (upload, file, place)
);
ALTER TABLE upload_chunks ALTER COLUMN content SET STORAGE EXTERNAL;

-- Edits of connections that nobody has saved. What is secret in them is sealed, as in
-- connections.
CREATE TABLE drafts (
    id        text PRIMARY KEY,
    user_name text NOT NULL,
    path      text NOT NULL, -- the name of the connection; empty for a new one
    content   bytea NOT NULL, -- JSON
    secrets   bytea,          -- sealed JSON
    revision  bigint NOT NULL DEFAULT 1,
    bytes     bigint NOT NULL,
    gone      text,
    made_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
    used_at   timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX drafts_used ON drafts (used_at);

-- Long work that a person has begun, by the page that shows it. Its instance gives a sign
-- of life (beat_at) while it runs: work without an end whose last sign is old was broken
-- off, as by the end of its process.
CREATE TABLE tasks (
    user_name text NOT NULL,
    address   text NOT NULL,
    id        uuid NOT NULL UNIQUE,
    kind      text NOT NULL,
    instance  text NOT NULL,
    writes    boolean NOT NULL,
    upload    text NOT NULL DEFAULT '', -- whose files it reads
    key       text NOT NULL DEFAULT '', -- of the request, by which its transaction is found
    progress  jsonb NOT NULL,
    cancelled boolean NOT NULL DEFAULT false,
    began_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    beat_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
    ended_at  timestamptz,
    answer    bytea, -- what came of it
    told      boolean NOT NULL DEFAULT false, -- that to its user
    PRIMARY KEY (user_name, address)
) WITH (fillfactor = 50);
CREATE INDEX tasks_upload ON tasks (upload) WHERE upload <> '';
