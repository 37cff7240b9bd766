-- +goose Up

-- Where each transaction is on its topics, and when the broker acknowledged it: for
-- people who ask. What was sent, the cursors and the topics say.
CREATE TABLE sent_transactions (
    producer        uuid NOT NULL REFERENCES producers ON DELETE CASCADE,
    number          bigint NOT NULL,
    acknowledged_at timestamptz, -- null: the acknowledgement was lost, and recovery found it
    lag_ms          real,        -- from its record in the registry until then
    stretches       jsonb NOT NULL, -- by topic {"first", "end"}, as producer.Stretch writes them
    PRIMARY KEY (producer, number)
);
CREATE INDEX sent_transactions_time ON sent_transactions (producer, acknowledged_at) INCLUDE (lag_ms);
