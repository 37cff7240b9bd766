-- +goose Up

-- Who publishes for a producer. The term rises with each takeover; every write of
-- a publisher carries it. Times are the database's. The unique pair makes the term
-- part of a key: a write's FOR KEY SHARE then waits for, and holds up, a takeover,
-- and never a renewal.
CREATE TABLE leases (
    producer      uuid PRIMARY KEY REFERENCES producers ON DELETE CASCADE,
    term          bigint NOT NULL,
    holder        text NOT NULL, -- an instance's id; empty once it is released
    since         timestamptz NOT NULL,
    renewed_at    timestamptz NOT NULL, -- the holder's last sign of life
    valid_until   timestamptz NOT NULL,
    former_at     timestamptz, -- the last sign of life of the holder before
    backend       integer NOT NULL, -- the database session that the lease is bound to,
    backend_start timestamptz NOT NULL, -- which a number alone does not name for ever
    UNIQUE (producer, term)
) WITH (fillfactor = 50);

-- The processes that run on this database. A program of the version before does
-- not enter itself.
CREATE TABLE instances (
    id         text PRIMARY KEY,
    page       text NOT NULL, -- where its console is; empty if that is not known
    version    text NOT NULL,
    started_at timestamptz NOT NULL DEFAULT now(),
    seen_at    timestamptz NOT NULL DEFAULT now()
) WITH (fillfactor = 50);

-- Every write of a publisher begins with this: it fails, and with it the
-- transaction around it, unless the term is the newest and the holder's. A
-- takeover waits until that transaction ends.
-- +goose StatementBegin
CREATE FUNCTION keep_term(which uuid, my_term bigint, me text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    now_held leases;
BEGIN
    PERFORM FROM leases WHERE producer = which AND term = my_term AND holder = me FOR KEY SHARE;
    IF FOUND THEN
        RETURN;
    END IF;
    SELECT * INTO now_held FROM leases WHERE producer = which;
    RAISE EXCEPTION USING ERRCODE = 'UC001', MESSAGE = format('term %s has passed: %s', my_term,
        CASE WHEN coalesce(now_held.holder, '') = '' THEN 'nobody holds the lease now'
        ELSE format('%s holds the lease since %s, as term %s', now_held.holder,
            to_char(now_held.since AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS "UTC"'), now_held.term) END);
END
$$;
-- +goose StatementEnd
