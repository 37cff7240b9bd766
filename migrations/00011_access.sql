-- +goose Up

-- Who may sign in. The administrator whom a process is started with is in no table.
CREATE TABLE accounts (
    id           uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    name         text NOT NULL UNIQUE, -- in small letters
    password     text NOT NULL, -- its argon2id digest; empty for an account that uses tokens alone
    role         text NOT NULL,
    agencies     text[] NOT NULL, -- of a maintainer
    disabled     boolean NOT NULL DEFAULT false,
    revision     bigint NOT NULL DEFAULT 1,
    created_at   timestamptz NOT NULL,
    created_by   text NOT NULL,
    changed_at   timestamptz NOT NULL,
    changed_by   text NOT NULL,
    signed_in_at timestamptz
);

-- Sessions of browsers. Of the secret in the cookie there is the SHA-256 alone.
CREATE TABLE sessions (
    id       uuid PRIMARY KEY,
    digest   bytea NOT NULL UNIQUE,
    account  uuid REFERENCES accounts ON DELETE CASCADE, -- null for the administrator who is in no table
    name     text NOT NULL,
    began_at timestamptz NOT NULL,
    seen_at  timestamptz NOT NULL,
    ends_at  timestamptz NOT NULL,
    remote   text NOT NULL,
    agent    text NOT NULL
);
CREATE INDEX sessions_account ON sessions (account);

-- API tokens, by their SHA-256.
CREATE TABLE tokens (
    id         uuid PRIMARY KEY,
    digest     bytea NOT NULL UNIQUE,
    account    uuid NOT NULL REFERENCES accounts ON DELETE CASCADE,
    name       text NOT NULL,
    role       text NOT NULL,
    agencies   text[] NOT NULL, -- of a maintainer; empty for the account's
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    used_at    timestamptz,
    used_from  text NOT NULL DEFAULT '',
    UNIQUE (account, name)
);

-- Codes with which the first administrator is made, by their SHA-256: one for each
-- start of a process until there is one.
CREATE TABLE setup_codes (
    digest  bytea PRIMARY KEY,
    made_at timestamptz NOT NULL DEFAULT now()
);

CREATE INDEX audit_user ON audit (user_name, id);
CREATE INDEX audit_action ON audit (action, id);
CREATE INDEX audit_at ON audit (at);
