-- +goose Up

-- Final and stable versions that were deleted: the same number comes back with the same
-- structure or not at all. Housekeeping removes documents, and never these rows. A trigger
-- writes them, so that an older program beside this one writes them too.
CREATE TABLE withdrawn (
    urn_id     bigint PRIMARY KEY REFERENCES urns,
    structural bytea NOT NULL,
    final      boolean NOT NULL
);

-- +goose StatementBegin
CREATE FUNCTION keep_withdrawn() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO withdrawn (urn_id, structural, final)
    SELECT g.urn_id, d.structural, d.final FROM gone g JOIN documents d ON d.id = g.document_id WHERE d.immutable
    ON CONFLICT (urn_id) DO UPDATE SET structural = excluded.structural, final = excluded.final;
    RETURN NULL;
END $$;
-- +goose StatementEnd
CREATE TRIGGER keep_withdrawn AFTER DELETE ON current REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION keep_withdrawn();

-- What was deleted before, as far as its last document is still there.
INSERT INTO withdrawn (urn_id, structural, final)
SELECT DISTINCT ON (h.urn_id) h.urn_id, d.structural, d.final
FROM changes h JOIN documents d ON d.id = h.document_id
WHERE h.kind = 1 AND d.immutable AND NOT EXISTS (SELECT FROM current c WHERE c.urn_id = h.urn_id)
ORDER BY h.urn_id, h.number DESC
ON CONFLICT DO NOTHING;
