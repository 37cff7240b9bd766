-- +goose Up

-- What a producer publishes along, and what it last published along: arrays of
-- {"topic", "format", "filter"}, as producer.Route writes them, the latter with
-- "topicId". They take the place of the columns for one route, which stay for the
-- pages of a program of the version before, and are written no more.
ALTER TABLE producers
    ADD COLUMN routes      jsonb NOT NULL DEFAULT '[]',
    ADD COLUMN sent_routes jsonb NOT NULL DEFAULT '[]',
    -- Settings: fixed are those of a process' flags.
    ADD COLUMN fixed       boolean NOT NULL DEFAULT false,
    ADD COLUMN revision    bigint NOT NULL DEFAULT 1,
    ADD COLUMN changed_at  timestamptz NOT NULL DEFAULT now(),
    ADD COLUMN changed_by  text NOT NULL DEFAULT '',
    ALTER COLUMN topic SET DEFAULT '',
    ALTER COLUMN format SET DEFAULT '';
UPDATE producers SET
    routes = jsonb_build_array(jsonb_strip_nulls(jsonb_build_object('topic', topic, 'format', format, 'filter', nullif(filter, '')::jsonb))),
    sent_routes = CASE WHEN started THEN jsonb_build_array(jsonb_strip_nulls(jsonb_build_object(
        'topic', sent_topic, 'topicId', sent_topic_id, 'format', sent_format, 'filter', nullif(sent_filter, '')::jsonb))) ELSE '[]' END;

-- By topic, the offset where reading back begins.
ALTER TABLE cursors ADD COLUMN offsets jsonb NOT NULL DEFAULT '{}';
UPDATE cursors c SET offsets = jsonb_build_object(p.sent_topic, c.kafka_offset) FROM producers p WHERE p.id = c.producer AND p.started;

-- What is left out, is left out of a topic.
ALTER TABLE left_out ADD COLUMN topic text NOT NULL DEFAULT '';
UPDATE left_out l SET topic = p.sent_topic FROM producers p WHERE p.id = l.producer;
ALTER TABLE left_out DROP CONSTRAINT left_out_pkey, ADD PRIMARY KEY (producer, number, urn, topic);

-- Jobs wait until the one before is done; what one is about, and who asked for it.
ALTER TABLE jobs
    ADD COLUMN scope    jsonb NOT NULL DEFAULT '{}',
    ADD COLUMN asked_by text NOT NULL DEFAULT '';
UPDATE jobs j SET scope = jsonb_build_object('topics', jsonb_build_array(p.topic)) FROM producers p
    WHERE p.id = j.producer AND j.kind = 'filter' AND j.ended_at IS NULL;
DROP INDEX jobs_one_open;
CREATE UNIQUE INDEX jobs_one_open ON jobs (producer) WHERE ended_at IS NULL AND phase <> 'waiting';
CREATE INDEX jobs_newest ON jobs (producer, created_at);

-- Producers whose configuration was deleted. What they sent is on their topics still,
-- and their transactional ids are to be fenced by whoever takes a topic over.
CREATE TABLE former_producers (
    id         uuid PRIMARY KEY,
    name       text NOT NULL,
    prefix     text NOT NULL,
    deleted_at timestamptz NOT NULL DEFAULT now(),
    deleted_by text NOT NULL
);

-- A program of the version before knows one route, and would publish along that
-- alone. It asks keep_term before each of its writes, and hears that its time is over;
-- programs that know routes ask keep_lease.
ALTER FUNCTION keep_term(uuid, bigint, text) RENAME TO keep_lease;
-- +goose StatementBegin
CREATE FUNCTION keep_term(which uuid, my_term bigint, me text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION USING ERRCODE = 'UC001',
        MESSAGE = 'the database was upgraded: a program of this version serves requests, and publishes no more';
END
$$;
-- +goose StatementEnd
