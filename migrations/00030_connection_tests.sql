-- +goose Up

-- The last test of each connection as it was saved, which the list of connections shows, is
-- the latest such entry of the audit.
CREATE INDEX audit_tests ON audit (subject, id) WHERE action = 'connection tested' AND detail->'edited' = 'false';
