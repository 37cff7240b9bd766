-- +goose Up

-- A wish may name a transaction to skip, and says why.
ALTER TABLE producers
    ADD COLUMN wish_skip   bigint NOT NULL DEFAULT 0,
    ADD COLUMN wish_reason text NOT NULL DEFAULT '';

-- Who asked for what a mark says; empty where nobody did.
ALTER TABLE marks ADD COLUMN user_name text NOT NULL DEFAULT '';
