-- +goose Up

-- A document of up to about 8 KB stays in its row: most are that small, and a
-- look into the side table costs more than they do. Older rows stay where they
-- are until they are written again.
ALTER TABLE documents SET (toast_tuple_target = 8160);
