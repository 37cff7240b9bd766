-- +goose Up

-- The audit's counter row: whoever records an act locks it, and so ids rise in the order
-- of commits without gaps, and times never fall. A lock of the table did that before,
-- and waited for, and held up, every vacuum of it.
CREATE TABLE audit_counter (
    only_one boolean PRIMARY KEY DEFAULT true CHECK (only_one),
    last_id  bigint NOT NULL,
    last_at  timestamptz NOT NULL
) WITH (fillfactor = 50);

-- Nobody records while the last id is read. A program of the version before takes this
-- lock too.
LOCK TABLE audit IN ACCESS EXCLUSIVE MODE;
INSERT INTO audit_counter (last_id, last_at) SELECT coalesce(max(id), 0), coalesce(max(at), '-infinity') FROM audit;

-- A trigger, and no statement of ours, so that what a program of the version before
-- records beside this one has its number from here too.
-- +goose StatementBegin
CREATE FUNCTION number_act() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE audit_counter SET last_id = last_id + 1, last_at = greatest(last_at, clock_timestamp())
        RETURNING last_id, last_at INTO NEW.id, NEW.at;
    RETURN NEW;
END $$;
-- +goose StatementEnd
ALTER TABLE audit ALTER COLUMN id DROP IDENTITY;
CREATE TRIGGER number_act BEFORE INSERT ON audit FOR EACH ROW EXECUTE FUNCTION number_act();
