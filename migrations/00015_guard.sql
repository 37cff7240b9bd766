-- +goose Up

-- The random id of the transaction before: what follows in the log names what it
-- follows, so that a reader who knows that one finds out when the database has lost its
-- past. Null for the first, and for what an older program recorded.
ALTER TABLE transactions ADD COLUMN predecessor uuid;

-- What a producer last published with: the bootstrap servers, and how many
-- transactional ids. A producer from before this has two.
ALTER TABLE producers
    ADD COLUMN sent_bootstrap text NOT NULL DEFAULT '',
    ADD COLUMN sent_lanes     integer NOT NULL DEFAULT 2;
ALTER TABLE former_producers ADD COLUMN lanes integer NOT NULL DEFAULT 2;
