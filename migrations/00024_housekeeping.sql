-- +goose Up

-- When a run of housekeeping that has not ended was broken off, or found to be, and what
-- by. A run that has neither this nor an end is under way, or its process was killed and
-- nobody has looked since; the next run takes both back and goes on with it.
ALTER TABLE housekeeping_runs
    ADD COLUMN broken_at  timestamptz,
    ADD COLUMN broken_why text NOT NULL DEFAULT '';
