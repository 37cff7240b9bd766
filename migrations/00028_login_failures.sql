-- +goose Up

-- Failed attempts to sign in, counted by account and address together, by account, and by
-- address, over all instances. What is counted by is kept as a digest: people type their
-- password in the place of the name.
CREATE TABLE login_failures (
    digest   bytea PRIMARY KEY,
    failed   integer NOT NULL,
    last_at  timestamptz NOT NULL,
    until_at timestamptz NOT NULL -- the next attempt may come then
) WITH (fillfactor = 70);
CREATE INDEX login_failures_last ON login_failures (last_at);

-- From which addresses accounts have signed in: those are held up by their own failures
-- alone.
CREATE TABLE login_addresses (
    digest  bytea PRIMARY KEY,
    seen_at timestamptz NOT NULL
);
CREATE INDEX login_addresses_seen ON login_addresses (seen_at);
