-- +goose Up

-- What a producer's route takes, and what it took when it last published: JSON as
-- producer.Filter writes it, empty if it is everything.
ALTER TABLE producers ADD COLUMN filter text NOT NULL DEFAULT '', ADD COLUMN sent_filter text NOT NULL DEFAULT '';
