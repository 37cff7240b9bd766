-- +goose Up

-- Each time an instance that was there already took a producer's lease from another: a
-- restart is none. The term is the new one.
CREATE TABLE takeovers (
    producer uuid NOT NULL REFERENCES producers ON DELETE CASCADE,
    term     bigint NOT NULL,
    at       timestamptz NOT NULL,
    instance text NOT NULL,
    former   text NOT NULL, -- the instance that held it before
    ending   text NOT NULL, -- how it lost it: released, expired or lost
    PRIMARY KEY (producer, term)
);

-- A lease that is released names nobody any more. last_holder still does, if last_term is
-- the term: a program of the version before does not write them. former and former_ending
-- are of the holder before this one.
ALTER TABLE leases
    ADD COLUMN last_holder   text NOT NULL DEFAULT '',
    ADD COLUMN last_term     bigint NOT NULL DEFAULT 0,
    ADD COLUMN former        text NOT NULL DEFAULT '',
    ADD COLUMN former_ending text NOT NULL DEFAULT '';
