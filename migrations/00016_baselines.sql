-- +goose Up

-- Settings that begin a baseline without being asked: at every start, and when the
-- connection leads to another cluster.
ALTER TABLE producers
    ADD COLUMN baseline_at_start      boolean NOT NULL DEFAULT false,
    ADD COLUMN baseline_on_connection boolean NOT NULL DEFAULT false;

ALTER TABLE jobs
    -- A job that waits is begun once the producer has handled this transaction.
    ADD COLUMN not_before bigint NOT NULL DEFAULT 0,
    -- Of a producer's first start: nothing was ever to be sent before it.
    ADD COLUMN first_start boolean NOT NULL DEFAULT false,
    -- Whoever asked for the end of a job that had begun; the holder of the lease ends it.
    ADD COLUMN cancel_by  text NOT NULL DEFAULT '',
    -- What a job that was cancelled after it had begun left on the topics.
    ADD COLUMN leaves     text NOT NULL DEFAULT '';
