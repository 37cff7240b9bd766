-- +goose Up

-- The counter row: its lock puts submissions in order (R2).
CREATE TABLE registry (
    only_one        boolean PRIMARY KEY DEFAULT true CHECK (only_one),
    id              uuid NOT NULL DEFAULT gen_random_uuid(),
    last_number     bigint NOT NULL DEFAULT 0,
    allow_dangling  boolean NOT NULL DEFAULT false,
    require_agencies boolean NOT NULL DEFAULT false
) WITH (fillfactor = 50);
INSERT INTO registry DEFAULT VALUES;

CREATE TABLE transactions (
    number         bigint PRIMARY KEY,
    id             uuid NOT NULL UNIQUE,
    kind           smallint NOT NULL, -- 1 replace, 2 delete
    recorded_at    timestamptz NOT NULL,
    pair           bigint NOT NULL DEFAULT 0,
    structures     integer NOT NULL,
    bytes          bigint NOT NULL,
    user_name      text NOT NULL,
    origin         text NOT NULL,
    traceparent    text NOT NULL,
    correlation_id text NOT NULL
);

-- Canonical forms, of current and of old versions.
CREATE TABLE documents (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    digest     bytea NOT NULL,
    structural bytea NOT NULL,
    immutable  boolean NOT NULL,
    final      boolean NOT NULL,
    body       bytea NOT NULL
);
ALTER TABLE documents ALTER COLUMN body SET STORAGE EXTERNAL;

CREATE TABLE urns (
    id      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    urn     text NOT NULL UNIQUE,
    class   text NOT NULL,
    agency  text NOT NULL,
    name    text NOT NULL,
    version text NOT NULL
);
CREATE INDEX urns_key ON urns (class, agency, name);
CREATE INDEX urns_agency ON urns (agency text_pattern_ops);

CREATE TABLE changes (
    number        bigint NOT NULL REFERENCES transactions,
    position      integer NOT NULL,
    urn_id        bigint NOT NULL REFERENCES urns,
    kind          smallint NOT NULL,
    document_id   bigint REFERENCES documents,
    before_number bigint NOT NULL,
    bytes         integer NOT NULL,
    until_number  bigint, -- the transaction that replaced or deleted it; null while it is current
    PRIMARY KEY (number, position)
);

-- What is current: a pointer into documents.
CREATE TABLE current (
    urn_id      bigint PRIMARY KEY REFERENCES urns,
    document_id bigint NOT NULL REFERENCES documents,
    number      bigint NOT NULL,
    position    integer NOT NULL,
    bytes       integer NOT NULL
);

-- References of documents.
CREATE TABLE refs (
    document_id bigint NOT NULL REFERENCES documents,
    class       text NOT NULL,
    agency      text NOT NULL,
    name        text NOT NULL,
    version     text NOT NULL,
    item_class  text NOT NULL,
    item        text NOT NULL
);
CREATE INDEX refs_document ON refs (document_id);
CREATE INDEX refs_key ON refs (class, agency, name);
CREATE INDEX refs_agency ON refs (agency text_pattern_ops);
