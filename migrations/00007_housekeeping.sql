-- +goose Up

-- What of the old content is kept, and how far its removal came. It stands apart
-- from the counter row, so that no step of housekeeping waits for a submission or
-- makes one wait.
CREATE TABLE housekeeping (
    only_one          boolean PRIMARY KEY DEFAULT true CHECK (only_one),
    keep_transactions bigint NOT NULL DEFAULT 0, -- 0 with keep_days 0: everything is kept
    keep_days         integer NOT NULL DEFAULT 0,
    horizon           bigint NOT NULL DEFAULT 0, -- what was current after an older transaction cannot be read
    swept_number      bigint NOT NULL DEFAULT 0, -- the last change whose predecessor's content is deleted
    swept_position    integer NOT NULL DEFAULT 0
);
INSERT INTO housekeeping DEFAULT VALUES;

-- A row for each run that moved the horizon.
CREATE TABLE housekeeping_runs (
    horizon           bigint PRIMARY KEY,
    after             bigint NOT NULL, -- the horizon before
    began_at          timestamptz NOT NULL DEFAULT now(),
    ended_at          timestamptz,
    user_name         text NOT NULL,
    keep_transactions bigint NOT NULL,
    keep_days         integer NOT NULL,
    documents         bigint NOT NULL DEFAULT 0,
    bytes             bigint NOT NULL DEFAULT 0
);

-- A change keeps the id of its document after the document is gone: the record is
-- never written again.
ALTER TABLE changes DROP CONSTRAINT changes_document_id_fkey;

-- From a change to the one before it of the same structure: housekeeping and
-- reads as of a transaction go this way.
CREATE INDEX changes_urn ON changes (urn_id, number);

-- The marks that touch a page of the log, and the few that wait for an admin.
CREATE INDEX marks_range ON marks USING gist (int8range(first, last, '[]'));
CREATE INDEX marks_failed ON marks (first) WHERE status = 'FAILED';

-- References of what is current, alone: those of old documents made every look-up
-- of who refers to a structure as long as the structure's history. An older
-- program beside this one leaves some behind, which its joins and ours pass over.
DELETE FROM refs r WHERE NOT EXISTS (SELECT FROM current c WHERE c.document_id = r.document_id);

-- How many structures are current. Triggers keep it, so that an older program
-- beside this one counts too; the counter row's lock puts them in order.
CREATE TABLE class_counts (
    class      text PRIMARY KEY,
    structures bigint NOT NULL
) WITH (fillfactor = 50);
INSERT INTO class_counts SELECT u.class, count(*) FROM current c JOIN urns u ON u.id = c.urn_id GROUP BY u.class;

-- +goose StatementBegin
CREATE FUNCTION count_current() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO class_counts AS k (class, structures)
    SELECT u.class, count(*) * CASE TG_OP WHEN 'INSERT' THEN 1 ELSE -1 END FROM moved m JOIN urns u ON u.id = m.urn_id GROUP BY u.class
    ON CONFLICT (class) DO UPDATE SET structures = k.structures + excluded.structures;
    RETURN NULL;
END $$;
-- +goose StatementEnd
CREATE TRIGGER count_added AFTER INSERT ON current REFERENCING NEW TABLE AS moved FOR EACH STATEMENT EXECUTE FUNCTION count_current();
CREATE TRIGGER count_removed AFTER DELETE ON current REFERENCING OLD TABLE AS moved FOR EACH STATEMENT EXECUTE FUNCTION count_current();

-- The database that a producer ran on, beside the server's id: a dump restored on
-- the same server is another database, and as much a copy as one elsewhere.
ALTER TABLE producers ADD COLUMN database_oid oid;
UPDATE producers SET database_oid = (SELECT oid FROM pg_database WHERE datname = current_database()) WHERE system <> '';
